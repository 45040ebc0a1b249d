-- SPDX-License-Identifier: Apache-2.0
--- The channel to a person's inbox: a notice each, in the commit that ends the delivery.
local app = require("app")
local json = require("core.json")
local notices = require("notices")

return function(notice)
  for _, person in ipairs(notice.people) do
    local row, problem = notices:create {
      person = person, app = notice.app, word = notice.word,
      values = json.encode(notice.values), path = notice.path,
    }
    if not row and problem.word ~= "absent" then -- who is no longer there is told nothing
      error(("a notice cannot be kept: %s %s"):format(problem.field, problem.word))
    end
  end
  app.publish("inbox", notice.people)
end

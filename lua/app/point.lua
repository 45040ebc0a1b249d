-- SPDX-License-Identifier: Apache-2.0
--- Extension points: the only code of an app that an overlay may wrap. The manifest offers each
--- with its version, so that whoever wraps it can say which one was meant.
local chain = require("app.chain")
local host = require("core.app")
local options = require("app.options")

local point = {}

--- Names a point and what happens there: a function, to be called like any other.
function point.declare(instance, name, handler)
  local offered = host.points()
  host.check_keys({[tostring(name)] = true}, "points of app.yaml", options.sorted(offered))
  if type(handler) ~= "function" then
    error(("point '%s' needs a function"):format(name), 3)
  elseif instance.points[name] then
    error(("point '%s' is declared twice"):format(name), 3)
  end
  local one = chain.new(handler)
  one.version = offered[name]
  instance.points[name] = one
  return one.call
end

--- What the manifest offers and no code stands behind.
function point.add_problems(instance, problems)
  for _, name in ipairs(options.sorted(host.points())) do
    if not instance.points[name] then
      problems[#problems + 1] = ("app.yaml offers the point '%s', which no app.point(\"%s\", …) declares"):format(name, name)
    end
  end
end

return point

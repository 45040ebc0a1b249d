-- SPDX-License-Identifier: Apache-2.0
--- The channel to the log: that something was told and to how many, never what or to whom.
local app = require("app")

return function(notice)
  app.log(("notice %s.%s to %d"):format(notice.app, notice.word, #notice.people))
end

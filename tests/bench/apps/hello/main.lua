-- SPDX-License-Identifier: Apache-2.0
--- The smallest dynamic answer, beside nginx with its Lua module.
local app = require("app")

app.get("/json", {allow = {"anyone"}}, function()
  return app.json({message = "hello", numbers = {1, 2, 3}, ok = true})
end)

-- SPDX-License-Identifier: Apache-2.0
--- A handler that never ends, beside others that do.
local app = require("app")

app.get("/forever", {allow = {"anyone"}}, function()
  while true do
    pcall(function() while true do end end)
  end
end)

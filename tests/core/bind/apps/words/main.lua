-- SPDX-License-Identifier: Apache-2.0
local app = require("app")

app.get("/", {allow = {"anyone"}}, function()
  return app.json({app.t("title")})
end)

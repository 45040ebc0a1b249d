-- SPDX-License-Identifier: Apache-2.0
--- What is in force here, and whether the secret is the one that was given.
local app = require("app")

app.get("/", {allow = "anyone"}, function(req)
  local s = app.settings
  return app.json({colour = s.colour, quiet = s.quiet, weight = s.weight, has_code = s.code ~= nil,
    fits = s.code ~= nil and s.code == req.query.code})
end)

-- SPDX-License-Identifier: Apache-2.0
--- The platform's own pages: sign-in, home, account, help. Signing in and out, the switch of role and
--- child, and the choice of language are answered by the server itself; here are their forms.
local app = require("app")
local account = require("account")
local call = require("core.call")
local here = require("ui.here")
local home = require("home")
local people = require("core.people")

require("console")
require("follow")
require("catalogue")

if people.are_known() then
  require("inbox")
end

app.get("/", {allow = {"anyone"}}, function()
  return home.page()
end)

app.get("/login", {allow = {"everyone"}}, function(req)
  return app.page("login", {problem = "", login = "", wait = "", next = req.query.next or ""})
end)

app.get("/account", {allow = {"anyone"}}, function()
  return app.page("account", account.data())
end)

app.get("/account/password", {allow = {"anyone"}}, function()
  return app.page("password", {field = "", word = "", wait = "", held = call.must_change and "yes" or ""})
end)

-- For devices that keep a page beside their apps.
app.get("/manifest.webmanifest", {allow = {"everyone"}}, function()
  local logo = here.asset("logo.svg")
  return app.json({
    name = call.instance, short_name = here.word("brand"), start_url = "/", scope = "/", display = "standalone",
    background_color = "#ffffff", theme_color = "#2457d6",
    icons = {{src = logo, type = "image/svg+xml", sizes = "any", purpose = "any"}},
  })
end)

app.get("/help", {allow = {"everyone"}}, function()
  return app.page("help", {licences = here.asset("licences.txt")})
end)

-- SPDX-License-Identifier: Apache-2.0
--- The inbox, and the delivery of what applications tell: one job, several channels.
local app = require("app")
local here = require("ui.here")
local json = require("core.json")
local notices = require("notices")
local text = require("app.text")
local ui = require("app.ui")

local SHOWN <const> = 50
local READ_AT_ONCE <const> = 500
local ANYONE <const> = {allow = {"anyone"}}

-- Each takes a notice {people, app, word, values, path}.
local CHANNELS <const> = {require("channels.inbox"), require("channels.log")}

-- To the tabs of a person, wherever they are: how many notices wait has changed.
app.topic("inbox", {people = true})

-- A notice leads into the application that tells it, whatever that says.
local function leads(notice)
  return notice.app == "platform" or (notice.path .. "/"):match("^/o/%w+/([%w_]+)/") == notice.app
end

app.job("deliver", {retry = 8}, function(given)
  local notice = json.decode(given.notice)
  notice.app = given.app
  notice.path = leads(notice) and notice.path or ""
  for _, send in ipairs(CHANNELS) do
    send(notice)
  end
end)

local function item(row)
  local unread = row.state == "unread"
  return {
    title = text.of(row.app, "notices." .. row.word, json.decode(row.values or "{}")),
    note = ui.moment{row.created}, icon = "inbox", tone = unread and "primary" or "plain",
    tag = unread and ui.tag{here.word("inbox.new"), tone = "primary"},
    href = not unread and row.path or nil,
    acts = unread and ui.action{here.word(row.path and "inbox.open" or "inbox.seen"), to = "/inbox/" .. row.id,
      tone = "primary"} or nil,
  }
end

app.get("/inbox", ANYONE, function()
  local items = {}
  for i, row in ipairs(notices:rows({person = app.me, limit = SHOWN})) do
    items[i] = item(row)
  end
  return app.page("inbox", {items = items, unread = here.unread()})
end)

app.get("/inbox/unread", ANYONE, function()
  return app.page("unread", {unread = here.unread()})
end)

app.post("/inbox/read", ANYONE, function()
  for _, row in ipairs(notices:rows({person = app.me, state = "unread", limit = READ_AT_ONCE})) do
    row.state = "read"
  end
  app.publish("inbox", app.me)
  return app.redirect("/inbox")
end)

app.post("/inbox/{id}", ANYONE, function(req)
  local row = notices:get(req.params.id)
  if not row then
    app.absent()
  end
  row.state = "read"
  app.publish("inbox", app.me)
  return app.redirect(row.path or "/inbox")
end)

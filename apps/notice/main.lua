-- SPDX-License-Identifier: Apache-2.0
--- Notices: what a school tells families, who has read it, what they answered.
local app = require "app"
local notices = require "notices"
require "jobs"

local notice, receipt = notices.notice, notices.receipt
local classes = app.records "base.class"
local SENDERS <const> = {"teacher", "principal", "office"}
local COLUMNS <const> = {"class", "pupil", "guardian_name", "state", "answer"}
local MANY <const>, WEEK_MS <const> = 1000, 7 * 86400000

notice:form("write", {"scope", "class", "title", "body", "urgent", "ask", "options", "day", "time"})
notice:list("sent", {columns = {"title", "scope", "class", "by_name", "ask", "state"}, filter = {"state"}})

notice:action("remind", {role = SENDERS, from = {state = "sent"}}, function(r)
  if notices.is_quiet(r) then return nil, "quiet" end
  app.after("remind", {notice = r.id})
end)
notice:action("withdraw", {role = SENDERS, from = {state = "waiting"}}, function(r) r.state = "withdrawn" end)

local function tally(row, class)
  local counts = {class = class, told = 0}
  for _, state in ipairs {"unread", "read", "answered"} do
    counts[state] = app.count("replies", {school = app.above[1], class = class, notice = row, state = state}) or 0
    counts.told = counts.told + counts[state]
  end
  return counts
end

app.get("/notice/{id}/replies", {allow = SENDERS}, function(req)
  local row = notice:get(req.params.id) or app.absent()
  local by_class = {}
  for _, class in ipairs(row.scope == "class" and {row.class} or classes:rows{order = "name", ascending = true, limit = MANY}) do
    local counts = tally(row, class)
    if counts.told > 0 then by_class[#by_class + 1] = counts end
  end
  local class = classes:get(req.query.class or "") or row.scope == "class" and row.class or nil
  return app.page("replies", {row = row, by_class = by_class, class = class,
    rows = class and receipt:rows{notice = row, class = class, limit = MANY} or {}})
end)

app.get("/notice/{id}/table", {allow = SENDERS}, function(req)
  local row = notice:get(req.params.id) or app.absent()
  return app.export(receipt, {columns = COLUMNS, where = {notice = row, class = classes:get(req.query.class or "")}, name = row.title})
end)

app.get("/", {allow = {"guardian", table.unpack(SENDERS)}}, function()
  if app.role ~= "guardian" then return app.redirect "/sent" end
  local rows, asked = receipt:rows{guardian = app.me}, 0
  for _, one in ipairs(rows) do
    if one.ask ~= "none" and one.created > app.now() - WEEK_MS then asked = asked + 1 end
  end
  return app.page("inbox", {rows = rows, asked = asked})
end)

app.get("/receipt/{id}", {allow = {"guardian"}}, function(req)
  return app.page("receipt", {row = receipt:get(req.params.id) or app.absent(), options = notices.options})
end)

local function put(r, state, answer)
  r.state, r.answer = state, answer
  app.after("tell", {notice = r.notice.id}, {seconds = 1})
  return app.redirect(receipt:path(r))
end

receipt:action("open", {role = "guardian", from = {state = "unread"}}, function(r) return put(r, "read") end)
receipt:action("answer", {role = "guardian", from = {state = {"unread", "read"}}}, function(r, req)
  return put(r, "answered", req.form.answer)
end)

app.home("guardian", function()
  local items = {}
  for _, row in ipairs(app.subject and receipt:rows{guardian = app.me, student = app.subject} or {}) do
    if row.state == "unread" and #items < 5 then
      items[#items + 1] = {title = row.title, note = row.sender, icon = "inbox", path = app.url "/",
        tag = row.urgent and {app.t "inbox.urgent", "danger"} or nil}
    end
  end
  return {{title = app.t "title", icon = "inbox", count = #items, items = items, link = {app.t "inbox.all", app.url "/"},
    empty = app.t "inbox.none"}}
end)

-- SPDX-License-Identifier: Apache-2.0
--- Notes about rooms: asked by guests, answered by keepers.
local app = require("app")

local tenants

local notes = app.collection("note", {
  fields = {
    room = {ref = "base.room", required = true},
    text = {type = "text", required = true, max = 40},
    from = {type = "date", default = "@today"},
    to = {type = "date"},
    state = {one_of = {"asked", "granted", "refused"}, default = "asked"},
    by = {ref = "base.person", default = "@me", readonly = true},
  },
  index = {{"room", "from"}, {"state"}},
  check = function(r)
    tenants = #app.members("tenants", r.room)
    if r.to and r.from and r.to < r.from then
      return "to", "order"
    end
  end,
})
notes:allow("read", {guest = {"room in @me.rooms"}, keeper = {"org under @me.orgs"}})
notes:allow("create", {guest = {"room in @me.rooms"}})
notes:allow("update", {keeper = {"org under @me.orgs", only = {"state", "to"}}})

local visits = 0

app.get("/", {allow = {"guest", "keeper"}}, function()
  local list = {}
  for i, row in ipairs(notes:rows({limit = 50})) do
    list[i] = {id = row.id, text = row.text, room = row.room.name, state = row.state, from = row.from}
  end
  return app.json({notes = list})
end)

app.get("/count", {allow = {"anyone"}}, function()
  visits = visits + 1
  return app.json({visits = visits})
end)

app.get("/me", {allow = {"anyone"}}, function(req)
  return app.json({
    me = app.me and app.me.id, name = app.me and app.me.name, org = app.org.name, role = app.role,
    subject = app.subject and app.subject.name, today = app.today(), days = app.days("2026-03-02", "2026-03-04"),
    most = app.settings.most, said = req.query.say,
  })
end)

local rooms = app.records("base.room")

app.get("/rooms", {allow = {"keeper", "guest"}}, function()
  local names = {}
  for i, row in ipairs(rooms:rows({order = "code", ascending = true})) do
    names[i] = row.name
  end
  return app.json({rooms = table.concat(names, " "), writes = tostring(rooms.create)})
end)

app.get("/unasked", {allow = {"keeper"}}, function()
  app.records("base.stay")
end)

app.get("/around", {allow = {"keeper"}}, function()
  local below = {}
  for i, org in ipairs(app.below) do
    below[i] = org.name
  end
  return app.json({below = table.concat(below, " ")})
end)

app.get("/sneaky", {allow = {"keeper"}}, function()
  local first = notes:rows({limit = 1})[1]
  first.state = "granted"
  return app.json({})
end)

app.get("/odd", {allow = {"keeper"}}, function()
  notes:rows({stat = "asked"})
end)

app.get("/away", {allow = {"keeper"}}, function(req)
  return app.redirect(req.query.to)
end)

app.get("/forged", {allow = {"keeper"}}, function(req)
  local forged = app.redirect("/")
  forged.location = req.query.to
  return forged
end)

app.get("/status", {allow = {"keeper"}}, function(req)
  return app.json({}, math.tointeger(tonumber(req.query.status)))
end)

-- What a metatable of the library would let an app change for all organisations at once.
app.post("/open", {allow = {"keeper"}}, function()
  local _, problem = notes:create({})
  local open = {}
  for name, value in pairs {collection = notes, answer = app.json({}), problem = problem or {}} do
    open[#open + 1] = type(getmetatable(value)) == "table" and name or nil
  end
  return app.json({open = #open})
end)

app.get("/setting", {allow = {"keeper"}}, function()
  return app.json({app.settings.mots})
end)

app.get("/typo", {allow = {"keeper"}}, function()
  return app.json({notes:rows({limit = 1})[1].txet})
end)

local kept
app.get("/mark", {allow = {"keeper"}}, function(req)
  local ui = require("app.ui")
  local wrong = {
    key = function() ui.callout {"text", tne = "ok"} end,
    tag = function() ui.tag {"text", tne = "ok"} end,
    need = function() ui.link {"text"} end,
    none = function() ui.link() end,
    text = function() ui.section {body = {"text", (notes:rows({limit = 1})[1])}} end,
  }
  wrong[req.query.say]()
end)

app.get("/keep", {allow = {"keeper"}}, function()
  local text = kept and kept.text
  kept = notes:rows({limit = 1})[1]
  return app.json({text})
end)

app.get("/forever", {allow = {"keeper"}}, function()
  while true do
    pcall(function() while true do end end)
  end
end)

app.get("/long", {allow = {"keeper"}}, function()
  return app.json(("x"):rep(2000))
end)

app.get("/choices", {allow = {"guest"}}, function()
  local list = {}
  for i, room in ipairs(notes:choices("room")) do
    list[i] = room.name
  end
  return app.json(list)
end)

app.get("/{id}", {allow = {"guest", "keeper"}}, function(req)
  local row = notes:get(req.params.id)
  if not row then
    app.absent()
  end
  return app.json({text = row.text, state = row.state})
end)

app.post("/", {allow = {"guest"}}, function(req)
  local row, problem = notes:create({
    room = req.form.room, text = req.form.text, from = req.form.from, to = req.form.to,
  })
  if not row then
    return nil, problem
  end
  return app.redirect("/" .. row.id)
end)

-- How many stay in the room, whether or not the note about it may be stored.
app.post("/peek", {allow = {"guest", "keeper"}}, function(req)
  pcall(notes.create, notes, {room = req.form.room, text = "who is there?"})
  return app.json({tenants = tenants})
end)

notes:action("grant", {role = "keeper", from = {state = "asked"}}, function(r)
  if r.text == "too much" then
    return nil, "too_long"
  end
  r.state = "granted"
end)

-- What was done stays done: in a chain of the app's own.
app.post("/seal", {allow = {"keeper"}}, function(req)
  app.seal(req.form.log, {said = req.form.say, long = ("x"):rep(tonumber(req.form.long) or 0)})
  return app.json({})
end)

notes:action("shorten", {role = "keeper"}, function(r)
  r.to = "2000-01-01"
end)

app.home("keeper", function()
  local asked, items = notes:rows({state = "asked"}), {}
  for i, row in ipairs(asked) do
    items[i] = {title = row.text}
  end
  return {{title = "notes", count = #asked, items = items}}
end)
app.home("guest", function()
  error("no cards today")
end)
app.home("sleeper", function()
  while true do
    pcall(function() while true do end end)
  end
end)
app.home("reader", function()
  while true do
    notes:rows({limit = 50})
  end
end)

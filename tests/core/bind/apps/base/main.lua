-- SPDX-License-Identifier: Apache-2.0
--- What the other fixtures stand on: people, rooms, who looks after what.
local app = require("app")

local person = app.collection("person", {
  instance = true,
  fields = {name = {type = "text", required = true}},
})
person:allow("read", {anyone = {"id is @me"}})

local room = app.collection("room", {
  fields = {
    name = {type = "text", required = true, max = 20},
    code = {type = "text"},
    floor = {type = "integer", between = {0, 9}},
  },
  unique = {{"code"}},
})
room:allow("read", {keeper = {"org under @me.orgs"}, guest = {"id in @me.rooms"}})

local stay = app.collection("stay", {
  instance = true,
  fields = {
    person = {ref = "base.person", required = true},
    room = {ref = "base.room", required = true},
  },
  index = {{"person"}, {"room"}},
})
stay:allow("read", {guest = {"person is @me"}})

app.set("tenants", {from = "base.stay", match = "room is @it", take = "person"})
app.set("rooms", {from = "base.stay", match = "person is @me", take = "room", role = "guest"})

app.importer("rooms", {columns = {"code", "name"}}, function(cells, batch)
  batch.seen = (batch.seen or 0) + 1
  local known = room:find({code = cells.code})
  if known and known.name == cells.name then
    return "same"
  elseif known then
    known.name = cells.name
    return "updated"
  end
  local row, problem = room:create({code = cells.code, name = cells.name, floor = cells.floor})
  if not row then
    return nil, problem
  end
  return "created", batch.seen > 1 and "later" or nil
end)

app.importer("people", {columns = {"name"}}, function(cells)
  assert(person:create({name = cells.name}))
  return "created"
end)

app.importer("stays", {columns = {"person", "room"}}, function(cells)
  assert(stay:create({person = cells.person, room = cells.room}))
  return "created"
end)

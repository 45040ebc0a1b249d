-- SPDX-License-Identifier: Apache-2.0
--- Who stayed where, under the names of today and of then.
local app = require("app")

local stays = app.collection("stay", {
  fields = {
    room  = {ref = "base.room"},
    guest = {ref = "base.guest"},
    room_now   = {from = "room.name", live = true},
    room_then  = {from = "room.name"},
    guest_now  = {from = "guest.name", live = "rules"},
  },
  index = {{"room"}, {"guest", instance = true}, {"room_now"}, {"guest_now"}},
  history = true,
})
stays:allow("read", {keeper = {"org under @me.orgs"}, fan = {"guest_now is Ada"}})
stays:allow("create", {keeper = {"org under @me.orgs"}})

app.post("/add", {allow = "keeper"}, function(req)
  for _ = 1, math.tointeger(req.form.count) do
    assert(stays:create({room = req.form.room, guest = req.form.guest}))
  end
  return app.json({})
end)

app.get("/count", {allow = {"keeper", "fan"}}, function(req)
  local query = {limit = 1000}
  for name, value in pairs(req.query) do
    query[name] = value
  end
  return app.json({count = #stays:rows(query)})
end)

app.get("/one", {allow = "keeper"}, function()
  local row = stays:rows({limit = 1})[1]
  return app.json({now = row.room_now, was = row.room_then, versions = #stays:history(row)})
end)

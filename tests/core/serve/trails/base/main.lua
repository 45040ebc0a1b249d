-- SPDX-License-Identifier: Apache-2.0
--- Rooms of a house and guests of the instance, whose names change.
local app = require("app")

local room = app.collection("room", {fields = {name = {type = "text", required = true}, floor = {type = "integer"}}, index = {{"name"}}})
local guest = app.collection("guest", {instance = true, fields = {name = {type = "text", required = true}}, index = {{"name"}}})
for _, coll in ipairs {room, guest} do
  for _, verb in ipairs {"read", "create", "update", "delete"} do
    coll:allow(verb, {anyone = {}, app = {}})
  end
end

app.post("/add", {allow = "keeper"}, function(req)
  local made = assert((req.form.what == "room" and room or guest):create({name = req.form.name}))
  return app.json({id = made.id})
end)

app.post("/rename", {allow = "keeper"}, function(req)
  local row = (req.form.what == "room" and room or guest):get(req.form.id)
  row.name = req.form.name
  return app.json({})
end)

app.post("/raise", {allow = "keeper"}, function(req)
  room:get(req.form.id).floor = 2
  return app.json({})
end)

app.post("/drop", {allow = "keeper"}, function(req)
  room:get(req.form.id):delete()
  return app.json({})
end)

-- SPDX-License-Identifier: Apache-2.0
--- Shelves and what stands on them: everything that an app may do with what was.
local app = require("app")

local shelf = app.collection("shelf", {
  fields = {name = {type = "text", required = true}},
  unique = {{"name"}},
})
shelf:allow("read", {keeper = {"org under @me.orgs"}})
shelf:allow("create", {keeper = {"org under @me.orgs"}})
shelf:allow("delete", {keeper = {"org under @me.orgs"}})

local entry = app.collection("entry", {
  fields = {
    shelf = {ref = "diary.shelf", required = true},
    text = {type = "text", required = true},
  },
  history = true,
})
entry:allow("read", {keeper = {"org under @me.orgs"}})
entry:allow("create", {keeper = {"org under @me.orgs"}})
entry:allow("update", {keeper = {"org under @me.orgs"}})

local ALLOW <const> = {allow = {"keeper"}}

app.post("/shelf", ALLOW, function(req)
  local row, problem = shelf:create({name = req.form.name})
  return row and app.json({id = row.id}) or nil, problem
end)

app.post("/entry", ALLOW, function(req)
  local row, problem = entry:create({shelf = req.form.shelf, text = req.form.text})
  return row and app.json({id = row.id}) or nil, problem
end)

app.get("/entry/{id}", ALLOW, function(req)
  local row = entry:get(req.params.id)
  return app.json({text = row.text, shelf = row.shelf and row.shelf.name or "nothing"})
end)

app.get("/shelves", ALLOW, function()
  return app.json({count = #shelf:rows(), found = shelf:find({name = "one"}) ~= nil})
end)

app.post("/delete/{id}", ALLOW, function(req)
  local row = shelf:get(req.params.id)
  if not row then
    app.absent()
  end
  row:delete()
  return app.json({gone = shelf:get(req.params.id) == nil, name = row.name or "nothing"})
end)

app.post("/undelete/{id}", ALLOW, function(req)
  local row, problem = shelf:undelete(req.params.id)
  return row and app.json({name = row.name}) or nil, problem
end)

app.get("/undelete/{id}", ALLOW, function(req)
  return app.json({shelf:undelete(req.params.id)})
end)

app.post("/entry/{id}", ALLOW, function(req)
  entry:get(req.params.id).text = req.form.text
  return app.json({})
end)

app.get("/history/{id}", ALLOW, function(req)
  local list = {}
  for i, version in ipairs(entry:history(entry:get(req.params.id))) do
    list[i] = {text = version.row.text, version = version.row.version, who = version.who and version.who.id or "nobody"}
  end
  return app.json({versions = list})
end)

app.get("/as_of/{id}", ALLOW, function(req)
  local row = entry:as_of(req.params.id, tonumber(req.query.time) or req.query.time)
  return app.json({text = row and row.text or "nothing"})
end)

app.post("/forge/{id}", ALLOW, function(req)
  entry:history(entry:get(req.params.id))[1].row.text = "never"
  return app.json({})
end)

app.get("/shelf_history", ALLOW, function()
  return app.json(shelf:history(shelf:rows({limit = 1})[1]))
end)

app.rollup("by_shelf", {
  from = "entry", by = {"shelf"}, count = true, up = true,
  allow = {keeper = {"org under @me.orgs"}},
})
app.rollup("secret", {from = "diary.entry", count = true, allow = {owner = {}}})

app.get("/count", ALLOW, function(req)
  return app.json({
    all = app.count("by_shelf"), subtree = app.count("diary.by_shelf", {subtree = true}),
    shelf = app.count("by_shelf", {shelf = req.query.shelf}),
    secret = app.count("secret") or "nothing", sum = app.sum("by_shelf"),
    west = app.count("by_shelf", {org = req.query.west}) or "nothing",
  })
end)

app.get("/miscount", ALLOW, function()
  return app.json({app.count("by_shlef")})
end)

app.set("mine", {from = "base.person", match = "id is @me", take = "id"})

app.get("/mine", ALLOW, function()
  return app.json({mine = #app.members("mine")})
end)

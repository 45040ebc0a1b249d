-- SPDX-License-Identifier: Apache-2.0
--- Work that is queued: what comes of it is written down.
local app = require("app")

local notes = app.collection("note", {
  fields = {
    text = {type = "text", required = true, max = 200},
    thing = {ref = "base.thing"}, secret = {ref = "base.secret"},
  },
  index = {{"text"}},
})
notes:allow("read", {keeper = {"org under @me.orgs"}, app = {"org under @me.orgs"}})
notes:allow("create", {keeper = {"org under @me.orgs"}, app = {"org under @me.orgs"}})

app.job("note", {retry = 2, key = "text"}, function(arg)
  assert(notes:create({text = arg.text}))
end)

app.job("fail", {retry = 2}, function(arg)
  assert(notes:create({text = "half of it"}))
  if arg.word then
    return nil, arg.word
  end
  error("as asked")
end)

app.job("loop", {retry = 0}, function()
  while true do
    pcall(function() while true do end end)
  end
end)

app.job("who", function()
  assert(notes:create({text = ("%s %s %s"):format(tostring(app.me), app.role, app.org.code)}))
end)

-- Goes through what it may and may not look at.
app.job("look", {retry = 0}, function(arg)
  local row = notes:get(arg.id)
  assert(notes:create({text = ("%s %s"):format(row.thing and row.thing.name, row.secret and row.secret.name)}))
end)

app.job("ask", {retry = 0}, function(arg)
  app.members("all_secrets", notes:get(arg.id).secret)
end)

app.job("chain", function(arg)
  assert(notes:create({text = "chain " .. arg.left}))
  if arg.left > 0 then
    app.after("chain", {left = arg.left - 1})
  end
end)

app.on("base.thing.made", function(event)
  assert(notes:create({text = "made " .. event.name}))
end)

local KEEPER <const> = {allow = {"keeper"}}

app.post("/note", KEEPER, function(req)
  local wait = req.form.seconds and {seconds = tonumber(req.form.seconds)} or nil
  return app.json({added = app.after("note", {text = req.form.text}, wait)})
end)

app.post("/refuse", KEEPER, function()
  app.after("note", {text = "never"})
  return nil, "no"
end)

app.get("/read", KEEPER, function()
  app.after("note", {text = "never"})
  return app.json({})
end)

app.post("/typo", KEEPER, function()
  app.after("nota", {})
  return app.json({})
end)

app.post("/lack", KEEPER, function()
  app.after("note", {})
  return app.json({})
end)

app.post("/about", KEEPER, function(req)
  local row = assert(notes:create({text = "about", thing = req.form.thing, secret = req.form.secret}))
  app.after(req.form.job, {id = row.id})
  return app.json({})
end)

app.post("/queue", KEEPER, function(req)
  app.after(req.form.job, {word = req.form.word, left = 3})
  return app.json({})
end)

app.post("/tell", KEEPER, function(req)
  app.notify(req.form.whom == "note" and assert(notes:create({text = "no person"})) or app.me, req.form.word, {})
  return app.json({})
end)

app.get("/notes", KEEPER, function()
  local list = {}
  for i, row in ipairs(notes:rows({limit = 100})) do
    list[i] = row.text
  end
  table.sort(list) -- two of one millisecond have no order
  return app.json(list)
end)

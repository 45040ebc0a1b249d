-- SPDX-License-Identifier: Apache-2.0
--- Tells open pages, in each way there is.
local app = require "app"

local GUARDIAN <const> = {allow = {"guardian"}}

local rings = app.collection("ring", {
  fields = {
    pupil = {ref = "base.student", required = true},
    text  = {type = "text", max = 60},
  },
  index = {{"pupil"}},
})
rings:allow("read", {guardian = {"pupil in @me.children"}, principal = {}})
rings:allow("create", {guardian = {"pupil in @me.children"}})
rings:allow("delete", {guardian = {"pupil in @me.children"}})

app.topic("rung", {of = "ring"})
app.topic("office", {allow = {"principal", "office"}})
app.topic("called", {people = true})

local function ring(text)
  return assert(rings:create({pupil = app.subject or app.members("children")[1], text = text}))
end

app.get("/", GUARDIAN, function()
  return app.page("bell", {count = #rings:rows({limit = 1000})})
end)

app.post("/ring", GUARDIAN, function(req)
  local row = ring(req.form.text)
  for _ = 1, tonumber(req.form.times or 1) do
    app.publish("rung", row)
  end
  if req.form.text == "refused" then
    return nil, "as_asked"
  end
  assert(req.form.text ~= "broken", "as asked")
  return app.redirect("/")
end)

-- Reads and writes what all others read and write: those at the same time collide.
app.post("/collide", GUARDIAN, function(req)
  local seen = #rings:rows({limit = 1000})
  app.publish("rung", ring(("%s after %d"):format(req.form.text, seen)))
  return app.redirect("/")
end)

app.post("/office", GUARDIAN, function(req)
  for i = 1, tonumber(req.form.times or 1) do
    app.publish("office", {number = i, pad = ("x"):rep(tonumber(req.form.pad or 0))})
  end
  return app.redirect("/")
end)

app.post("/call", GUARDIAN, function()
  app.publish("called", app.me)
  return app.redirect("/")
end)

app.get("/tell", GUARDIAN, function()
  app.publish("office", {})
  return app.redirect("/")
end)

app.job("tell", function(arg)
  app.publish("office", arg)
end)

app.post("/later", GUARDIAN, function()
  app.after("tell", {number = 7})
  return app.redirect("/")
end)

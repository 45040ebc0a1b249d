-- SPDX-License-Identifier: Apache-2.0
--- Queued work that leaves a trace, so that tests can count its effects.
local app = require "app"

local GUARDIAN <const> = {allow = {"guardian"}}
local HERE <const> = {guardian = {"org under @me.orgs"}, app = {"org under @me.orgs"}}

local traces = app.collection("trace", {
  fields = {text = {type = "text", required = true, max = 60}},
  index = {{"text"}},
})
traces:allow("read", HERE)
traces:allow("create", {app = {"org under @me.orgs"}})

app.job("trace", {key = "text"}, function(arg)
  assert(traces:create({text = arg.text}))
end)

app.job("fail", {retry = 1}, function()
  return nil, "as_asked"
end)

app.on("base.student.joined", function(event)
  assert(traces:create({text = "joined " .. event.student}))
end)

app.get("/", GUARDIAN, function()
  return app.page("errand", {})
end)

app.post("/many", GUARDIAN, function(req)
  for i = tonumber(req.form.from), tonumber(req.form.to) do
    app.after("trace", {text = ("%05d"):format(i)})
  end
  return app.redirect("/")
end)

app.post("/queue", GUARDIAN, function(req)
  app.after(req.form.job, {})
  return app.redirect("/")
end)

app.post("/at", GUARDIAN, function(req)
  app.after("trace", {text = "at"}, {at = req.form.at})
  return app.redirect("/")
end)

app.get("/traces", GUARDIAN, function()
  return app.json({count = #traces:rows({limit = 1000})})
end)

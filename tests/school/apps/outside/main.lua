-- SPDX-License-Identifier: Apache-2.0
--- Calls the outside as it is told to and writes down what came of it.
local app = require "app"

local GUARDIAN <const> = {allow = {"guardian"}}
local HERE <const> = {guardian = {"org under @me.orgs"}, app = {"org under @me.orgs"}}

local answers = app.collection("answer", {
  fields = {
    call = {type = "text", required = true, max = 60},
    text = {type = "text", required = true, max = 2000},
  },
  index = {{"call"}},
})
answers:allow("read", HERE)
answers:allow("create", {app = {"org under @me.orgs"}})

local function spec_of(arg)
  local headers = {}
  if arg.header ~= "" then
    headers[arg.header] = arg.value
  end
  return {
    url = arg.url, method = arg.method ~= "" and arg.method or nil, headers = headers,
    body = arg.body ~= "" and arg.body or nil, timeout = tonumber(arg.timeout),
  }
end

local function told(got, word)
  if not got then
    return "word " .. word
  end
  return ("%d %s|%s|%s"):format(got.status, got.body:sub(1, 1500), got.headers["x-answer"] or "", got.headers["set-cookie"] or "")
end

app.job("call", {retry = 0}, function(arg)
  local fine, got, word = pcall(app.fetch, spec_of(arg))
  if not fine and type(got) ~= "string" then
    error(got) -- not the application's affair
  end
  answers:create({call = arg.call, text = fine and told(got, word) or "error " .. got})
end)

app.job("persist", {retry = 20}, function(arg)
  local got, word = app.fetch(spec_of(arg))
  if not got then
    return nil, word
  end
  answers:create({call = arg.call, text = told(got)})
end)

app.get("/", GUARDIAN, function()
  return app.page("outside", {})
end)

app.post("/call", GUARDIAN, function(req)
  local form = req.form
  app.after(form.job, {
    call = form.call, url = form.url, method = form.method, header = form.header, value = form.value, body = form.body,
    timeout = form.timeout,
  })
  return app.redirect("/")
end)

app.get("/answers", GUARDIAN, function(req)
  local list = {}
  for i, row in ipairs(answers:rows({call = req.query.call})) do
    list[i] = row.text
  end
  return app.json({count = #list, text = list[1] or ""})
end)

app.get("/now", GUARDIAN, function(req)
  return app.json({fine = pcall(app.fetch, {url = req.query.url})})
end)

app.post("/now", GUARDIAN, function(req)
  return app.json({fine = pcall(app.fetch, {url = req.form.url})})
end)

-- SPDX-License-Identifier: Apache-2.0
--- Says all that it knows of the call it is in, again and again, so that somebody else's would show.
local app = require("app")

local note = app.collection("note", {
  fields = {text = {type = "text", required = true}, state = {one_of = {"new", "read"}, default = "new"}},
  index = {{"text"}},
})
note:allow("read", {keeper = {"org under @me.orgs"}})
note:allow("create", {keeper = {"org under @me.orgs"}})
note:allow("update", {keeper = {"org under @me.orgs"}})

local ALLOW <const> = {allow = {"keeper"}}

local inside = 0 -- handlers of this organisation that are under way

-- The organisation by every way that leads to it.
local function known(req)
  local org = app.org
  return {org.name, org.code, org.id, app.url("/x"), req.path, req.query.say or "", app.role,
    app.settings and "settings", note:rows()[1] and note:rows()[1].text or "none", #note:rows()}
end

app.get("/say", ALLOW, function(req)
  math.randomseed(#req.query.say)
  local first, drawn = known(req), math.random(1000000)
  local now = app.now()
  for _ = 1, 5 do
    for i, what in ipairs(known(req)) do
      if what ~= first[i] then
        error(("%s became %s"):format(first[i], what))
      end
    end
  end
  local words = {}
  for word in coroutine.wrap(function()
    for _, row in ipairs(note:rows({limit = 5})) do
      coroutine.yield(row.text .. app.org.name)
    end
  end) do
    words[#words + 1] = word
  end
  return app.json({first, drawn, math.random(1000000), words, now == app.now()})
end)

app.post("/note", ALLOW, function(req)
  for i = 1, 3 do
    local row, problem = note:create({text = req.form.text .. i})
    if not row then
      return nil, problem
    end
  end
  for _, row in ipairs(note:rows({text = req.form.text .. 2})) do
    row.state = "read" -- saved with the answer
  end
  return app.json({app.org.name, req.form.text, #note:rows()})
end)

app.get("/read", ALLOW, function()
  return app.json({read = #note:rows({limit = 100}), kept = #note:rows({text = "east2"})})
end)

app.get("/page", ALLOW, function(req)
  return app.page("said", {say = req.query.say, rows = note:rows({limit = 5}), name = app.org.name})
end)

app.get("/fail", ALLOW, function(req)
  local name = app.org.name
  local ok, why = pcall(function()
    local shut <close> = setmetatable({}, {__close = function()
      for _ = 1, 5 do
        name = app.org.name
      end
    end})
    error(req.query.say, 0)
  end)
  error(tostring(ok) .. why .. name, 0)
end)

app.get("/alone", ALLOW, function()
  inside = inside + 1
  local most = inside
  for _ = 1, 50 do
    most = math.max(most, inside)
  end
  inside = inside - 1
  return app.json({most})
end)

app.get("/forever", ALLOW, function()
  inside = inside + 1
  while true do
    app.url("/forever"):upper()
  end
end)

app.post("/yield", ALLOW, function()
  coroutine.yield()
end)

app.post("/sleep", ALLOW, function()
  os.clock()
end)

app.home("keeper", function()
  return {{title = app.org.name, count = #note:rows(), items = {}}}
end)

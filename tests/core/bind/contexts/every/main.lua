-- SPDX-License-Identifier: Apache-2.0
--- Calls everything that hangs on the door, by name: while it loads, in a read, in a write, in a job.
local app = require("app")

local things = app.collection("thing", {fields = {name = {type = "text"}}})
for _, verb in ipairs {"read", "create", "update", "delete"} do
  things:allow(verb, {keeper = {}, app = {}})
end

local row
local tries = {
  ["coll:action"] = function() things:action("act", {role = "keeper"}, print) end,
  ["coll:create"] = function() things:create({name = "new"}) end,
  ["coll:allow"] = function() things:allow("read", {guest = {}}) end,
  ["coll:form"] = function() things:form("new", {"name"}) end,
  ["coll:list"] = function() things:list("all", {columns = {"name"}}) end,
  ["coll:choices"] = function() things:choices("name") end,
  ["coll:find"] = function() things:find({name = "new"}) end,
  ["coll:delete"] = function() things:delete(row) end,
}

local function try(name)
  if tries[name] then
    return tries[name]()
  end
  local method = name:match("^coll:(.+)$")
  if method then
    return things[method](things, "01ARZ3NDEKTSV4RRFFQ69G5FAV", "2026-03-02")
  end
  local found = app[name]
  return name == "settings" and found.most or type(found) == "function" and found(name)
end

-- What was said while the app loaded, by name.
local said = {}
for _, name in ipairs(require("names")) do
  local done, problem = pcall(try, name)
  said[name] = done and "done" or tostring(problem)
end

app.get("/load", {allow = "keeper"}, function(req)
  return app.json({said = said[req.query.name] or "no such name in names.lua"})
end)

local function handler(req)
  row = things:rows({limit = 1})[1]
  try(req.query.name or req.form.name)
  return app.json({})
end
app.get("/try", {allow = "keeper"}, handler)
app.post("/try", {allow = "keeper"}, handler)

app.job("try", function(arg)
  try(arg.name)
end)

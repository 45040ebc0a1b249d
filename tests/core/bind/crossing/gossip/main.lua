-- SPDX-License-Identifier: Apache-2.0
--- Tries every way to leave something for another organisation, and listens for what others left.
local app = require("app")
local ui = require("app.ui")
local shelf = require("shelf")

local kept = {}

local note = app.collection("note", {fields = {text = {type = "text", required = true}, said = {type = "text"}}})
note:allow("read", {keeper = {"org under @me.orgs"}})
note:allow("create", {keeper = {"org under @me.orgs"}})

local ALLOW <const> = {allow = {"keeper"}}
-- What was declared with these serves all organisations; they are changed behind its back.
local LIST <const> = {columns = {"text"}, actions = {"say"}, allow = {"keeper"}, export = {"text"}}
local FORM <const> = {"text"}
local ACTION <const> = {role = {"keeper"}, from = {}}
local SEED <const> = 4711
local DOORS <const> = {"page", "redirect", "json", "absent", "url", "t", "settings", "collection", "get", "post",
  "home", "set", "importer", "now", "today", "log", "members", "me", "org"}
local COMPONENTS <const> = {"page", "card", "list", "table", "form", "field", "action", "tag", "dates"}

local function is_thing(value)
  return type(value) == "table" or type(value) == "userdata"
end

-- Everything that can be walked to from here: {path, thing}.
local function things_from(roots)
  local found, seen = {}, {}
  local function add(path, value)
    if not is_thing(value) or seen[value] then
      return
    end
    seen[value] = true
    found[#found + 1] = {path, value}
    if type(value) == "table" then
      for key, item in next, value do
        add(path .. "." .. tostring(key), item)
      end
    end
    add(path .. " metatable", getmetatable(value))
  end
  for path, value in pairs(roots) do
    add(path, value)
  end
  return found
end

local function roots(req)
  local all = {string = string, table = table, math = math, utf8 = utf8, coroutine = coroutine, globals = _G,
    app = app, ui = ui, shelf = shelf, kept = kept, note = note, req = req, text = getmetatable(""),
    rows = note:rows(), page = app.page("said", {}), answer = app.json({}), way = app.redirect("/"),
    loaded = load("return _ENV")(), main = coroutine.running(), row = kept.row, fields = note.fields, field = note.fields.text,
    list = LIST, form = FORM, action = ACTION, handle = note.handle, roles = note:roles("read"), path = note.path,
    mistake = select(2, pcall(note.create, note, {text = ""})), failure = select(2, pcall(error, {}))}
  for _, name in ipairs(DOORS) do
    all["app." .. name] = app[name]
  end
  for _, name in ipairs(COMPONENTS) do
    all["ui." .. name] = ui[name]
  end
  return all
end

local function set(thing, secret)
  thing.leak = secret
end

-- Ways to write on a thing that may work.
local function mark(thing, secret)
  pcall(set, thing, secret)
  pcall(rawset, thing, "leak", secret)
  pcall(setmetatable, thing, {__index = {leak = secret}})
  pcall(table.insert, thing, secret)
  pcall(table.move, {secret}, 1, 1, 1, thing)
  pcall(load("local thing, secret = ... thing.leak = secret"), thing, secret)
  pcall(function() load("leak = ...", "leak", "t", thing)(secret) end)
end

local function get(thing)
  return thing.leak or thing[1]
end

local function marks_on(thing)
  local raw = type(thing) == "table" and rawget(thing, "leak")
  local done, found = pcall(get, thing)
  found = raw or done and found
  return type(found) == "string" and found:find("^secret of ") and found or nil
end

local function secret()
  return "secret of " .. app.org.id
end

local function keep(words)
  for i = 1, 64 do
    kept[i] = coroutine.create(function() coroutine.yield(words) end)
    coroutine.resume(kept[i])
  end
  kept.words, shelf.words = words, words
  kept.iterator, kept.loaded = words:gmatch("."), load("local words = ... return function() return words end")(words)
  kept.row = note:create({text = words}) or note:rows()[1]
  kept.rows = note:rows()
end

-- What changes more than a table.
local function do_more(words)
  pcall(string.gsub, words, ".", function() error(words) end)
  pcall(load, "leak = '" .. words .. "'")
  pcall(load("leak = '" .. words .. "'"))
  for _, name in ipairs {"get", "post"} do
    pcall(app[name], "/leak", ALLOW, function() return app.json({words}) end)
  end
  pcall(app.home, "keeper", function() return {{title = words}} end)
  pcall(app.collection, "leak", {fields = {text = {type = "text", default = words}}})
  pcall(note.allow, note, "read", {anyone = {"id is @me"}})
  pcall(note.list, note, "leak", LIST)
  pcall(note.form, note, "leak", FORM)
  pcall(note.action, note, "leak", ACTION, function() return app.json({words}) end)
  -- A collection of its own making, whose name and functions are asked for where only one's own are meant.
  local forged = setmetatable({}, {__index = function(_, key) pcall(rawset, note, key, words) return note[key] end})
  pcall(note.roles, forged, "read")
  pcall(note.may_act, "say", forged)
  note.path, note.fields, note.name = nil, nil, nil
  math.randomseed(SEED)
end

local function said()
  return kept.words or "nothing"
end

note:list("notes", LIST)
note:form("write", FORM, function() return {said = said()} end)
note:action("say", ACTION, function() return app.json({said = said()}) end)
app.get("/refused", {allow = {"keeper"}, outcome = function() return app.json({said = said()}) end}, function()
  return nil, "refused"
end)
app.get("/written", ALLOW, function()
  local texts = {}
  for i, row in ipairs(note:rows()) do
    texts[i] = {id = row.id, text = row.text, said = row.said}
  end
  return app.json(texts)
end)

app.post("/tell", ALLOW, function(req)
  local words = secret()
  keep(words)
  for _, found in ipairs(things_from(roots(req))) do
    mark(found[2], words)
  end
  do_more(words)
  return app.page("said", {visit = function(_, thing)
    for _, found in ipairs(things_from({thing})) do
      mark(found[2], words)
    end
  end, heard = {}})
end)

-- Is the next number one of a sequence that another call began?
local function is_foretold()
  local drawn = math.random(0)
  math.randomseed(SEED)
  for _ = 1, 100 do
    if math.random(0) == drawn then
      return true
    end
  end
  return false
end

local function listen(heard, own)
  local function say(path, found)
    if (found == secret()) == own then
      heard[#heard + 1] = path
    end
  end
  return function(path, thing)
    for _, found in ipairs(things_from({[path] = thing})) do
      local words = marks_on(found[2])
      if words then
        say(found[1], words)
      end
    end
  end
end

local function answer(req, own)
  local heard = {}
  local visit = listen(heard, own)
  if is_foretold() then
    heard[#heard + 1] = "chance"
  end
  for path, thing in pairs(roots(req)) do
    visit(path, thing)
  end
  assert(coroutine.wrap(function() return true end)()) -- the other's 64 leave room
  return app.page("said", {visit = visit, heard = heard})
end

app.get("/hear", ALLOW, function(req) return answer(req, false) end)
app.get("/own", ALLOW, function(req) return answer(req, true) end)

app.post("/keep", ALLOW, function()
  keep(secret())
  return app.json({})
end)

--- Handles of an earlier call.
app.get("/handles", ALLOW, function()
  local done, problem = pcall(function() return kept.row.text end)
  local listed, other = pcall(function() return kept.rows[1].text end)
  return app.json({row = done and "alive" or problem, rows = listed and "alive" or other})
end)

app.get("/fail", ALLOW, function() error({secret()}) end)

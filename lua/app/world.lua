-- SPDX-License-Identifier: Apache-2.0
--- The world of a test: one organisation in an instance of its own, people who act through the real
--- routes, jobs, a clock that stands still. What an app's test/world.lua returns is added: `student`
--- of base makes w:student{…}; its `begin(w)` runs first, its `user(w, person, spec)` for each person.
local core = require("core.test")
local json = require("core.json")

local world = {}

local MORNING <const> = "2026-03-02 08:00" -- a Monday of a term
local CHINA_MS <const> = 8 * 3600000
local DAY_MS <const> = 86400000
local UNITS <const> = {seconds = 1000, minutes = 60000, hours = 3600000, days = DAY_MS}
local ROOT_CODE <const> = "100000"
local FIRST_CODE <const> = 2111000001

local methods = {}
local shape = {__index = methods, __name = "world", __metatable = false}

-- What somebody was refused: caught by w:expect_denied, else the test's failure.
local denied_shape = {__name = "denied", __tostring = function(self) return self.text end, __metatable = false}
local denied = {}

-- Texts -------------------------------------------------------------------------------------------

-- A value as forms send it; what has an id goes by it.
local function text_of(value)
  if type(value) == "table" then
    return value.id or error("a table is sent by its id, and this one has none", 0)
  end
  return tostring(value)
end

local function texts_of(values)
  local texts = {}
  for name, value in pairs(values or {}) do
    texts[name] = text_of(value)
  end
  return texts
end

local function shown(value)
  if type(value) == "string" then
    return ("%q"):format(value)
  elseif type(value) ~= "table" then
    return tostring(value)
  end
  local parts = {}
  for key, item in pairs(value) do
    parts[#parts + 1] = (math.type(key) == "integer" and "" or tostring(key) .. " = ") .. shown(item)
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

-- Claims ------------------------------------------------------------------------------------------

-- Every claim fails at the test's own line.
local function fail(text)
  error(core.place() .. ": " .. text, 0)
end

--- Fails unless both are the same; tables by what is in them.
function methods.expect(_, got, wanted)
  if not same(got, wanted) then
    fail(("expected %s, got %s"):format(shown(wanted), shown(got)))
  end
end

--- Fails unless what the function does is refused: not there, or not for this person.
function methods.expect_denied(_, body)
  local done, problem = pcall(body)
  if done then
    fail("expected to be denied, and was not")
  elseif not denied[problem] then
    error(problem, 0)
  end
end

--- What the app's calls took since the world began, or since this was last asked: {steps, kib, reads, writes}.
function methods.use()
  return core.use()
end

local USE_KEYS <const> = {"steps", "kib", "reads", "writes"}

--- Fails when the app's calls since the world began, or since use was last asked for, took more: steps
--- of Lua, KiB it grew by, records read and written. The counts are exact, the same on every machine.
function methods.expect_under(_, limits)
  local use, over = core.use(), {}
  for name in pairs(limits) do
    if use[name] == nil then
      fail(("'%s' is not counted; %s are"):format(tostring(name), table.concat(USE_KEYS, ", ")))
    end
  end
  for _, name in ipairs(USE_KEYS) do
    if limits[name] and use[name] > limits[name] then
      over[#over + 1] = ("%s %d (at most %d)"):format(name, use[name], limits[name])
    end
  end
  if #over > 0 then
    fail("too dear: " .. table.concat(over, ", "))
  end
end

-- Organisations and people ------------------------------------------------------------------------

local function count(self, what)
  self.made[what] = (self.made[what] or 0) + 1
  return self.made[what]
end

--- A further organisation; without a parent one beside the first.
function methods:add_org(spec)
  spec = spec or {}
  local number = count(self, "org")
  return core.org{
    kind = spec.kind or "school", name = spec.name or ("示例学校%d"):format(number),
    code = spec.code or tostring(FIRST_CODE + number), parent = spec.parent or self.root,
  }
end

--- Somebody who holds a role at the world's organisation, or at spec.org: {id, role, org, name}.
function methods:user(role, spec)
  spec = spec or {}
  local person = {role = role, org = spec.org or self.org, name = spec.name or ("用户%d"):format(count(self, "user"))}
  for _, make in ipairs(self.users) do
    make(self, person, spec)
  end
  if not person.id then
    error("no test/world.lua made a record of the person: base's does, and an app needs base", 2)
  end
  core.grant(person.id:match("[^.]+$"), role, person.org)
  return person
end

--- The same person in one more role.
function methods.grant(_, person, role, org)
  core.grant(person.id:match("[^.]+$"), role, org or person.org)
end

--- A row of a file, given to an app's importer: the word for it; a refusal fails the test.
function methods:import(app, importer, cells, org)
  local result, field, text = core.import(org or self.org, app, importer, texts_of(cells))
  if result == "refused" then
    fail(("%s.%s: %s %s"):format(app, importer, field, text))
  end
  return result
end

--- A record as the system writes one: neither rules nor the app's check are asked. Its handle.
function methods:plant(collection, values, org)
  return {id = core.plant(collection, org or self.org, texts_of(values)), collection = collection}
end

--- A file that the person has uploaded, to be given to a field: w:file(mum, "mp4", 1 << 20).
function methods:file(person, kind, size)
  return {id = core.file(person.id:match("[^.]+$"), person.org or self.org, kind, size or 1000)}
end

--- The records of an organisation as they are, oldest first: tables with id and fields.
function methods:find(collection, values, org)
  return json.decode(core.find(collection, org or self.org, texts_of(values)))
end

--- What a person was told, oldest first: {app, word, values, path, state}.
function methods:notices(person)
  local told = self:find("platform.notice", {person = person})
  for _, notice in ipairs(told) do
    notice.values = json.decode(notice.values or "{}")
  end
  return told
end

-- Time and jobs -----------------------------------------------------------------------------------

local function days_to(year, month, day)
  local y = month <= 2 and year - 1 or year
  local of_year = (153 * (month + (month > 2 and -3 or 9)) + 2) // 5 + day - 1
  return y // 400 * 146097 + y % 400 * 365 + y % 400 // 4 - y % 400 // 100 + of_year - 719468
end

local function ms_of(text)
  local year, month, day, rest = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$")
  local hour, minute = (rest or ""):match("^ (%d%d):(%d%d)$")
  if not year or (rest ~= "" and not hour) then
    error(("'%s' is no time: 2026-03-02, or 2026-03-02 07:30"):format(text), 3)
  end
  return days_to(tonumber(year), tonumber(month), tonumber(day)) * DAY_MS - CHINA_MS
    + (tonumber(hour or 0) * 60 + tonumber(minute or 0)) * 60000
end

--- Sets the clock ("2026-03-02 07:30", in China) or moves it on ({days = 1, hours = 2}); → milliseconds.
function methods.clock(_, time)
  if type(time) == "string" then
    return core.now(ms_of(time))
  end
  local ms = core.now()
  for unit, number in pairs(time or {}) do
    ms = ms + number * (UNITS[unit] or error(("'%s' is no time; seconds, minutes, hours, days are"):format(unit), 2))
  end
  return core.now(ms)
end

--- Does what is due now, schedules included; → how many jobs. One that fails fails the test.
function methods.run_jobs()
  return core.run_jobs()
end

-- Acting as somebody ------------------------------------------------------------------------------

local acts = {}
local acts_shape = {__index = acts, __name = "somebody", __metatable = false}

--- What a person does; nil is somebody who is not signed in.
function methods:as(person)
  return setmetatable({world = self, person = person or {org = self.org}, org = person and person.org or self.org}, acts_shape)
end

--- The same person at another organisation's pages.
function acts:at(org)
  return setmetatable({world = self.world, person = self.person, org = org}, acts_shape)
end

local function refuse(answer, asked)
  local problem = setmetatable({text = ("%s: %s %s: %s"):format(core.place(), asked.method, asked.path, answer.fault)}, denied_shape)
  if answer.code == "absent" or answer.code == "denied" then
    denied[problem] = true
  end
  error(problem, 0)
end

-- The answer to a request; what is not there, not allowed or broken is raised.
local function ask(self, request)
  local person = self.person
  request.org, request.app = request.org or self.org, request.app or core.app
  request.person, request.name = person.id and person.id:match("[^.]+$"), person.name
  request.role, request.role_org, request.subject = person.role, person.org, self.child
  local answer = core.call(request)
  if answer.fault then
    refuse(answer, request)
  end
  return answer
end

--- Acts for a member of the role's set, as a guardian for one of several children.
function acts:with(member)
  local other = self:at(self.org)
  other.child = member.id
  return other
end

local function split(name, what)
  local app, rest = name:match("^([%w_]+)%.([%w_]+)$")
  if not app then
    error(("%s goes by app.name, not '%s'"):format(what, name), 3)
  end
  return app, rest
end

local function outcome(answer)
  if answer.status >= 400 then
    return nil, answer.word or tostring(answer.status), answer.field
  end
  return answer
end

-- The record that an answer leads to: /o/{org}/{app}/{collection}/{id}.
local function led_to(answer)
  local app, collection, id = (answer.location or ""):match("^/o/%w+/([%w_]+)/([%w_]+)/([%w.]+)")
  return app and {id = id, collection = app .. "." .. collection} or answer
end

--- Sends a form ("leave.ask"): the record that it made, or nil, a word and the field.
function acts:submit(form, values)
  local app, name = split(form, "a form")
  local answer, word, field = outcome(ask(self, {method = "POST", app = app, path = "/" .. name, form = texts_of(values)}))
  if not answer then
    return nil, word, field
  end
  return led_to(answer)
end

--- Creates as programs do: the record, or nil, a word and the field.
function acts:create(collection, values)
  local app, name = split(collection, "a collection")
  local answer, word, field = outcome(ask(self, {method = "POST", app = app, path = "/" .. name, form = texts_of(values), program = true}))
  if not answer then
    return nil, word, field
  end
  local row = json.decode(answer.body)
  row.collection = collection
  return row
end

local function path_of(row)
  local app, name = split(row.collection, "a collection")
  return app, ("/%s/%s"):format(name, row.id)
end

--- Takes an action with a record: true, or nil and a word.
function acts:action(row, name, values)
  local app, path = path_of(row)
  local answer, word, field = outcome(ask(self, {method = "POST", app = app, path = path .. "/" .. name, form = texts_of(values)}))
  if not answer then
    return nil, word, field
  end
  return true
end

--- A record with the fields that the person may read; a path instead gives its page.
function acts:get(row)
  if type(row) == "string" then
    return self:open(row)
  end
  local app, path = path_of(row)
  local found = json.decode(ask(self, {method = "GET", app = app, path = path, program = true}).body)
  found.collection = row.collection
  return found
end

--- The records of a collection that the person may read, newest first.
function acts:rows(collection, query)
  local app, name = split(collection, "a collection")
  local list = json.decode(ask(self, {method = "GET", app = app, path = "/" .. name, query = texts_of(query), program = true}).body)
  for _, row in ipairs(list.items) do
    row.collection = collection
  end
  return list.items
end

-- "/o/ORG/leave/desk?state=asked" or "/desk" → organisation, app, path, query.
local function read_path(path)
  local plain, query = path:match("^([^?]*)%??(.*)$")
  local values = {}
  for name, value in query:gmatch("([^&=]+)=([^&]*)") do
    values[name] = value:gsub("%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end)
  end
  local org, app, rest = plain:match("^/o/(%w+)/([%w_]+)(.*)$")
  return {org = org, app = app, path = rest and (rest == "" and "/" or rest) or plain, query = values}
end

--- A page by its path, within the app or whole: {status, type, body, location}.
function acts:open(path)
  local request = read_path(path)
  request.method = "GET"
  return ask(self, request)
end

--- Posts to a path: {status, body, location}.
function acts:post(path, values)
  local request = read_path(path)
  request.method, request.form = "POST", texts_of(values)
  return ask(self, request)
end

-- Making ------------------------------------------------------------------------------------------

local HELPS <const> = readonly{
  ipairs = ipairs, pairs = pairs, next = next, select = select, tonumber = tonumber, tostring = tostring,
  type = type, error = error, assert = assert, math = math, string = string, table = table, utf8 = utf8,
}

local function add(self, known)
  local body, problem = load(known.text, ("@%s/test/world.lua"):format(known.app), "t", HELPS)
  if not body then
    error(problem, 0)
  end
  local begin
  for name, method in pairs(body()) do
    if name == "user" then
      self.users[#self.users + 1] = method
    elseif name == "begin" then
      begin = method
    else
      self[name] = method
    end
  end
  if begin then
    begin(self)
  end
end

function world.new()
  local self = setmetatable({made = {}, users = {}}, shape)
  core.now(ms_of(MORNING))
  self.root = core.org{kind = "county", name = "示例县", code = ROOT_CODE}
  self.org = self:add_org()
  for _, known in ipairs(core.worlds()) do
    add(self, known)
  end
  core.run_jobs() -- schedules begin to count from here
  core.use()
  return self
end

return world

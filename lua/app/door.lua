-- SPDX-License-Identifier: Apache-2.0
--- What an application gets for `require "app"`: a table per organisation that is empty. What it gives
--- is the state's and serves all: a function acts on the instance that answers or is being opened.
local answer = require("app.answer")
local call = require("core.call")
local collection = require("app.collection")
local context = require("app.context")
local host = require("core.app")
local job = require("app.job")
local json = require("core.json")
local live = require("app.live")
local log = require("core.log")
local options = require("app.options")
local plan = require("app.plan")
local point = require("app.point")
local problem = require("app.problem")
local record = require("core.record")
local route = require("app.route")
local running = require("app.running")
local seal = require("core.seal")
local settings = require("app.settings")
local text = require("app.text")
local url = require("app.url")

local door = {}

-- Read through the door, each time anew: they belong to the call.
local LIVE <const> = {above = true, below = true, me = true, org = true, role = true, subject = true}

local SET_KEYS <const> = {"from", "match", "take", "role"}
local IMPORTER_KEYS <const> = {"columns"}

local function declarations()
  local of = running.instance
  return {
    collection = function(name, spec) return collection.declare(of(), name, spec) end,
    set = function(name, spec)
      record.set(name, options.check(spec, ("set '%s'"):format(tostring(name)), SET_KEYS))
    end,
    rollup = record.rollup,
    get = function(path, spec, handler) route.add(of(), "GET", path, spec, handler) end,
    post = function(path, spec, handler) route.add(of(), "POST", path, spec, handler) end,
    home = function(role, handler)
      host.home(role)
      of().homes[role] = handler
    end,
    importer = function(name, spec, handler)
      options.check(spec, ("importer '%s'"):format(tostring(name)), IMPORTER_KEYS)
      host.importer(name)
      of().importers[name] = handler
    end,
    job = function(name, spec, handler) job.declare(of(), name, spec, handler) end,
    every = function(when, name, spec, handler) job.every(of(), when, name, spec, handler) end,
    calendar = function(days, handler) job.calendar(of(), days, handler) end,
    event = require("core.job").event,
    emit = job.emit,
    point = function(name, handler) return point.declare(of(), name, handler) end,
    on = function(event, spec, handler) job.on(of(), event, spec, handler) end,
    topic = function(name, spec) live.declare(of(), name, spec) end,
    publish = function(name, about) live.publish(of(), name, about) end,
    after = function(name, arg, spec) return job.after(of(), name, arg, spec) end,
  }
end

local function doings()
  return {
    page = answer.page, redirect = answer.redirect, json = answer.json, absent = answer.absent,
    has_page = answer.has_page, url = url.of, t = text.app, members = record.members,
    file = record.file,
    export = require("app.export").of, records = require("app.records"), holders = record.holders,
    count = function(name, about) return (record.tally(name, about)) end,
    sum = function(name, about) return (select(2, record.tally(name, about))) end,
    now = function() return call.now end,
    today = function() return call.today end,
    days = call.days, later = call.later,
    seal = function(name, values) seal.append(name, json.encode(values)) end,
    notify = require("app.notify"), fetch = require("app.fetch"),
    log = function(line) log.write(tostring(line)) end,
  }
end

local function everything()
  local named = declarations()
  for name, value in pairs(doings()) do
    named[name] = value
  end
  for name, value in pairs(named) do
    named[name] = context.guard(name, value)
  end
  return named
end

local function refuse_unknown(name, named)
  local known = options.sorted(named)
  known[#known + 1] = "settings"
  for live_name in pairs(LIVE) do
    known[#known + 1] = live_name
  end
  host.check_keys({[tostring(name)] = true}, "app", known)
end

-- The door itself: everything by name, nothing to be overwritten, unknown names told.
local function door_kind(named)
  return {
    __metatable = false,
    __index = function(_, name)
      local value = named[name]
      if name == "settings" then
        return running.instance().settings
      elseif value == nil and LIVE[name] then
        context.check(name, "call")
        return call[name]
      elseif value == nil then
        refuse_unknown(name, named)
      end
      return value
    end,
    __newindex = function(_, name)
      error(("app.%s cannot be set: keep it in a local of your own"):format(tostring(name)), 2)
    end,
  }
end

-- Of a table that apps of several organisations share: they may look, not touch.
local function view_kind(shared)
  return {__index = shared, __metatable = false, __newindex = function(_, key)
    error(("'%s' cannot be set here"):format(tostring(key)), 2)
  end}
end

-- Made when the first instance is opened.
local kinds

-- What the platform's own pages may require beside their folder.
local PLATFORM_MODULES <const> = {
  "app.layers", "app.text", "core.call", "core.catalogue", "core.json", "core.people", "core.record", "core.setting",
  "ui.day", "ui.here", "web.html",
}

local function offers_of(app)
  local offers = {app = app, ["app.ui"] = setmetatable({}, kinds.ui)}
  for _, name in ipairs(host.platform and PLATFORM_MODULES or {}) do
    offers[name] = require(name)
  end
  return offers
end

-- Made where something is put there: most apps have few of these kinds.
local PARTS <const> = {calendars = true, collections = true, completions = true, declared = true, handlers = true,
  homes = true, importers = true, jobs = true, outcomes = true, points = true, slots = true, topics = true}

local instance_kind = {__index = function(instance, name)
  if PARTS[name] then
    instance[name] = {}
  end
  return rawget(instance, name)
end}

function door.open(org)
  local instance = setmetatable({org = org, plan = plan.next()}, instance_kind)
  running.enter(instance) -- what is declared from here on is its own
  kinds = kinds or {door = door_kind(everything()), ui = view_kind(require("app.ui"))}
  instance.app, instance.settings = setmetatable({}, kinds.door), settings.view()
  instance.offers = offers_of(instance.app)
  return instance
end

door.declare = route.declare

--- One row of a file: "created", "updated", "same" or "refused", the field, a word. The rows of a
--- batch share a table.
function door.import(instance, name, cells, batch)
  if instance.batch ~= batch then
    instance.batch, instance.batched = batch, {}
  end
  local result, word, field = instance.importers[name](cells, instance.batched)
  local refused
  if result == nil then
    refused = problem.of(word, field)
  else
    refused = answer.save_all()
  end
  if refused then
    return "refused", refused.field, refused.word
  end
  return result, field, word
end

return door

-- SPDX-License-Identifier: Apache-2.0
--- Jobs: named work that is queued in the commit of a write, and done after it.
local answer = require("app.answer")
local host = require("core.app")
local job = require("core.job")
local json = require("core.json")
local options = require("app.options")

local jobs = {}

local KEYS <const> = {"retry", "key"}
local EVERY_KEYS <const> = {"retry", "kinds", "at_once"}
local ON_KEYS <const> = {"retry"}
local AFTER_KEYS <const> = {"seconds", "minutes", "hours", "days", "at"}
local MS <const> = {seconds = 1000, minutes = 60000, hours = 3600000, days = 86400000}
local RETRY <const> = 5

--- Names a job. `retry`: how often it is run again; `key`: the field of its argument that makes two
--- the same.
function jobs.declare(instance, name, spec, handler)
  if type(spec) == "function" then
    spec, handler = {}, spec
  end
  local place = ("job '%s'"):format(tostring(name))
  options.check(spec, place, KEYS)
  if type(handler) ~= "function" then
    error(place .. " needs a function that does it", 3)
  end
  job.declare(name, spec.retry or RETRY)
  instance.jobs[name] = {handler = handler, key = spec.key}
end

local function on_name(event)
  return "on " .. event
end

--- Runs a job of this app for each occurrence of another app's event: fn(what it was emitted with).
function jobs.on(instance, event, spec, handler)
  if type(spec) == "function" then
    spec, handler = {}, spec
  end
  local place = ("what is done on '%s'"):format(tostring(event))
  options.check(spec, place, ON_KEYS)
  if type(handler) ~= "function" then
    error(place .. " must be a function", 3)
  end
  job.declare(on_name(event), spec.retry or RETRY, event)
  instance.jobs[on_name(event)] = {handler = handler}
end

--- Runs a job by a schedule ("07:30", "every 10 min", "07:30 on school days"), once for each
--- organisation (of `kinds`, if given) and moment: fn({at, date}). `at_once`: the first time the app is
--- seen, also for the last moment before.
function jobs.every(instance, when, name, spec, handler)
  if type(spec) == "function" then
    spec, handler = {}, spec
  end
  local place = ("'%s' %s"):format(tostring(name), tostring(when))
  options.check(spec, place, EVERY_KEYS)
  jobs.declare(instance, name, {retry = spec.retry}, handler)
  job.every(name, when, spec.kinds and options.list(spec.kinds, "kinds in " .. place), spec.at_once == true)
end

--- Names days for schedules: fn(date) says whether a day (ISO) is one at this organisation.
function jobs.calendar(instance, days, handler)
  if type(handler) ~= "function" then
    error(("the days '%s' need a function that tells them"):format(tostring(days)), 3)
  end
  job.calendar(days)
  instance.calendars[days] = handler
end

--- "yes" when the day counts.
function jobs.is_day(instance, days, date)
  return instance.calendars[days](date) and "yes" or nil
end

--- Queues a job for each app that listens, in the commit of this call.
function jobs.emit(name, arg)
  job.emit(name, json.encode(arg or {}))
end

local function wait_of(spec)
  local ms = 0
  for unit, each in pairs(MS) do
    ms = ms + math.floor((spec[unit] or 0) * each)
  end
  return ms
end

local function key_of(declared, name, arg)
  if not declared.key then
    return ""
  end
  local key = arg[declared.key]
  if key == nil then
    error(("job '%s' goes by '%s', which its argument lacks"):format(name, declared.key), 3)
  end
  return tostring(key)
end

--- Queues a job in the commit of this call: true, or false when one of its key waits already. `spec`
--- puts it off: {minutes = 10}; `at` an organisation below runs it there.
function jobs.after(instance, name, arg, spec)
  local declared = instance.jobs[name]
  arg, spec = arg or {}, options.check(spec or {}, "when and where a job runs", AFTER_KEYS)
  if not declared then
    host.check_keys({[tostring(name)] = true}, "the jobs of " .. host.id, options.sorted(instance.jobs))
  end
  return job.queue(name, json.encode(arg), key_of(declared, name, arg), wait_of(spec), spec.at and (spec.at.id or spec.at))
end

--- Does a job: nil when it is done, else the word for why not.
function jobs.run(instance, name, arg)
  local handler = instance.jobs[name].handler
  local given, word = handler(json.decode(arg))
  if given == nil and word ~= nil then
    return type(word) == "table" and word.word or tostring(word)
  end
  local refused = answer.save_all()
  return refused and refused.word
end

return jobs

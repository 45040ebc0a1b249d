-- SPDX-License-Identifier: Apache-2.0
--- Where what hangs on the door may be called: what is declared while the app loads, what belongs to a
--- call, to a write or to a job. The wrong place says so by name, and at once: not where it fails.
local call = require("core.call")

local context = {}

-- In words: what may be done there, what else is to be done.
local LOAD <const>, CALL <const>, WRITE <const>, JOB <const>, ANY <const> = "load", "call", "write", "job", "any"

local NEEDS <const> = {
  calendar = LOAD, collection = LOAD, event = LOAD, every = LOAD, get = LOAD, home = LOAD, importer = LOAD,
  job = LOAD, on = LOAD, point = LOAD, post = LOAD, rollup = LOAD, set = LOAD, topic = LOAD,

  absent = CALL, count = CALL, export = CALL, file = CALL, holders = CALL, json = CALL, members = CALL, now = CALL, page = CALL,
  redirect = CALL, sum = CALL, t = CALL, today = CALL, url = CALL,
  above = CALL, below = CALL, me = CALL, org = CALL, role = CALL, subject = CALL, settings = CALL,

  after = WRITE, emit = WRITE, notify = WRITE, publish = WRITE, seal = WRITE,

  fetch = JOB,

  days = ANY, has_page = ANY, later = ANY, log = ANY, records = ANY,

  ["coll:action"] = LOAD, ["coll:allow"] = LOAD, ["coll:form"] = LOAD, ["coll:list"] = LOAD,

  ["coll:as_of"] = CALL, ["coll:choices"] = CALL, ["coll:find"] = CALL, ["coll:get"] = CALL,
  ["coll:history"] = CALL, ["coll:may_create"] = CALL, ["coll:rows"] = CALL,

  ["coll:create"] = WRITE, ["coll:delete"] = WRITE, ["coll:undelete"] = WRITE,

  -- Asked for every row of a list, by rows that there are in a call alone.
  ["coll:may"] = ANY, ["coll:may_act"] = ANY, ["coll:path"] = ANY, ["coll:roles"] = ANY,
}

-- load, read, write or job.
local function now()
  if not call.is_running() then
    return LOAD
  elseif not call.write then
    return "read"
  end
  return call.method == "JOB" and JOB or WRITE
end

local function here()
  return ("%s %s"):format(call.method, call.path)
end

-- By what is needed: what is wrong with being elsewhere.
local WRONG <const> = {
  load = function(name) return ("%s declares: it is called while the app loads, not in %s"):format(name, here()) end,
  call = function(name) return name .. " belongs to a call: nothing is asked yet while the app loads" end,
  write = function(name, at)
    if at == LOAD then
      return name .. " belongs to a write or a job: nothing is asked yet while the app loads"
    end
    return ("%s in a read: %s cannot write; use app.post or an action"):format(name, here())
  end,
  job = function(name, at)
    if at == LOAD then
      return name .. " belongs to a job: nothing is asked yet while the app loads"
    end
    return ("%s in a %s: it belongs to a job (app.job), which %s queues with app.after"):format(name, at, here())
  end,
}

local FITS <const> = {
  load = {load = true}, call = {read = true, write = true, job = true},
  write = {write = true, job = true}, job = {job = true},
}

--- Raises unless the function of this name may be called here and now.
function context.check(name, needs, shown)
  local at = now()
  if not FITS[needs][at] then
    error(WRONG[needs](shown or "app." .. name, at), 3)
  end
end

--- The function as it hangs on the door: what NEEDS says of its name holds.
function context.guard(name, fn)
  local needs = NEEDS[name] or error("app/context.lua does not say where '" .. name .. "' may be called", 2)
  if needs == ANY then
    return fn
  end
  local shown = not name:find(":", 1, true) and "app." .. name or name
  return function(...)
    context.check(name, needs, shown)
    return fn(...)
  end
end

return context

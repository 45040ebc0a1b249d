-- SPDX-License-Identifier: Apache-2.0
--- Routes: what an app answers, and to whom.
local host = require("core.app")
local options = require("app.options")
local rest = require("app.rest")

local route = {}

local KEYS <const> = {"allow", "outcome"}

-- Who may is said once, where the app is declared; instances that answer need not keep it.
local function note(instance, one)
  if host.declaring then
    one.place = one.optional and false or host.place()
    table.insert(instance.declared, one)
  end
end

local function key_of(method, pattern)
  return method .. " " .. pattern
end

--- Adds a route whose handler is the platform's own and serves every organisation: what it wants of an
--- instance it asks for when it runs. One of `typed` values takes them as a program sent them.
function route.add_shared(instance, one, handler, typed)
  local key = key_of(one.method, one.pattern)
  instance.plan.routes[key] = {key = key, handler = handler, typed = typed}
  note(instance, one)
end

--- Adds a route to an instance. outcome(req, problem) may answer what the handler refuses.
function route.add(instance, method, pattern, spec, handler)
  local place = ("route %s %s"):format(method, tostring(pattern))
  if type(spec) == "function" then
    spec, handler = {}, spec
  end
  options.check(spec, place, KEYS)
  if type(handler) ~= "function" then
    error(place .. " needs a function that answers", 3)
  end
  if type(pattern) ~= "string" then
    error(place .. ": a path is a text", 3)
  end
  local key = key_of(method, pattern)
  instance.handlers[key] = handler
  if spec.outcome then
    instance.outcomes[key] = spec.outcome
  end
  if not instance.plan.whole then
    route.add_shared(instance, {method = method, pattern = pattern, allow = spec.allow or {}})
  end
end

--- Adds what programs may do with a collection, where a rule lets somebody do it.
function route.add_programs(instance, shared)
  for _, one in ipairs(rest.routes(shared)) do
    route.add_shared(instance, {method = one.word, pattern = one.pattern, allow = shared.allowed[one.verb],
      optional = true}, one.handler, true)
  end
end

--- The route of an instance, and what answers it.
function route.find(instance, method, pattern)
  local found = instance.plan.routes[key_of(method, pattern)]
  local handler = found and (found.handler or instance.handlers[found.key])
  if not handler then
    error(("%s %s is not declared alike at every organisation"):format(method, pattern), 0)
  end
  return found, handler
end

-- What would give the route its roles: pages of a collection take theirs from its rules.
local function remedy(instance, allow)
  for _, shared in pairs(instance.plan.collections) do
    for verb, roles in pairs(shared.allowed) do
      if roles == allow then
        return ("'%s' has no %s rule: say who may with :allow(\"%s\", …)"):format(shared.full, verb, verb)
      end
    end
  end
  return "give it allow = {roles}"
end

-- Where everything is told at once the next one follows.
local function refuse(instance, one)
  local problem = ("%s: %s %s says nobody may use it; %s"):format(one.place, one.method, one.pattern,
    remedy(instance, one.allow))
  if not host.note(problem) then
    error(problem, 0)
  end
end

--- Hands all routes to the host, once, when the app has said all it has to say.
function route.declare(instance)
  for _, one in ipairs(instance.declared) do
    local allow = type(one.allow) == "string" and {one.allow} or one.allow
    if #allow > 0 then
      host.route(one.method, one.pattern, allow)
    elseif not one.optional then
      refuse(instance, one)
    end
  end
end

return route

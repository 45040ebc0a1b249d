-- SPDX-License-Identifier: Apache-2.0
--- Telling open pages: in the commit of the write, to those whom the topic names. An event says that
--- something changed; a page then asks anew, under its reader's own rights.
local host = require("core.app")
local json = require("core.json")
local live = require("core.live")
local options = require("app.options")

local topics = {}

local KEYS <const> = {"of", "allow", "people"}

--- Says who may hear: `of` a collection (who may read the row it is about), `allow` roles (held at this
--- organisation or above), or `people` (those it is told to).
function topics.declare(instance, name, spec)
  local place = ("topic '%s'"):format(tostring(name))
  options.check(spec, place, KEYS)
  local kinds = (spec.of and 1 or 0) + (spec.allow and 1 or 0) + (spec.people and 1 or 0)
  if kinds ~= 1 then
    error(place .. " says who may hear by one of: of, allow, people", 3)
  end
  live.declare(name, spec.of, spec.allow and options.list(spec.allow, "allow in " .. place))
  instance.topics[name] = spec
end

--- Tells a topic: about a row, with plain data to roles, or to a person's row or a list of them.
function topics.publish(instance, name, about)
  local spec = instance.topics[name]
  if not spec then
    host.check_keys({[tostring(name)] = true}, "the topics of " .. host.id, options.sorted(instance.topics))
  end
  if spec.allow then
    about = json.encode(about or {})
  elseif spec.people and type(about) ~= "table" then
    about = {about}
  end
  live.publish(name, about)
end

return topics

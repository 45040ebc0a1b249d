-- SPDX-License-Identifier: Apache-2.0
--- Tables that authors write: what is not known is an error with a suggestion.
local host = require("core.app")

local options = {}

--- Raises unless given is a table whose keys are all in known. place says where it stands.
function options.check(given, place, known)
  if type(given) ~= "table" then
    error(("%s must be a table, not a %s"):format(place, type(given)), 3)
  end
  host.check_keys(given, place, known)
  return given
end

--- The same for a table with positions beside its keys: only the keys are looked at.
function options.check_named(given, place, known)
  local named = {}
  for key, value in pairs(given) do
    if math.type(key) ~= "integer" then
      named[key] = value
    end
  end
  host.check_keys(named, place, known)
end

--- A word or a list of words as a list.
function options.list(value, place)
  if type(value) == "string" then
    return {value}
  elseif type(value) ~= "table" or #value == 0 then
    error(place .. " must be a word or a list of words", 3)
  end
  return value
end

--- The keys of a table in order, so that what is declared does not depend on chance.
function options.sorted(given)
  local keys = {}
  for key in pairs(given) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

return options

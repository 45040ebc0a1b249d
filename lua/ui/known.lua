-- SPDX-License-Identifier: Apache-2.0
--- Unknown names are errors that say what was probably meant.
local known = {}

-- Single letters added, left out or changed between two words.
local function distance(a, b)
  local row = {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local corner = row[0]
    row[0] = i
    for j = 1, #b do
      local change = corner + (a:byte(i) == b:byte(j) and 0 or 1)
      corner = row[j]
      row[j] = math.min(change, row[j] + 1, row[j - 1] + 1)
    end
  end
  return row[#b]
end

--- The key of names that is nearest to name, or nil when none is near.
function known.nearest(names, name)
  local best, least = nil, 3
  for candidate in pairs(names) do
    local far = distance(name, tostring(candidate))
    if far < least or (far == least and best and tostring(candidate) < best) then
      best, least = tostring(candidate), far
    end
  end
  return best
end

--- What to say about a name that is not among names.
function known.problem(names, key, where)
  local near = type(key) == "string" and known.nearest(names, key)
  local hint = near and ("; did you mean '%s'?"):format(near) or ""
  return ("%s does not know '%s'%s"):format(where, tostring(key), hint)
end

--- Raises unless names has the key.
function known.require(names, key, where)
  if not names[key] then
    error(known.problem(names, key, where), 4)
  end
end

return known

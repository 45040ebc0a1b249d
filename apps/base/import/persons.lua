-- SPDX-License-Identifier: Apache-2.0
--- One person for all rows, files and schools that speak of the same human being: by the citizen
--- number, else by name and telephone together.
local codes = require "codes"
local dates = require "dates"
local numbers = require "numbers"
local people = require "people"
local sheet = require "import.sheet"

local persons = {}

--- Assigns what is given and differs: an empty cell never erases. True when something did.
function persons.assign(row, values, keys)
  local differs = false
  for _, key in ipairs(keys) do
    if values[key] ~= nil and row[key] ~= values[key] then
      row[key] = values[key]
      differs = true
    end
  end
  return differs
end

--- Saves a row: itself and whether it is another now (a sealed field may get what it had); or
--- nil, word, key. A row of the file that fails half-way is taken back whole by whoever runs the
--- import.
function persons.save(row)
  local before = row.version
  local saved, problem = row:save()
  if not saved then return nil, problem.word, problem.field end
  return row, row.version ~= before
end

--- Creates a record: it and true, or nil, word, key.
function persons.create(collection, values)
  local row, problem = collection:create(values)
  if not row then return nil, problem.word, problem.field end
  return row, true
end

--- The person of a row {name, number, phone}: found, nil when new; or false, a word and the key
--- of the cell that speaks against it.
function persons.find(given)
  local found = given.number and people.person:find({number = given.number})
  if found then
    if found.name ~= given.name then return false, "other_name", "name" end
    return found
  end
  if not given.phone then return nil end
  found = people.person:rows({phone = given.phone, name = given.name, limit = 1})[1]
  if found and given.number and found.number then return false, "other_number", "number" end
  given.phone_known = found ~= nil
  return found
end

-- A file without columns for them still tells birth and gender of a new person by the number.
local function create(given)
  local birth, gender
  if given.number then birth, gender = numbers.citizen_facts(given.number) end
  return persons.create(people.person, {
    name = given.name, gender = given.gender or gender, birth = given.birth or birth,
    ethnicity = given.ethnicity, number = given.number, phone = given.phone,
  })
end

local FACTS <const> = {"name", "gender", "birth", "ethnicity"}

--- Writes what the row knows of a person, old or new (nil): the person and whether anything
--- changed; or nil, word, key.
function persons.write(person, given)
  if not person then return create(given) end
  local differs = persons.assign(person, given, FACTS)
  if given.number and not person.number then
    person.number, differs = given.number, true
  end
  if given.phone and not given.phone_known then
    person.phone, differs = given.phone, true
  end
  if not differs then return person, false end
  return persons.save(person)
end

--- The cells that describe a person, in the order they are read.
persons.READERS = {
  {"name", sheet.text(100), required = true},
  {"number", numbers.read_citizen},
  {"gender", sheet.code(codes.gender)},
  {"birth", dates.read},
  {"ethnicity", sheet.code(codes.people)},
  {"phone", numbers.read_phone},
}

--- The word of a warning and its key where cells and citizen number differ: real registers hold
--- old mistakes, so the cell counts and nothing is refused.
function persons.compare_number(given)
  if not given.number then return nil end
  local birth, gender = numbers.citizen_facts(given.number)
  if given.birth and given.birth ~= birth then return "birth_differs", "birth" end
  if given.gender and given.gender ~= gender then return "gender_differs", "gender" end
end

return persons

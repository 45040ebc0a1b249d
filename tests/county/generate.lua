-- SPDX-License-Identifier: Apache-2.0
--- Writes the demonstration's county as files: lua5.4 generate.lua FOLDER [name=value …]
--- year=2025 (the school year that begins then; default: the running one), seed=1, pupils=12000.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local county = require "county"
local files = require "files"

local function school_year()
  local now = os.date("*t")
  return now.month >= 8 and now.year or now.year - 1
end

local function read_options()
  local options = {year = school_year(), seed = 1, pupils = 12000}
  for i = 2, #arg do
    local name, value = arg[i]:match("^(%a+)=(%d+)$")
    if not options[name] then error("not an option: " .. arg[i], 0) end
    options[name] = math.tointeger(value)
  end
  return options
end

local function write_all(folder, made)
  local imports = {{"org", "importer", "file", "rows"}}
  local function add(org, importer, form, rows)
    local name = importer == "schools" and "schools.csv" or org .. "-" .. importer .. ".csv"
    files.write(folder, name, form, rows)
    table.insert(imports, {org, importer, name, #rows - 1})
  end
  files.write(folder, "orgs.csv", "plain", files.orgs(made))
  add("329901", "schools", "bom", files.schools(made))
  add("329901", "teachers", "bom", files.teachers(made.office))
  add("329901", "calendar", "bom", files.calendar())
  for _, school in ipairs(made.schools) do
    add(school.code, "teachers", school.form, files.teachers(school))
    add(school.code, "classes", school.form, files.classes(school))
    add(school.code, "students", school.form, files.students(school))
    add(school.code, "lessons", school.form, files.lessons(school))
  end
  files.write(folder, "imports.csv", "plain", imports)
  files.write(folder, "accounts.csv", "plain", files.accounts(made))
end

local folder = arg[1] or error("usage: generate.lua FOLDER [year=…] [seed=…] [pupils=…]", 0)
assert(os.execute(("mkdir -p '%s'"):format(folder)))
write_all(folder, county.make(read_options()))

-- SPDX-License-Identifier: Apache-2.0
--- The records that every other app stands on: schools, calendar, people, classes, pupils, and
--- the files by which they come in.
local app = require "app"
local run = require "import.run"

require "schools"
require "calendar"
require "people"
require "classes"
require "pupils"
require "lessons"

for _, name in ipairs {"schools", "calendar", "teachers", "classes", "students", "lessons"} do
  local importer = require("import." .. name)
  app.importer(name, {columns = importer.aliases}, run(importer))
end

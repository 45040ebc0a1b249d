-- SPDX-License-Identifier: Apache-2.0
--- Modules that know nothing of records are required as the app requires them.
local test = require "app.test"
local grades = require "grades"
local numbers = require "numbers"

test("a citizen number is taken with its check character only", function(w)
  w:expect(numbers.read_citizen("11010519491231002X"), "11010519491231002X")
  w:expect({numbers.read_citizen("110105194912310021")}, {nil, "citizen_mark"})
  w:expect({numbers.read_citizen("110105194913310021")}, {nil, "citizen_date"})
end)

test("what a spreadsheet made of a number is told", function(w)
  w:expect({numbers.read("1.10105E+17")}, {nil, "destroyed"})
  w:expect({numbers.read("１１０")}, {nil, "full_width"})
end)

test("a class is known by any of its names", function(w)
  local wanted = {stage = "primary", entry_year = 2023, class_no = 3}

  for _, name in ipairs{"三(3)班", "三（3）班", "三年级3班"} do
    w:expect(grades.read_class(name, nil, 2025), wanted)
  end
end)

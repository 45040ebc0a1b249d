-- SPDX-License-Identifier: Apache-2.0
local grades = require("grades")
local test = require("test")

local function class(stage, entry_year, class_no)
  return {stage = stage, entry_year = entry_year, class_no = class_no}
end

test("what is no class name is not taken for one", function(w)
  for _, text in ipairs {"三", "班", "三(零)班", "X(3)班", "十(3)班", "三(333)班", "2023届3班"} do
    w:expect(grades.read_class(text, nil, 2025), nil)
  end
  w:expect(grades.read_class("3班", "某年级", 2025), nil)
end)

test("a class is named from entry year and number", function(w)
  w:expect(grades.class_name(class("primary", 2023, 3), 2025), "三(3)班")
  w:expect(grades.class_name(class("primary", 2023, 3), 2026), "四(3)班")
  w:expect(grades.class_name(class("junior", 2025, 10), 2025), "七(10)班")
  w:expect(grades.class_name(class("junior", 2025, 3), 2025, "stage"), "初一(3)班")
  w:expect(grades.class_name(class("primary", 2025, 3), 2025, "stage"), "一(3)班")
  w:expect(grades.class_name(class("senior", 2024, 1), 2025), "高二(1)班")
end)

test("a class that is over or not yet begun goes by its year", function(w)
  w:expect(grades.class_name(class("primary", 2014, 3), 2025), "2014级3班")
  w:expect(grades.class_name(class("junior", 2026, 3), 2025), "2026级3班")
end)

test("class names are read in the forms that schools write", function(w)
  for _, text in ipairs {"三(3)班", "三（3）班", "三（３）班", "三 (3) 班", "三(三)班", "三年级3班", "三年级(3)班",
                         "小学三年级3班"} do
    w:expect(grades.read_class(text, nil, 2025), class("primary", 2023, 3))
  end
  for _, text in ipairs {"七(12)班", "初一(12)班", "初一12班", "七年级十二班", "初中一年级12班"} do
    w:expect(grades.read_class(text, nil, 2025), class("junior", 2025, 12))
  end
  w:expect(grades.read_class("3班", "三年级", 2025), class("primary", 2023, 3))
  w:expect(grades.read_class("3", "8", 2025), class("junior", 2024, 3))
  w:expect(grades.read_class("高二(3)班", nil, 2025), class("senior", 2024, 3))
end)

test("a name by its year does not tell the stage", function(w)
  w:expect(grades.read_class("2023级3班", nil, 2025), {entry_year = 2023, class_no = 3})
  w:expect(grades.read_class("2023级(3)班", nil, 2025), {entry_year = 2023, class_no = 3})
end)

test("what is written reads back the same", function(w)
  for stage, lasts in pairs {primary = 6, junior = 3, senior = 3} do
    for year = 2026 - lasts, 2025 do
      for _, style in ipairs {"year", "stage"} do
        local one = class(stage, year, 11)
        w:expect(grades.read_class(grades.class_name(one, 2025, style), nil, 2025), one)
      end
    end
  end
end)

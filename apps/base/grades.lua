-- SPDX-License-Identifier: Apache-2.0
--- Names of classes. A class is known by stage, year of entry and number; the name follows from
--- them and from the school year: entry 2023, primary, class 3 is 三(3)班 in 2025.
local grades = {}

local CHINESE <const> = {"一", "二", "三", "四", "五", "六", "七", "八", "九"}
local STAGES <const> = {
  primary = {lasts = 6, before = 0},
  junior = {lasts = 3, before = 6, other = "初"},
  senior = {lasts = 3, before = 9, always = "高"},
}

--- The grade within its stage, from 1, also when it is over the last one.
function grades.grade(entry_year, school_year)
  return school_year - entry_year + 1
end

local function grade_word(stage, grade, style)
  local kind = STAGES[stage]
  local prefix = kind.always or (style == "stage" and kind.other)
  if prefix then return prefix .. CHINESE[grade] end
  return CHINESE[grade + kind.before]
end

--- 三(3)班; for junior classes 七(3)班 or, by style "stage", 初一(3)班. Classes that are over or not
--- yet begun go by their year: 2014级3班.
function grades.class_name(class, school_year, style)
  local grade = grades.grade(class.entry_year, school_year)
  if grade < 1 or grade > STAGES[class.stage].lasts then
    return ("%d级%d班"):format(class.entry_year, class.class_no)
  end
  return ("%s(%d)班"):format(grade_word(class.stage, grade, style), class.class_no)
end

-- Words for a grade: 三, 三年级, 七年级, 初一, 初中一年级, 高二. What stage it is, and which of its years.
local words = {}
for stage, kind in pairs(STAGES) do
  for grade = 1, kind.lasts do
    local whole = CHINESE[grade + kind.before]
    local found = {stage, grade}
    if whole then words[whole], words[whole .. "年级"] = found, found end
    words[tostring(grade + kind.before)], words[grade + kind.before .. "年级"] = found, found
    local prefix = kind.other or kind.always or "小学"
    local long = ({primary = "小学", junior = "初中", senior = "高中"})[stage]
    for _, start in ipairs {prefix, long} do
      words[start .. CHINESE[grade]], words[start .. CHINESE[grade] .. "年级"] = found, found
    end
  end
end

--- Stage and grade of a word, or nil.
function grades.read_grade(text)
  local found = words[text]
  if found then return found[1], found[2] end
end

local WIDE <const> = {["（"] = "(", ["）"] = ")", ["０"] = "0", ["１"] = "1", ["２"] = "2", ["３"] = "3",
                      ["４"] = "4", ["５"] = "5", ["６"] = "6", ["７"] = "7", ["８"] = "8", ["９"] = "9"}
local NUMBERS <const> = {["一"] = 1, ["二"] = 2, ["三"] = 3, ["四"] = 4, ["五"] = 5, ["六"] = 6,
                         ["七"] = 7, ["八"] = 8, ["九"] = 9, ["十"] = 10}

local function to_number(text)
  if text:find("^%d%d?$") then return tonumber(text) end
  local unit = text:match("^十(.*)$")
  if unit and unit ~= "" then return NUMBERS[unit] and 10 + NUMBERS[unit] end
  return NUMBERS[text]
end

-- In class names full-width forms are how schools write, and cannot be mistaken.
local function narrow(text)
  return (text:gsub("%s", ""):gsub("[\xC2-\xF4][\x80-\xBF]*", WIDE))
end

-- Grade and number: 三(3), 七年级3, 初一3; a number alone stands beside a grade of its own.
local function split(name)
  local grade, number = name:match("^(.-)%((.+)%)$")
  if not grade then grade, number = name:match("^(.-年级)(.+)$") end
  if not grade then grade, number = name:match("^(%D+)(%d%d?)$") end
  return grade or "", number or name
end

--- What a class is called in a file, alone (三(3)班, 七年级3班, 2023级3班) or beside its grade
--- (grade 三年级, class 3班): {stage, entry_year, class_no}; stage nil where the text does not tell
--- (2023级3班); or nil when it is no class name.
function grades.read_class(text, grade_text, school_year)
  local name = narrow(text):gsub("班$", "")
  local year, number = name:match("^(20%d%d)级%(?(%d%d?)%)?$")
  if year then return {entry_year = tonumber(year), class_no = tonumber(number)} end
  local grade, rest = split(name)
  local class_no = to_number(rest)
  local stage, place = grades.read_grade(grade ~= "" and grade or narrow(grade_text or ""))
  if not class_no or not stage then return nil end
  return {stage = stage, entry_year = school_year - place + 1, class_no = class_no}
end

return grades

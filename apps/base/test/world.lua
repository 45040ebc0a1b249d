-- SPDX-License-Identifier: Apache-2.0
--- What base adds to the worlds of tests: persons with numbers that pass their check, teachers with a
--- class, pupils with guardians. Pupils, teachers and classes come in as a school's files bring them.
local world = {}

local WEIGHTS <const> = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
local MARKS <const> = "10X98765432"

local function count(w, what)
  w.made[what] = (w.made[what] or 0) + 1
  return w.made[what]
end

-- A citizen number of nobody: the division 320000 has no people of its own.
local function number_of(w)
  local digits = ("320000198001%02d%03d"):format(1 + count(w, "birth") % 28, count(w, "number") % 1000)
  local sum = 0
  for i, weight in ipairs(WEIGHTS) do
    sum = sum + weight * (digits:byte(i) - 48)
  end
  local at = sum % #MARKS + 1
  return digits .. MARKS:sub(at, at)
end

-- Teachers come with a class of their own, so that rules about classes have something to hold on to.
local function make_teacher(w, person, spec)
  local staff_no = ("T%03d"):format(count(w, "staff"))
  w:import("base", "teachers", {["工号"] = staff_no, ["姓名"] = person.name, ["身份证件号"] = person.number}, person.org)
  person.staff_no = staff_no
  person.classes = spec.classes or {w:class{head = person, org = person.org}}
end

--- Every person of a test has a record of base.person; a teacher also what a school keeps of one.
function world.user(w, person, spec)
  person.number = number_of(w)
  person.id = w:plant("base.person", {name = person.name, number = person.number}, person.org).id
  if person.role == "teacher" then
    make_teacher(w, person, spec)
  end
end

--- A class of a primary school: w:class{head = teacher, name = "三(3)班"}.
function world.class(w, spec)
  spec = spec or {}
  local org = spec.org or w.org
  local name = spec.name or ("三(%d)班"):format(count(w, "class"))
  w:import("base", "classes", {["学段"] = "小学", ["班级"] = name, ["班主任工号"] = spec.head and spec.head.staff_no or ""}, org)
  local classes = w:find("base.class", {}, org)
  local class = classes[#classes]
  class.collection = "base.class"
  return class
end

local function cells_of(w, spec)
  local cells = {
    ["班级"] = spec.class.name, ["学段"] = "小学", ["姓名"] = spec.name or ("学生%d"):format(count(w, "student")),
    ["学号"] = ("S%03d"):format(count(w, "local_no")),
  }
  for i, guardian in ipairs(spec.guardians or {}) do
    cells[("监护人%d姓名"):format(i)] = guardian.name
    cells[("监护人%d身份证件号"):format(i)] = guardian.number
  end
  return cells
end

--- A pupil of a class: w:student{class = class, guardians = {mum}, name = "…"}.
function world.student(w, spec)
  spec = spec or {}
  local org = spec.org or w.org
  spec.class = spec.class or w:class{org = org}
  local cells = cells_of(w, spec)
  w:import("base", "students", cells, org)
  local student = w:find("base.student", {local_no = cells["学号"]}, org)[1]
  student.collection = "base.student"
  return student
end

return world

-- SPDX-License-Identifier: Apache-2.0
--- Who is who after files came in, and what each may see. Rows and columns themselves are tried in C,
--- tests/core/apps/import_test.c.
local test = require "app.test"

test("a pupil is seen by the family, the class teacher and nobody else's teacher", function(w)
  local mum, ms_li = w:user "guardian", w:user "teacher"
  local kid = w:student{guardians = {mum}, class = ms_li.classes[1], name = "周予安"}

  w:expect(w:as(mum):get(kid).name, "周予安")
  w:expect(w:as(ms_li):get(kid).name, "周予安")
  w:expect_denied(function() w:as(w:user "teacher"):get(kid) end)
  w:expect_denied(function() w:as(w:user "guardian"):get(kid) end)
end)

test("another school's office does not see a pupil, the county does", function(w)
  local kid = w:student()
  local county = w:user("county", {org = w.root})

  w:expect(w:as(county):at(w.org):get(kid).id, kid.id)
  w:expect_denied(function() w:as(w:user("office", {org = w:add_org()})):get(kid) end)
end)

test("a file that comes twice changes nothing", function(w)
  local class = w:class{name = "三(3)班"}
  local row = {["班级"] = class.name, ["姓名"] = "周予安", ["学号"] = "1"}

  w:expect(w:import("base", "students", row), "created")
  w:expect(w:import("base", "students", row), "same")
  w:expect(#w:find("base.student"), 1)
end)

test("a pupil who moves is seen by the new class teacher only", function(w)
  local ms_li, mr_wang = w:user "teacher", w:user "teacher"
  local kid = w:student{class = ms_li.classes[1], name = "周予安"}

  w:import("base", "students", {["班级"] = mr_wang.classes[1].name, ["姓名"] = "周予安", ["学号"] = kid.local_no})

  w:expect(w:as(mr_wang):get(kid).name, "周予安")
  w:expect_denied(function() w:as(ms_li):get(kid) end)
end)

test("nobody reads the roll of another school as a program", function(w)
  w:student()
  local other = w:user("office", {org = w:add_org()})

  w:expect(#w:as(other):at(w.org):rows("base.student"), 0)
end)

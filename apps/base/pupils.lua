-- SPDX-License-Identifier: Apache-2.0
--- Pupils at their school, and who stands for them: the sets `children` and `guardians`.
local app = require "app"
local codes = require "codes"
local numbers = require "numbers"

local pupils = {}

pupils.student = app.collection("student", {
  fields = {
    person    = {ref = "base.person", required = true},
    name      = {type = "text", required = true, max = 100, personal = true},
    gender    = {one_of = codes.GENDERS, element = "GB/T 2261.1"},
    birth     = {type = "date", personal = true},
    class     = {ref = "base.class"},
    stage      = {from = "class.stage"},
    entry_year = {from = "class.entry_year"},
    local_no  = {type = "text", max = 30},
    roll_no   = {type = "sealed", lookup = "roll", shape = numbers.ROLL, personal = true},
    state     = {one_of = {"registered", "active", "suspended", "transferring", "graduated",
                           "completed", "withdrawn", "abroad", "deceased"}, default = "active"},
  },
  unique = {{"local_no"}, {"roll_no", instance = true}},
  index = {{"class"}, {"person"}},
})
pupils.student:allow("read", {
  guardian  = {"id in @me.children"},
  student   = {"person is @me"},
  teacher   = {"class in @me.classes"},
  principal = {"org under @me.orgs"},
  office    = {"org under @me.orgs"},
  county    = {"org under @me.orgs"},
  app       = {"org under @me.orgs", only = {"name", "class", "person", "state"}},
})

-- How many a grade has, here and at every organisation above.
local SCHOOL <const> = {"org under @me.orgs"}
app.rollup("pupils", {
  from = "student", where = "state is active", by = {"stage", "entry_year"}, count = true, up = true,
  allow = {principal = SCHOOL, office = SCHOOL, county = SCHOOL, app = SCHOOL},
})
app.set("own_class", {from = "base.student", match = "person is @me", take = "class"})

pupils.guardianship = app.collection("guardianship", {
  instance = true,
  fields = {
    guardian      = {ref = "base.person", required = true},
    guardian_name = {type = "text", required = true, max = 100, personal = true},
    student       = {ref = "base.student", required = true},
    class         = {ref = "base.class"}, -- the student's, repeated for the class teacher's rule
    school        = {ref = "core.org", required = true},
    relation      = {one_of = codes.RELATIONS, default = "other"},
    legal         = {type = "boolean", default = true},
    ordinal       = {type = "integer", between = {1, 9}},
  },
  unique = {{"guardian", "student"}},
  index = {{"student"}, {"class"}, {"school", "class"}},
})
pupils.guardianship:allow("read", {
  guardian  = {"guardian is @me"},
  teacher   = {"class in @me.classes"},
  principal = {"school in @me.orgs"},
  office    = {"school in @me.orgs"},
  app       = {"school in @me.orgs", only = {"guardian", "guardian_name", "student", "class", "school"}},
})

-- For other apps: what happened, by ids; whoever may read the records sees the rest.
app.event("student.joined") -- {student, class}
app.event("student.moved")  -- {student, class}: into that class

app.set("children", {from = "base.guardianship", match = "guardian is @me", take = "student",
                     role = "guardian"})
app.set("guardians", {from = "base.guardianship", match = "student is @it", take = "guardian"})

return pupils

-- SPDX-License-Identifier: Apache-2.0
--- Classes 行政班, and whose they are: a class teacher's set `classes`.
local app = require "app"
local codes = require "codes"
local dates = require "dates"
local grades = require "grades"

local classes = {}

classes.class = app.collection("class", {
  fields = {
    stage      = {one_of = codes.STAGES, required = true},
    entry_year = {type = "integer", required = true, between = {1950, 2199}},
    class_no   = {type = "integer", required = true, between = {1, 99}},
    name       = {type = "text", required = true, max = 30}, -- made by classes.name
    head        = {ref = "base.teacher"},
    head_person = {from = "head.person"},
  },
  unique = {{"stage", "entry_year", "class_no"}},
  index = {{"head_person"}},
})

-- That a class exists and who heads it is no secret at its school.
classes.class:allow("read", {
  guardian  = {"org under @me.orgs"},
  student   = {"org under @me.orgs"},
  teacher   = {"org under @me.orgs"},
  principal = {"org under @me.orgs"},
  office    = {"org under @me.orgs"},
  county    = {"org under @me.orgs"},
  app       = {"org under @me.orgs"},
})
classes.class:allow("update", {office = {"org under @me.orgs", only = {"head"}}})

-- Of a grade (its stage and year of entry), here and at every organisation above: for apps that reach many.
local SCHOOL <const> = {"org under @me.orgs"}
app.rollup("classes", {
  from = "class", by = {"stage", "entry_year"}, count = true, up = true,
  allow = {principal = SCHOOL, office = SCHOOL, county = SCHOOL, app = SCHOOL},
})

app.set("classes", {from = "base.class", match = "head_person is @me", take = "id"})

--- The name of a class ({stage, entry_year, class_no}) today. It is stored with the class, so
--- that lists and other apps show it, and written anew when a school moves its classes up.
function classes.name(class)
  return grades.class_name(class, dates.school_year(app.today()), app.settings.junior_names)
end

return classes

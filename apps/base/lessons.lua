-- SPDX-License-Identifier: Apache-2.0
--- The timetable: which class has what, when in the week, with whom. From it comes whom a teacher
--- teaches beside the own class: the set `taught`.
local app = require "app"
local pupils = require "pupils"

local lesson = app.collection("lesson", {
  fields = {
    class          = {ref = "base.class", required = true},
    weekday        = {type = "integer", required = true, between = {1, 7}},
    period         = {type = "integer", required = true, between = {1, 12}},
    subject        = {type = "text", required = true, max = 30},
    teacher        = {ref = "base.teacher"},
    teacher_person = {from = "teacher.person"},
  },
  unique = {{"class", "weekday", "period"}},
  index = {{"weekday", "period"}, {"teacher_person"}},
})
-- When a class has which subject is no secret at its school.
for _, role in ipairs {"guardian", "student", "teacher", "principal", "office", "county", "app"} do
  lesson:allow("read", {[role] = {"org under @me.orgs"}})
end
for _, verb in ipairs {"update", "delete"} do
  lesson:allow(verb, {office = {"org under @me.orgs"}})
end

app.set("taught", {from = "base.lesson", match = "teacher_person is @me", take = "class"})

-- Who teaches a class knows its pupils, and no more of them than the lesson needs.
pupils.student:allow("read", {
  teacher = {"class in @me.taught", only = {"name", "gender", "class", "local_no", "state"}},
})

return lesson

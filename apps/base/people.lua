-- SPDX-License-Identifier: Apache-2.0
--- Persons, once in an instance whatever they are at how many schools; the records that make
--- them a pupil, a guardian or a teacher refer to them and repeat the name, so that whoever may
--- see a pupil needs no right to persons. Repeated, not derived: a name that is mended in one
--- place is mended in all.
local app = require "app"
local codes = require "codes"
local numbers = require "numbers"

local people = {}

people.person = app.collection("person", {
  instance = true,
  fields = {
    name      = {type = "text", required = true, max = 100, personal = true},
    gender    = {one_of = codes.GENDERS, default = "0", element = "GB/T 2261.1"},
    birth     = {type = "date", personal = true},
    ethnicity = {one_of = codes.PEOPLES, personal = true, element = "GB/T 3304"},
    number    = {type = "sealed", lookup = "citizen", shape = numbers.CITIZEN, personal = true,
                 element = "GB 11643"},
    phone     = {type = "sealed", lookup = "phone", personal = true},
  },
  unique = {{"number"}},
  index = {{"phone", "name"}},
})
people.person:allow("read", {anyone = {"id is @me"}, app = {only = {"name"}}})

people.teacher = app.collection("teacher", {
  fields = {
    person   = {ref = "base.person", required = true},
    name     = {type = "text", required = true, max = 100, personal = true},
    staff_no = {type = "text", required = true, max = 30},
    post     = {type = "text", max = 30},
    subject  = {type = "text", max = 30},
  },
  unique = {{"staff_no"}},
  index = {{"person"}},
})
-- Who teaches at a school is known to its families.
people.teacher:allow("read", {
  guardian  = {"org under @me.orgs", only = {"name", "subject"}},
  student   = {"org under @me.orgs", only = {"name", "subject"}},
  teacher   = {"org under @me.orgs"},
  principal = {"org under @me.orgs"},
  office    = {"org under @me.orgs"},
  county    = {"org under @me.orgs"},
  app       = {"org under @me.orgs", only = {"name", "person"}},
})

return people

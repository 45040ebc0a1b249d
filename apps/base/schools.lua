-- SPDX-License-Identifier: Apache-2.0
--- What is known of a school beside its place in the tree of organisations, which it shares the
--- code with. The county keeps the list, so the records are the instance's.
local app = require "app"
local numbers = require "numbers"

local school = app.collection("school", {
  instance = true,
  fields = {
    code      = {type = "text", required = true, shape = numbers.SCHOOL},
    name      = {type = "text", required = true, max = 100},
    stages    = {type = "text", required = true, max = 60}, -- "primary junior"
    division  = {type = "text", shape = {pattern = "000000"}, element = "GB/T 2260"},
    authority = {type = "text", max = 100},
    phone     = {type = "text", max = 30, check = "phone"},
  },
  unique = {{"code"}},
})
school:allow("read", {anyone = {}})

return school

-- SPDX-License-Identifier: Apache-2.0
--- School years and terms.
local app = require "app"

local calendar = {}

calendar.year = app.collection("year", {
  fields = {
    name   = {type = "text", required = true, max = 20},
    begins = {type = "date", required = true},
    ends   = {type = "date", required = true}, -- the first day that is no longer part of it
  },
  unique = {{"name"}},
  index = {{"begins"}},
  check = function(r) if r.ends <= r.begins then return "ends", "order" end end,
})

calendar.term = app.collection("term", {
  fields = {
    year    = {ref = "base.year", required = true},
    ordinal = {type = "integer", required = true, between = {1, 4}},
    begins  = {type = "date", required = true},
    ends    = {type = "date", required = true},
  },
  unique = {{"year", "ordinal"}},
  check = function(r)
    if r.ends <= r.begins then return "ends", "order" end
    if r.begins < r.year.begins then return "begins", "outside" end
    if r.ends > r.year.ends then return "ends", "outside" end
  end,
})

for _, sessions in ipairs {calendar.year, calendar.term} do
  sessions:allow("read", {anyone = {}})
  for _, verb in ipairs {"create", "update", "delete"} do
    sessions:allow(verb, {county = {"org under @me.orgs"}, office = {"org under @me.orgs"}})
  end
end

return calendar

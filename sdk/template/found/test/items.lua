-- SPDX-License-Identifier: Apache-2.0
local test = require "app.test"

test("a pupil reports a thing, a teacher marks it collected", function(w)
  local pupil, teacher = w:user "student", w:user "teacher"

  local cup = w:as(pupil):submit("found.new", {what = "蓝色水杯", place = "操场"})
  w:as(teacher):action(cup, "collected")

  w:expect(w:as(pupil):get(cup).state, "done")
  w:expect_under{steps = 6000, kib = 128, reads = 12, writes = 2}
end)

test("nobody finds something tomorrow", function(w)
  local pupil = w:user "student"

  local cup, word, field = w:as(pupil):submit("found.new", {what = "蓝色水杯", day = "2026-03-03"})

  w:expect({cup, word, field}, {nil, "future", "day"})
end)

test("guardians and other schools do not see it", function(w)
  local cup = w:as(w:user "student"):submit("found.new", {what = "蓝色水杯"})
  local elsewhere = w:user("teacher", {org = w:add_org()})

  w:expect_denied(function() w:as(w:user "guardian"):get(cup) end)
  w:expect_denied(function() w:as(elsewhere):get(cup) end)
end)

-- SPDX-License-Identifier: Apache-2.0
--- Who may ask, see and decide, and what they hear of it. Fields that nobody may read past the
--- routes are tried in C, tests/core/apps/leave_test.c.
local test = require "app.test"

local function family(w)
  local mum, ms_li = w:user "guardian", w:user "teacher"
  return mum, ms_li, w:student{guardians = {mum}, class = ms_li.classes[1]}
end

local function ask(w, mum, kid, values)
  local form = {student = kid, from = "2026-03-03", to = "2026-03-04", kind = "sick"}
  for name, value in pairs(values or {}) do
    form[name] = value
  end
  return w:as(mum):submit("leave.ask", form)
end

test("a guardian asks, the teacher grants, the guardian hears", function(w)
  local mum, ms_li, kid = family(w)

  local r = ask(w, mum, kid)
  w:as(ms_li):action(r, "grant")
  w:run_jobs()

  w:expect(w:as(mum):get(r).state, "granted")
  w:expect(#w:notices(mum), 1)
  w:expect(w:notices(mum)[1].word, "granted")
  w:expect_denied(function() w:as(w:user "guardian"):get(r) end)
  w:expect_under{steps = 8000, kib = 160, reads = 40, writes = 2}
end)

test("the teacher of the class hears that somebody asks, another does not", function(w)
  local mum, ms_li, kid = family(w)
  local mr_wang = w:user "teacher"

  ask(w, mum, kid)
  w:run_jobs()

  w:expect(w:notices(ms_li)[1].values.from, "2026-03-03")
  w:expect(#w:notices(mr_wang), 0)
end)

test("nobody asks for another's child", function(w)
  local mum, _, kid = family(w)
  local other = w:user "guardian"
  w:student{guardians = {other}}

  local made, word, field = ask(w, other, kid)

  w:expect({made, word, field}, {nil, "absent", "student"})
  w:expect(#w:find("leave.leave"), 0)
  w:expect(#w:as(mum):rows("leave.leave"), 0)
end)

test("a teacher cannot ask, and a stranger cannot look", function(w)
  local mum, ms_li, kid = family(w)
  local r = ask(w, mum, kid)

  w:expect_denied(function() ask(w, ms_li, kid) end)
  w:expect_denied(function() w:as(nil):open("/desk") end)
  w:expect_denied(function() w:as(w:user "teacher"):action(r, "grant") end)
end)

test("days that make no sense come back to the form", function(w)
  local mum, _, kid = family(w)

  w:expect({ask(w, mum, kid, {to = "2026-03-01"})}, {nil, "order", "to"})
  w:expect({ask(w, mum, kid, {to = "2026-09-01"})}, {nil, "too_long", "to"})
  w:expect({ask(w, mum, kid, {from = "2026-01-02", to = "2026-01-03"})}, {nil, "past", "from"})
  w:expect({ask(w, mum, kid, {kind = ""})}, {nil, "required", "kind"})
end)

test("it is decided once", function(w)
  local mum, ms_li, kid = family(w)
  local r = ask(w, mum, kid)

  w:expect(w:as(ms_li):action(r, "refuse", {answer = "请说明原因"}), true)
  w:expect({w:as(ms_li):action(r, "grant")}, {nil, "state", ""})
  w:expect(w:as(mum):get(r).answer, "请说明原因")
end)

test("a long leave is not the teacher's to grant", function(w)
  local mum, ms_li, kid = family(w)
  local r = ask(w, mum, kid, {to = "2026-03-20"})

  w:expect(w:as(ms_li):action(r, "grant"), true)

  w:expect(w:as(mum):get(r).state, "asked")
  w:expect(w:as(mum):get(r).level, "school")
  w:expect({w:as(ms_li):action(r, "grant")}, {nil, "state", ""})
end)

test("a long leave goes on to the principal, and both the family and the teacher hear", function(w)
  local mum, ms_li, kid = family(w)
  local head = w:user "principal"
  local r = ask(w, mum, kid, {to = "2026-03-20"})

  w:expect({w:as(head):action(r, "approve")}, {nil, "state", ""})
  w:as(ms_li):action(r, "grant")
  w:expect(w:as(head):action(r, "approve"), true)
  w:run_jobs()

  w:expect(w:as(mum):get(r).state, "granted")
  local heard = {}
  for _, person in ipairs{mum, ms_li, head} do
    for _, notice in ipairs(w:notices(person)) do heard[#heard + 1] = person.role .. " " .. notice.word end
  end
  table.sort(heard)
  w:expect(heard, {"guardian granted", "guardian passed", "principal passed", "teacher asked", "teacher granted"})
end)

test("what was passed on can still be taken back, and the teacher hears of it", function(w)
  local mum, ms_li, kid = family(w)
  local head = w:user "principal"
  local r = ask(w, mum, kid, {to = "2026-03-20"})

  w:as(ms_li):action(r, "grant")
  w:expect(w:as(mum):action(r, "withdraw"), true)
  w:run_jobs()

  w:expect({w:as(head):action(r, "approve")}, {nil, "state", ""})
  local heard = {}
  for _, notice in ipairs(w:notices(ms_li)) do heard[notice.word] = true end
  w:expect(heard, {asked = true, withdrawn = true})
end)

test("the desk shows what waits, in both languages", function(w)
  local mum, ms_li, kid = family(w)
  ask(w, mum, kid)

  local page = w:as(ms_li):open("/desk?state=asked")

  w:expect(page.status, 200)
  w:expect(page.body:find(kid.name, 1, true) ~= nil, true)
end)

-- SPDX-License-Identifier: Apache-2.0
--- A morning at school: the day's sheets, who may take them, who hears of whom, what is counted.
local test = require "app.test"

local TODAY <const> = "2026-03-03"

-- A class with its teacher and so many pupils, early on a Tuesday, the day's sheets made.
local function morning(w, pupils)
  local ms_li, mum = w:user "teacher", w:user "guardian"
  local class, kids = ms_li.classes[1], {}
  for i = 1, pupils or 3 do
    kids[i] = w:student{class = class, guardians = i == 1 and {mum} or {}, local_no = tostring(i)}
  end
  w:clock(TODAY .. " 06:30")
  w:run_jobs()
  return ms_li, kids, mum, class
end

local function sheet(w, who, session)
  for _, row in ipairs(w:as(who):rows "roll.sheet") do
    if row.session == (session or "morning") then return row end
  end
end

local function take(w, who, codes, session)
  local form = {}
  for kid, code in pairs(codes) do form[kid.id] = code end
  return w:as(who):post("/sheet/" .. sheet(w, who, session).id .. "/take", form)
end

test("a class teacher finds the day's sheets and takes one", function(w)
  local ms_li, kids, mum = morning(w)

  local done = take(w, ms_li, {[kids[1]] = "unknown", [kids[2]] = "late"})

  w:expect(done.status, 303)
  w:expect(sheet(w, ms_li).state, "taken")
  w:expect(sheet(w, ms_li).away, 1)
  w:expect(#w:find "roll.mark", 2)
  w:expect(#w:as(mum):rows "roll.mark", 1)
  w:expect_under{steps = 30000, kib = 400, reads = 150, writes = 12}
end)

test("a family hears of an absence that nobody explained, after some minutes and once", function(w)
  local ms_li, kids, mum = morning(w)

  take(w, ms_li, {[kids[1]] = "unknown"})
  w:run_jobs()
  w:expect(#w:notices(mum), 0)
  w:clock{minutes = 10}
  w:run_jobs()
  take(w, ms_li, {[kids[1]] = "unknown"})
  w:clock{minutes = 10}
  w:run_jobs()

  w:expect(w:notices(mum)[1].word, "away")
end)

test("a slip that is mended in time worries nobody", function(w)
  local ms_li, kids, mum = morning(w)

  take(w, ms_li, {[kids[1]] = "unknown"})
  take(w, ms_li, {})
  w:clock{minutes = 10}
  w:run_jobs()

  w:expect(#w:notices(mum), 0)
  w:expect(#w:find "roll.mark", 0)
end)

test("nobody takes another class's roll, and no family sees another's child", function(w)
  local ms_li, kids, mum = morning(w)
  local mr_wang, other = w:user "teacher", w:user "guardian"
  w:student{guardians = {other}}
  local id = sheet(w, ms_li).id

  w:expect_denied(function() w:as(mr_wang):post("/sheet/" .. id .. "/take", {}) end)
  w:expect_denied(function() w:as(mum):post("/sheet/" .. id .. "/take", {}) end)
  take(w, ms_li, {[kids[1]] = "fever"})

  w:expect(#w:as(other):rows "roll.mark", 0)
  w:expect(#w:as(mr_wang):rows "roll.mark", 0)
  w:expect_denied(function() w:as(mum):open "/board" end)
end)

test("a code that does not exist changes nothing", function(w)
  local ms_li, kids = morning(w)

  local failed = pcall(take, w, ms_li, {[kids[1]] = "truant"})

  w:expect(failed, false)
  w:expect(sheet(w, ms_li).state, "open")
end)

test("three alike in a class are an alarm for the principal, once", function(w)
  local head = w:user "principal"
  local ms_li, kids = morning(w, 4)

  take(w, ms_li, {[kids[1]] = "vomit", [kids[2]] = "vomit"})
  w:run_jobs()
  w:expect(#w:find "roll.alarm", 0)
  take(w, ms_li, {[kids[1]] = "vomit", [kids[2]] = "vomit", [kids[3]] = "vomit"})
  w:run_jobs()
  take(w, ms_li, {[kids[1]] = "vomit", [kids[2]] = "vomit", [kids[4]] = "vomit"}, "noon")
  w:run_jobs()

  w:expect(#w:find "roll.alarm", 1)
  w:expect(#w:notices(head), 1)
  w:expect(w:notices(head)[1].word, "alarm_vomit")
end)

test("leave that was granted is filled in", function(w)
  local ms_li, kids, mum = morning(w)
  local asked = w:as(mum):submit("leave.ask", {student = kids[1], from = TODAY, to = TODAY, kind = "sick"})
  w:as(ms_li):action(asked, "grant")
  w:run_jobs()

  local page = w:as(ms_li):open("/sheet/" .. sheet(w, ms_li).id .. "/take")

  w:expect(page.body:find('value="leave" selected', 1, true) ~= nil, true)
end)

test("what is not taken is counted for the principal and the county, and reminded of", function(w)
  local head = w:user "principal"
  local ms_li = morning(w)
  local function open() return tonumber(w:as(head):open "/board".body:match "<dd>(%d+)<small>") end

  w:as(head):post("/remind", {})
  w:run_jobs()
  w:expect(w:notices(ms_li)[1].word, "remind")
  local before = open()
  take(w, ms_li, {})

  w:expect(open(), before - 1)
end)

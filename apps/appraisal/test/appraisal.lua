-- SPDX-License-Identifier: Apache-2.0
--- A class's term: what is recorded, reviewed and chosen, then frozen, challenged once and sealed.
local test = require "app.test"

local TODAY <const> = "2026-03-02"

-- A pupil who signs in.
local function account(w, kid)
  local me = {id = kid.person, role = "student", org = w.org, name = kid.name}
  w:grant(me, "student")
  return me
end

-- Published indicators, a class with a pupil and her mother, and a term that is open.
local function begin(w)
  local office, ms_li, mum = w:user "office", w:user "teacher", w:user "guardian"
  local kid = w:student{class = ms_li.classes[1], guardians = {mum}}
  local edition = assert(w:as(office):submit("appraisal.new", {name = "2026 版"}))
  assert(w:as(office):action(edition, "add", {name = "思想品德"}))
  assert(w:as(office):action(edition, "add", {name = "志愿服务", parent = w:find("appraisal.indicator")[1]}))
  assert(w:as(office):action(edition, "publish"))
  local round = assert(w:as(ms_li):submit("appraisal.begin", {class = ms_li.classes[1], edition = edition, name = "2026 春"}))
  return {office = office, teacher = ms_li, mum = mum, kid = kid, me = account(w, kid), edition = edition, round = round,
    leaf = w:find("appraisal.indicator", {edition = edition})[2]}
end

local function record(w, term, values)
  local given = {indicator = term.leaf, name = "敬老院义卖", date = TODAY, text = "和同学一起"}
  for name, value in pairs(values or {}) do given[name] = value end
  local done = w:as(term.me):post("/round/" .. term.round.id .. "/add", given)
  if done.status ~= 303 then return nil, done.status end
  return {id = done.location:match "/evidence/([^/]+)$", collection = "appraisal.evidence"}
end

local function stored(w, row)
  for _, found in ipairs(w:find(row.collection)) do
    if found.id == row.id then return found end
  end
end

-- Recorded, accepted, chosen, and the publicity begun.
local function shown(w)
  local term = begin(w)
  local row = record(w, term)
  assert(w:as(term.teacher):action(row, "accept", {level = "good"}))
  assert(w:as(term.me):action(row, "choose"))
  assert(w:as(term.teacher):action(term.round, "publish"))
  return term, row
end

test("a published version is frozen, and a new one begins as its copy", function(w)
  local term = begin(w)
  local office = w:as(term.office)
  local leaf = {id = term.leaf.id, collection = "appraisal.indicator"}

  w:expect(select(2, office:action(term.edition, "add", {name = "新指标"})), "state")
  w:expect_denied(function() assert(office:create("appraisal.indicator", {edition = term.edition, name = "新", place = 9})) end)
  w:expect_denied(function() assert(office:action(leaf, "remove")) end)
  assert(office:action(term.edition, "revise", {name = "2027 版"}))

  local copies = w:find "appraisal.indicator"
  w:expect(#copies, 4)
  w:expect(copies[4].parent, copies[3].id)
  w:expect(copies[4].name, "志愿服务")
end)

test("nobody records for others, under another version, or ahead of time", function(w)
  local term = begin(w)
  local other = account(w, w:student())
  local old = assert(w:as(term.office):submit("appraisal.new", {name = "草稿"}))
  assert(w:as(term.office):action(old, "add", {name = "别的"}))

  w:expect(select(2, w:as(term.teacher):submit("appraisal.begin", {class = term.teacher.classes[1], edition = old, name = "2026 秋"})), "draft")
  w:expect(select(2, record(w, term, {indicator = w:find("appraisal.indicator", {edition = old})[1]})), 422)
  w:expect(select(2, record(w, term, {date = "2026-03-03"})), 422)
  w:expect(select(2, record(w, term, {name = " "})), 422)
  term.me = other
  w:expect(select(2, record(w, term)), 422)
  term.me = term.mum
  w:expect_denied(function() record(w, term) end)
  w:expect(#w:find "appraisal.evidence", 0)
end)

test("a pupil records, the class teacher returns it with a comment, and accepts what was mended", function(w)
  local term = begin(w)
  w:use()
  local row = record(w, term)
  w:expect_under{steps = 20000, kib = 300, reads = 60, writes = 2}

  w:expect(select(2, w:as(term.teacher):action(row, "give_back", {})), "comment")
  assert(w:as(term.teacher):action(row, "give_back", {comment = "写具体一些"}))
  w:expect(w:as(term.me):open("/evidence/" .. row.id .. "/mend").status, 200)
  assert(w:as(term.me):action(row, "mend", {name = "敬老院义卖", indicator = term.leaf, date = TODAY, text = "义卖所得 120 元"}))
  assert(w:as(term.teacher):action(row, "accept", {level = "excellent"}))
  w:run_jobs()

  w:expect(stored(w, row).text, "义卖所得 120 元")
  w:expect(stored(w, row).level, "excellent")
  w:expect(#w:notices(term.me), 2)
end)

test("a teacher records for a pupil of the class, and for no other", function(w)
  local term = begin(w)
  local to = "/round/" .. term.round.id .. "/add"
  local given = {indicator = term.leaf, name = "帮助同学", date = TODAY}

  w:expect(w:as(term.teacher):open(to).body:find(term.kid.id, 1, true) ~= nil, true)
  w:expect(w:as(term.teacher):post(to, given).status, 422)
  given.student = w:student()
  w:expect(w:as(term.teacher):post(to, given).status, 422)
  given.student = term.kid
  w:expect(w:as(term.teacher):post(to, given).status, 303)
  w:expect(w:as(term.me):rows "appraisal.evidence"[1].name, "帮助同学")
  w:expect_denied(function() w:as(w:user "teacher"):open(to) end)
end)

test("what was not accepted is not chosen, and no more than the school says", function(w)
  local term = begin(w)
  local rows = {}
  for i = 1, 4 do rows[i] = record(w, term, {name = "第 " .. i .. " 件"}) end

  w:expect(select(2, w:as(term.me):action(rows[1], "choose")), "state")
  for i = 1, 4 do assert(w:as(term.teacher):action(rows[i], "accept", {})) end
  for i = 1, 3 do assert(w:as(term.me):action(rows[i], "choose")) end
  w:expect(select(2, w:as(term.me):action(rows[4], "choose")), "enough")
  assert(w:as(term.me):action(rows[1], "choose"))
  assert(w:as(term.me):action(rows[4], "choose"))
end)

test("who may see a record: the pupil, the family, the class teacher; the others count", function(w)
  local term = begin(w)
  local row = record(w, term)
  local head, county = w:user "principal", w:user("county", {org = w.root})

  for _, who in ipairs {term.me, term.mum, term.teacher} do w:expect(w:as(who):get(row).name, "敬老院义卖") end
  for _, who in ipairs {head, term.office, w:user "teacher", w:user "guardian", county} do
    w:expect_denied(function() w:as(who):get(row) end)
  end
  for _, who in ipairs {head, county} do
    w:expect(w:as(who):open "/".body:match "<dd>(%d+)<small>", "1")
  end
end)

test("in the publicity everything is frozen", function(w)
  local term, row = shown(w)

  w:expect_denied(function() assert(w:as(term.teacher):action(row, "give_back", {comment = "晚了"})) end)
  w:expect_denied(function() assert(w:as(term.me):action(row, "choose")) end)
  w:expect(select(2, record(w, term)), 409)
  local late = {round = term.round, student = term.kid, indicator = term.leaf, name = "晚", date = TODAY}
  w:expect_denied(function() assert(w:as(term.me):create("appraisal.evidence", late)) end)
  w:expect(select(2, w:as(term.teacher):action(term.round, "publish")), "state")
  w:expect(stored(w, term.round).ends, "2026-03-09")
  w:expect(#w:find "appraisal.evidence", 1)
end)

test("a record is challenged once, by its own people, and decided", function(w)
  local term, row = shown(w)
  local head, stranger = w:user "principal", w:user "guardian"
  local plain = w:plant("appraisal.evidence", {round = term.round, student = term.kid, indicator = term.leaf, name = "别的", date = TODAY})

  w:expect(select(2, w:as(term.mum):create("appraisal.challenge", {evidence = plain, reason = "没有公示"})), "not_shown")
  w:expect_denied(function() w:as(stranger):action(row, "challenge", {reason = "不公"}) end)
  assert(w:as(term.mum):action(row, "challenge", {reason = "应为优秀"}))
  w:expect(select(2, w:as(term.me):action(row, "challenge", {reason = "再来一次"})), "unique")
  local challenge = w:as(head):rows "appraisal.challenge"[1]
  w:expect_denied(function() w:as(w:user "teacher"):action(challenge, "dismiss") end)
  w:expect(select(2, w:as(head):action(challenge, "uphold", {})), "level")
  assert(w:as(head):action(challenge, "uphold", {level = "excellent"}))
  w:expect(select(2, w:as(term.teacher):action(challenge, "dismiss", {})), "state")
  w:run_jobs()

  w:expect(stored(w, row).level, "excellent")
  w:expect(w:notices(term.mum)[2].word, "upheld")
end)

test("after the publicity what was chosen is sealed, and not while a challenge waits", function(w)
  local term, row = shown(w)
  assert(w:as(term.mum):action(row, "challenge", {reason = "应为优秀"}))
  local challenge = w:as(term.teacher):rows "appraisal.challenge"[1]
  local function night(date)
    w:clock(date .. " 00:20")
    w:run_jobs()
    return stored(w, term.round).state
  end

  w:expect(night "2026-03-09", "publicity")
  w:expect(night "2026-03-10", "publicity")
  assert(w:as(term.teacher):action(challenge, "dismiss", {answer = "维持"}))
  w:use()
  w:expect(night "2026-03-11", "closed")
  local use = w:use()
  w:expect(use.writes, 3) -- the record and the term sealed, the term closed
  w:expect(use.reads < 60, true)
  w:expect_denied(function() assert(w:as(term.me):action(row, "choose")) end)
end)

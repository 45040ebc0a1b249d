-- SPDX-License-Identifier: Apache-2.0
--- A notice on its way: who may write one, whom it reaches, what is read, answered and reminded.
local test = require "app.test"

-- A class with its teacher, and two pupils with a guardian each.
local function class_of_two(w)
  local ms_li, mum, dad = w:user "teacher", w:user "guardian", w:user "guardian"
  local class = ms_li.classes[1]
  w:student{class = class, guardians = {mum}}
  w:student{class = class, guardians = {dad}}
  return ms_li, mum, dad, class
end

local function write(w, who, class, values)
  local form = {scope = "class", class = class, title = "春游", body = "周五春游，请带水。"}
  for name, value in pairs(values or {}) do form[name] = value end
  return w:as(who):submit("notice.write", form)
end

local function send(w, who, class, values)
  local made = write(w, who, class, values)
  w:run_jobs()
  return made
end

local function mine(w, who) return w:as(who):rows "notice.receipt" end

test("a notice reaches the guardians of the class, one copy each, and nobody else", function(w)
  local ms_li, mum, dad, class = class_of_two(w)
  local stranger = w:user "guardian"
  w:student{guardians = {stranger}}

  send(w, ms_li, class)

  w:expect({#mine(w, mum), #mine(w, dad), #mine(w, stranger)}, {1, 1, 0})
  w:expect(w:notices(mum)[1].word, "arrived")
  w:expect(#w:notices(stranger), 0)
  w:expect_under{steps = 30000, kib = 400, reads = 200, writes = 20}
end)

test("the family of a child who has left or died is not written to", function(w)
  local ms_li, mum, dad, class = class_of_two(w)
  local known = w:find("base.guardianship", {guardian = dad})[1]
  local gone = w:plant("base.student", {person = mum, name = "学生", class = class, state = "deceased"})
  local gran = w:user "guardian"
  w:plant("base.guardianship", {guardian = gran, guardian_name = gran.name, student = gone, class = class, school = known.school})

  send(w, ms_li, class)

  w:expect({#mine(w, dad), #mine(w, gran), #w:notices(gran)}, {1, 0, 0})
end)

test("a teacher writes to own classes only, and not to the school; a guardian writes to nobody", function(w)
  local ms_li, mum, _, class = class_of_two(w)
  local mr_wang = w:user "teacher"

  w:expect((pcall(write, w, mr_wang, class)), false)
  w:expect_denied(function() write(w, ms_li, class, {scope = "school"}) end)
  w:expect_denied(function() write(w, ms_li, class, {scope = "grade"}) end)
  w:expect_denied(function() write(w, mum, class) end)
  w:expect(#w:find "notice.notice", 0)
end)

test("nobody sees another's copy or answer, not even the other guardian of the child", function(w)
  local ms_li, mum, dad = class_of_two(w)
  local gran = w:user "guardian"
  local class = ms_li.classes[1]
  w:student{class = class, guardians = {mum, gran}}
  send(w, ms_li, class, {ask = "choice", options = "S\nM"})
  local hers = mine(w, mum)[1]

  w:expect(w:as(mum):action(hers, "answer", {answer = "M"}), true)

  w:expect_denied(function() w:as(gran):get(hers) end)
  w:expect_denied(function() w:as(dad):action(hers, "answer", {answer = "S"}) end)
  w:expect_denied(function() w:as(dad):open("/receipt/" .. hers.id) end)
  w:expect_denied(function() w:as(mum):open("/notice/" .. w:find "notice.notice"[1].id .. "/replies") end)
  w:expect_denied(function() w:as(w:user "teacher"):get(hers) end)
  w:expect(mine(w, gran)[1].state, "unread")
end)

test("an answer is one of the choices, a signature is one's own name", function(w)
  local ms_li, mum, dad, class = class_of_two(w)
  send(w, ms_li, class, {ask = "choice", options = "S\nM"})
  send(w, ms_li, class, {ask = "sign"})
  local by_ask = {}
  for _, one in ipairs(mine(w, mum)) do by_ask[one.ask] = one end

  w:expect({w:as(mum):action(by_ask.choice, "answer", {answer = "XL"})}, {nil, "code", "answer"})
  w:expect({w:as(mum):action(by_ask.sign, "answer", {answer = dad.name})}, {nil, "sign", "answer"})
  w:expect(w:as(mum):action(by_ask.choice, "answer", {answer = "S"}), true)
  w:expect(w:as(mum):action(by_ask.sign, "answer", {answer = mum.name}), true)
  w:expect({w:as(mum):action(by_ask.sign, "answer", {answer = mum.name})}, {nil, "state", ""})
  w:expect(w:as(mum):get(by_ask.sign).state, "answered")
end)

test("a choice needs two, a time has to make sense and to come", function(w)
  local ms_li, _, _, class = class_of_two(w)

  w:expect({write(w, ms_li, class, {ask = "choice", options = "S"})}, {nil, "two_options", "options"})
  w:expect({write(w, ms_li, class, {day = "2026-03-02", time = "17.30"})}, {nil, "time", "time"})
  w:expect({write(w, ms_li, class, {day = "2026-03-02"})}, {nil, "time", "time"})
  w:expect({write(w, ms_li, class, {day = "2026-03-02", time = "07:59"})}, {nil, "past", "day"})
  w:expect({write(w, ms_li, class, {class = ""})}, {nil, "required", "class"})
end)

test("what is to go out at 17:30 goes out at 17:30, unless it is taken back", function(w)
  local ms_li, mum, _, class = class_of_two(w)
  send(w, ms_li, class, {day = "2026-03-02", time = "17:30"})
  local other = send(w, ms_li, class, {title = "改天", day = "2026-03-03", time = "7:30"})

  w:clock "2026-03-02 17:29"
  w:run_jobs()
  w:expect(#mine(w, mum), 0)
  w:clock "2026-03-02 17:30"
  w:run_jobs()
  w:expect(#mine(w, mum), 1)
  w:expect(w:as(ms_li):action(other, "withdraw"), true)
  w:clock "2026-03-03 07:30"
  w:run_jobs()

  w:expect(#mine(w, mum), 1)
  w:expect({w:as(ms_li):action(other, "withdraw")}, {nil, "state", ""})
end)

test("the unread are reminded once; a second time within the quiet hours is refused", function(w)
  local ms_li, mum, dad, class = class_of_two(w)
  local notice = send(w, ms_li, class)
  w:expect(w:as(mum):action(mine(w, mum)[1], "open"), true)

  w:expect(w:as(ms_li):action(notice, "remind"), true)
  w:run_jobs()
  w:expect({#w:notices(mum), #w:notices(dad)}, {1, 2})
  w:clock{hours = 23}
  w:expect({w:as(ms_li):action(notice, "remind")}, {nil, "quiet", ""})
  w:clock{hours = 1}
  w:expect(w:as(ms_li):action(notice, "remind"), true)
  w:run_jobs()

  w:expect({#w:notices(mum), #w:notices(dad)}, {1, 3})
end)

test("two presses at once remind once", function(w)
  local ms_li, mum, _, class = class_of_two(w)
  local notice = send(w, ms_li, class)

  w:as(ms_li):action(notice, "remind")
  w:as(ms_li):action(notice, "remind")
  w:run_jobs()

  w:expect(#w:notices(mum), 2)
end)

test("two children at two schools are one inbox, and each school sees its own", function(w)
  local ms_li, mum, _, class = class_of_two(w)
  local far = w:add_org()
  local mr_sun = w:user("teacher", {org = far})
  local head, other_head = w:user "principal", w:user("principal", {org = far})
  w:student{org = far, class = mr_sun.classes[1], guardians = {mum}}
  w:grant(mum, "guardian", far)
  send(w, ms_li, class)
  w:as(mr_sun):submit("notice.write", {scope = "class", class = mr_sun.classes[1], title = "运动会", body = "请准时。"})
  w:run_jobs()

  local page = w:as(mum):open "/".body

  w:expect({page:find("春游", 1, true) ~= nil, page:find("运动会", 1, true) ~= nil}, {true, true})
  w:expect({#w:as(head):rows "notice.receipt", #w:as(other_head):rows "notice.receipt"}, {2, 1})
end)

test("the principal writes to a grade or to all, and sees by class who has read it", function(w)
  local head = w:user "principal"
  local ms_li, mum, _, class = class_of_two(w)
  local second, dad = w:class{name = "二(1)班"}, w:user "guardian"
  w:student{class = second, guardians = {dad}}

  send(w, head, class, {scope = "grade"})
  w:expect({#mine(w, mum), #mine(w, dad)}, {1, 0})
  local notice = send(w, head, class, {scope = "school", class = ""})
  w:expect({#mine(w, mum), #mine(w, dad)}, {2, 1})
  w:as(dad):action(mine(w, dad)[1], "open")
  local page = w:as(head):open("/notice/" .. notice.id .. "/replies").body

  w:expect({page:match "<dd>(%d+)", page:find("二(1)班", 1, true) ~= nil}, {"3", true})
  w:expect_denied(function() w:as(ms_li):open("/notice/" .. notice.id .. "/table?class=" .. class.id) end)
  page = w:as(head):open("/notice/" .. notice.id .. "/table?class=" .. class.id)
  w:expect({page.status, page.body:find(mum.name, 1, true) ~= nil}, {200, true})
end)

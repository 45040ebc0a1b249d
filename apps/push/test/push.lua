-- SPDX-License-Identifier: Apache-2.0
--- A county's pack on its way to the schools: whom it reaches, who sees it, what recalling leaves.
local test = require "app.test"

-- A county with two schools: the first has a class of grade 3 with a teacher and a pupil, the second none.
local function county(w)
  local land = w:add_org{kind = "county", code = "329901"}
  local school, other = w:add_org{parent = land}, w:add_org{parent = land}
  local ms_li = w:user("teacher", {org = school})
  w:student{class = ms_li.classes[1], org = school}
  return w:user("county", {org = land}), ms_li, other, w:user("principal", {org = school})
end

local function pack(w, clerk, values)
  local form = {name = "三年级科学", stage = "primary", first = 3, last = 3}
  for name, value in pairs(values or {}) do form[name] = value end
  return w:as(clerk):submit("push.new", form)
end

local function add(w, clerk, into, name)
  return w:as(clerk):submit("push.add", {pack = into, name = name or "种子发芽", licence = "open", channel = "made",
    file = w:file(clerk, "mp4", 3 << 20)})
end

local function send(w, clerk, into)
  w:as(clerk):action(into, "send")
  w:run_jobs()
end

test("another school, another county, and a school before it was sent know nothing of it", function(w)
  local clerk, ms_li, other = county(w)
  local mr_wang = w:user("teacher", {org = other, classes = {}})
  local stranger = w:user("county", {org = w:add_org{kind = "county", code = "329902"}})
  local sent = pack(w, clerk)
  local video = add(w, clerk, sent)
  w:expect_denied(function() w:as(ms_li):get(sent) end)
  w:expect_denied(function() w:as(ms_li):get(video) end)
  w:expect_denied(function() w:as(ms_li):action(sent, "send") end)

  send(w, clerk, sent)

  w:expect(#w:find("push.delivery", {}, other), 0)
  for _, who in ipairs {mr_wang, stranger} do
    w:expect(#w:as(who):rows "push.resource", 0)
    w:expect_denied(function() w:as(who):get(video) end)
    w:expect_denied(function() w:as(who):action(sent, "recall") end)
    w:expect_denied(function() w:as(who):open("/pack/" .. sent.id .. "/reach") end)
  end
  w:expect(w:as(mr_wang):create("push.note", {resource = video, text = "?"}), nil)
end)

test("a school gets what fits one of its grades, once, and its principal gives a receipt", function(w)
  local clerk, ms_li, _, head = county(w)
  local sixth, third = pack(w, clerk, {first = 6, last = 6}), pack(w, clerk)
  local video = add(w, clerk, third)
  w:use()

  send(w, clerk, sixth)
  send(w, clerk, third)
  w:expect_under{steps = 6000, kib = 100, reads = 90, writes = 5}

  w:expect(#w:as(ms_li):rows "push.pack", 1)
  w:expect(w:as(ms_li):get(video).file.size, 3 << 20)
  w:expect(#w:notices(head), 1)
  local delivery = w:as(head):rows "push.delivery"[1]
  w:expect({delivery.classes, delivery.pupils, delivery.confirmed}, {1, 1, false})
  w:expect(w:as(head):action(delivery, "confirm"), true)
  w:expect({w:as(head):action(delivery, "confirm")}, {nil, "state", ""})
  w:expect({w:as(clerk):action(third, "send")}, {nil, "state", ""})
end)

test("the county sees whom it reaches before, and who has it afterwards", function(w)
  local clerk, _, _, head = county(w)
  local sent = pack(w, clerk, {first = 1, last = 6})
  add(w, clerk, sent)
  local function figures()
    local found = {}
    for value in w:as(clerk):open("/pack/" .. sent.id .. "/reach").body:gmatch '<td[^>]*class="number"[^>]*>(%d+)' do
      found[#found + 1] = tonumber(value)
    end
    return found
  end

  w:expect(figures(), {1, 1, 0, 0})
  send(w, clerk, sent)
  w:expect(figures(), {1, 1, 1, 0})
  w:as(head):action(w:as(head):rows "push.delivery"[1], "confirm")
  w:expect(figures(), {1, 1, 1, 1})
end)

test("one school alone, and none that is not the county's own", function(w)
  local clerk, ms_li = county(w)
  local elsewhere = w:add_org()
  local function of(org) return w.root .. "." .. org end

  w:expect({pack(w, clerk, {only = of(elsewhere)})}, {nil, "not_below", "only"})
  w:expect({pack(w, clerk, {last = 1})}, {nil, "order", "last"})
  send(w, clerk, pack(w, clerk, {only = of(ms_li.org)}))

  w:expect(#w:find("push.delivery", {}, ms_li.org), 1)
end)

test("what was sent takes no more", function(w)
  local clerk = county(w)
  local sent = pack(w, clerk)
  send(w, clerk, sent)

  w:expect({add(w, clerk, sent)}, {nil, "sent", "pack"})
end)

test("pupils of the classes it is for see it, and others of the school do not", function(w)
  local clerk, ms_li = county(w)
  local sent = pack(w, clerk)
  local video = add(w, clerk, sent)
  local kid = w:find("base.student", {}, ms_li.org)[1]
  local ann, bob = w:user("student", {org = ms_li.org}), w:user("student", {org = ms_li.org})
  w:plant("base.student", {person = ann, name = ann.name, class = kid.class, local_no = "91"}, ms_li.org)
  w:plant("base.student", {person = bob, name = bob.name, local_no = "92"}, ms_li.org)

  send(w, clerk, sent)

  w:expect(w:as(ann):get(video).name, "种子发芽")
  w:expect_denied(function() w:as(bob):get(video) end)
end)

test("a teacher rates once and may think again; the county sees the mean and not who", function(w)
  local clerk, ms_li = county(w)
  local sent = pack(w, clerk)
  local video = add(w, clerk, sent)
  send(w, clerk, sent)

  w:expect({w:as(ms_li):action(video, "rate", {stars = 6})}, {nil, "range", "stars"})
  w:as(ms_li):action(video, "rate", {stars = 2})
  w:as(ms_li):action(video, "rate", {stars = 4})

  w:expect(#w:find("push.rating", {}, ms_li.org), 1)
  w:expect_denied(function() w:as(clerk):action(video, "rate", {stars = 1}) end)
  w:expect(w:as(clerk):open("/resource/" .. video.id).body:find("平均 4.0 分（1 人）", 1, true) ~= nil, true)
end)

test("what is recalled is gone everywhere at once, and notes on it stay with who wrote them", function(w)
  local clerk, ms_li = county(w)
  local sent = pack(w, clerk)
  local video, other = add(w, clerk, sent), add(w, clerk, sent, "磁铁")
  send(w, clerk, sent)
  w:as(ms_li):action(video, "note", {text = "第三课用"})

  w:as(clerk):action(video, "withdraw")
  w:expect_denied(function() w:as(ms_li):get(video) end)
  w:expect(w:as(ms_li):get(other).name, "磁铁")
  w:as(clerk):action(sent, "recall")
  w:expect_denied(function() w:as(ms_li):get(other) end)
  w:expect_denied(function() w:as(ms_li):get(sent) end)
  w:run_jobs()

  w:expect(w:find("push.delivery", {}, ms_li.org)[1].state, "gone")
  local notes = w:as(ms_li):rows "push.note"
  w:expect({#notes, notes[1].name, notes[1].text}, {1, "种子发芽", "第三课用"})
  w:expect(#w:as(w:user("teacher", {org = ms_li.org})):rows "push.note", 0)
end)

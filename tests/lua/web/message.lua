-- SPDX-License-Identifier: Apache-2.0
local message = require("web.message")
local test = require("test")

local function say(pattern, values, language)
  return message.format(pattern, values or {}, language or "en")
end

local function refuses(w, part, pattern, values)
  w:expect_error(part, say, pattern, values)
end

test("a message without values is itself", function(w)
  w:expect(say("Ask for leave"), "Ask for leave")
  w:expect(say(""), "")
  w:expect(say("# 1"), "# 1")
end)

test("values stand where their names stand", function(w)
  w:expect(say("{name} asks for {days} days", {name = "Li <b>", days = 3}), "Li <b> asks for 3 days")
  w:expect(say("{ name }, {name}!", {name = "请"}), "请, 请!")
  w:expect(say("{name} .", {name = "x"}), "x .")
  refuses(w, "the message needs 'name'", "{name}", {})
end)

test("apostrophes quote braces and nothing else", function(w)
  w:expect(say("can't, it''s '{n}' {n}", {n = 1}), "can't, it's {n} 1")
  w:expect(say("'{' '}' '#'"), "{ } #")
  refuses(w, "' without end", "'{x")
end)

test("a count chooses its form", function(w)
  local pattern = "{n, plural, =0 {nobody} one {# pupil} other {# pupils}} here"
  w:expect(say(pattern, {n = 0}), "nobody here")
  w:expect(say(pattern, {n = 1}), "1 pupil here")
  w:expect(say(pattern, {n = 12000}), "12,000 pupils here")
  w:expect(say(pattern, {n = "1"}), "1 pupil here")
  w:expect(say("{n, plural, one {# pupil} other {# 名学生}}", {n = 1}, "zh"), "1 名学生")
  refuses(w, "'n' is no number", pattern, {n = "x"})
end)

test("a word chooses its form", function(w)
  local pattern = "{who, select, teacher {{name} decides} other {{name} asks}}"
  w:expect(say(pattern, {who = "teacher", name = "Li"}), "Li decides")
  w:expect(say(pattern, {who = "guardian", name = "Mo"}), "Mo asks")
end)

test("forms nest", function(w)
  local pattern = "{n, plural, one {{who, select, a {one of a} other {one}}} other {{m, plural, other {#}} of #}}"
  w:expect(say(pattern, {n = 1, who = "a"}), "one of a")
  w:expect(say(pattern, {n = 3, m = 2, who = "a"}), "2 of 3")
end)

test("numbers are grouped", function(w)
  w:expect(say("{n, number}", {n = 1234567}), "1,234,567")
  w:expect(say("{n, number}", {n = -123}), "-123")
  w:expect(say("{n, number}", {n = 1234.5}), "1,234.5")
  w:expect(say("{n, number} x", {n = 100000}), "100,000 x")
end)

test("dates read as people write them", function(w)
  w:expect(say("{d, date, long}", {d = "2026-11-24"}, "zh"), "2026 年 11 月 24 日 周二")
  w:expect(say("{d, date}", {d = "2026-11-24"}, "zh"), "2026 年 11 月 24 日")
  w:expect(say("{d, date, short}", {d = "2026-01-04"}, "zh"), "1 月 4 日")
  w:expect(say("{d, date, long}", {d = "2024-02-29"}), "Thursday 29 February 2024")
  w:expect(say("{d, date}", {d = "2000-01-01T08:00"}), "1 Jan 2000")
  refuses(w, "not a date", "{d, date}", {d = "24.11.2026"})
end)

test("malformed messages are errors that say where", function(w)
  refuses(w, "a name expected", "{}")
  refuses(w, "} expected", "{n", {n = 1})
  refuses(w, "} without {", "a } b")
  refuses(w, "unknown kind 'plurl'", "{n, plurl, other {}}")
  refuses(w, "'other' is missing", "{n, plural, one {x}}")
  refuses(w, "two forms 'other'", "{n, plural, other {x} other {y}}")
  refuses(w, "{ expected", "{n, plural, other x}")
  refuses(w, "a form or } expected", "{n, plural, other {x}")
  refuses(w, "unknown style", "{n, date, huge}")
  refuses(w, "nested too deeply", ("{n, plural, other {"):rep(9) .. ("}}"):rep(9))
  w:expect_error("no language 'fr'", message.format, "x", {}, "fr")
end)

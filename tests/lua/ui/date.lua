-- SPDX-License-Identifier: Apache-2.0
local date = require("ui.date")
local test = require("test")

test("what is no date has no parts", function(w)
  for _, text in ipairs {"", "2026-1-1", "24.11.2026", "2026-11-24T00:00", "today"} do
    w:expect(date.parts(text), nil)
  end
end)

test("days are counted through leap years and centuries", function(w)
  w:expect(date.number("1970-01-01"), 0)
  w:expect(date.number("2000-03-01") - date.number("2000-02-28"), 2)
  w:expect(date.number("1900-03-01") - date.number("1900-02-28"), 1)
  w:expect(date.number("2026-11-24"), 20781)
end)

test("a day's number leads back to the day", function(w)
  for number = date.number("1899-12-28"), date.number("2101-01-03"), 7 do
    w:expect(date.number(date.iso(number)), number)
  end
  w:expect(date.iso(date.number("2024-02-29")), "2024-02-29")
  w:expect(date.iso(date.number("2023-12-31")), "2023-12-31")
end)

test("weeks begin on Monday", function(w)
  w:expect(date.weekday("2026-11-23"), 1)
  w:expect(date.weekday("2026-11-29"), 7)
  w:expect(date.weekday("1969-12-31"), 3)
end)

test("a moment is told by the clock in China", function(w)
  w:expect({date.moment(0)}, {"1970-01-01", "08:00"})
  w:expect({date.moment(1795449599999)}, {"2026-11-23", "23:59"})
  w:expect({date.moment(1795449600000)}, {"2026-11-24", "00:00"})
end)

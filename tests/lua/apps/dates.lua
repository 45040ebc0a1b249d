-- SPDX-License-Identifier: Apache-2.0
local dates = require("dates")
local test = require("test")

test("days that are none and forms that are none are refused", function(w)
  for _, cell in ipairs {"2015-02-30", "20150230", "2015/13/1", "2015年2月29日", "2015-00-10", "1899-12-31",
                         "2015年9月", "15-9-1", "9/1/2015", "昨天", ""} do
    local day, word = dates.read(cell)
    w:expect({day, word}, {nil, "date"})
  end
end)

test("a spreadsheet's count of days is not guessed", function(w)
  for _, cell in ipairs {"42248", "42248.5", "'42248"} do
    local day, word = dates.read(cell)
    w:expect({day, word}, {nil, "serial"})
  end
end)

test("full-width digits are refused", function(w)
  local day, word = dates.read("２０１５-09-01")
  w:expect({day, word}, {nil, "full_width"})
end)

test("every usual way to write a day is one day", function(w)
  for _, cell in ipairs {"2015-09-01", "2015/9/1", "2015.9.1", "20150901", "2015年9月1日",
                         "2015 年 9 月 1 日", "2015/9/1 0:00", "2015-09-01 00:00:00", "2015-09-01T00:00:00"} do
    w:expect(dates.read(cell), "2015-09-01")
  end
  w:expect(dates.read("20160229"), "2016-02-29")
  w:expect(dates.read("2000-2-29"), "2000-02-29")
end)

test("a school year begins in August", function(w)
  w:expect(dates.school_year("2025-07-31"), 2024)
  w:expect(dates.school_year("2025-08-01"), 2025)
  w:expect(dates.school_year("2026-03-02"), 2025)
end)

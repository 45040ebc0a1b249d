-- SPDX-License-Identifier: Apache-2.0
local numbers = require("numbers")
local test = require("test")

-- The standard's own examples, then numbers under 320000, which is never issued.
local GOOD <const> = {"11010519491231002X", "440524188001010014", "320000201509010013",
                      "320000201509010021", "320000201602290013", "32000020130601003X"}

local function refused(w, read, cell, word)
  local value, why = read(cell)
  w:expect(value, nil)
  w:expect(why, word)
end

test("a citizen number with another last character is refused", function(w)
  for _, number in ipairs(GOOD) do
    for digit in ("0123456789X"):gmatch(".") do
      if digit ~= number:sub(18) then
        local wrong = number:sub(1, 17) .. digit
        local word = wrong:sub(16) == "000" and "destroyed" or "citizen_mark"
        -- 1880 lies before what we call a date
        if number:sub(7, 8) == "18" then word = "citizen_date" end
        refused(w, numbers.read_citizen, wrong, word)
      end
    end
  end
end)

test("a citizen number with a day that is none is refused, whatever its check character", function(w)
  for digit in ("0123456789X"):gmatch(".") do
    refused(w, numbers.read_citizen, "32000020150229001" .. digit, "citizen_date")
  end
end)

test("a number that a spreadsheet destroyed is refused", function(w)
  for _, cell in ipairs {"3.20E+17", "3.2E+17", "3.20016201509E+17", "3E17", "3.2e+17", "########"} do
    refused(w, numbers.read_citizen, cell, "destroyed")
    refused(w, numbers.read, cell, "destroyed")
    refused(w, numbers.read_phone, cell, "destroyed")
  end
  refused(w, numbers.read_citizen, "320000201509010000", "destroyed")
end)

test("full-width digits are refused, not guessed", function(w)
  refused(w, numbers.read_citizen, "３２００００２０１５０９０１００１３", "full_width")
  refused(w, numbers.read, "2023０301", "full_width")
  refused(w, numbers.read, "ＡＢ", "full_width")
  refused(w, numbers.read_phone, "1290000000１", "full_width")
end)

test("numbers of another length are no citizen numbers", function(w)
  for _, cell in ipairs {"", "32000020150901001", "3200002015090100130", "320000150901001",
                         "32000020150901001Y", "X20000201509010013"} do
    refused(w, numbers.read_citizen, cell, "citizen")
  end
end)

test("good citizen numbers are taken, a small x as a large one", function(w)
  for _, number in ipairs(GOOD) do
    if number:sub(7, 8) ~= "18" then w:expect(numbers.read_citizen(number), number) end
  end
  w:expect(numbers.read_citizen("32000020130601003x"), "32000020130601003X")
  w:expect(numbers.read_citizen("'320000201509010013"), "320000201509010013")
  w:expect(numbers.read_citizen("=\"320000201509010013\""), "320000201509010013")
  w:expect(numbers.read_citizen(" 320000 20150901 0013 "), "320000201509010013")
end)

test("the check character of the standard's second example is right too", function(w)
  w:expect(numbers.citizen_mark("44052418800101001"), "4")
end)

test("a citizen number tells birth and gender", function(w)
  local birth, gender = numbers.citizen_facts("320000201602290013")
  w:expect({birth, gender}, {"2016-02-29", "1"})
  birth, gender = numbers.citizen_facts("320000201509010021")
  w:expect({birth, gender}, {"2015-09-01", "2"})
end)

test("fifteen digits become eighteen only by the upgrade", function(w)
  w:expect(numbers.upgrade("110105491231002"), "11010519491231002X")
  w:expect(numbers.upgrade("11010549123100"), nil)
end)

test("the school code begins with a known class and province", function(w)
  local known = {}
  for _, prefix in ipairs(numbers.SCHOOL.prefixes) do known[prefix] = true end
  w:expect(known["2132"], true)
  w:expect(known["3132"], true)
  w:expect(known["2332"], nil)
  w:expect(known["2199"], nil)
end)

test("telephone numbers are read as people write them", function(w)
  w:expect(numbers.read_phone("129 0000 0001"), "12900000001")
  w:expect(numbers.read_phone("129-0000-0001"), "12900000001")
  w:expect(numbers.read_phone("+86 12900000001"), "12900000001")
  w:expect(numbers.read_phone("0129-55010000"), "0129-55010000")
  for _, cell in ipairs {"129000000", "1290000000123", "无", "12900000001/12900000002"} do
    refused(w, numbers.read_phone, cell, "phone")
  end
end)

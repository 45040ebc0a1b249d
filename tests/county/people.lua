-- SPDX-License-Identifier: Apache-2.0
--- Invented people with numbers that are right in form and issued to nobody: citizen numbers
--- under 320000 (no district), telephone numbers that begin with 129 (no network).
local names = require "names"

local people = {}

local WEIGHTS <const> = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
local CHECKS <const> = "10X98765432"

--- GB 11643: the check character for 17 digits.
function people.check_character(digits)
  local sum = 0
  for i = 1, 17 do sum = sum + (digits:byte(i) - 48) * WEIGHTS[i] end
  local at = sum % 11 + 1
  return CHECKS:sub(at, at)
end

--- A maker of people: every call of it gives numbers that were not given before.
function people.maker(random)
  local sequences, phones = {}, 0
  local maker = {}

  -- Odd sequence numbers are men's, even ones women's.
  function maker.number(birth, sex)
    local day = ("%04d%02d%02d"):format(birth.year, birth.month, birth.day)
    local key = day .. sex
    local sequence = (sequences[key] or sex - 2) + 2
    sequences[key] = sequence
    local digits = ("320000%s%03d"):format(day, sequence)
    return digits .. people.check_character(digits)
  end

  function maker.phone()
    phones = phones + 1
    return ("129%08d"):format(phones * 7919 % 100000000)
  end

  --- A day in the twelve months that begin on 1 September of a year.
  function maker.born(year)
    local month = random(12)
    return {year = month >= 9 and year or year + 1, month = month, day = random(28)}
  end

  function maker.named(name, sex, birth, ethnicity)
    return {name = name, sex = sex, birth = birth, ethnicity = ethnicity or "汉族",
            number = maker.number(birth, sex)}
  end

  --- An adult, about as old as wanted in that year: the person, the family name.
  function maker.adult(sex, year, age)
    local family = names.family(random)
    local birth = maker.born(year - age - random(8))
    local person = maker.named(family .. names.given(random, sex), sex, birth,
                               names.ethnicity(random))
    person.phone = maker.phone()
    return person, family
  end

  return maker
end

return people

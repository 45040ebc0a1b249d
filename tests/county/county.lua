-- SPDX-License-Identifier: Apache-2.0
--- 示例市 明湖区: twelve invented schools with their classes, teachers, pupils and families.
local names = require "names"
local people = require "people"

local county = {}

local CITY <const> = {code = "329900", kind = "city", name = "示例市", name_en = "Shili City"}
local DISTRICT <const> = {code = "329901", parent = "329900", kind = "county", name = "明湖区",
                          name_en = "Minghu District"}

-- Classes a grade; the form of the file that the school's programs write.
local SCHOOLS <const> = {
  {"2132990001", "鹿汀小学", "Luting Primary School", "primary", 5, "bom"},
  {"2132990002", "明湖实验小学", "Minghu Experimental Primary School", "primary", 6, "bom"},
  {"2132990003", "柳溪小学", "Liuxi Primary School", "primary", 4, "plain"},
  {"2132990004", "枫渡小学", "Fengdu Primary School", "primary", 3, "gb18030", bad = true},
  {"2132990005", "云帆小学", "Yunfan Primary School", "primary", 4, "bom"},
  {"2132990006", "榴园小学", "Liuyuan Primary School", "primary", 4, "gb18030"},
  {"2132990007", "鹭洲小学", "Luzhou Primary School", "primary", 2, "gb18030"},
  {"3132990008", "明湖区第一初级中学", "Minghu No. 1 Junior School", "junior", 10, "bom"},
  {"3132990009", "青禾初级中学", "Qinghe Junior School", "junior", 8, "plain"},
  {"3132990010", "望岚初级中学", "Wanglan Junior School", "junior", 6, "gb18030"},
  {"3132990011", "南浦学校", "Nanpu School", "primary junior", 4, "bom"},
  {"3132990012", "听松学校", "Tingsong School", "primary junior", 3, "gb18030"},
}
local GRADES <const> = {primary = 6, junior = 3}
local AGE <const> = {primary = 6, junior = 12} -- on 1 September of the entry year

-- Seats of the two children of the demonstration's guardian.
local ELDER <const> = {school = "3132990008", grade = 1, class_no = 2, seat = 7}
local YOUNGER <const> = {school = "2132990001", grade = 3, class_no = 3, seat = 12}

local function make_classes(school, year)
  for stage in school.stages:gmatch("%a+") do
    for grade = 1, GRADES[stage] do
      for class_no = 1, school.parallel do
        table.insert(school.classes, {school = school, stage = stage, grade = grade,
                                      entry_year = year - grade + 1, class_no = class_no,
                                      pupils = {}})
      end
    end
  end
end

local function make_schools(year)
  local schools = {}
  for i, row in ipairs(SCHOOLS) do
    local school = {code = row[1], name = row[2], name_en = row[3], stages = row[4],
                    parallel = row[5], form = row[6], bad = row.bad, classes = {}, staff = {}}
    school.phone = ("0129-55%02d0000"):format(i)
    make_classes(school, year)
    schools[i] = school
  end
  return schools
end

local function add_staff(school, person, post, subject)
  person.post, person.subject = post, subject
  person.staff_no = ("%s%04d"):format(school.code:sub(-2), #school.staff + 1)
  table.insert(school.staff, person)
  return person
end

local SUBJECTS <const> = {"语文", "数学", "英语", "体育", "音乐", "美术", "科学", "道德与法治",
                          "信息科技", "劳动"}

local function make_staff(school, make, random, year)
  local function adult(age) return make.adult(random(3) == 1 and 1 or 2, year, age) end
  add_staff(school, adult(45), "校长", "")
  add_staff(school, adult(40), "副校长", "")
  add_staff(school, adult(30), "教务员", "")
  add_staff(school, adult(30), "教务员", "")
  for _, class in ipairs(school.classes) do
    class.head = add_staff(school, adult(26), "班主任", SUBJECTS[random(3)])
  end
  for _ = 1, #school.classes * 18 // 10 do
    add_staff(school, adult(24), "任课教师", SUBJECTS[random(#SUBJECTS)])
  end
end

-- Every class gets its share of the pupils, two or three more or fewer.
local function make_seats(schools, pupils, random)
  local classes, seats, left = {}, {}, pupils
  for _, school in ipairs(schools) do
    for _, class in ipairs(school.classes) do classes[#classes + 1] = class end
  end
  for i, class in ipairs(classes) do
    local share = left // (#classes - i + 1)
    class.size = i == #classes and left or math.max(1, share + random(-3, 3))
    left = left - class.size
    for seat = 1, class.size do seats[#seats + 1] = {class = class, seat = seat} end
  end
  return seats
end

local function is_at(seat, place)
  local class = seat.class
  return class.school.code == place.school and class.grade == place.grade and
         class.class_no == place.class_no and seat.seat == math.min(place.seat, class.size)
end

local function shuffle(list, random)
  for i = #list, 2, -1 do
    local k = random(i)
    list[i], list[k] = list[k], list[i]
  end
end

local function seat_pupil(seat, pupil)
  local class = seat.class
  pupil.class, pupil.seat = class, seat.seat
  local stage = #class.school.stages > 7 and (class.stage == "primary" and "1" or "2") or ""
  pupil.local_no = ("%04d%s%02d%02d"):format(class.entry_year, stage, class.class_no, seat.seat)
  class.pupils[seat.seat] = pupil
  return pupil
end

local function pupil_birth(seat, make)
  return make.born(seat.class.entry_year - AGE[seat.class.stage] - 1)
end

-- A family with a child on each of the given seats; twins on seats of one class.
local function make_family(seats, make, random, year)
  local father, family = make.adult(1, year, 32)
  local elder = random(25) == 1
  local mother = make.adult(2, year, elder and 56 or 30)
  local long = random(60) == 1
  local birth
  if long then
    father.name, father.ethnicity = names.long(random, 1)
    mother.name, mother.ethnicity = names.long(random, 2)
  end
  for _, seat in ipairs(seats) do
    local sex = random(2)
    local name, ethnicity = family .. names.given(random, sex), father.ethnicity
    if long then name, ethnicity = names.long(random, sex) end
    birth = seat.twin and birth or pupil_birth(seat, make)
    local pupil = seat_pupil(seat, make.named(name, sex, birth, ethnicity))
    pupil.guardians = {{person = father, relation = "父亲"},
                       {person = mother, relation = elder and "祖母" or "母亲"}}
    if random(12) == 1 then table.remove(pupil.guardians, random(2)) end
  end
end

-- The guardian, the children and the teacher that a visitor of the demonstration meets.
local function make_demo_family(elder, younger, make)
  local mother = make.named("林晓岚", 2, {year = 1986, month = 5, day = 12})
  local father = make.named("周明远", 1, {year = 1984, month = 10, day = 3})
  mother.phone, father.phone = make.phone(), make.phone()
  for _, child in ipairs {{elder, "周知行", 1}, {younger, "周予安", 2}} do
    local seat = child[1]
    local pupil = seat_pupil(seat, {name = child[2], sex = child[3], ethnicity = "汉族"})
    pupil.birth = {year = seat.class.entry_year - AGE[seat.class.stage], month = 3, day = 15}
    pupil.number = make.number(pupil.birth, pupil.sex)
    pupil.guardians = {{person = mother, relation = "母亲"}, {person = father, relation = "父亲"}}
  end
  return mother, elder.class.pupils[elder.seat]
end

-- Seats in pairs for siblings and twins, single ones for the rest.
local function make_families(seats, make, random, year)
  local elder, younger
  local rest = {}
  for i, seat in ipairs(seats) do
    if is_at(seat, ELDER) then elder = seat
    elseif is_at(seat, YOUNGER) then younger = seat
    elseif not seat.twin and seat.seat == 1 and seat.class.size > 2 and i % 8 == 0 then
      seats[i + 1].twin = true
      make_family({seat, seats[i + 1]}, make, random, year)
    elseif not seat.twin then rest[#rest + 1] = seat end
  end
  local guardian, student = make_demo_family(elder, younger, make)
  shuffle(rest, random)
  local i = 1
  while i <= #rest do
    local one, two = rest[i], rest[i + 1]
    local both = two and random(100) <= 16 and one.class.entry_year ~= two.class.entry_year
    make_family(both and {one, two} or {one}, make, random, year)
    i = i + (both and 2 or 1)
  end
  return guardian, student, younger.class
end

-- Two children of one name in one class, and the same name at every school.
local function make_namesakes(schools)
  for _, school in ipairs(schools) do
    local pupils = school.classes[#school.classes].pupils
    for _, seat in ipairs {4, 5} do
      if pupils[seat] then pupils[seat].name = "张伟" end
    end
  end
end

local WEEK <const>, PERIODS <const> = 5, 4 -- the mornings: enough to take the roll by

-- The first period is the class teacher's, the others go round among the rest of the staff; the
-- demonstration's subject teacher meets the demonstration's class.
local function make_lessons(school, demo_class)
  local staff, shift = {}, 0
  for _, person in ipairs(school.staff) do
    if person.post == "任课教师" then staff[#staff + 1] = person end
  end
  for i, class in ipairs(school.classes) do
    if class == demo_class then shift = i - 1 end
  end
  school.lessons = {}
  for i, class in ipairs(school.classes) do
    for weekday = 1, WEEK do
      for period = 1, PERIODS do
        local teacher = period == 1 and class.head or staff[(i - 1 - shift + (period - 2) * 7) % #staff + 1]
        table.insert(school.lessons, {class = class, weekday = weekday, period = period, subject = teacher.subject,
                                      teacher = teacher})
      end
    end
  end
end

local function make_office(make, random, year)
  local office = {code = DISTRICT.code, form = "bom", staff = {}}
  for _ = 1, 12 do add_staff(office, make.adult(random(2), year, 30), "科员", "") end
  return office
end

local function demo_accounts(made)
  local luting, junior = made.schools[1], made.schools[8]
  local class = made.demo_class
  local subject
  for _, person in ipairs(luting.staff) do
    if person.post == "任课教师" then subject = subject or person end
  end
  return {
    {role = "guardian", grant = "guardian", login = "guardian", person = made.guardian,
     orgs = luting.code .. " " .. junior.code},
    {role = "student", grant = "student", login = "student", person = made.student,
     orgs = junior.code},
    {role = "teacher", grant = "teacher", login = "teacher", person = class.head,
     orgs = luting.code},
    {role = "subject-teacher", grant = "teacher", login = "subject", person = subject,
     orgs = luting.code},
    {role = "principal", grant = "principal", login = "principal", person = luting.staff[1],
     orgs = luting.code},
    {role = "office", grant = "office", login = "office", person = luting.staff[3],
     orgs = luting.code},
    {role = "county", grant = "county", login = "county", person = made.office.staff[1],
     orgs = DISTRICT.code},
    {role = "operator", grant = "operator", login = "operator", person = made.office.staff[2],
     orgs = CITY.code},
  }
end

--- Everything, from a seed: the same seed, year and size make the same county.
function county.make(options)
  math.randomseed(options.seed)
  local random, year = math.random, options.year
  local make = people.maker(random)
  local made = {year = year, schools = make_schools(year), orgs = {CITY, DISTRICT}}
  for _, school in ipairs(made.schools) do
    table.insert(made.orgs, {code = school.code, parent = DISTRICT.code, kind = "school",
                             name = school.name, name_en = school.name_en,
                             stages = school.stages})
    make_staff(school, make, random, year)
  end
  made.office = make_office(make, random, year)
  local seats = make_seats(made.schools, options.pupils, random)
  made.guardian, made.student, made.demo_class = make_families(seats, make, random, year)
  make_namesakes(made.schools)
  for _, school in ipairs(made.schools) do make_lessons(school, made.demo_class) end
  made.accounts = demo_accounts(made)
  return made
end

return county

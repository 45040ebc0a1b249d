-- SPDX-License-Identifier: Apache-2.0
--- The county as files, each in the form that some school's programs write.
local people = require "people"

local files = {}

local CHINESE <const> = {"一", "二", "三", "四", "五", "六", "七", "八", "九"}

local function quote(cell)
  return cell:find('[",\r\n]') and '"' .. cell:gsub('"', '""') .. '"' or cell
end

--- Writes rows of cells as BOM + UTF-8, plain UTF-8 with LF, or GB18030.
function files.write(folder, name, form, rows)
  local ending = form == "plain" and "\n" or "\r\n"
  local lines = {}
  for i, row in ipairs(rows) do
    local cells = {}
    for k, cell in ipairs(row) do cells[k] = quote(tostring(cell)) end
    lines[i] = table.concat(cells, ",") .. ending
  end
  local text = table.concat(lines)
  local path = folder .. "/" .. name
  local out = form == "gb18030"
    and assert(io.popen(("iconv -f UTF-8 -t GB18030 > '%s'"):format(path), "w"))
    or assert(io.open(path, "wb"))
  out:write(form == "bom" and "\u{FEFF}" or "", text)
  assert(out:close())
end

local function whole_grade(class)
  return class.stage == "junior" and class.grade + 6 or class.grade
end

local function sex(person) return person.sex == 1 and "男" or "女" end

-- 2015-09-01, 2015/9/1, 20150901 or 2015年9月1日: every school its own way.
local DATES <const> = {bom = "%04d-%02d-%02d", plain = "%d/%d/%d", gb18030 = "%04d%02d%02d"}
local function date(day, form)
  return DATES[form]:format(day.year, day.month, day.day)
end

local function class_name(class, form)
  local pattern = form == "gb18030" and "%s（%d）班" or "%s(%d)班"
  return pattern:format(CHINESE[whole_grade(class)], class.class_no)
end

function files.schools(made)
  local rows = {{"学校标识码", "学校名称", "学段", "所在地区划代码", "主管部门", "办公电话"}}
  local stages = {primary = "小学", junior = "初中", ["primary junior"] = "小学、初中"}
  for _, school in ipairs(made.schools) do
    table.insert(rows, {school.code, school.name, stages[school.stages], "329901",
                        "明湖区教育局", school.phone})
  end
  return rows
end

function files.teachers(school)
  local rows = {{"工号", "姓名", "性别", "出生日期", "民族", "身份证件号", "手机号", "岗位", "任教学科"}}
  for _, person in ipairs(school.staff) do
    table.insert(rows, {person.staff_no, person.name, sex(person), date(person.birth, school.form),
                        person.ethnicity, person.number, person.phone, person.post,
                        person.subject})
  end
  return rows
end

function files.classes(school)
  local rows = {{"学段", "年级", "班级", "入学年份", "班主任工号", "班主任姓名"}}
  for _, class in ipairs(school.classes) do
    table.insert(rows, {class.stage == "primary" and "小学" or "初中",
                        CHINESE[whole_grade(class)] .. "年级", class_name(class, school.form),
                        class.entry_year, class.head.staff_no, class.head.name})
  end
  return rows
end

--- The day on which the files are made is a school day, also on a weekend: whoever looks at the
--- demonstration finds a school at work.
function files.calendar()
  local today = os.date("!*t", os.time() + 8 * 3600)
  if today.wday > 1 and today.wday < 7 then return {{"日期", "安排"}} end
  return {{"日期", "安排", "补课星期", "名称"}, {("%d-%02d-%02d"):format(today.year, today.month, today.day), "上课", "一", "开放日"}}
end

function files.lessons(school)
  local rows = {{"班级", "星期", "节次", "科目", "教师工号"}}
  for _, one in ipairs(school.lessons) do
    table.insert(rows, {class_name(one.class, school.form), one.weekday, one.period, one.subject, one.teacher.staff_no})
  end
  return rows
end

local function guardian(pupil, n)
  local link = pupil.guardians[n]
  if not link then return "", "", "", "" end
  return link.person.name, link.relation, link.person.phone, link.person.number
end

-- As the roll programme exports it: every number there is.
local ROLL_HEAD <const> = {"学籍号", "姓名", "性别", "出生日期", "民族", "身份证件号", "年级", "班级", "学号",
  "监护人1姓名", "监护人1关系", "监护人1电话", "监护人1身份证件号",
  "监护人2姓名", "监护人2关系", "监护人2电话", "监护人2身份证件号", "备注"}
local function roll_row(pupil, form)
  local name, relation, phone, number = guardian(pupil, 1)
  local name2, relation2, phone2, number2 = guardian(pupil, 2)
  return {"G" .. pupil.number, pupil.name, sex(pupil), date(pupil.birth, form), pupil.ethnicity,
          pupil.number, CHINESE[whole_grade(pupil.class)] .. "年级", class_name(pupil.class, form),
          pupil.local_no, name, relation, phone, number, name2, relation2, phone2, number2,
          pupil.seat == 3 and '走读,午餐在校,昵称"小三"' or ""}
end

-- As a school office keeps it: other words, no numbers of adults.
local OFFICE_HEAD <const> = {"序号", "班级", "学号", "学生姓名", "性别", "身份证号", "出生年月日", "民族",
  "家长1姓名", "与学生关系1", "家长1手机", "家长2姓名", "与学生关系2", "家长2手机"}
local function office_row(pupil, form, line)
  local name, relation, phone = guardian(pupil, 1)
  local name2, relation2, phone2 = guardian(pupil, 2)
  return {line, class_name(pupil.class, form), pupil.local_no, pupil.name, sex(pupil),
          pupil.seat % 9 == 0 and pupil.number:lower() or pupil.number, date(pupil.birth, form),
          pupil.ethnicity, name, relation, phone, name2, relation2, phone2}
end

function files.students(school)
  local office = school.form == "gb18030"
  local rows = {office and OFFICE_HEAD or ROLL_HEAD}
  for _, class in ipairs(school.classes) do
    for _, pupil in ipairs(class.pupils) do
      table.insert(rows, office and office_row(pupil, school.form, #rows)
                         or roll_row(pupil, school.form))
    end
  end
  if school.bad then files.spoil(rows) end
  return rows
end

local FULL_WIDTH <const> = {"０", "１", "２", "３", "４", "５", "６", "７", "８", "９"}

--- Rows as they come in real life, each a copy of a good row with one thing wrong. They stand
--- behind the good ones; two of the good ones get what is only worth a warning.
function files.spoil(rows)
  local NUMBER, DATE, NAME, CLASS, LOCAL, SEX, PHONE = 6, 7, 4, 2, 3, 5, 11
  local good = #rows
  local function spoil(n, change)
    local copy = {table.unpack(rows[n])}
    copy[1], copy[LOCAL] = #rows, "9" .. copy[LOCAL]
    copy[NUMBER] = ""
    change(copy, rows[n])
    table.insert(rows, copy)
  end
  spoil(2, function(row) row[NUMBER] = "3.20E+17" end)
  spoil(3, function(row) row[NUMBER] = "3.2E+17" end)
  spoil(4, function(row, old) row[NUMBER] = old[NUMBER]:sub(1, 15) .. "000" end)
  spoil(5, function(row, old)
    row[NUMBER] = old[NUMBER]:gsub("%d", function(d) return FULL_WIDTH[d + 1] end)
  end)
  spoil(6, function(row, old)
    row[NUMBER] = old[NUMBER]:sub(1, 17) .. (old[NUMBER]:sub(18) == "7" and "8" or "7")
  end)
  spoil(7, function(row) row[NUMBER] = "32000020150230001" .. people.check_character("32000020150230001") end)
  spoil(8, function(row) row[DATE] = "20150230" end)
  spoil(9, function(row) row[DATE] = "42248" end) -- a date as a spreadsheet counts it
  spoil(10, function(row) row[NAME] = "" end)
  spoil(11, function(row) row[CLASS] = "三（99）班" end)
  spoil(12, function(row) row[SEX] = "未填" end)
  spoil(13, function(row) row[PHONE] = "1.29E+10" end)
  spoil(14, function(row, old) row[NUMBER], row[NAME] = old[NUMBER], "冒名者" end)
  rows[good][DATE] = "20110101"
  rows[good - 1][SEX] = rows[good - 1][SEX] == "男" and "女" or "男"
end

function files.orgs(made)
  local rows = {{"code", "parent", "kind", "name", "name_en", "stages"}}
  for _, org in ipairs(made.orgs) do
    table.insert(rows, {org.code, org.parent or "", org.kind, org.name, org.name_en,
                        org.stages or ""})
  end
  return rows
end

--- Roles to give: `number` is the citizen number by which the person is found.
function files.accounts(made)
  local rows = {{"role", "grant", "login", "name", "number", "orgs"}}
  for _, account in ipairs(made.accounts) do
    table.insert(rows, {account.role, account.grant, account.login, account.person.name,
                        account.person.number, account.orgs})
  end
  return rows
end

return files

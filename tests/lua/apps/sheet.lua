-- SPDX-License-Identifier: Apache-2.0
local codes = require("codes")
local sheet = require("import.sheet")
local test = require("test")

local ALIASES <const> = {name = {"姓名", "学生姓名"}, number = {"身份证件号", "身份证号"}}

test("a reader's first fault stops the row and names the key", function(w)
  local readers = {
    {"name", sheet.text(4), required = true},
    {"gender", sheet.code(codes.gender)},
  }
  w:expect({sheet.values({}, readers)}, {nil, "required", "name"})
  w:expect({sheet.values({name = "一二三四五"}, readers)}, {nil, "max", "name"})
  w:expect({sheet.values({name = "𠮷·㛃", gender = "未填"}, readers)}, {nil, "code", "gender"})
  w:expect({sheet.values({name = "𠮷·㛃", gender = "女"}, readers)}, {{name = "𠮷·㛃", gender = "2"}})
end)

test("columns are known by any of their names, with stars, notes and spaces", function(w)
  local read = sheet.reader(ALIASES)
  for _, header in ipairs {"姓名", "*姓名", "姓 名", "姓名（必填）", "学生姓名", " 姓名(必填) "} do
    local row, columns = read {[header] = "张三", ["备注"] = "x"}
    w:expect(row, {name = "张三"})
    w:expect(columns, {name = header})
  end
end)

test("of two columns for one thing the better name counts", function(w)
  local row, columns = sheet.reader(ALIASES) {["学生姓名"] = "错", ["姓名"] = "对"}
  w:expect(row.name, "对")
  w:expect(columns.name, "姓名")
end)

test("spaces of all widths around a cell are no text", function(w)
  local row = sheet.reader(ALIASES) {["姓名"] = "\u{3000} 张 三\u{A0}", ["身份证号"] = " \t"}
  w:expect(row, {name = "张 三"})
end)

test("peoples and relations are known by their words", function(w)
  w:expect(#codes.PEOPLES, 58)
  w:expect(codes.people("汉族"), "01")
  w:expect(codes.people("基诺"), "56")
  w:expect(codes.people("维吾尔族"), "05")
  w:expect(codes.people("火星族"), nil)
  w:expect(codes.relation("奶奶"), "grandparent")
  w:expect(codes.gender("男"), "1")
end)

-- SPDX-License-Identifier: Apache-2.0
--- Tables of records for spreadsheets: app.export(collection, {columns = {"student", "from"}}).
--
-- An answer like a page, downloaded as csv: the rows that the caller may read, as `where` chooses
-- them, with what they may see of them; head and codes in their language. `name` is the file's,
-- bom = false leaves out the mark by which spreadsheets know that it is UTF-8.
local answer = require("app.answer")
local call = require("core.call")
local csv = require("core.csv")
local date = require("ui.date")
local fields = require("app.fields")
local here = require("ui.here")
local options = require("app.options")
local problem = require("app.problem")

local export = {}

local ROWS_MAX <const> = 999 -- more are asked for in parts: one query finds a thousand
local KEYS <const> = {"columns", "where", "subtree", "name", "bom"}

-- By type: what a cell says. Dates stay as spreadsheets read them.
local SAY <const> = {
  boolean = function(value) return here.word(value and "ui.yes" or "ui.no") end,
  ref = function(value) return value.name or here.word("ui.hidden") end,
  file = function(value) return value.name end,
  time = function(value) return ("%s %s"):format(date.moment(value)) end,
}

-- A function that gives a row's value of the field as a text.
local function sayer(collection, name)
  local field = fields.find(collection, name)
  local say = SAY[field.type] or tostring
  if field.codes then
    say = function(value) return fields.code(collection, name, value) end
  end
  return function(row)
    local value = row[name]
    return value == nil and "" or say(value)
  end
end

local function query_of(spec)
  local query = {limit = ROWS_MAX + 1, subtree = spec.subtree}
  for name, value in pairs(spec.where or {}) do
    query[name] = value
  end
  return query
end

local function head_of(collection, columns)
  local head = {}
  for i, name in ipairs(columns) do
    head[i] = fields.label(collection, name)
  end
  return head
end

--- The download, or nil and "too_many": then the caller is to choose fewer.
function export.of(collection, spec)
  options.check(spec, ("an export of '%s'"):format(collection.full), KEYS)
  local rows = collection:rows(query_of(spec))
  if #rows > ROWS_MAX then
    return nil, problem.of("too_many", nil, {count = ROWS_MAX})
  end
  local sayers, cells = {}, {head_of(collection, spec.columns)}
  for i, name in ipairs(spec.columns) do
    sayers[i] = sayer(collection, name)
  end
  for _, row in ipairs(rows) do
    local line = {}
    for i = 1, #sayers do
      line[i] = sayers[i](row)
    end
    cells[#cells + 1] = line
  end
  return answer.download(csv.encode(cells, spec.bom ~= false), "text/csv; charset=utf-8",
    ("%s %s.csv"):format(spec.name or collection.name, call.today))
end

return export

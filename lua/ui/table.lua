-- SPDX-License-Identifier: Apache-2.0
--- Rows in columns; a list of cards on phones, where each cell brings its own label.
--
-- columns: {label, key or function(row), align = "number"}; the first column names the row and, with
-- `href = function(row)`, leads to it. `acts = function(row)` gives the buttons of a row.
local component = require("ui.component")

local function cell(column, row)
  local source = column[2]
  local value = type(source) == "function" and source(row) or type(source) == "string" and row[source]
  return component.markup(value or "")
end

local function lay_out(data, row)
  local line = {cells = {}, href = data.href and data.href(row), acts = data.acts and component.markup(data.acts(row))}
  for i, column in ipairs(data.columns) do
    line.cells[i] = {label = column[1], value = cell(column, row), number = column.align == "number"}
  end
  return line
end

return component.define{name = "table", needs = {"caption", "columns", "rows"},
  takes = {href = false, acts = false}, shape = function(data)
    data.lines = {}
    for i, row in ipairs(data.rows) do
      data.lines[i] = lay_out(data, row)
    end
  end}

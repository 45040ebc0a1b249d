-- SPDX-License-Identifier: Apache-2.0
--- Rows in columns; a list of cards on phones, where each cell brings its own label.
--
-- columns: {label, key or function(row), align = "number"}; the first column names the row and, with
-- `href = function(row)`, leads to it. `acts = function(row)` gives the buttons of a row.
local component = require("ui.component")

-- A column's part of a row as text or markup.
local function shower(source)
  if type(source) ~= "function" then
    return function(row) return row[source] end
  end
  return function(row)
    local value = source(row)
    return type(value) == "table" and component.markup(value) or value
  end
end

return component.define{name = "table", needs = {"caption", "columns", "rows"},
  takes = {href = false, acts = false}, shape = function(data)
    data.markup, data.cells = component.markup, {}
    for i, column in ipairs(data.columns) do
      data.cells[i] = {label = column[1], show = shower(column[2]), number = column.align == "number"}
    end
  end}

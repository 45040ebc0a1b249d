-- SPDX-License-Identifier: Apache-2.0
--- Rows in columns; a list of cards on phones, where each cell brings its own label.
--
-- columns: {label, key or function(row), align = "number"}; the first column names the row and, with
-- `href = function(row)`, leads to it. A function gives text or markup, no list. `acts = function(row)`
-- gives the buttons of a row.
local component = require("ui.component")

-- The beginning of a cell, with the label that it shows on phones: the same in each row.
local begin_cell = component.define{name = "cell", needs = {"label"}, takes = {number = false}, pure = true}

local function shower(source)
  if type(source) == "function" then
    return source
  end
  return function(row) return row[source] end
end

return component.define{name = "table", needs = {"caption", "columns", "rows"},
  takes = {href = false, acts = false}, shape = function(data)
    data.markup, data.cells = component.markup, {}
    for i, column in ipairs(data.columns) do
      data.cells[i] = {open = begin_cell{column[1], number = column.align == "number"}, show = shower(column[2])}
    end
  end}

-- SPDX-License-Identifier: Apache-2.0
--- Rows of a sheet by what their columns mean. Schools' programs name the same column in many
--- ways; a column that no name is known for is left alone.
local sheet = {}

-- Spaces of all widths at both ends; a cell of a spreadsheet often has some.
local function trim(text)
  return (text:gsub("\u{3000}", " "):gsub("\u{A0}", " "):gsub("^%s+", ""):gsub("%s+$", ""))
end

-- Headers carry stars for required columns, spaces and notes in parentheses.
local function plain(header)
  return (trim(header):gsub("^[%*＊]+", ""):gsub("（.*）$", ""):gsub("%(.*%)$", ""):gsub("%s", ""))
end

--- A reader of rows. aliases = {key = {"姓名", "学生姓名"}}: where a sheet has several of a key's
--- columns, the first in this list counts. It gives key → text without empty cells, and key →
--- header as it stands in the file.
function sheet.reader(aliases)
  local known = {}
  for key, names in pairs(aliases) do
    for rank, name in ipairs(names) do known[name] = {key = key, rank = rank} end
  end
  return function(cells)
    local row, columns, ranks = {}, {}, {}
    for header, text in pairs(cells) do
      local meant = known[header] or known[plain(header)]
      if meant and meant.rank < (ranks[meant.key] or math.huge) then
        text = trim(text)
        row[meant.key] = text ~= "" and text or nil
        columns[meant.key], ranks[meant.key] = header, meant.rank
      end
    end
    return row, columns
  end
end

--- Reads the keys of a row by functions (text → value, or nil and a word) into values; the first
--- that fails gives nil, word, key. An unreadable cell is never taken for an empty one.
function sheet.values(row, readers)
  local values = {}
  for _, reader in ipairs(readers) do
    local key, read = reader[1], reader[2]
    if row[key] then
      local value, word = read(row[key])
      if value == nil then return nil, word, key end
      values[key] = value
    elseif reader.required then
      return nil, "required", key
    end
  end
  return values
end

--- A reader out of a function that finds the code of a word.
function sheet.code(find)
  return function(text)
    local code = find(text)
    if code == nil then return nil, "code" end
    return code
  end
end

--- A reader of plain text; names may hold any character.
function sheet.text(max)
  return function(text)
    if (utf8.len(text) or 0) > max then return nil, "max" end
    return text
  end
end

return sheet

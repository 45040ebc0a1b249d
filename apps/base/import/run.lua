-- SPDX-License-Identifier: Apache-2.0
--- Runs an importer over a row, and says what came of it to whoever sent the file: a result, a
--- sentence that ends with the stable word for what is wrong, and the column.
local app = require "app"
local sheet = require "import.sheet"

--- importer = {aliases, row}; row(values) gives "created", "updated" or "same", with word and key of
--- a warning if there is one, or nil, word, key.
return function(importer)
  local read = sheet.reader(importer.aliases)
  return function(cells)
    local row, columns = read(cells)
    local result, word, key = importer.row(row)
    if not word then return result end
    local column = columns[key] or (importer.aliases[key] or {key})[1]
    return result, ("%s (%s)"):format(app.t("import." .. word), word), column
  end
end

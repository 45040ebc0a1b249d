-- SPDX-License-Identifier: Apache-2.0
--- What a row can do beside giving its fields.
local problem = require("app.problem")
local record = require("core.record")
local running = require("app.running")

local row = {}

--- Writes what was assigned: true, or nil and a problem. Happens by itself when a handler ends well.
function row.save(self)
  local collection = running.instance().collections[self.collection]
  if collection and collection.check then
    local field, word = collection.check(self)
    if field then
      return problem.refuse(field, word)
    end
  end
  local saved, field, word = record.update(self)
  if not saved then
    return problem.refuse(field, word)
  end
  return true
end

--- Deletes the row; who may do that may have it back for 30 days, see coll:undelete.
row.delete = record.delete

--- The plain text of a sealed field, for those who may read it.
row.reveal = record.reveal

return row

-- SPDX-License-Identifier: Apache-2.0
--- Another app's collection, to be read: under the caller's rules, if the manifest asks for it.
local record = require("core.record")

local methods = {}
local shape = {__index = methods, __name = "records", __metatable = false}

local function handle_of(self)
  self.handle = self.handle or record.open(self.full)
  return self.handle
end

--- The rows that the caller may read.
function methods:rows(query)
  return record.rows(handle_of(self), query)
end

--- A row by its id; nil when there is none, or none that the caller may know of.
function methods:get(id)
  return record.get(handle_of(self), id)
end

--- A row by the fields of a unique index.
function methods:find(values)
  return record.find(handle_of(self), values)
end

--- app.records("base.class"): named where the app is declared, used in a call.
local function records(full)
  record.check_asked(full)
  return setmetatable({full = full}, shape)
end

return records

-- SPDX-License-Identifier: Apache-2.0
--- Settings of the app: what is in force for the organisation of the call. Read-only, and a name that
--- the manifest does not have is an error. Looked up once a call, where somebody asks.
local call = require("core.call")
local context = require("app.context")
local host = require("core.app")
local layers = require("app.layers")
local setting = require("core.setting")

local settings = {}

local schema = setting.schema()
local by_name, names = {}, {}
for i, one in ipairs(schema) do
  by_name[one.name], names[i] = one, one.name
end

local function in_force()
  local memo = call.memo
  memo.settings = memo.settings or layers.resolve(schema, setting.layers())
  return memo.settings
end

local function get(_, key)
  local one = by_name[key]
  if not one then
    host.check_keys({[tostring(key)] = true}, "the settings of app.yaml", names)
  end
  context.check("settings", "call", "app.settings." .. key)
  local state = in_force()[key]
  if one.secret then
    return state.from and setting.reveal(state.from.id, key)
  end
  return state.value
end

local function refuse(_, key)
  error(("the setting '%s' is changed by an administrator, not by the app"):format(tostring(key)), 2)
end

local KIND <const> = {__index = get, __newindex = refuse, __metatable = false}

--- A view of the settings for one instance.
function settings.view()
  return setmetatable({}, KIND)
end

return settings

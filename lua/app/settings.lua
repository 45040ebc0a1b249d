-- SPDX-License-Identifier: Apache-2.0
--- Settings of the app, with the manifest's defaults. Read-only, and a name that the manifest does
--- not have is an error.
local host = require("core.app")

local settings = {}

local function unknown(_, key)
  error(("app.yaml has no setting '%s'"):format(tostring(key)), 2)
end

--- A view of the settings for one instance.
function settings.view()
  local values, names = host.settings()
  local known = {}
  for _, name in ipairs(names) do
    known[name] = true
  end
  return setmetatable({}, {
    __index = function(_, key)
      if not known[key] then
        unknown(_, key)
      end
      return values[key]
    end,
    __newindex = function(_, key)
      error(("the setting '%s' is changed by an administrator, not by the app"):format(tostring(key)), 2)
    end,
    __metatable = false,
  })
end

return settings

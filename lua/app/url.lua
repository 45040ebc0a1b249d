-- SPDX-License-Identifier: Apache-2.0
--- Paths of the app on this host: url("/ask") is /o/{org}/{app}/ask.
local call = require("core.call")
local host = require("core.app")

local url = {}

local function prefix()
  return host.platform and "" or ("/o/%s/%s"):format(call.org_id, host.id)
end

-- Never another host: browsers take "//x" and "/\x" for one.
local function check(path)
  if type(path) ~= "string" or not path:find("^/") or path:find("^/[/\\]") or path:find("[%c\\]") then
    error(("'%s' is no path on this host"):format(tostring(path)), 3)
  end
  return path
end

--- The path for links and forms; one that is whole already stays as it is.
function url.of(path)
  local start = prefix()
  check(path)
  if start == "" or path:sub(1, #start + 1) == start .. "/" then
    return path
  end
  return start .. path
end

return url

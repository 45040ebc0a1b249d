-- SPDX-License-Identifier: Apache-2.0
--- Calls to the outside, from jobs: `app.fetch{url = …}`.
local net = require("core.net")
local options = require("app.options")

local KEYS <const> = {"url", "method", "headers", "body", "timeout"}

--- One request and its answer, `{status, headers, body}` (names of headers in small letters), or nil
--- and a word. The host stands under `asks.http` of the manifest; `timeout` is in seconds.
return function(spec)
  options.check(spec, "app.fetch", KEYS)
  local status, headers, body = net.fetch(spec.headers or {}, spec.url, spec.method or "GET", spec.body, spec.timeout)
  if not status then
    return nil, headers
  end
  return {status = status, headers = headers, body = body}
end

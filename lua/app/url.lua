-- SPDX-License-Identifier: Apache-2.0
--- Paths of the app on this host: url("/ask") is /o/{org}/{app}/ask.
local call = require("core.call")

return {of = call.url}

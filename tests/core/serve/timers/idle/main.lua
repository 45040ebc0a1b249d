-- SPDX-License-Identifier: Apache-2.0
--- Waits for days that nobody knows.
local app = require("app")

app.every("07:30 on moon days", "howl", function() end)

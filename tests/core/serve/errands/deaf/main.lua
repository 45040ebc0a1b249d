-- SPDX-License-Identifier: Apache-2.0
--- Listens to one thing that happens and to one that nobody tells of.
local app = require("app")

app.on("base.thing.made", function() end)
app.on("base.thing.mode", function() end)

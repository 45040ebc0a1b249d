-- SPDX-License-Identifier: Apache-2.0
--- A button that posts.
local component = require("ui.component")
local guard = require("ui.guard")

return component.define{name = "action", needs = {"text", "to"},
  takes = {fields = false, tone = false, icon = false, wide = false, label = false, current = false},
  shape = guard.add}

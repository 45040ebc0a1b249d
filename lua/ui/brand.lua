-- SPDX-License-Identifier: Apache-2.0
--- Whose pages these are, over a form that stands alone: the instance's name, from its configuration.
local component = require("ui.component")
local here = require("ui.here")

return component.define{name = "brand", shape = function(data)
  data.name = here.instance()
end}

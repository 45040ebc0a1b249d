-- SPDX-License-Identifier: Apache-2.0
--- A form that posts to `to`: fields as `body`, `send` on its button. With `problems` (of {field,
--- text}) the summary stands on top, and the text kept by the browser is not put over what was sent.
--- `offline`: sent while the line is cut, it waits on the page and goes out once when the line is back.
local component = require("ui.component")
local guard = require("ui.guard")

return component.define{name = "form", needs = {"to", "body", "send"},
  takes = {problems = false, cancel = false, draft = false, intro = false, fields = false, wide = false, files = false, offline = false},
  markup = {"body"}, shape = function(data)
    guard.add(data)
    data.problems = data.problems and #data.problems > 0 and data.problems
  end}

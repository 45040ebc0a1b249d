-- SPDX-License-Identifier: Apache-2.0
--- A label and a control that brings a file: ui.upload{name, label = …, field = "app.collection.field"}.
--- With script it is sent at once, in parts that go on after a cut; without, it goes with the form.
local component = require("ui.component")

-- What a browser offers first; what is taken is decided by content.
local ACCEPT <const> = {
  picture = "image/*", pdf = "application/pdf", video = "video/*", audio = "audio/*", text = "text/*",
  document = ".doc,.docx,.xls,.xlsx,.ppt,.pptx,.wps,.odt,.ods,.odp,.ofd,.rtf,.pdf",
}

local function accept_of(groups)
  local list = {}
  for _, group in ipairs(groups or {}) do
    list[#list + 1] = ACCEPT[group]
  end
  return #list > 0 and table.concat(list, ",")
end

return component.define{name = "upload", needs = {"name", "label"},
  takes = {field = "", org = "", accepts = false, kept = false, required = false, problem = false},
  shape = function(data)
    data.id = "f-" .. data.name
    data.accept = accept_of(data.accepts)
    data.describedby = data.problem and data.id .. "-wrong"
  end}

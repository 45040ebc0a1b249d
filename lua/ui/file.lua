-- SPDX-License-Identifier: Apache-2.0
--- A file as people meet it: ui.file{file}, where file is what a field of type file gives.
local component = require("ui.component")
local here = require("ui.here")

local KB <const>, MB <const> = 1024, 1024 * 1024

local function size_of(bytes)
  if bytes >= MB then
    return here.word("ui.file.mb", {count = ("%.1f"):format(bytes / MB)})
  end
  return here.word("ui.file.kb", {count = math.max(1, bytes // KB)})
end

return component.define{name = "file", needs = {"file"}, shape = function(data)
  local file = data.file
  data.kind = here.word("ui.file." .. file.group)
  data.called = file.name ~= "" and file.name or data.kind
  data.size, data.url = size_of(file.size), file.url
end}

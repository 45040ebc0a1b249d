-- SPDX-License-Identifier: Apache-2.0
--- Which instance is answering, or being opened. A state answers one call at a time, so there is one.
local running = {}

local now

function running.enter(instance)
  now = instance
end

function running.instance()
  return now
end

return running

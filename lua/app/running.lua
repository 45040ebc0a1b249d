-- SPDX-License-Identifier: Apache-2.0
--- Which instance is answering, or being opened. Several calls may be open in a state, one has its
--- turn: each knows its own instance.
local call = require("core.call")

local running = {}

local opening

function running.enter(instance)
  if call.is_running() then
    call.memo.instance = instance
    instance.plan.whole = true
  else
    opening = instance
  end
end

function running.instance()
  if call.is_running() then
    return call.memo.instance
  end
  return opening
end

return running

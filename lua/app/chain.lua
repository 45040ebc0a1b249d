-- SPDX-License-Identifier: Apache-2.0
--- A function that others wrap, one around the other: each gets what stood there before as its
--- first argument, and says whether and how it goes on. Nobody replaces in silence.
local chain = {}

--- → {call = function(…), wrap = function(layer, wrapper), layers = names, innermost first}
function chain.new(innermost)
  local now, layers = innermost, {}
  return {
    layers = layers,
    call = function(...) return now(...) end,
    wrap = function(layer, wrapper)
      local inner = now
      now = function(...) return wrapper(inner, ...) end
      layers[#layers + 1] = layer
    end,
  }
end

return chain

-- SPDX-License-Identifier: Apache-2.0
local chain = require("app.chain")
local test = require("test")

test("what nobody wraps is what it was, with all that it takes and gives", function(w)
  local one = chain.new(function(...) return select("#", ...), ... end)

  w:expect({one.call("a", nil, "c")}, {3, "a", nil, "c"})
end)

test("the last to wrap is asked first and decides how it goes on", function(w)
  local said = {}
  local one = chain.new(function(days) said[#said + 1] = "app"; return days <= 5 end)
  one.wrap("county", function(next, days) said[#said + 1] = "county"; return days <= 3 and next(days) end)
  one.wrap("school", function(next, days) said[#said + 1] = "school"; return next(days - 1) end)

  w:expect(one.call(4), true)
  w:expect(said, {"school", "county", "app"})
  w:expect(one.call(5), false)
  w:expect(one.layers, {"county", "school"})
end)

test("who was given the function before it was wrapped calls the wrapped one", function(w)
  local one = chain.new(function() return "app" end)
  local kept = one.call
  one.wrap("county", function(next) return "county, then " .. next() end)

  w:expect(kept(), "county, then app")
end)

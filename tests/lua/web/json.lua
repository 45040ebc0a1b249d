-- SPDX-License-Identifier: Apache-2.0
local json = require("core.json")
local test = require("test")

local function refuses(w, part, text)
  local value, word, problem = json.decode(text)
  w:expect(value, nil)
  w:expect(word, "malformed")
  if not problem:find(part, 1, true) then
    error("expected '" .. part .. "', got '" .. problem .. "' for " .. text, 2)
  end
end

test("values are encoded in one way", function(w)
  w:expect(json.encode({b = 1, a = {1, 2, 3}, c = {}}), '{"a":[1,2,3],"b":1,"c":{}}')
  w:expect(json.encode({1.0, 0.1, 1e300, -0.5, math.maxinteger, true, false}),
    "[1.0,0.1,1e+300,-0.5,9223372036854775807,true,false]")
  w:expect(json.encode(json.array({})), "[]")
  w:expect(json.encode(json.null), "null")
  w:expect(json.encode(nil), "null")
  w:expect(json.encode("a\"\\\n\1<&é\255"), [["a\"\\\n\u0001\u003c\u0026é]] .. "\u{fffd}\"")
end)

test("what has no JSON is refused", function(w)
  w:expect_error("no number", json.encode, 0 / 0)
  w:expect_error("no number", json.encode, math.huge)
  w:expect_error("a function has no JSON", json.encode, {print})
  w:expect_error("a userdata has no JSON", json.encode, {a = require("core.html").trusted("x")})
  w:expect_error("is no key", json.encode, {1, nil, 3, a = 1})
  w:expect_error("is no key", json.encode, {[2.5] = 1})
  local loop = {}
  loop.loop = loop
  w:expect_error("more than 64 levels", json.encode, loop)
  local big = {}
  for i = 1, 1100 do
    big[i] = ("x"):rep(1000)
  end
  w:expect_error("more than 1048576 bytes", json.encode, big)
end)

test("metamethods are not called", function(w)
  local proxy = setmetatable({}, {__index = function() error("called") end, __pairs = function() error("called") end})
  w:expect(json.encode(proxy), "{}")
end)

test("texts are decoded", function(w)
  w:expect(json.decode(' {"a": [1, -2.5e1, "x"], "b": {"c": true}} '), {a = {1, -25.0, "x"}, b = {c = true}})
  w:expect(json.decode('"\\u8bf7\\ud83d\\ude00\\n\\/\\"é"'), "请😀\n/\"é")
  w:expect(json.decode("9223372036854775807"), math.maxinteger)
  w:expect(json.decode("-9223372036854775808"), math.mininteger)
  w:expect(json.decode("[null]")[1] == json.null, true)
  w:expect(math.type(json.decode("1.0")), "float")
  w:expect(json.encode(json.decode("[]")), "[]")
  w:expect(json.decode("0"), 0)
end)

test("malformed texts are an outcome, not an error", function(w)
  for _, text in ipairs{"", " ", "{", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "[1 2]", "tru", "nul", "'a'",
    "01", "-", "+1", "1.", ".5", "1e", "0x1", "NaN", "Infinity", "\"", "\"\\x\"", "\"\\u12\"", "\"a\nb\"", "[1]x", "\"\0\"", "\1"} do
    refuses(w, "", text)
  end
  refuses(w, "beyond 64 bits", "9223372036854775808")
  refuses(w, "too large", "1e999")
  refuses(w, "number too long", ("1"):rep(100))
  refuses(w, "surrogate", '"\\ud800"')
  refuses(w, "surrogate", '"\\udc00x"')
  refuses(w, "surrogate", '"\\ud800\\u0041"')
  refuses(w, "given twice", '{"a":1,"a":2}')
  refuses(w, "not UTF-8", '"\255"')
  refuses(w, "64 levels", ("["):rep(65) .. ("]"):rep(65))
  refuses(w, "byte 4: ", '[1,x]')
  w:expect(type(json.decode(("["):rep(64) .. ("]"):rep(64))), "table")
end)

test("what was encoded is decoded to the same", function(w)
  local value = {a = {1, 2.5, "x", {y = {z = "请"}}}, b = true, c = -7, d = 0.1 + 0.2}
  w:expect(json.decode(json.encode(value)), value)
end)

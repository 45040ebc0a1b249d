-- SPDX-License-Identifier: Apache-2.0
local layers = require("app.layers")
local test = require("test")

local DAYS <const> = {name = "days", type = "integer", default = 5, low = 1, high = 60, tier = 3}
local WORDS <const> = {name = "words", type = "string", default = "year", one_of = {"year", "stage", "none"}, tier = 3}

local function layer(name, tier, entry, setting)
  return {name = name, tier = tier, set = {[setting or "days"] = entry}}
end

local function resolve(setting, ...)
  return layers.resolve({setting}, {...})[setting.name]
end

test("what nobody has set is the manifest's", function(w)
  local days = resolve(DAYS, layer("county", 2))
  w:expect(days.value, 5)
  w:expect(days.from, nil)
end)

test("the nearest layer's value is in force", function(w)
  local days = resolve(DAYS, layer("county", 2, {value = "7"}), layer("school", 3, {value = "3"}))
  w:expect(days.value, 3)
  w:expect(days.from.name, "school")
end)

test("a value that a higher layer has ruled out since is told, and what was kept", function(w)
  local days = resolve(DAYS, layer("county", 2, {within = '{"low":1,"high":3}'}), layer("school", 3, {value = "4"}))
  w:expect(days.value, 3)
  w:expect(days.bounds, {low = 1, high = 3})
  w:expect({days.problems[1].layer.name, days.problems[1].word, days.problems[1].given}, {"school", "range", 4})
end)

test("an inherited value is brought within what a layer narrows", function(w)
  local days = resolve(DAYS, layer("city", 1, {value = "20"}), layer("county", 2, {within = '{"low":1,"high":10}'}))
  w:expect(days.value, 10)
  w:expect(math.type(days.value), "integer")
  w:expect(days.problems, {})
end)

test("a layer narrows and never widens", function(w)
  local days = resolve(DAYS, layer("city", 1, {within = '{"low":2,"high":10}'}),
    layer("county", 2, {within = '{"low":1,"high":30}'}), layer("school", 3, {value = "20"}))
  w:expect(days.bounds, {low = 2, high = 10})
  w:expect(days.value, 5)
end)

test("where the manifest lets it loose a layer widens, and never beyond the manifest", function(w)
  local loose = {name = "days", type = "integer", default = 5, low = 1, high = 60, tier = 3, loosen = true}
  local days = resolve(loose, layer("city", 1, {within = '{"low":2,"high":10}'}),
    layer("county", 2, {within = '{"low":1,"high":90}'}), layer("school", 3, {value = "30"}))
  w:expect(days.bounds, {low = 1, high = 60})
  w:expect(days.value, 30)
end)

test("bounds that leave nothing are left out and told", function(w)
  local days = resolve(DAYS, layer("city", 1, {within = '{"low":2,"high":4}'}), layer("county", 2, {within = '{"low":9,"high":12}'}))
  w:expect(days.bounds, {low = 2, high = 4})
  w:expect(days.problems[1].word, "bounds")
end)

test("a layer below the lowest that may set it counts for nothing", function(w)
  local high = {name = "days", type = "integer", default = 5, low = 1, high = 60, tier = 2}
  local days = resolve(high, layer("school", 3, {value = "9"}))
  w:expect(days.value, 5)
  w:expect(days.problems[1].word, "layer")
end)

test("codes are narrowed to those that all layers leave", function(w)
  local words = resolve(WORDS, layer("city", 1, {within = '{"one_of":["stage","none"]}'}, "words"),
    layer("county", 2, {within = '{"one_of":["year","none"]}'}, "words"), layer("school", 3, {value = '"year"'}, "words"))
  w:expect(words.bounds, {one_of = {"none"}})
  w:expect(words.value, "none")
  w:expect(words.problems[1].word, "code")
end)

test("what is stored and is no longer of its kind is left out, whatever it is", function(w)
  for _, stored in ipairs {'"five"', "5.5", "true", "[1]", "{", '{"low":1}'} do
    local days = resolve(DAYS, layer("school", 3, {value = stored, within = stored}))
    w:expect({days.value, days.bounds}, {5, {low = 1, high = 60}})
  end
end)

test("of a secret only who gave it is known", function(w)
  local key = {name = "key", type = "string", secret = true, tier = 3}
  local state = resolve(key, layer("county", 2, {secret = true}, "key"), layer("school", 3, {secret = false}, "key"))
  w:expect({state.value, state.from.name}, {nil, "county"})
end)

test("what a form sends is read by type and bounds", function(w)
  local bounds = {low = 1, high = 60}
  w:expect(layers.read(DAYS, bounds, "7"), 7)
  w:expect({layers.read(DAYS, bounds, "61")}, {nil, "range"})
  w:expect({layers.read(DAYS, bounds, "7.5")}, {nil, "type"})
  w:expect({layers.read(DAYS, bounds, "seven")}, {nil, "type"})
  w:expect({layers.read(WORDS, {one_of = {"year"}}, "stage")}, {nil, "code"})
  w:expect(layers.read({type = "boolean"}, {}, "false"), false)
end)

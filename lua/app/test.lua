-- SPDX-License-Identifier: Apache-2.0
--- Tests of an application: `local test = require "app.test"`, then test("what is so", function(w) … end).
--- Each runs in a world of its own, see app/world.lua; nothing here is part of a serving process.
local core = require("core.test")
local world = require("app.world")

local tests = {}

local library = {tests = tests}

--- What a test file gets: declares a test by its sentence.
function library.test(name, body)
  if type(name) ~= "string" or type(body) ~= "function" then
    error("a test is a sentence and a function: test(\"nobody may\", function(w) … end)", 2)
  end
  tests[#tests + 1] = {name = name, place = core.place(), body = body}
end

--- Runs one on a fresh world; what it finds wrong is raised.
function library.run(number)
  tests[number].body(world.new())
end

return library

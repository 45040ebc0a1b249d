-- SPDX-License-Identifier: Apache-2.0
local known = require("ui.known")
local test = require("test")

local NAMES <const> = {title = true, tone = true, icon = true, href = true}

test("a key that is known passes", function()
  known.require(NAMES, "title", "ui.card")
end)

test("a key that is nearly right is suggested", function(w)
  w:expect_error("ui.card does not know 'titel'; did you mean 'title'?", known.require, NAMES, "titel", "ui.card")
  w:expect_error("did you mean 'href'?", known.require, NAMES, "herf", "ui.card")
end)

test("nothing is suggested for what is far from everything", function(w)
  local _, problem = pcall(known.require, NAMES, "background", "ui.card")
  w:expect(problem:find("did you mean", 1, true), nil)
  w:expect_error("does not know '2'", known.require, NAMES, 2, "ui.card")
end)

test("of two that are equally near the same one is suggested each time", function(w)
  w:expect(known.nearest({ab = true, ac = true}, "ad"), "ab")
end)

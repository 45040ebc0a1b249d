-- SPDX-License-Identifier: Apache-2.0
local app = require("app")

local stays = app.collection("stay", {
  fields = {guest = {ref = "base.guest"}, name = {from = "guest.name", live = true}},
  index = {{"guest"}},
})
stays:allow("read", {keeper = {}})

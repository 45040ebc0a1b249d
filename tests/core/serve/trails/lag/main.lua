-- SPDX-License-Identifier: Apache-2.0
local app = require("app")

local stays = app.collection("stay", {
  fields = {room = {ref = "base.room"}, name = {from = "room.name", live = true}},
  index = {{"room"}, {"name"}},
})
stays:allow("read", {keeper = {"name is Ada"}})

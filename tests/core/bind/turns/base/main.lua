-- SPDX-License-Identifier: Apache-2.0
--- People, for whoever writes a diary.
local app = require("app")

local person = app.collection("person", {
  instance = true,
  fields = {name = {type = "text", required = true}},
})
person:allow("read", {anyone = {"id is @me"}})

-- SPDX-License-Identifier: Apache-2.0
local app = require("app")

app.collection("thing", {fields = {from = {type = "date", requierd = true}}})

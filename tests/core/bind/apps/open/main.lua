-- SPDX-License-Identifier: Apache-2.0
--- Says of nobody that they may.
local app = require("app")

app.collection("thing", {fields = {name = {type = "text"}}})

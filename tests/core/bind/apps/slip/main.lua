-- SPDX-License-Identifier: Apache-2.0
--- Names a slot that its manifest spells otherwise.
local app = require("app")

local stays = app.collection("stay", {fields = {name = {type = "text"}, note = {type = "text"}}})
stays:allow("create", {guest = {"org under @me.orgs"}})
stays:form("ask", {"name", {slot = "detials", "note"}})

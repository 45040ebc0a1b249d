-- SPDX-License-Identifier: Apache-2.0
--- What people were told. A notice keeps its word and values: the sentence is made when it is read, in
--- the language of whoever reads it.
local app = require("app")

local notices = app.collection("notice", {
  instance = true,
  fields = {
    person = {ref = "base.person", required = true},
    app    = {type = "text", required = true, max = 32},
    word   = {type = "text", required = true, max = 60},
    values = {type = "text", max = 8000, personal = true}, -- JSON
    path   = {type = "text", max = 300},
    state  = {one_of = {"unread", "read"}, default = "unread"},
  },
  index = {{"person", "state"}},
})
notices:allow("read", {anyone = {"person is @me"}})
notices:allow("create", {app = {}})
notices:allow("update", {anyone = {"person is @me", only = {"state"}}})

app.rollup("unread", {
  from = "notice", where = "state is unread", by = {"person"}, count = true,
  allow = {anyone = {"person is @me"}},
})

return notices

-- SPDX-License-Identifier: Apache-2.0
--- Stands behind notes on the home page, and has a card for those whose cards fail there.
local app = require("app")

local function card()
  return {{title = "zeal", items = {{title = "still here"}}}}
end

app.home("sleeper", card)
app.home("reader", card)

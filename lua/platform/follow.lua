-- SPDX-License-Identifier: Apache-2.0
--- Derived fields that are live: when their source has changed, those who follow are brought up to
--- date, some at a time.
local app = require("app")
local record = require("core.record")

app.job("follow", {retry = 8}, function(arg)
  local at = record.follow(arg.from, arg.id, arg.at)
  if at then
    app.after("follow", {from = arg.from, id = arg.id, at = at})
  end
end)

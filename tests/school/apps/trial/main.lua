-- SPDX-License-Identifier: Apache-2.0
--- What no application should do, so that tests can watch what the server does then.
local app = require "app"

local ANYONE <const> = {allow = {"anyone"}}

app.get("/chatter", {allow = {"guardian"}}, function()
  for i = 1, 300 do
    app.log(("chatter %d "):format(i) .. ("x"):rep(1000))
  end
  return app.json({done = true})
end)

app.get("/fine", ANYONE, function()
  return app.json({fine = true})
end)

app.get("/fail", ANYONE, function()
  error("as asked")
end)

app.get("/busy", ANYONE, function(request)
  local sum = 0
  for i = 1, tonumber(request.query.rounds) do
    sum = sum + i % 7
  end
  return app.json({sum = sum})
end)

app.get("/loop", ANYONE, function()
  while true do
    pcall(function() while true do end end)
  end
end)

app.get("/memory", ANYONE, function()
  local hoard = {}
  while true do
    hoard[#hoard + 1] = ("x"):rep(1000) .. #hoard
  end
end)

-- 2^40 ways to match, all of them inside C.
app.get("/search", ANYONE, function()
  return app.json({found = (("a"):rep(40) .. "b"):find(("a?"):rep(40) .. ("a"):rep(40) .. "c") ~= nil})
end)

-- SPDX-License-Identifier: Apache-2.0
--- The one door, seen from the host: it opens the app for an organisation and answers through it.
--
-- What an application gets for `require "app"` is made in app/door.lua, once per organisation.
-- Everything here is called by C, with plain values.
local answer = require("app.answer")
local core = require("core.app")
local door = require("app.door")
local job = require("app.job")
local point = require("app.point")
local record = require("core.record")
local rest = require("app.rest")
local route = require("app.route")
local row = require("app.row")
local running = require("app.running")
local slots = require("app.slots")
local text = require("app.text")
local words = require("app.words")

local host = {}

for name, method in pairs(row) do
  record.row_methods[name] = method
end

--- An instance of the app for an organisation. `offers` is what its `require` finds.
function host.open(org)
  return door.open(org)
end

--- After the chunk has run once, with nobody there: hands the routes to the host and lists what
--- is wrong with the app's words, and with what its manifest offers.
function host.finish(instance)
  door.declare(instance)
  local expected = words.expected(instance)
  local problems = text.problems(expected)
  point.add_problems(instance, problems)
  slots.add_problems(instance, problems)
  if core.lint then
    table.move(require("check.init").problems(instance, expected), 1, 1000, #problems + 1, problems)
  end
  return problems
end

--- What can be told of an app that does not load.
function host.lint()
  return require("check.init").problems()
end

--- The answer of a route: {status, type, body, location, filename, version}.
function host.answer(instance, method, pattern, req)
  running.enter(instance)
  local found, handler = route.find(instance, method, pattern)
  local refused = rest.read(req, found)
  if refused then
    return answer.of(instance, found, req, nil, refused)
  end
  return answer.of(instance, found, req, answer.run(handler, req))
end

--- A page by name, with plain texts as its data.
function host.show(instance, page, data, status)
  running.enter(instance)
  return answer.render(instance, instance.app.page(page, data, status))
end

--- The home cards for a role, as plain tables.
function host.cards(instance, role)
  running.enter(instance)
  return instance.homes[role]() or {}
end

--- One row of a file: a word, a field, a further word. Rows of a batch share one table.
function host.import(instance, importer, cells, batch)
  running.enter(instance)
  return door.import(instance, importer, cells, batch)
end

--- Does a queued job: nil, or the word for why it is not done.
function host.job(instance, name, arg)
  running.enter(instance)
  return job.run(instance, name, arg)
end

--- Is a day one of those that the app has a name for?
function host.calendar(instance, days, date)
  running.enter(instance)
  return job.is_day(instance, days, date)
end

return host

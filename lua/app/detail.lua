-- SPDX-License-Identifier: Apache-2.0
--- One record: GET /{collection}/{id}, its fields as the person may read them, and what the person may
--- do with it. An app whose pages/ has {collection}.html shows it in its own way, with the same data.
local answer = require("app.answer")
local fields = require("app.fields")
local list = require("app.list")
local plan = require("app.plan")
local route = require("app.route")
local slots = require("app.slots")
local text = require("app.text")
local ui = require("app.ui")

local detail = {}

local STATE <const> = "state" -- the field that says how a matter stands is shown beside the title

local function facts(collection, row)
  local rows = {}
  for _, field in ipairs(collection.fields) do
    if field.name ~= STATE and row[field.name] ~= nil then
      rows[#rows + 1] = {fields.label(collection, field.name), fields.show(collection, row, field.name)}
    end
  end
  return ui.description{rows}
end

-- The sentence of the form that led here, if one did.
local function done(collection, query)
  local name = query.done
  return name and plan.of(collection).forms[name] and text.app(("%s.forms.%s.done"):format(collection.name, name)) or false
end

--- Declares the page of each record.
function detail.declare(instance, shared)
  slots.open_page(instance, shared.name)
  local one = {method = "GET", pattern = "/" .. shared.name .. "/{id}", allow = shared.allowed.read}
  route.add_shared(instance, one, function(req)
    local collection = shared.own()
    local row = collection:get(req.params.id)
    if not row then
      answer.absent()
    end
    return answer.page(answer.has_page(collection.name) and collection.name or "detail", {
      row = row, facts = facts(collection, row), done = done(collection, req.query),
      title = text.app(collection.name .. ".title"),
      lead = collection.fields[STATE] and fields.show(collection, row, STATE) or false,
      acts = list.actor(collection, shared.action_names)(row),
      versions = collection.keeps_history and collection:history(row) or {},
      show = function(name) return fields.show(collection, row, name) end,
      label = function(name) return fields.label(collection, name) end,
    })
  end)
end

return detail

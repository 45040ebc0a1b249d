-- SPDX-License-Identifier: Apache-2.0
--- The tree of indicators: made as a draft, published and then frozen; a new version begins as its copy.
local app = require "app"
local model = require "model"

local editions, indicators = model.edition, model.indicator
local MAKERS <const>, MANY <const> = {"principal", "office"}, 1000

local function tree(edition)
  return indicators:rows{edition = edition, order = "place", ascending = true, limit = MANY}
end

--- What evidence can be recorded under, as options: the ends of the tree.
function model.leaves(edition)
  local rows, inner, list = tree(edition), {}, {}
  for _, row in ipairs(rows) do
    if row.parent then inner[row.parent.id] = true end
  end
  for _, row in ipairs(rows) do
    if not inner[row.id] then
      list[#list + 1] = {value = row.id, text = row.parent and row.parent.name .. " · " .. row.name or row.name}
    end
  end
  return list
end

editions:form("new", {"name"})
editions:list("editions", {allow = MAKERS, columns = {"name", "state"}, filter = {"state"}})

app.get("/edition/{id}/tree", {allow = MAKERS}, function(req)
  local edition = editions:get(req.params.id) or app.absent()
  return app.page("tree", {edition = edition, rows = tree(edition)})
end)

local function shown(edition)
  return app.redirect(editions:path(edition) .. "/tree")
end

editions:action("add", {role = MAKERS, from = {state = "draft"}}, function(edition, req)
  local row, problem = indicators:create{edition = edition, name = req.form.name, place = #tree(edition) + 1,
    parent = req.form.parent ~= "" and req.form.parent or nil}
  if not row then return nil, problem end
  return shown(edition)
end)

editions:action("publish", {role = MAKERS, from = {state = "draft"}}, function(edition)
  if #tree(edition) == 0 then return nil, "empty" end
  edition.state = "published"
  return shown(edition)
end)

editions:action("revise", {role = MAKERS, from = {state = "published"}}, function(edition, req)
  local copy, problem = editions:create{name = req.form.name}
  if not copy then return nil, problem end
  local copies = {}
  for _, row in ipairs(tree(edition)) do
    copies[row.id] = indicators:create{edition = copy, parent = row.parent and copies[row.parent.id], name = row.name, place = row.place}
  end
  return shown(copy)
end)

indicators:action("remove", {role = MAKERS}, function(row)
  local edition = row.edition
  row:delete()
  return shown(edition)
end)

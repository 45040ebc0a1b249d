-- SPDX-License-Identifier: Apache-2.0
--- A list of records: GET /{name}, with the filter in the address, so that it can be shared.
--
-- collection:list("desk", {columns = {"student", "from", "to", "state"}, filter = {"state"},
--                          actions = {"grant", "refuse"}, allow = {"teacher"}})
-- The first column names the row and leads to it. An action shows where the person may take it now.
-- export = true, or a list of columns: the rows also come as a table, at /{name}.csv.
-- subtree = true also shows the rows of all organisations below, for those who may read them.
local action = require("app.action")
local answer = require("app.answer")
local export = require("app.export")
local fields = require("app.fields")
local here = require("ui.here")
local options = require("app.options")
local plan = require("app.plan")
local route = require("app.route")
local slots = require("app.slots")
local text = require("app.text")
local ui = require("app.ui")
local url = require("app.url")

local list = {}

local LIMIT <const> = 50
local KEYS <const> = {"columns", "filter", "actions", "allow", "subtree", "export"}

local function check(collection, name, spec)
  local place = ("list '%s' of '%s'"):format(name, collection.full)
  options.check(spec, place, KEYS)
  for _, column in ipairs(spec.columns) do
    fields.find(collection, column)
  end
  for _, filter in ipairs(spec.filter or {}) do
    if not fields.find(collection, filter).codes then
      error(("%s: only fields with one_of can be a filter, not '%s'"):format(place, filter))
    end
  end
end

-- What the address asks for, as far as the list knows it.
local function chosen(collection, spec, query)
  local wanted = {}
  for _, name in ipairs(spec.filter or {}) do
    for _, code in ipairs(fields.find(collection, name).codes) do
      if query[name] == code then
        wanted[name] = code
      end
    end
  end
  return wanted
end

local function address(name, wanted, after)
  local parts = {}
  for field, code in pairs(wanted) do
    parts[#parts + 1] = field .. "=" .. code
  end
  table.sort(parts)
  if after then
    parts[#parts + 1] = "after=" .. after
  end
  return url.of("/" .. name .. (#parts > 0 and "?" .. table.concat(parts, "&") or ""))
end

-- The address with one filter set, or left out; the others stay.
local function with(wanted, field, code)
  local other = {}
  for name, value in pairs(wanted) do
    other[name] = value
  end
  other[field] = code
  return other
end

local function filters(collection, name, spec, wanted)
  local shown = {}
  for i, field in ipairs(spec.filter or {}) do
    local items = {{text = here.word("ui.all"), href = address(name, with(wanted, field, nil)), current = not wanted[field]}}
    for _, code in ipairs(fields.find(collection, field).codes) do
      items[#items + 1] = {text = fields.code(collection, field, code),
        href = address(name, with(wanted, field, code)), current = wanted[field] == code}
    end
    shown[i] = ui.filters{label = fields.label(collection, field), items = items}
  end
  return shown
end

local function empty(collection, name, wanted)
  if next(wanted) then
    return ui.empty{here.word("ui.nothing_found"), icon = "search", action = {here.word("ui.clear"), address(name, {})}}
  end
  return ui.empty{text.app(("%s.lists.%s.empty"):format(collection.name, name))}
end

-- A function that gives a row's own path; the link and the buttons of a row ask one after the other.
local function path_finder(collection)
  local last, path
  return function(row)
    if last == nil or last ~= row then
      last, path = row, url.of(collection:path(row))
    end
    return path
  end
end

-- What the buttons of all rows have in common.
local function offers_of(collection, names)
  local offers = {}
  for i, name in ipairs(names) do
    offers[i] = {text = text.app(("%s.actions.%s"):format(collection.name, name)), tail = "/" .. name,
      may = action.asker(collection, name)}
  end
  return offers
end

--- A function for this call that gives the buttons for those of `names` that the person may take on
--- a row now; false when there are none.
function list.actor(collection, names, path_of)
  local offers = offers_of(collection, names)
  path_of = path_of or path_finder(collection)
  return function(row)
    local buttons, count = {}, 0
    for i = 1, #offers do
      local offer = offers[i]
      if offer.may(row) then
        count = count + 1
        buttons[count] = {text = offer.text, to = path_of(row) .. offer.tail, tone = false}
      end
    end
    if count > 1 then
      buttons[1].tone = "primary" -- the first of a choice is the usual one; one alone is not urged on anybody
    end
    for i = 1, count do
      buttons[i] = ui.action(buttons[i])
    end
    return count > 0 and buttons
  end
end

-- The way to the rows as a table; then ways to make a new one, for those who may.
local function begin(collection, name, spec, wanted)
  local links = {}
  if spec.export then
    links[1] = ui.link{here.word("ui.as_table"), href = address(name .. ".csv", wanted), icon = "download"}
  end
  for _, form in ipairs(collection:may_create() and options.sorted(plan.of(collection).forms) or {}) do
    links[#links + 1] = ui.link{text.app(("%s.forms.%s.title"):format(collection.name, form)),
      href = url.of("/" .. form), tone = "primary", icon = "plus"}
  end
  return #links > 0 and links
end

local function table_of(collection, name, spec, rows)
  local columns, path_of = {}, path_finder(collection)
  for i, column in ipairs(spec.columns) do
    columns[i] = {fields.label(collection, column), fields.shower(collection, column)}
  end
  return ui.table{caption = text.app(("%s.lists.%s.title"):format(collection.name, name)), columns = columns, rows = rows,
    href = path_of, acts = spec.actions and list.actor(collection, spec.actions, path_of)}
end

-- One row more than is shown tells whether there is a next page.
local function read(collection, spec, wanted, after)
  local query = with(wanted, "limit", LIMIT + 1)
  query.after, query.subtree = after, spec.subtree
  local rows = collection:rows(query)
  local more = #rows > LIMIT
  rows[LIMIT + 1] = nil
  return rows, more
end

local function declare_export(instance, shared, name, spec, allow)
  local columns = spec.export == true and spec.columns or spec.export
  for _, column in ipairs(columns) do
    fields.find(shared, column)
  end
  route.add_shared(instance, {method = "GET", pattern = "/" .. name .. ".csv", allow = allow}, function(req)
    local collection = shared.own()
    return export.of(collection, {columns = columns, where = chosen(collection, spec, req.query),
      subtree = spec.subtree, name = text.app(("%s.lists.%s.title"):format(collection.name, name))})
  end)
end

--- Declares the list's route.
function list.declare(instance, shared, name, spec)
  check(shared, name, spec)
  slots.open_list(instance, name)
  local allow = spec.allow or shared.allowed.read
  if spec.export then
    declare_export(instance, shared, name, spec, allow)
  end
  route.add_shared(instance, {method = "GET", pattern = "/" .. name, allow = allow}, function(req)
    local collection = shared.own()
    local wanted = chosen(collection, spec, req.query)
    local rows, more = read(collection, spec, wanted, req.query.after)
    return answer.page("list", {
      title = text.app(("%s.lists.%s.title"):format(collection.name, name)), acts = begin(collection, name, spec, wanted),
      filters = filters(collection, name, spec, wanted),
      body = #rows > 0 and ui.card{flush = true, body = table_of(collection, name, spec, rows)}
        or ui.card{empty(collection, name, wanted)},
      pager = ui.pager{next = more and address(name, wanted, rows[LIMIT].id), first = req.query.after and address(name, wanted)},
    })
  end)
end

return list

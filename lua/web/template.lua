-- SPDX-License-Identifier: Apache-2.0
--- Templates: HTML files with Lua in them → functions that make markup.
---
---   <% local x = 1 %>        code            <%= value %>       a value, escaped by its place
---   <%- markup %>            an html value   <%# remark %>      nothing
---   checked?="<%= value %>"  an attribute that is there when the value is: false and nil leave it out,
---                            true gives the bare name, a text gives checked="text"
---   <% layout("name", {title = "…"}) %>      the page becomes `content` of that template, or the `body` of
---                            that component of env.ui, where there is no such template
---   <% fragment "rows" %> … <% end %>        renders in the page, and alone for render(…, "rows")
---
--- The fields of data are the template's variables, after them those of env, after them `data` and
--- Lua's ipairs, pairs, next, select, tonumber, tostring, type, math, string, table, utf8. Any other
--- name is an error with file and line; an optional field is read as data.field. A compiled line is
--- the template's line. Names that begin and end with `_` are taken.
local core = require("core.html")
local generate = require("web.generate")
local line_ends = require("web.blocks").line_ends

local template = {}

-- A compiled template serves every organisation: what its code shares with its next run is constant.
local HEAD <const> = "local _put_<const>,_pass_<const> =...;return function(_ENV,_n_)local _layout_,_given_;"
local TAIL <const> = " return _n_,_layout_,_given_ end"

local function pass(...)
  return ...
end

local function load_body(code, name)
  local chunk, problem = load(HEAD .. code .. TAIL, "@" .. name)
  if not chunk then
    error(problem, 0)
  end
  return chunk(core.put, pass)
end

local BUILT_IN <const> = {
  ipairs = ipairs, pairs = pairs, next = next, select = select, tonumber = tonumber, tostring = tostring, type = type,
  math = math, string = string, table = table, utf8 = utf8,
}
local NOTHING <const> = readonly({})

local function refuse_name(_, key, level)
  error(("undefined variable '%s' (an optional one is read as data.%s)"):format(key, key), level or 2)
end

local function refuse_write(_, key)
  error("'" .. tostring(key) .. "' is not declared: write local " .. tostring(key), 2)
end

local STRICT <const> = {__index = refuse_name, __metatable = false}

--- The metatable that makes a table of variables the scope of a template: what the table lacks is
--- looked for in the given tables, the last before the others, and among what is built in.
function template.kind(...)
  local known = {}
  for _, more in ipairs{BUILT_IN, ...} do
    for name, value in pairs(more) do
      known[name] = value
    end
  end
  return {__index = setmetatable(known, STRICT), __newindex = refuse_write, __metatable = false}
end

-- Of each env, which templates see after their data.
local kinds = weak({})

local function kind_of(env)
  kinds[env] = kinds[env] or template.kind(env)
  return kinds[env]
end

-- Data that has variables by a metatable is asked for each.
local function kind_over(data, kind)
  return {__index = function(_, key)
    local value = data[key]
    if value == nil then
      value = rawget(kind.__index, key)
    end
    if value == nil then
      refuse_name(_, key, 3)
    end
    return value
  end, __newindex = refuse_write, __metatable = false}
end

-- A table of variables for one page, and its kind: what a template sets is not set for others.
local function scope_of(data, env)
  local scope, kind = {}, kind_of(env)
  if data ~= NOTHING and getmetatable(data) ~= nil then
    return {data = data}, kind_over(data, kind)
  end
  for key, value in pairs(data) do
    scope[key] = value
  end
  if scope.data == nil and env.data == nil then
    scope.data = data
  end
  return scope, kind
end

local function with(data, key, value)
  local given = {[key] = value}
  for name, item in pairs(data or NOTHING) do
    given[name] = item
  end
  return given
end

local function lay_out(page, layout, data, env, find)
  local outer = find and find(layout, true)
  if outer then
    return outer(with(data, "content", page), env)
  elseif not env.ui then
    error("there is no layout '" .. layout .. "'", 3)
  end
  return env.ui[layout](with(data, "body", page))
end

local function fragment_body(code, fragment, name)
  local before = line_ends(table.concat(code, "", 1, fragment.first - 1))
  return load_body(("\n"):rep(before) .. table.concat(code, "", fragment.first, fragment.last), name)
end

--- Compiles a template's text. find(name, optional) gives the template that layout(name) asks for.
--- → function(data, env, fragment) → html
function template.compile(text, name, find)
  local code, fragments = generate.body(text, name)
  local bodies = {[""] = load_body(table.concat(code), name)}
  local function body_of(fragment)
    if not bodies[fragment] then
      local known = fragments[fragment] or error(name .. " has no fragment '" .. fragment .. "'", 3)
      bodies[fragment] = fragment_body(code, known, name)
    end
    return bodies[fragment]
  end
  return function(data, env, fragment)
    env = env or NOTHING
    local page, layout, layout_data = core.draw(body_of(fragment or ""), scope_of(data or NOTHING, env))
    if not layout or fragment then
      return page
    end
    return lay_out(page, layout, layout_data, env, find)
  end
end

--- A template's function as core.html draws it, without a page around it: for components.
function template.body(text, name)
  return load_body(table.concat((generate.body(text, name))), name)
end

--- Templates by name, each read by read(name) → text, file and compiled on first use.
--- → find(name, quietly) → function(data, env, fragment) → html
function template.load(read)
  local compiled = {}
  local function find(name, quietly)
    local page = compiled[name]
    if not page then
      local text, file = read(name)
      if not text then
        return quietly and nil or error("there is no template '" .. name .. "'", 2)
      end
      page = template.compile(text, file or name, find)
      compiled[name] = page
    end
    return page
  end
  return find
end

local PAGES <const> = {{room = "app", folder = "pages"}, {room = "library", folder = "ui/pages"}}

-- The text and file of the first of the places that has the name.
local function read_page(name)
  for _, place_of in ipairs(PAGES) do
    local path = place_of.folder .. "/" .. name .. ".html"
    local text = core.source(place_of.room, path)
    if text then
      return text, path
    end
  end
end

local find_page = template.load(read_page)

--- Renders a page of the app, or the common one where the app has none of that name, as text.
function template.page(name, data, env, fragment)
  return tostring(find_page(name)(data, env, fragment))
end

--- The function of a component's markup, ui/NAME.html.
function template.component(name)
  local path = "ui/" .. name .. ".html"
  local text = core.source("library", path) or error("there is no template '" .. name .. "'", 2)
  return template.body(text, path)
end

--- Has the app itself a page of that name?
function template.exists(name)
  return core.source("app", "pages/" .. name .. ".html") ~= nil
end

return readonly(template)

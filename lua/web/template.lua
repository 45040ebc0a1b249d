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
local HEAD <const> = "local _text_<const>,_attribute_<const>,_url_<const>,_path_<const>,_query_<const>,"
  .. "_script_<const>,_markup_<const>,_optional_<const>,_layout_<const> =...;"
  .. "return function(_ENV)local _out_,_n_={},0;"
local TAIL <const> = " return _out_,_n_ end"

local function optional(name, escape, value)
  if not value then
    return ""
  elseif value == true then
    return " " .. name
  end
  return " " .. name .. '="' .. escape(value) .. '"'
end

local function layout(out, name, data)
  out.layout, out.layout_data = name, data
end

local function load_body(code, name)
  local chunk, problem = load(HEAD .. code .. TAIL, "@" .. name)
  if not chunk then
    error(problem, 0)
  end
  return chunk(core.escape_text, core.escape_attribute, core.escape_url, core.escape_path, core.escape_query,
    core.json_script, core.markup, optional, layout)
end

local BUILT_IN <const> = {
  ipairs = ipairs, pairs = pairs, next = next, select = select, tonumber = tonumber, tostring = tostring, type = type,
  math = math, string = string, table = table, utf8 = utf8,
}
local NOTHING <const> = readonly({})

local function new_scope_type(env)
  return {
    __index = function(scope, key)
      local value = scope[1][key]
      if value == nil then
        value = env[key]
      end
      if value == nil then
        value = BUILT_IN[key]
      end
      if value == nil and key == "data" then
        return scope[1]
      elseif value == nil then
        error(("undefined variable '%s' (an optional one is read as data.%s)"):format(key, key), 2)
      end
      return value
    end,
    __newindex = function(_, key)
      error("'" .. tostring(key) .. "' is not declared: write local " .. tostring(key), 2)
    end,
  }
end

local scope_types = weak({})

local function scope_of(data, env)
  local kind = scope_types[env]
  if not kind then
    kind = new_scope_type(env)
    scope_types[env] = kind
  end
  return setmetatable({data}, kind)
end

local function with(data, key, value)
  local given = {[key] = value}
  for name, item in pairs(data or NOTHING) do
    given[name] = item
  end
  return given
end

local function lay_out(out, page, env, find)
  local outer = find and find(out.layout, true)
  if outer then
    return outer(with(out.layout_data, "content", page), env)
  elseif not env.ui then
    error("there is no layout '" .. out.layout .. "'", 3)
  end
  return env.ui[out.layout](with(out.layout_data, "body", page))
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
    local out, count = body_of(fragment or "")(scope_of(data or NOTHING, env))
    local page = core.concat(out, count)
    if not out.layout or fragment then
      return page
    end
    return lay_out(out, page, env, find)
  end
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

-- Templates of the state's folders: the first of the places that has the name.
local function from_folders(places)
  return template.load(function(name)
    for _, place_of in ipairs(places) do
      local path = place_of.folder .. "/" .. name .. ".html"
      local text = core.source(place_of.room, path)
      if text then
        return text, path
      end
    end
  end)
end

local PAGES <const> = {{room = "app", folder = "pages"}, {room = "library", folder = "ui/pages"}}

local sets = {ui = from_folders{{room = "library", folder = "ui"}}, pages = from_folders(PAGES)}

--- The compiled template of a set, "ui" or "pages".
function template.find(set, name)
  return (sets[set] or error("there is no set of templates '" .. tostring(set) .. "'", 2))(name)
end

--- Renders a template of a set: template.render("ui", "field", data, env, fragment) → html.
function template.render(set, name, data, env, fragment)
  return template.find(set, name)(data, env, fragment)
end

--- Renders a page of the app, or the common one where the app has none of that name, as text.
function template.page(name, data, env, fragment)
  return tostring(template.render("pages", name, data, env, fragment))
end

--- Has the app itself a page of that name?
function template.exists(name)
  return core.source("app", "pages/" .. name .. ".html") ~= nil
end

return readonly(template)

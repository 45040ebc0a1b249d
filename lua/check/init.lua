-- SPDX-License-Identifier: Apache-2.0
--- What is wrong with an app beyond what keeps it from loading: everything at once, for its author.
local calls = require("check.calls")
local elements = require("check.elements")
local host = require("core.app")
local lexer = require("check.lexer")
local pages = require("check.pages")
local text = require("app.text")
local words = require("check.words")

local check = {}

local function sorted(files)
  local names = {}
  for name in pairs(files) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function is_own(name)
  return not name:find("^test/") and not name:find("^lang/")
end

-- Markup that Lua glues together escapes nothing.
local function check_strings(tokens, place, report)
  for i, token in ipairs(tokens) do
    if token.kind == "string" and (token.text:find("</%a") or token.text:find("<%a+[ >/]")) then
      report(place, token.line, "markup in a text: a page or a component of app.ui makes it")
    end
    if token.kind == "name" and token.text == "element" and (tokens[i + 1] or {}).text == "=" and (tokens[i + 2] or {}).kind == "string" then
      local element = tokens[i + 2].text
      if not elements.is_known(element) then
        local meant = host.nearest(element, elements.list)
        report(place, tokens[i + 2].line, ("unknown data element '%s'%s"):format(element, meant and ("; did you mean '%s'?"):format(meant) or ""))
      end
    end
  end
end

local function names_of(instance)
  local names = {}
  for full in pairs(instance and instance.collections or {}) do
    names[full:match("%.(.+)$")] = true
  end
  return names
end

-- The tokens of each own source, by its name.
local function read_sources(files)
  local sources = {}
  for name, content in pairs(files) do
    if is_own(name) and name:find("%.lua$") then
      sources[name] = lexer.tokens(content)
    elseif is_own(name) and name:find("%.html$") then
      sources[name] = pages.tokens(content)
    end
  end
  return sources
end

local function check_source(name, tokens, report)
  if name:find("%.lua$") then
    calls.check(tokens, name, report)
    check_strings(tokens, name, report)
  end
  words.check_named(tokens, name, text.known, report)
end

local function check_pages(files, sources, names, report)
  local passed = {}
  for name, tokens in pairs(sources) do
    if name:find("%.lua$") then
      pages.add_passed(passed, tokens)
    end
  end
  for _, name in ipairs(sorted(files)) do
    local page = name:match("^pages/(.+)%.html$")
    if page then
      pages.check(files[name], name, passed[page], names[page], report)
    end
  end
end

--- Findings as "file:line: what", in the order of the files. instance nil: the app did not load, and
--- what depends on its declarations is not asked. expected: the keys that its screens show.
function check.problems(instance, expected)
  local files, problems = host.files(), {}
  local function report(file, line, problem)
    problems[#problems + 1] = {file = file, line = line, text = ("%s/%s:%d: %s"):format(host.id, file, line, problem)}
  end
  local sources, names = read_sources(files), names_of(instance)
  for _, name in ipairs(sorted(sources)) do
    check_source(name, sources[name], report)
  end
  check_pages(files, sources, names, report)
  if instance then
    words.check_unused(sources, expected, names, report)
  end
  table.sort(problems, function(a, b)
    if a.file ~= b.file then
      return a.file < b.file
    elseif a.line ~= b.line then
      return a.line < b.line
    end
    return a.text < b.text
  end)
  local texts = {}
  for i, problem in ipairs(problems) do
    texts[i] = problem.text
  end
  return texts
end

return check

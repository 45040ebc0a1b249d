-- SPDX-License-Identifier: Apache-2.0
--- Words of an app: keys that its source names and nobody wrote, keys that nothing names.
local yaml = require("core.yaml")

local words = {}

-- Keys that are looked for by the last of their parts: errors.WORD, notices.WORD.
local BY_WORD <const> = {errors = true, notices = true, import = true}

local function flatten(tree, prefix, into)
  for key, value in pairs(tree) do
    if type(value) == "table" then
      flatten(value, prefix .. key .. ".", into)
    else
      into[prefix .. key] = true
    end
  end
  return into
end

--- Keys that t("…") names and that are in none of the languages.
function words.check_named(tokens, place, has, report)
  for i = 1, #tokens - 2 do
    local token, open, key = tokens[i], tokens[i + 1], tokens[i + 2]
    local behind = tokens[i + 3]
    if token.kind == "name" and token.text == "t" and open.text == "(" and open.kind == "op" and key.kind == "string"
      and behind and (behind.text == ")" or behind.text == ",") and not has(key.text) then
      report(place, key.line, ("lang/zh.yaml and lang/en.yaml have no '%s'"):format(key.text))
    end
  end
end

-- Literals of a source: the whole texts, those that end where a part begins, and the formats that make keys.
local function add_literals(literals, tokens)
  for _, token in ipairs(tokens) do
    if token.kind == "string" then
      literals.whole[token.text] = true
      if token.text:find("%a[._]$") then
        literals.beginnings[#literals.beginnings + 1] = token.text
      elseif token.text:find("^[%w_.%%]*%%s[%w_.%%]*$") then
        literals.patterns[#literals.patterns + 1] = "^" .. token.text:gsub("%.", "%%."):gsub("%%s", ".+") .. "$"
      end
    end
  end
end

local function starts_with_one(key, beginnings)
  for _, beginning in ipairs(beginnings) do
    if key:sub(1, #beginning) == beginning then
      return true
    end
  end
  return false
end

local function fits_one(key, patterns)
  for _, pattern in ipairs(patterns) do
    if key:find(pattern) then
      return true
    end
  end
  return false
end

local function is_used(key, expected, names, literals)
  local first, rest = key:match("^([^.]+)%.(.+)$")
  return expected[key] or literals.whole[key] or names[first] or first == "settings"
    or BY_WORD[first] and (literals.whole[rest] or starts_with_one(rest, literals.beginnings)) or starts_with_one(key, literals.beginnings)
    or fits_one(key, literals.patterns)
end

--- Keys of the app that no source and no screen names. names: of its collections, whose words other
--- apps show too.
function words.check_unused(sources, expected, names, report)
  local literals = {whole = {}, beginnings = {}, patterns = {}}
  for _, tokens in pairs(sources) do
    add_literals(literals, tokens)
  end
  for _, language in ipairs{"zh", "en"} do
    local file = "lang/" .. language
    local lines = yaml.lines(file) or {}
    for key in pairs(flatten(yaml.read(file) or {}, "", {})) do
      if not is_used(key, expected, names, literals) then
        report(file .. ".yaml", lines[key] or 1, ("nothing shows '%s'"):format(key))
      end
    end
  end
end

return words

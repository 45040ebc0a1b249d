-- SPDX-License-Identifier: Apache-2.0
--- Words for people: lang/zh.yaml and lang/en.yaml of the app, then those of the platform.
local call = require("core.call")
local host = require("core.app")
local message = require("web.message")
local yaml = require("core.yaml")

local text = {}

local LANGUAGES <const> = {"zh", "en"}

-- Nested maps, joined by dots.
local function flatten(tree, prefix, words)
  for key, value in pairs(tree) do
    local path = prefix .. key
    if type(value) == "table" then
      flatten(value, path .. ".", words)
    else
      words[path] = value
    end
  end
  return words
end

local function load(read)
  local words = {}
  for _, language in ipairs(LANGUAGES) do
    words[language] = flatten(read("lang/" .. language) or {}, "", {})
  end
  return words
end

local of_platform

local function platform()
  of_platform = of_platform or load(yaml.platform)
  return of_platform
end

-- Who only declares mostly has words enough of its own.
if not host.declaring then
  platform()
end

local own = host.platform and platform() or load(yaml.read)

-- By language: what is said for a key, once it was asked for: the text, or the function that puts
-- values into it.
local function new_sayings()
  return {zh = {}, en = {}}
end

local own_sayings, platform_sayings = new_sayings(), new_sayings()

-- What is said for the key, or nil when there are no such words.
local function find(words, sayings, key)
  local lang = call.lang
  local saying = sayings[lang][key]
  if saying then
    return saying
  end
  local pattern = words[lang][key] or words.zh[key]
  if pattern then
    local fill, whole = message.compile(pattern, lang)
    sayings[lang][key] = whole or fill
  end
  return sayings[lang][key]
end

local NOTHING <const> = {}

local function say(saying, values, key)
  if type(saying) == "function" then
    return saying(values or NOTHING)
  end
  return saying or key
end

--- A word of the platform; the key itself where there is none, so that a page is never lost to it.
function text.platform(key, values)
  return say(find(platform(), platform_sayings, key), values, key)
end

--- A word of the app, else of the platform.
function text.app(key, values)
  return say(find(own, own_sayings, key) or find(platform(), platform_sayings, key), values, key)
end

--- Does the app have a word of its own for the key?
function text.has(key)
  return own.zh[key] ~= nil
end

--- Is there a word for the key, the app's own or the platform's?
function text.known(key)
  return own.zh[key] ~= nil or own.en[key] ~= nil or platform().zh[key] ~= nil
end

local others = {}

--- A word of another app, for the platform; the key where the app is gone.
function text.of(app, key, values)
  local other = others[app]
  if not other then
    other = {words = load(function(name) return yaml.of(app, name) end), sayings = new_sayings()}
    others[app] = other
  end
  return say(find(other.words, other.sayings, key), values, key)
end

local function missing(words, has, lacks, problems)
  local lines
  for key in pairs(words[has]) do
    if not words[lacks][key] then
      lines = lines or yaml.lines("lang/" .. has)
      problems[#problems + 1] = ("lang/%s.yaml:%d: '%s' has no words in lang/%s.yaml; add it there"):format(
        has, lines[key], key, lacks)
    end
  end
end

-- A message that cannot be read would fail in front of somebody.
local function unreadable(words, language, problems)
  local lines
  for key, pattern in pairs(words[language]) do
    local read, problem = pcall(message.compile, pattern, language)
    if not read then
      lines = lines or yaml.lines("lang/" .. language)
      problems[#problems + 1] = ("lang/%s.yaml:%d: '%s': %s"):format(language, lines[key], key, problem)
    end
  end
end

local function unsaid(expected, problems)
  for key, place in pairs(expected) do
    if not (own.zh[key] or own.en[key] or platform().zh[key]) then
      problems[#problems + 1] = ("lang/zh.yaml and lang/en.yaml lack '%s', which %s shows"):format(key, place)
    end
  end
end

--- What is wrong with the app's words, for its author: keys that one language lacks, messages that
--- cannot be read, keys that its screens show (key → what shows it) and nobody wrote.
function text.problems(expected)
  local problems = {}
  unsaid(expected, problems)
  missing(own, "zh", "en", problems)
  missing(own, "en", "zh", problems)
  unreadable(own, "zh", problems)
  unreadable(own, "en", problems)
  table.sort(problems)
  return problems
end

return text

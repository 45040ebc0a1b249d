-- SPDX-License-Identifier: Apache-2.0
--- The words that the screens of collections will look for, known before anybody sees them.
local setting = require("core.setting")

local words = {}

local FORM <const> = {"title", "intro", "send", "done"}
local LIST <const> = {"title", "empty"}

local function add_fields(keys, collection)
  for _, field in ipairs(collection.fields) do
    local name = collection.name
    keys[("%s.fields.%s"):format(name, field.name)] = collection.full
    for _, code in ipairs(field.codes or {}) do
      keys[("%s.codes.%s.%s"):format(name, field.name, code)] = collection.full
    end
  end
end

local function add_screens(keys, collection)
  local name = collection.name
  for form in pairs(collection.forms) do
    for _, key in ipairs(FORM) do
      keys[("%s.forms.%s.%s"):format(name, form, key)] = "the form " .. form
    end
  end
  for _, list in ipairs(collection.lists) do
    for _, key in ipairs(LIST) do
      keys[("%s.lists.%s.%s"):format(name, list.name, key)] = "the list " .. list.name
    end
  end
  for _, action in ipairs(collection.action_names) do
    keys[("%s.actions.%s"):format(name, action)] = "the action " .. action
  end
end

local function add_setting(keys, one)
  local key = ("settings.%s."):format(one.name)
  keys[key .. "title"], keys[key .. "help"] = "the page of settings", "the page of settings"
  for _, code in ipairs(one.one_of or {}) do
    keys[key .. "codes." .. code] = "the page of settings"
  end
end

--- Of an instance that has declared everything: key → what shows it. A collection without screens
--- needs no words.
function words.expected(instance)
  local keys = {}
  for _, one in ipairs(setting.schema()) do
    add_setting(keys, one)
  end
  for _, collection in pairs(instance.plan.collections) do
    if collection.has_detail then
      keys[collection.name .. ".title"] = collection.full
      add_fields(keys, collection)
      add_screens(keys, collection)
    end
  end
  return keys
end

return words

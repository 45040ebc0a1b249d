-- SPDX-License-Identifier: Apache-2.0
--- What components know of the running call: the person, the place, the way about.
local call = require("core.call")
local live = require("core.live")
local text = require("app.text")

local here = {}

local TAGS <const> = {zh = "zh-CN", en = "en"}

--- A word of the platform.
function here.word(key, values)
  return text.platform(key, values)
end

--- The address of a built file, which has its content's hash in its name.
function here.asset(name)
  return call.asset(name)
end

local NUMBERED <const> = 100 -- forms of a page that are numbered without making the text anew

local numbers = {}
for i = 1, NUMBERED do
  numbers[i] = "-" .. i
end

--- For each form of a page: proof that it came from our page, and a key. Keys are numbered: two
--- buttons are two acts.
function here.proof()
  local memo = call.memo
  local forms = (memo.forms or 0) + 1
  if forms == 1 then
    memo.csrf, memo.write_key = call.csrf, call.write_key
  end
  memo.forms = forms
  return memo.csrf, memo.write_key .. (numbers[forms] or "-" .. forms)
end

--- The language of the call: zh or en.
function here.lang()
  return call.lang
end

--- The day, ISO.
function here.today()
  return call.today
end

--- Milliseconds since 1970, now.
function here.now()
  return call.now
end

--- The row of the child (or whoever) that the person acts for, or nil.
function here.subject()
  return call.subject
end

--- What the person acts as, in words; "" where that is not known, as on pages about errors.
function here.role()
  return call.role ~= "" and here.word("role." .. call.role) or ""
end

--- The name of an organisation in the language of the call.
function here.place(org)
  local english = call.lang == "en" and org.name_en
  return english and english ~= "" and english or org.name or ""
end

--- The name of who is signed in: the account's, else the person's; "" where none is known.
function here.name()
  local name = call.name
  if name and name ~= "" then
    return name
  end
  return call.me and call.me.name or ""
end

--- Does the person work here? Then home is a desk.
function here.works()
  return call.role ~= "" and call.role ~= "guardian" and call.role ~= "student"
end

--- How many notices wait to be read.
function here.unread()
  return call.unread
end

local function inbox_link()
  local unread = here.unread()
  return {text = here.word("inbox.title"), href = "/inbox", icon = "inbox", current = false,
    unread = unread}
end

-- Home, the inbox, the apps of the role, help, account: the same on every page.
local function links()
  local works = here.works()
  local list = {{text = here.word(works and "nav.desk" or "nav.home"), href = "/",
    icon = works and "layout-dashboard" or "home", current = false}}
  list[#list + 1] = inbox_link()
  for _, link in ipairs(call.links) do
    list[#list + 1] = {text = link.title, href = link.path, icon = link.icon or "apps", current = false}
  end
  list[#list + 1] = {text = here.word("nav.help"), href = "/help", icon = "help-circle", current = false}
  list[#list + 1] = {text = here.word("nav.account"), href = "/account", icon = "user", current = false}
  return list
end

--- What the operator calls this instance.
function here.instance()
  return call.instance
end

--- What the frame of a page shows.
function here.frame()
  return {
    lang = TAGS[call.lang] or TAGS.zh, theme = call.theme ~= "" and call.theme, path = call.path,
    instance = call.instance,
    signed_in = call.signed_in, person = call.signed_in and here.name() or "", role = here.role(), place = here.place(call.role_org),
    links = call.signed_in and links() or {}, live = call.signed_in and live.position() or false,
  }
end

return here

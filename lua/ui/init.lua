-- SPDX-License-Identifier: Apache-2.0
--- `require "app.ui"`: components for pages. Each takes one table and gives html.
local component = require("ui.component")
local day = require("ui.day")
local define = component.define

local ui = {}

--- Markup out of a text, a component's html, or a list of both.
ui.markup = component.markup

-- Page

--- A whole page: the frame for the person's role around `body`. `lead` is the line under the title,
--- `acts` buttons beside it, `done` a sentence that confirms what just happened, `hero` markup in
--- place of the title; `bare`: the body brings its own h1; `top`: no way back but the links.
ui.page = require("ui.page")

--- Title, lead and buttons of a page; ui.page makes it by itself.
ui.page_head = define{name = "page_head", needs = {"title"}, takes = {lead = false, acts = false},
  markup = {"lead", "acts"}}

--- A surface with a heading. `link` = {text, href} at its right, `count` a number beside it,
--- `flush` for content that reaches the edges (tables), `note` a short text beside the heading.
ui.card = define{name = "card", needs = {"body"},
  takes = {title = false, link = false, count = false, note = false, flush = false, id = false},
  markup = {"body"}}

--- Cards under each other.
ui.section = define{name = "section", needs = {"body"}, takes = {title = false}, markup = {"body"}}

--- Wide content at the left, a narrow column at the right; under each other on phones.
ui.split = define{name = "split", needs = {"main", "aside"}, markup = {"main", "aside"}}

--- The mark of the platform.
ui.logo = define{name = "logo", pure = true}

--- The mark with the instance's name, over a form that stands alone.
ui.brand = require("ui.brand")

--- The child that a guardian acts for, on blue; `kids` are the buttons that switch.
ui.hero = define{name = "hero", needs = {"name", "facts", "day"}, takes = {kids = false, chosen = true}, markup = {"kids"}}

--- Tiles that lead to apps: items of {text, href, icon, tone, count}. `plain` inside a card.
ui.services = define{name = "services", needs = {"items"}, takes = {plain = false}}

--- Short facts in a line, with a drawn dot between them.
ui.facts = define{name = "facts", needs = {"facts"}}

ui.roles = require("ui.roles")

--- Buttons that choose the language, each named in itself, and come back to `path`.
ui.languages = define{name = "languages", needs = {"path"}}

-- Data

ui.table = require("ui.table")

--- Things to look at or to handle: items of {title, note, href, icon, tone, tag, acts, person}.
ui.list = require("ui.list")

--- Names and values: rows of {name, value}.
ui.description = define{name = "description", needs = {"rows"}, shape = function(data)
  for i, row in ipairs(data.rows) do
    data.rows[i] = {row[1], component.markup(row[2])}
  end
end}

--- A number that somebody decides by, with its unit and what it counts.
ui.kpi = define{name = "kpi", needs = {"label", "value"}, takes = {unit = false, note = false, href = false}}

--- kpis next to each other.
ui.kpis = define{name = "kpis", needs = {"items"}, markup = {"items"}}

--- Steps in time: items of {title, note, state = "done"|"now"|"next"|"refused"}.
ui.timeline = require("ui.timeline")

--- What to do, in order: a numbered list of sentences.
ui.steps = define{name = "steps", needs = {"items"}, shape = function(data)
  for i, item in ipairs(data.items) do
    data.items[i] = component.markup(item)
  end
end}

--- What belongs here, why there is nothing, and one thing to do: `action` = {text, href}.
ui.empty = define{name = "empty", needs = {"title"}, takes = {note = false, icon = "inbox", action = false}}

--- Further rows: paths of the next page and the first, or nothing.
ui.pager = define{name = "pager", takes = {next = false, first = false}}

--- Links that choose what a list shows: items of {text, href, current}.
ui.filters = define{name = "filters", needs = {"label", "items"}}

--- Dates as people read them: ui.dates{"2026-11-24", "2026-11-26"}, the second may be left out.
function ui.dates(given)
  return day.range(given[1], given[2])
end

--- A file of a record: what it is called, how large, of what kind; a link to it.
ui.file = require("ui.file")

--- A file to be seen or heard where it stands: videos and sounds are played, from any place in them, pictures
--- are shown; of others, and of all, there is the link. `title` says what it is.
ui.play = define{name = "play", needs = {"file", "title"}, shape = function(data)
  data.group, data.url = data.file.group, data.file.url
end}

--- A control that brings a file.
ui.upload = require("ui.upload")

--- A moment (milliseconds since 1970): day and time.
function ui.moment(given)
  return day.moment(given[1])
end

-- Input

ui.form = require("ui.form")
ui.field = require("ui.field")

--- One of many alike: a name at the left, a short menu at the right. `empty` is what holds when nothing
--- is chosen; `options` of {value, text}.
ui.pick = define{name = "pick", needs = {"name", "label", "options", "empty"}, takes = {note = false, value = ""},
  shape = function(data) data.id = "f-" .. data.name end}

--- Two short fields side by side where there is room.
ui.pair = define{name = "pair", needs = {"body"}, markup = {"body"}}

--- What is wrong with a form, on top, with links to the fields: problems of {field, text}.
ui.error_summary = define{name = "error_summary", needs = {"title", "problems"}}

-- Act

--- A button that posts to a path: a form of its own, with the tokens that make it safe. `fields` are
--- further values, `label` what a reader's voice says when the text alone does not tell.
ui.action = require("ui.action")

--- Buttons in a row; the row wraps.
ui.buttons = define{name = "buttons", needs = {"items"}, markup = {"items"}}

--- A link that looks like a button.
ui.link = define{name = "link", needs = {"text", "href"}, takes = {tone = false, icon = false, wide = false}}

-- Tell

--- A short word with a tone: ok, warn, danger, info, violet, primary, plain.
ui.tag = define{name = "tag", needs = {"text"}, takes = {tone = "plain"}, pure = true}

--- A sentence that must not be missed: info, ok, warn, danger.
ui.callout = define{name = "callout", needs = {"body"}, takes = {tone = "info"}, markup = {"body"},
  shape = function(data)
    data.icon = ({ok = "circle-check", warn = "alert-triangle", danger = "alert-triangle"})[data.tone] or "info-circle"
  end}

--- A quiet line below something.
ui.note = define{name = "note", needs = {"text"}}

--- What went wrong, what was kept, what to do: the whole of an error page. `code` is read out.
ui.trouble = define{name = "trouble", needs = {"title", "note", "acts"},
  takes = {code = false, icon = "alert-triangle", tone = "warn"}, markup = {"acts"}}

--- A part that follows what happens: `on` is a topic or several ("leave.asked"), `about` the record that
--- an event must be about. It is fetched anew from the page it stands on, or `from` another that has a
--- part of the same `id`; `announce`: a button offers what is new, and nothing moves by itself.
ui.live = define{name = "live", needs = {"on", "body", "id"}, takes = {from = false, about = false, announce = false},
  markup = {"body"}, shape = function(data)
    data.on = type(data.on) == "table" and table.concat(data.on, " ") or data.on
  end}

--- How many notices wait to be read, kept up to date.
ui.unread = define{name = "unread", needs = {"count"}}

--- A number on a badge.
ui.count = define{name = "count", needs = {"count"}, shape = function(data)
  data.shown = data.count > 99 and "99+" or data.count
end}

ui.avatar = require("ui.avatar")

--- A person: picture of the name, the name, a line below.
ui.person = define{name = "person", needs = {"name"}, takes = {note = false}}

--- An icon of the sprite. With `label` it is a picture that says so, else decoration.
ui.icon = define{name = "icon", needs = {"name"}, takes = {label = false}, pure = true}

return ui

-- SPDX-License-Identifier: Apache-2.0
--- Answers: what handlers return, and what becomes of it.
local call = require("core.call")
local json = require("core.json")
local problem = require("app.problem")
local record = require("core.record")
local pages = require("app.pages")
local text = require("app.text")
local url = require("app.url")

local answer = {}

local HTML <const> = "text/html; charset=utf-8"
local JSON <const> = "application/json"
local PROBLEM_JSON <const> = "application/problem+json"

-- Words with a status of their own. Everything else can be mended where it was written.
local STATUS <const> = {state = 409, denied = 403, malformed = 400, precondition_failed = 412,
  precondition_required = 428}

-- Made here, and not yet forgotten.
local made = weak({})

local function make(fields)
  made[fields] = true
  return fields
end

--- Is this an answer made here?
function answer.is(value)
  return made[value] == true
end

--- A page of the app's pages/ folder, with its data.
function answer.page(name, data, status)
  return make {kind = "page", name = name, data = data or {}, status = status or 200}
end

--- See other: a path within the app, or one that app.url made.
function answer.redirect(path)
  return make {kind = "redirect", location = url.of(path), status = 303}
end

function answer.json(value, status)
  return make {kind = "json", value = value, status = status or 200}
end

--- There is no such thing, or not for this caller: ends the handler.
answer.absent = call.absent

--- A record, for a program; `location` where it is new.
function answer.row(row, status, location)
  return make {kind = "row", row = row, status = status, location = location}
end

--- A file of these bytes, to be kept and not shown.
function answer.download(body, media, filename)
  return make {kind = "download", body = body, media = media, filename = filename, status = 200}
end

--- Done, and nothing to be said.
function answer.empty()
  return make {kind = "empty", status = 204}
end

--- What an action answers by itself.
function answer.done(row, path)
  if call.program then
    return answer.row(row, 200)
  end
  return answer.redirect(path)
end

--- A page that comes back because of a problem says which.
function answer.refused(page, field, word)
  page.field, page.word = field, word
  return page
end

--- Saves everything that was assigned and not saved yet: nil, or the problem.
function answer.save_all()
  for _, row in ipairs(record.dirty()) do
    local saved, refused = row:save()
    if not saved then
      return refused
    end
  end
end

--- Runs a handler and saves: its answer, or nil and a problem.
function answer.run(handler, req)
  local given, word, field = handler(req)
  if given == nil then
    return nil, problem.of(word or "other", field)
  end
  local refused = call.write and answer.save_all()
  if refused then
    return nil, refused
  end
  return given
end

local function render_row(given)
  local body = record.json(given.row)
  return {status = given.status, type = JSON, body = body or "null", location = given.location,
    version = body and given.row.version}
end

local function render_page(instance, given)
  return {status = given.status, type = HTML, body = pages.render(instance, given.name, given.data),
    field = given.field, word = given.word}
end

--- The table that C reads.
function answer.render(instance, given)
  if not answer.is(given) then
    error("a handler answers with app.page, app.redirect, app.json, or nil and a word", 0)
  elseif given.kind == "page" then
    return render_page(instance, given)
  elseif given.kind == "redirect" then
    return {status = given.status, location = given.location}
  elseif given.kind == "row" then
    return render_row(given)
  elseif given.kind == "download" then
    return {status = given.status, type = given.media, body = given.body, filename = given.filename}
  elseif given.kind == "empty" then
    return {status = given.status}
  end
  return {status = given.status, type = JSON, body = json.encode(given.value)}
end

local function sentence(one)
  return text.app("errors." .. (one.say or one.word), one.values)
end

-- RFC 9457: what is wrong as a whole, and what with which field.
local function problem_json(refused, status)
  local fields = {}
  for i, one in ipairs(refused.fields or {refused}) do
    fields[i] = one.field ~= "" and {field = one.field, code = one.word, message = sentence(one)} or nil
  end
  return {status = status, type = PROBLEM_JSON, field = refused.field, word = refused.word, body = json.encode {
    type = "urn:shuyuan:problem:" .. refused.word, title = refused.word, status = status,
    detail = sentence(refused), instance = call.request_id, fields = #fields > 0 and fields or nil}}
end

-- An outcome without a page of its own is said on the platform's page for it.
local function problem_page(instance, refused, status)
  return render_page(instance, answer.refused(answer.page("outcome", {
    note = sentence(refused), status = tostring(status), id = call.request_id,
  }, status), refused.field, refused.word))
end

--- The answer to a route: what its handler gave, or the problem it found, said to who asked.
function answer.of(instance, route, req, given, refused)
  if given ~= nil then
    return answer.render(instance, given)
  end
  local status, outcome = STATUS[refused.word] or 422, instance.outcomes[route.key]
  if call.program then
    return problem_json(refused, status)
  elseif outcome then
    return answer.render(instance, outcome(req, refused))
  end
  return problem_page(instance, refused, status)
end

answer.has_page = pages.has

return answer

-- SPDX-License-Identifier: Apache-2.0
--- Markup as a type. A text becomes markup by escaping it; `trusted` is for markup that stands in
--- our own files, never for anything a user or an application gave.
local core = require("core.html")

return readonly({
  is = core.is,
  trusted = core.trusted,
  join = core.join,
  draw = core.draw,
  taker = core.taker,
  key = core.key,
  escape_text = core.escape_text,
  escape_attribute = core.escape_attribute,
  escape_url = core.escape_url,
  escape_path = core.escape_path,
  escape_query = core.escape_query,
  json_script = core.json_script,
})

-- SPDX-License-Identifier: Apache-2.0
--- What belongs to a call, to be tried while the app loads.
return {
  "absent", "below", "count", "holders", "records", "export", "file", "json", "members", "now", "page", "redirect", "sum", "t", "today", "url", "above", "me",
  "org", "role", "subject", "settings", "after", "emit", "notify", "publish", "seal", "fetch", "days", "later", "has_page", "log", "coll:as_of",
  "coll:choices", "coll:find", "coll:get", "coll:history", "coll:may_create", "coll:rows", "coll:create", "coll:delete",
  "coll:undelete", "coll:may", "coll:may_act", "coll:path", "coll:roles",
}

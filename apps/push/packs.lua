-- SPDX-License-Identifier: Apache-2.0
--- A pack is a set of resources with a rule for whom. It and its files are kept once, for all; what a
--- school gets is a delivery that refers to it. So recalling is one word in one place.
local app = require "app"

local FILE_MAX <const> = 2 << 30
local STAGES <const> = {"primary", "junior", "senior"}
local OWNER <const> = {"owner in @me.orgs"}
local SCHOOL <const> = {"org under @me.orgs"}
local HEADS <const> = {principal = SCHOOL, office = SCHOOL, county = SCHOOL}

local packs = {}

packs.pack = app.collection("pack", {
  instance = true,
  fields = {
    name  = {type = "text", required = true, max = 60},
    stage = {one_of = STAGES, required = true},
    first = {type = "integer", between = {1, 6}, default = 1}, -- grades of the stage
    last  = {type = "integer", between = {1, 6}, default = 6},
    only  = {ref = "core.org"}, -- one organisation below; none: all of them
    owner = {ref = "core.org", required = true},
    state = {one_of = {"draft", "sent", "recalled"}, default = "draft"},
  },
  index = {{"owner", "state"}},
  check = function(pack)
    if pack.last < pack.first then return "last", "order" end
    for _, unit in ipairs(pack.only and not pack.id and app.below or {}) do
      if unit.ref == pack.only then return end
    end
    if pack.only and not pack.id then return "only", "not_below" end
  end,
})

packs.resource = app.collection("resource", {
  instance = true,
  fields = {
    pack    = {ref = "push.pack", required = true},
    owner   = {from = "pack.owner"},
    stage   = {from = "pack.stage"},
    name    = {type = "text", required = true, max = 100},
    subject = {type = "text", max = 30},
    edition = {type = "text", max = 60},
    unit    = {type = "text", max = 60},
    licence = {one_of = {"open", "county", "single"}, required = true},
    channel = {one_of = {"gathered", "made", "joint", "introduced", "bought"}, required = true},
    file    = {type = "file", accept = {"video", "audio", "pdf", "picture", "document"}, max = FILE_MAX, required = true},
    state   = {one_of = {"live", "recalled"}, default = "live"},
  },
  index = {{"owner"}, {"pack", "state"}},
  check = function(resource)
    if not resource.id and resource.pack.state ~= "draft" then return "pack", "sent" end
  end,
})

-- What a school has got, and that somebody there has seen it.
packs.delivery = app.collection("delivery", {
  fields = {
    pack      = {ref = "push.pack", required = true},
    name      = {from = "pack.name"},
    classes   = {type = "integer", required = true},
    pupils    = {type = "integer", required = true},
    state     = {one_of = {"here", "gone"}, default = "here"},
    confirmed = {type = "boolean", default = false},
  },
  unique = {{"pack"}},
  index = {{"state"}},
  history = true,
})

-- Which classes of it; for their pupils.
packs.place = app.collection("place", {
  fields = {pack = {ref = "push.pack", required = true}, class = {ref = "base.class", required = true}},
  unique = {{"pack", "class"}},
  index = {{"class"}},
})

packs.rating = app.collection("rating", {
  fields = {
    resource = {ref = "push.resource", required = true},
    stars    = {type = "integer", between = {1, 5}, required = true},
    by       = {ref = "base.person", default = "@me", readonly = true},
  },
  unique = {{"resource", "by"}},
  index = {{"by", "resource"}},
})

-- A person's own, whatever becomes of the resource: its name is taken over.
packs.note = app.collection("note", {
  fields = {
    resource = {ref = "push.resource", required = true},
    name     = {from = "resource.name"},
    text     = {type = "text", required = true, max = 1000, personal = true},
    by       = {ref = "base.person", default = "@me", readonly = true},
  },
  index = {{"by", "resource"}},
})

-- What has come to a school, and to a pupil's class.
app.set("here", {from = "push.delivery", match = "state is here", take = "pack"})
app.set("mine", {from = "push.place", match = "class in @me.own_class", take = "pack"})

local function to_readers(coll, rule)
  local staff, pupil = {rule:format("here")}, {rule:format("mine")}
  coll:allow("read", {county = OWNER, teacher = staff, principal = staff, office = staff, student = pupil, app = {}})
  coll:allow("update", {county = {OWNER[1], only = {"state"}}})
end
to_readers(packs.pack, "id in @me.push.%s and state is sent")
to_readers(packs.resource, "pack in @me.push.%s and state is live and pack.state is sent")
packs.pack:allow("create", {county = {OWNER[1], except = {"state"}}})
packs.pack:allow("delete", {county = {"owner in @me.orgs and state is draft"}})
packs.resource:allow("create", {county = {OWNER[1], except = {"state"}}})

packs.delivery:allow("read", {principal = SCHOOL, office = SCHOOL, county = SCHOOL, app = SCHOOL})
packs.delivery:allow("create", {app = SCHOOL})
packs.delivery:allow("update", {app = SCHOOL, principal = {SCHOOL[1], only = {"confirmed"}}, office = {SCHOOL[1], only = {"confirmed"}}})
packs.place:allow("read", {app = SCHOOL, principal = SCHOOL, office = SCHOOL, county = SCHOOL})
packs.place:allow("create", {app = SCHOOL})

local MINE <const> = {"by is @me"}
local TEACHES <const> = {"by is @me and resource.pack in @me.push.here and resource.state is live"}
packs.rating:allow("read", {teacher = MINE, principal = SCHOOL, office = SCHOOL, county = SCHOOL})
packs.rating:allow("create", {teacher = TEACHES})
packs.rating:allow("update", {teacher = {MINE[1], only = {"stars"}}})
packs.note:allow("read", {teacher = MINE, student = MINE})
packs.note:allow("create", {teacher = TEACHES, student = {"by is @me and resource.pack in @me.push.mine and resource.state is live"}})
packs.note:allow("delete", {teacher = MINE, student = MINE})

app.rollup("here", {from = "delivery", where = "state is here", by = {"pack"}, count = true, up = true, allow = HEADS})
app.rollup("confirmed", {from = "delivery", where = "state is here and confirmed is true", by = {"pack"}, count = true, up = true, allow = HEADS})
app.rollup("stars", {from = "rating", by = {"resource"}, count = true, sum = "stars", up = true, allow = HEADS})

return packs

// SPDX-License-Identifier: Apache-2.0
// Records of collections, read and written under rules.
//
// A call looks at the store through a view: one transaction, one principal, one budget.
// Every read and write below is checked against the rules of the collection for the
// view's principal: what may not be read is absent. Only C may make a view for the
// system itself (principal NULL): sign-in, import, housekeeping.
//
// Lifetime: records and values live in the view's arena.
#pragma once

#include "record/principal.h"
#include "record/schema.h"
#include "store/store.h"

struct sealer;

struct budget {
    uint32_t reads, writes;         // used: records read (index entries too), records written
    uint32_t reads_max, writes_max; // ERR_LIMIT beyond
    size_t bytes, bytes_max;        // of the records read; 0: as many as there are
};

struct view {
    struct store_txn *txn;
    const struct catalog *catalog;
    const struct principal *who; // NULL: the system
    struct budget *budget;
    struct arena *arena;
    struct clock *clock;
    struct random *random;
    struct sealer *sealer;
    struct id root;  // the instance's root organisation
    struct id home;  // this node
    struct set_cache *sets; // looked up for the rules of this view; starts NULL
};

struct record {
    const struct collection *collection;
    struct ref ref;
    uint64_t version; // 1 when created
    struct id home;   // the node that may write it
    int64_t created_ms, modified_ms;
    struct value *values; // one per field, in the order of the collection; see record_shown
    uint64_t readable;    // bit per field: what this view's principal may read
    bool former;          // a version of the past: to be read only
};

// What a user can mend: the field ("" for the whole) and a stable word
// ("required", "type", "max", "range", "code", "check", "unique", "absent", "order", …).
struct problem {
    const char *field, *word;
};

// Absent and not readable are the same: *record is NULL and the result true.
bool record_get(struct view *view, const struct collection *collection, struct ref ref,
                struct record **record, struct err *err);
// By a unique index; values: one per field of it. A sealed field is given as plain text.
bool record_find(struct view *view, const struct collection *collection, const char *index,
                 struct id org, const struct value *values, struct record **record,
                 struct err *err);

enum filter_op { FILTER_IS, FILTER_IS_NOT, FILTER_AT_LEAST, FILTER_AT_MOST };
struct filter {
    int field;
    enum filter_op op;
    struct value value;
};
struct query {
    const struct collection *collection;
    struct id org;
    bool subtree; // org and all below it
    const struct filter *filters;
    size_t filter_count;
    int order;      // field, or -1: by id (time made)
    bool ascending; // default: newest or greatest first
    size_t limit;   // 1 to 1,000
    const struct id *after; // paging: the last row seen, of this organisation; or NULL
};
// The rows that the principal may read: a union of index ranges, never a scan that no
// index answers. ERR_LIMIT when the budget of reads ends first.
bool record_query(struct view *view, const struct query *query, struct record ***records,
                  size_t *count, struct err *err);

// What the field of a new record holds when it is not given: its default, for this principal and
// moment; VALUE_NULL without one.
struct value record_initial(const struct view *view, const struct field *field);
// values: one per field (NULL kind = not given; defaults and derived fields are filled in).
// False with err ERR_NONE and *problem set: the giver can mend it. ERR_DENIED: may not; *problem
// then names the field that no rule opens to him, when that is all.
bool record_create(struct view *view, const struct collection *collection, struct id org,
                   const struct value *values, struct record **record, struct problem *problem,
                   struct err *err);
// mask: bit per field that is changed. The record must come from this view; it shows the new
// values afterwards. The transaction has read it, so that of two editors at once one gets
// ERR_CONFLICT: they never overwrite each other in silence.
bool record_update(struct view *view, struct record *record, const struct value *values,
                   uint64_t mask, struct problem *problem, struct err *err);

// A deleted record is absent to everybody: its index entries and unique claims are gone, and a
// reference to it leads nowhere. Its bytes are kept for so many days, so that who may delete it
// may have it back; record_sweep then takes them away.
enum { DELETED_DAYS_KEPT = 30 };
bool record_delete(struct view *view, struct record *record, struct err *err);
// False with err ERR_NONE and *problem set: "absent" (nothing to undo, or not by this
// principal), or "unique" (another record has claimed the value since).
bool record_undelete(struct view *view, const struct collection *collection, struct ref ref,
                     struct record **record, struct problem *problem, struct err *err);
// Housekeeping by the owner of the store: takes away at most max records (with what belongs
// to them) that were deleted so long ago. Needs no catalogue.
bool record_sweep(struct view *view, size_t max, size_t *swept, struct err *err);

// What a field shows: of a sealed one the mask, of a reference to a deleted record nothing, else
// its value. Sealed values stay as they are stored until they are asked for: opening them costs
// more than all the rest of a row.
bool record_shown(struct view *view, const struct record *record, int field, struct value *shown,
                  struct err *err);
// Does the reference lead to a record? Asks neither rules nor budget.
bool record_is_there(struct view *view, const struct collection *collection,
                     const struct ref *ref, bool *there, struct err *err);

// May the principal do this with the record? Counts neither reads of the record itself.
bool record_may(struct view *view, enum verb verb, const struct record *record, bool *may,
                uint64_t *fields, struct err *err);
// Could the principal create in this organisation at all (some role matches)?
bool record_may_create(struct view *view, const struct collection *collection, struct id org,
                       bool *may, struct err *err);

// The past of a collection with history, under the rules of now: a version is shown as far as
// they open both the record as it stands and that version's own values. Of a deleted record
// nothing is shown. ERR_INPUT when the collection keeps no history.
//
// As it stood at a time; *record NULL: it was not there, or may not be read.
bool record_as_of(struct view *view, const struct collection *collection, struct ref ref,
                  int64_t time_ms, struct record **record, struct err *err);
// Its versions, oldest first, the one of now last; of very many the newest. modified_ms says
// when each was written.
enum { VERSIONS_MAX = 200 };
struct record_version {
    struct record *record;
    struct id writer; // a person; zero: the system, or written before history was kept
};
bool record_history(struct view *view, const struct record *record,
                    struct record_version **versions, size_t *count, struct err *err);

// Derived fields that follow a record (of a collection that has such followers) are brought up to
// date, for so many of their records at a time; for the system. *place begins as zero and says
// where to go on; *done: nothing is left. record_is_followed: would a change of these fields matter?
enum { FOLLOW_STEP = 200 };
struct follow_place {
    size_t follower, len;
    uint8_t key[STORE_KEY_MAX];
};
bool record_is_followed(const struct collection *collection, uint64_t fields);
bool record_follow(struct view *view, const struct collection *collection, struct ref ref,
                   struct follow_place *place, bool *done, struct err *err);

// Members of a set for the view's principal (`@me`), or for a record (`@it`).
bool record_set(struct view *view, const struct set_def *set, struct id org,
                const struct ref *it, const struct ref **members, size_t *count,
                struct err *err);

// What a rollup says of an organisation, or of it and all below it (rollups that go up).
// values: one per field of the collection; given: bit per field, all that it is grouped by, or
// none: then of all groups together. readable false: not for this principal.
struct rollup_question {
    const struct rollup *rollup;
    struct id org;
    bool subtree;
    const struct value *values;
    uint64_t given;
};
struct rollup_answer {
    bool readable;
    int64_t count, sum;
};
bool record_rollup(struct view *view, const struct rollup_question *question,
                   struct rollup_answer *answer, struct err *err);
// Repair: counts one organisation's records anew, and what is below it from its children's
// counters; so children come before their parents. Buffers what differs. When an organisation
// moves its counters go with it; nothing is to be rebuilt.
bool record_rebuild(struct view *view, const struct rollup *rollup, struct id org, size_t *changed,
                    struct err *err);

// The plain text of a sealed field; the view's principal must be allowed to read it.
bool record_reveal(struct view *view, const struct record *record, int field,
                   struct slice *plain, struct err *err);

// The feed (log "feed") gets one entry a write: org, collection, id, version, verb. A
// deleted record that comes back is told as created, with a version above 1.
struct feed_entry {
    struct ref ref;
    struct slice collection;
    uint64_t version;
    enum verb verb;
};
bool feed_decode(struct slice entry, struct feed_entry *decoded);

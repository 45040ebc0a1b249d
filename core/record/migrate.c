// SPDX-License-Identifier: Apache-2.0
// A growth in steps. Where it stands is kept under KEEP_DOING: the description that it leads to,
// the phase, and the last organisation and record that are done. A step that finds another
// description there begins from the start, and clears what was built before.
#include "record/migrate.h"

#include <stdlib.h>

#include "record/grow.h"
#include "record/index.h"
#include "record/key.h"
#include "record/tree.h"
#include "record/write.h"

enum { STEP_RECORDS = 500, STEP_BYTES = 1 << 20, STEP_KEYS = 4000, ORGS_MAX = 100000 };
enum keep { KEEP_DESCRIPTION = 's', KEEP_DOING = 'd', KEEP_ROLLUP = 'r' };
enum phase { PHASE_CLEAR, PHASE_BUILD };

struct doing {
    enum phase phase;
    struct ref at; // done up to here
};

struct step {
    struct view *view;
    const struct collection *collection;
    struct growth growth;
    struct slice declared; // its description
    struct doing doing;
    struct schema_progress *progress;
    size_t bytes, keys;
    struct err *err;
};

static struct slice kept_key(struct arena *arena, enum keep keep, const char *name)
{
    return slice_text(arena_format(arena, "%c%c%s", SPACE_SCHEMA, (char)keep, name));
}

static bool read_kept(struct view *view, enum keep keep, const char *name, struct slice *value,
                      struct err *err)
{
    if (!store_get(view->txn, kept_key(view->arena, keep, name), value, err))
        return false;
    if (value->data != NULL)
        *value = arena_slice(view->arena, *value);
    return true;
}

static struct slice describe_now(struct view *view, const struct collection *collection)
{
    struct buffer buffer = BUFFER_EMPTY;
    struct slice bytes;

    describe(&buffer, collection);
    bytes = arena_slice(view->arena, buffer_view(&buffer));
    buffer_finish(&buffer);
    return bytes;
}

// A version that was taken back in the middle of its growth: what it has built is not kept up by
// the writes of this one, and must not be taken for its beginning when it comes again.
static bool is_half_done(struct view *view, const struct collection *collection, bool *half,
                         struct err *err)
{
    struct slice doing;

    *half = false;
    if (!read_kept(view, KEEP_DOING, collection->full, &doing, err))
        return false;
    *half = doing.data != NULL;
    return true;
}

bool schema_compare(struct view *view, const struct collection *collection,
                    enum schema_change *change, const char **reason, struct err *err)
{
    struct growth growth;
    struct slice stored;
    bool half;

    if (!read_kept(view, KEEP_DESCRIPTION, collection->full, &stored, err) ||
        !growth_of(view, collection, stored, &growth, err) ||
        !is_half_done(view, collection, &half, err))
        return false;
    *change = growth.change;
    *reason = growth.reason;
    if (growth.change == SCHEMA_SAME && half) {
        *change = SCHEMA_GROWS;
        *reason = arena_format(view->arena, "%s: a change that had begun is taken back",
                               collection->full);
    }
    return true;
}

// Doing ------------------------------------------------------------------------------------

static bool put_doing(struct step *step)
{
    struct buffer buffer = BUFFER_EMPTY;
    bool done;

    buffer_u8(&buffer, (uint8_t)step->doing.phase);
    buffer_bytes(&buffer, &step->doing.at, sizeof step->doing.at);
    buffer_slice(&buffer, step->declared);
    done = store_put(step->view->txn,
                     kept_key(step->view->arena, KEEP_DOING, step->collection->full),
                     buffer_view(&buffer), step->err);
    buffer_finish(&buffer);
    return done;
}

// Where a former step has come to, when it led to the same.
static bool read_doing(struct step *step)
{
    struct slice kept, at;
    struct reader reader;
    enum phase phase;

    if (!read_kept(step->view, KEEP_DOING, step->collection->full, &kept, step->err))
        return false;
    step->doing = (struct doing){PHASE_CLEAR, {{{0}}, {{0}}}};
    if (kept.data == NULL)
        return true;
    reader = reader_of(kept);
    phase = (enum phase)read_u8(&reader);
    at = read_bytes(&reader, sizeof step->doing.at);
    if (reader.failed || !slice_equal(read_bytes(&reader, reader_left(&reader)), step->declared))
        return true;
    step->doing.phase = phase;
    memcpy(&step->doing.at, at.data, sizeof step->doing.at);
    return true;
}

static bool finish(struct step *step)
{
    struct arena *arena = step->view->arena;
    const char *full = step->collection->full;

    step->progress->done = true;
    return store_put(step->view->txn, kept_key(arena, KEEP_DESCRIPTION, full), step->declared,
                     step->err) &&
           store_delete(step->view->txn, kept_key(arena, KEEP_DOING, full), step->err);
}

static bool is_full(const struct step *step)
{
    return step->progress->records >= STEP_RECORDS || step->bytes >= STEP_BYTES ||
           step->keys >= STEP_KEYS;
}

// Clearing ---------------------------------------------------------------------------------

static bool clear_range(struct step *step, const struct key *prefix)
{
    struct store_range *range = store_range_open(step->view->txn, key_slice(prefix),
                                                 (struct slice){NULL, 0}, false, step->err);
    struct slice key, value;
    bool done = true;

    while (done && range != NULL && !is_full(step) &&
           store_range_next(range, &key, &value, step->err)) {
        done = store_delete(step->view->txn, key, step->err);
        step->keys++;
    }
    store_range_close(range);
    return range != NULL && done && step->err->code == ERR_NONE;
}

// What an interrupted attempt has left, and the indexes that are gone.
static bool clear_org(struct step *step, const struct id *org)
{
    struct key prefix;

    for (size_t i = 0; i < step->collection->index_count; i++) {
        if ((step->growth.built >> i & 1) == 0)
            continue;
        key_index(&prefix, step->collection, i, org);
        if (!clear_range(step, &prefix))
            return false;
    }
    for (size_t i = 0; i < step->growth.dropped_count; i++) {
        const struct described_index *index = &step->growth.dropped[i];

        key_index_named(&prefix, step->collection->full, index->name, index->collation, org);
        if (!clear_range(step, &prefix))
            return false;
    }
    return true;
}

// Building ---------------------------------------------------------------------------------

static bool fill(struct step *step, struct row *row, bool *filled)
{
    const struct collection *collection = step->collection;

    *filled = false;
    for (size_t i = 0; i < collection->field_count; i++) {
        const struct source_field *source = &collection->prepared->sources[i];
        struct value *value = &row->stored[i];
        struct row *from = NULL;

        if ((step->growth.filled >> i & 1) == 0 || value->kind != VALUE_NULL)
            continue;
        if (source->ref < 0)
            *value = record_initial(step->view, &collection->fields[i]);
        else if (row->stored[source->ref].kind == VALUE_REF &&
                 !row_load(step->view, collection->prepared->refs[source->ref],
                           row->stored[source->ref].ref, &from, step->err))
            return false;
        if (from != NULL)
            *value = from->stored[source->field];
        *filled = *filled || value->kind != VALUE_NULL;
    }
    return true;
}

static bool claim(struct step *step, struct slice key, const struct ref *ref, bool *taken)
{
    struct slice claimed;
    char one[REF_TEXT_LEN + 1], other[REF_TEXT_LEN + 1];
    struct ref by;

    if (!store_get(step->view->txn, key, &claimed, step->err))
        return false;
    *taken = claimed.data != NULL && !slice_equal(claimed, slice_of(ref, sizeof *ref));
    if (!*taken || claimed.len != sizeof by)
        return true;
    memcpy(&by, claimed.data, sizeof by);
    ref_to_text(ref, one);
    ref_to_text(&by, other);
    step->progress->reason = arena_format(
        step->view->arena, "%s: its new unique index finds one value in two records, %s and %s",
        step->collection->full, other, one);
    return true;
}

static bool index_row(struct step *step, const struct row *row)
{
    const struct ref *ref = &row->record.ref;
    struct key key;

    for (size_t i = 0; i < step->collection->index_count; i++) {
        bool unique = step->collection->indexes[i].unique, taken = false;

        if ((step->growth.built >> i & 1) == 0 ||
            !key_entry(&key, step->collection, i, ref, &step->view->root, row->stored))
            continue;
        if (unique && !claim(step, key_slice(&key), ref, &taken))
            return false;
        if (!taken && !store_put(step->view->txn, key_slice(&key),
                                 unique ? slice_of(ref, sizeof *ref) : slice_of("", 0), step->err))
            return false;
    }
    return true;
}

// A default is no edit: the version stays.
static bool build_row(struct step *step, struct ref ref, struct slice bytes)
{
    struct row *row;
    bool filled;

    if (!row_decode_any(step->view, step->collection, ref, bytes, &row, step->err) ||
        !fill(step, row, &filled) || (filled && !write_filled(step->view, row, bytes, step->err)))
        return false;
    return row->deleted || index_row(step, row);
}

// The records of an organisation, from *last on where it was begun.
static struct store_range *open_rows(struct step *step, const struct id *org,
                                     const struct ref *last)
{
    struct key from, to;

    key_rows(&from, step->collection, org);
    to = from;
    key_after(&to);
    if (id_equal(&last->org, org))
        key_row(&from, step->collection, last);
    return store_range_open(step->view->txn, key_slice(&from), key_slice(&to), false, step->err);
}

// After *last, which moves on.
static bool build_org(struct step *step, const struct id *org, struct ref *last)
{
    struct store_range *range = open_rows(step, org, last);
    struct slice at, bytes;
    bool done = true;

    while (done && range != NULL && !is_full(step) && step->progress->reason == NULL &&
           store_range_next(range, &at, &bytes, step->err)) {
        struct ref ref = {.org = *org};

        memcpy(ref.id.bytes, at.data + at.len - ID_LEN, ID_LEN);
        if (ref_equal(&ref, last))
            continue;
        done = build_row(step, ref, bytes);
        step->bytes += bytes.len;
        step->progress->records++;
        *last = ref;
    }
    store_range_close(range);
    return range != NULL && done && step->err->code == ERR_NONE;
}

// All --------------------------------------------------------------------------------------

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct id));
}

static bool orgs_of(struct step *step, struct id **orgs, size_t *count)
{
    const struct id *found;

    *count = 0;
    *orgs = NULL;
    if (id_is_zero(&step->view->root))
        return true;
    if (step->collection->instance) {
        *orgs = arena_copy(step->view->arena, &step->view->root, sizeof step->view->root);
        *count = 1;
        return true;
    }
    if (!tree_below(step->view, step->view->root, ORGS_MAX, &found, count, step->err))
        return false;
    *orgs = arena_copy(step->view->arena, found, *count * sizeof *found);
    qsort(*orgs, *count, sizeof **orgs, by_id);
    return true;
}

// Goes through the organisations from where it stands; *through: past the last one.
static bool walk(struct step *step, bool *through)
{
    struct id *orgs;
    size_t count;

    if (!orgs_of(step, &orgs, &count))
        return false;
    for (size_t i = 0; i < count && !is_full(step) && step->progress->reason == NULL; i++) {
        if (by_id(&orgs[i], &step->doing.at.org) < 0)
            continue;
        if (step->doing.phase == PHASE_CLEAR ? !clear_org(step, &orgs[i])
                                             : !build_org(step, &orgs[i], &step->doing.at))
            return false;
        if (!is_full(step) && i + 1 < count)
            step->doing.at = (struct ref){orgs[i + 1], {{0}}};
    }
    *through = !is_full(step);
    return true;
}

static bool advance(struct step *step)
{
    bool visits = step->growth.filled != 0 || step->growth.built != 0, through;

    if (!visits && step->growth.dropped_count == 0)
        return finish(step);
    if (!read_doing(step) || !walk(step, &through))
        return false;
    if (step->progress->reason != NULL)
        return true;
    if (through && (step->doing.phase == PHASE_BUILD || !visits))
        return finish(step);
    if (through)
        step->doing = (struct doing){PHASE_BUILD, {{{0}}, {{0}}}};
    return put_doing(step);
}

bool schema_step(struct view *view, const struct collection *collection,
                 struct schema_progress *progress, struct err *err)
{
    struct step step = {.view = view, .collection = collection, .progress = progress, .err = err};
    struct slice stored, doing;

    *progress = (struct schema_progress){0};
    err->code = ERR_NONE;
    step.declared = describe_now(view, collection);
    if (!read_kept(view, KEEP_DESCRIPTION, collection->full, &stored, err) ||
        !read_kept(view, KEEP_DOING, collection->full, &doing, err) ||
        !growth_of(view, collection, stored, &step.growth, err))
        return false;
    if (step.growth.change == SCHEMA_BREAKS) {
        progress->reason = step.growth.reason;
        return true;
    }
    if (stored.data == NULL)
        return finish(&step);
    if (step.growth.change == SCHEMA_GROWS)
        return advance(&step);
    // The version that began to grow was taken back: what it built is cleared if it comes again.
    progress->done = true;
    return doing.data == NULL ||
           store_delete(view->txn, kept_key(view->arena, KEEP_DOING, collection->full), err);
}

// Rollups ----------------------------------------------------------------------------------

static struct slice signature(struct arena *arena, const struct rollup *rollup)
{
    const struct rollup_def *def = &rollup->def;
    const char *text = arena_format(arena, "%s|%s|%s|%d%d", def->from,
                                    def->where != NULL ? def->where : "",
                                    def->sum != NULL ? def->sum : "", def->count, def->up);

    for (size_t i = 0; i < def->by_count; i++)
        text = arena_format(arena, "%s|%s", text, def->by[i]);
    return slice_text(text);
}

bool rollup_is_counted(struct view *view, const struct rollup *rollup, bool *counted,
                       struct err *err)
{
    struct slice kept;

    if (!read_kept(view, KEEP_ROLLUP, rollup->def.name, &kept, err))
        return false;
    *counted = kept.data != NULL && slice_equal(kept, signature(view->arena, rollup));
    return true;
}

bool rollup_note_counted(struct view *view, const struct rollup *rollup, struct err *err)
{
    return store_put(view->txn, kept_key(view->arena, KEEP_ROLLUP, rollup->def.name),
                     signature(view->arena, rollup), err);
}

const struct rollup *catalog_next_rollup(const struct catalog *catalog,
                                         const struct rollup *rollup)
{
    rollup = rollup == NULL ? catalog->rollups : rollup->next;
    while (rollup != NULL && rollup->of == NULL)
        rollup = rollup->next;
    return rollup;
}

const char *rollup_name(const struct rollup *rollup)
{
    return rollup->def.name;
}

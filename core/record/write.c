// SPDX-License-Identifier: Apache-2.0
// Creating and changing records. Everything is checked before anything is
// buffered: after a refusal the transaction is as it was, and a caller may go on.
//
// Of two transactions that change the same record, or claim the same unique value, both
// have read its key: the store commits one and gives the other ERR_CONFLICT.
#include "record/write.h"

#include "record/accept.h"
#include "record/access.h"
#include "record/cache.h"
#include "record/feed.h"
#include "record/index.h"
#include "record/key.h"
#include "record/rollup.h"
#include "record/sealed.h"
#include "record/tree.h"

// A problem is told with err ERR_NONE.
static bool refuse(struct writing *writing, size_t field, const char *word)
{
    *writing->problem = (struct problem){writing->collection->fields[field].name, word};
    writing->err->code = ERR_NONE;
    return false;
}

static bool deny(struct writing *writing, const char *what)
{
    return err_set(writing->err, ERR_DENIED, "%s: may not %s", writing->collection->full, what);
}

// A reference is to something that the giver may know of: others do not exist for him.
static bool check_ref(struct writing *writing, size_t field)
{
    const struct collection *target = writing->collection->prepared->refs[field];
    const struct ref *ref = &writing->values[field].ref;
    struct row *row = NULL;
    uint64_t fields = 0;

    if (target != NULL && !row_load(writing->view, target, *ref, &row, writing->err))
        return false;
    if (row != NULL && !access_fields(writing->view, VERB_READ, target, ref, row->stored, &fields,
                                      writing->err))
        return false;
    return fields != 0 || refuse(writing, field, "absent");
}

static bool check_file(struct writing *writing, size_t field)
{
    bool failed;
    const char *word = file_word(writing, field, &failed);

    return !failed && (word == NULL || refuse(writing, field, word));
}

static bool is_closed(const struct writing *writing, const struct field *field)
{
    return field->from != NULL || (field->readonly && writing->view->who != NULL);
}

static bool take_value(struct writing *writing, size_t at, struct value value)
{
    const struct field *field = &writing->collection->fields[at];
    const char *word;

    if (is_closed(writing, field))
        return refuse(writing, at, "readonly");
    if (!accept_value(writing->view, writing->collection, (int)at, &writing->ref.org, &value, &word,
                      writing->err))
        return false;
    if (word != NULL)
        return refuse(writing, at, word);
    writing->values[at] = value;
    writing->given |= field_bit((int)at);
    if (value.kind == VALUE_REF && field->type == FIELD_FILE)
        return check_file(writing, at);
    return value.kind != VALUE_REF || check_ref(writing, at);
}

struct value record_initial(const struct view *view, const struct field *field)
{
    int64_t now = clock_wall_ms(view->clock);

    if (field->initial_me && view->who != NULL && !id_is_zero(&view->who->person))
        return (struct value){VALUE_REF, {.ref = {view->root, view->who->person}}};
    if (field->initial_today)
        return (struct value){VALUE_DATE, {.integer = date_in_china(now)}};
    if (field->initial_now)
        return (struct value){VALUE_TIME, {.integer = now}};
    return field->initial;
}

// As written: the source is looked at when its reference is given, and never again.
static bool derive(struct writing *writing)
{
    for (size_t i = 0; i < writing->collection->field_count; i++) {
        const struct source_field *source = &writing->collection->prepared->sources[i];
        const struct value *ref = source->ref >= 0 ? &writing->values[source->ref] : NULL;
        struct row *row = NULL;

        if (ref == NULL || (writing->old != NULL && value_equal(ref, &writing->old[source->ref])))
            continue;
        writing->values[i].kind = VALUE_NULL;
        if (ref->kind != VALUE_REF)
            continue;
        if (!row_load(writing->view, writing->collection->prepared->refs[source->ref], ref->ref,
                      &row, writing->err))
            return false;
        if (row != NULL)
            writing->values[i] = row->stored[source->field];
    }
    return true;
}

static bool check_required(struct writing *writing)
{
    for (size_t i = 0; i < writing->collection->field_count; i++)
        if (writing->collection->fields[i].required && writing->values[i].kind == VALUE_NULL)
            return refuse(writing, i, "required");
    return true;
}

bool write_check_unique(struct writing *writing)
{
    bool is_free;

    if (!index_is_free(writing->view, writing->collection, &writing->ref, writing->old,
                       writing->values, writing->problem, &is_free, writing->err))
        return false;
    if (!is_free)
        writing->err->code = ERR_NONE;
    else
        *writing->problem = (struct problem){NULL, NULL};
    return is_free;
}

bool write_count(struct view *view, struct err *err)
{
    if (view->budget->writes >= view->budget->writes_max)
        return err_set(err, ERR_LIMIT, "more than %u records written", view->budget->writes_max);
    view->budget->writes++;
    return true;
}

struct writing write_begin(struct view *view, const struct collection *collection, struct ref ref,
                           const struct value *old, struct problem *problem, struct err *err)
{
    struct writing writing = {.view = view, .collection = collection, .ref = ref, .old = old,
                              .problem = problem, .err = err};
    size_t size = collection->field_count * sizeof *writing.values;

    writing.values = arena_alloc(view->arena, size);
    if (old != NULL)
        memcpy(writing.values, old, size);
    *problem = (struct problem){NULL, NULL};
    err->code = ERR_NONE;
    return writing;
}

static bool put_row(struct writing *writing, const struct row *row, struct slice former)
{
    const struct codec_head head = {row->record.version, row->record.home, row->record.created_ms,
                                    row->record.modified_ms, row->deleted ? CODEC_DELETED : 0,
                                    row->writer};
    struct buffer bytes = BUFFER_EMPTY;
    struct key key;
    bool done;

    key_row(&key, writing->collection, &writing->ref);
    codec_encode(&bytes, writing->collection, &head, writing->values, former);
    done = store_put(writing->view->txn, key_slice(&key), buffer_view(&bytes), writing->err);
    buffer_finish(&bytes);
    return done;
}

bool write_filled(struct view *view, const struct row *row, struct slice former, struct err *err)
{
    struct writing writing = {.view = view, .collection = row->record.collection,
                              .ref = row->record.ref, .values = row->stored, .err = err};

    return put_row(&writing, row, former);
}

// What stood there goes to the past. Versions of a record follow each other in the store.
static bool keep_former(struct writing *writing, const struct row *row, struct slice former)
{
    struct key key;

    if (!writing->collection->history || former.data == NULL)
        return true;
    key_versions(&key, writing->collection, &writing->ref);
    key_number(&key, row->record.version);
    return store_put(writing->view->txn, key_slice(&key), former, writing->err);
}

static struct id writer_of(const struct writing *writing)
{
    const struct principal *who = writing->view->who;

    return writing->collection->history && who != NULL ? who->person : (struct id){{0}};
}

// A new version is never older than the one before it, whatever the clock says.
static void count_version(struct view *view, struct record *record)
{
    int64_t now = clock_wall_ms(view->clock);

    record->version++;
    if (now > record->modified_ms)
        record->modified_ms = now;
}

bool write_row(struct writing *writing, struct row *row, struct slice former, enum verb verb)
{
    if (!keep_former(writing, row, former))
        return false;
    count_version(writing->view, &row->record);
    row->writer = writer_of(writing);
    if (!put_row(writing, row, former) ||
        !index_change(writing->view, writing->collection, &writing->ref, writing->old,
                      row->deleted ? NULL : writing->values, writing->err) ||
        !rollup_change(writing->view, writing->collection, &writing->ref, writing->old,
                       row->deleted ? NULL : writing->values, writing->err) ||
        !file_change(writing) || !feed_append(writing->view, &row->record, verb, writing->err))
        return false;
    cache_forget(writing->view, writing->collection);
    row->stored = writing->values;
    return true;
}

bool write_and_show(struct writing *writing, struct row *row, struct slice former, enum verb verb)
{
    uint64_t readable;

    if (!write_row(writing, row, former, verb) ||
        !access_fields(writing->view, VERB_READ, writing->collection, &writing->ref, row->stored,
                       &readable, writing->err))
        return false;
    row_show(writing->view, row, readable);
    return true;
}

static bool fill_new(struct writing *writing, const struct value *given)
{
    for (size_t i = 0; i < writing->collection->field_count; i++)
        if (given[i].kind != VALUE_NULL && !take_value(writing, i, given[i]))
            return false;
    for (size_t i = 0; i < writing->collection->field_count; i++)
        if (writing->values[i].kind == VALUE_NULL && writing->collection->fields[i].from == NULL)
            writing->values[i] = record_initial(writing->view, &writing->collection->fields[i]);
    return derive(writing) && check_required(writing);
}

// Some rule holds for the values, and what was given is among what the rules open: else the field
// that is not is named.
static bool check_rules(struct writing *writing, enum verb verb, uint64_t given)
{
    uint64_t fields, closed;

    if (!access_fields(writing->view, verb, writing->collection, &writing->ref, writing->values,
                       &fields, writing->err))
        return false;
    closed = fields != 0 ? given & ~fields : 0;
    if (fields != 0 && closed == 0)
        return true;
    if (closed != 0)
        *writing->problem = (struct problem){
            writing->collection->fields[__builtin_ctzll(closed)].name, "denied"};
    return deny(writing, verb == VERB_CREATE ? "create" : "update");
}

// Records stand in organisations that exist. The root's own record owns itself.
static bool check_org(struct writing *writing)
{
    const struct id *path;
    size_t count;
    bool may;

    if (!record_may_create(writing->view, writing->collection, writing->ref.org, &may,
                           writing->err))
        return false;
    if (!may)
        return deny(writing, "create");
    if (id_equal(&writing->ref.org, &writing->view->root) ||
        id_equal(&writing->ref.org, &writing->ref.id))
        return true;
    return tree_path(writing->view, writing->ref.org, &path, &count, writing->err) &&
           (count > 0 || err_set(writing->err, ERR_ABSENT, "there is no such organisation"));
}

bool write_new(struct view *view, const struct collection *collection, struct ref ref,
               const struct value *values, struct record **record, struct problem *problem,
               struct err *err)
{
    struct writing writing = write_begin(view, collection, ref, NULL, problem, err);
    struct row *row = arena_alloc(view->arena, sizeof *row);
    int64_t now = clock_wall_ms(view->clock);

    *record = NULL;
    if (!check_org(&writing) || !fill_new(&writing, values) ||
        !check_rules(&writing, VERB_CREATE, writing.given) || !write_check_unique(&writing) ||
        !write_count(view, err))
        return false;
    row->record = (struct record){.collection = collection,
                                  .ref = ref,
                                  .home = view->home,
                                  .created_ms = now,
                                  .modified_ms = now};
    if (!write_and_show(&writing, row, (struct slice){NULL, 0}, VERB_CREATE))
        return false;
    *record = &row->record;
    return true;
}

bool record_create(struct view *view, const struct collection *collection, struct id org,
                   const struct value *values, struct record **record, struct problem *problem,
                   struct err *err)
{
    struct ref ref = {row_org(view, collection, org), id_make(view->clock, view->random)};

    return write_new(view, collection, ref, values, record, problem, err);
}

bool write_former(struct view *view, const struct record *record, bool deleted,
                  struct slice *former, struct err *err)
{
    struct codec_head head = {0};
    struct key key;

    if (record->former)
        return err_set(err, ERR_INPUT, "%s: a former version cannot be written",
                       record->collection->full);
    if (!id_equal(&record->home, &view->home))
        return err_set(err, ERR_DENIED, "%s: this record is written elsewhere",
                       record->collection->full);
    key_row(&key, record->collection, &record->ref);
    if (!store_get(view->txn, key_slice(&key), former, err) ||
        (former->data != NULL && !codec_head(*former, &head, err)))
        return false;
    return (former->data != NULL && head.version == record->version &&
            ((head.flags & CODEC_DELETED) != 0) == deleted) ||
           err_set(err, ERR_CONFLICT, "%s: changed since it was read", record->collection->full);
}

// What comes back as it was shown, the mask of a sealed field too, means: as it was. So a record
// that was read may be sent back whole, also where it refers to what the sender may not know.
static bool is_as_shown(const struct writing *writing, const struct row *row, size_t field,
                        const struct value *given)
{
    struct value shown;
    struct err unread; // then it is nothing that anybody saw

    return (row->record.readable & field_bit((int)field)) != 0 &&
           record_shown(writing->view, &row->record, (int)field, &shown, &unread) &&
           value_equal(&shown, given);
}

static bool same(const struct value *a, const struct value *b)
{
    if (a->kind == VALUE_BYTES && b->kind == VALUE_BYTES && sealed_hash(a).len > 0)
        return slice_equal(sealed_hash(a), sealed_hash(b));
    return value_equal(a, b);
}

// Leaves in `given` what really changes.
static bool take_changes(struct writing *writing, const struct row *row,
                         const struct value *values, uint64_t mask)
{
    for (size_t i = 0; i < writing->collection->field_count; i++) {
        if (!(mask >> i & 1) || is_as_shown(writing, row, i, &values[i]))
            continue;
        if (!take_value(writing, i, values[i]))
            return false;
        if (!same(&writing->values[i], &writing->old[i]))
            continue;
        writing->values[i] = writing->old[i];
        writing->given &= ~field_bit((int)i);
    }
    return derive(writing) && check_required(writing);
}

static bool may_change(struct writing *writing, uint64_t mask)
{
    uint64_t fields;

    if (!access_fields(writing->view, VERB_UPDATE, writing->collection, &writing->ref,
                       writing->old, &fields, writing->err))
        return false;
    return (fields != 0 && (mask & writing->collection->prepared->all & ~fields) == 0) ||
           deny(writing, "update");
}

bool record_update(struct view *view, struct record *record, const struct value *values,
                   uint64_t mask, struct problem *problem, struct err *err)
{
    struct row *row = (struct row *)record;
    struct writing writing =
        write_begin(view, record->collection, record->ref, row->stored, problem, err);
    struct slice former;

    if (!may_change(&writing, mask) || !write_former(view, record, false, &former, err) ||
        !take_changes(&writing, row, values, mask))
        return false;
    if (writing.given == 0)
        return true;
    if (!check_rules(&writing, VERB_UPDATE, writing.given) || !write_check_unique(&writing) ||
        !write_count(view, err))
        return false;
    return write_and_show(&writing, row, former, VERB_UPDATE);
}

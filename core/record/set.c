// SPDX-License-Identifier: Apache-2.0
// Sets are answered by an index each time, once a view.
#include <stdlib.h>

#include "record/cache.h"
#include "record/query.h"

struct set_cache *cache_of(struct view *view)
{
    if (view->sets == NULL)
        view->sets = arena_alloc(view->arena, sizeof *view->sets);
    return view->sets;
}

void cache_keep(struct view *view, const struct set_answer *answer)
{
    struct set_cache *cache = cache_of(view);
    struct set_answer *kept = arena_copy(view->arena, answer, sizeof *answer);

    kept->next = cache->answers;
    cache->answers = kept;
}

void cache_forget(struct view *view, const struct collection *written)
{
    struct set_cache *cache = cache_of(view);

    cache->answers = NULL;
    if (written == view->catalog->tree)
        cache->paths = NULL;
}

struct members {
    struct ref *refs;
    size_t count, size;
};

static void add_member(struct view *view, struct members *members, const struct ref *ref)
{
    if (members->count == members->size) {
        size_t size = members->size > 0 ? 2 * members->size : 16;
        struct ref *grown = arena_alloc(view->arena, size * sizeof *grown);

        if (members->count > 0)
            memcpy(grown, members->refs, members->count * sizeof *grown);
        members->refs = grown;
        members->size = size;
    }
    members->refs[members->count++] = *ref;
}

static bool add_from(const struct ask *ask, const struct set *set, const struct plan *plan,
                     const struct source *source, struct members *members, struct err *err)
{
    struct candidate candidate;
    struct stream stream;
    struct row *row;
    bool found = false, done = stream_open(ask->view, plan, source, &stream, err);

    while (done && (done = stream_next(ask->view, plan, &stream, &candidate, &found, err)) &&
           found) {
        done = candidate_load(ask, &candidate, &row, err);
        if (!done || row == NULL)
            continue;
        if (set->take < 0)
            add_member(ask->view, members, &candidate.ref);
        else if (row->stored[set->take].kind == VALUE_REF)
            add_member(ask->view, members, &row->stored[set->take].ref);
    }
    stream_close(&stream);
    return done;
}

static int compare_refs(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct ref));
}

static void put_in_order(struct members *members)
{
    size_t kept = 0;

    if (members->count > 1)
        qsort(members->refs, members->count, sizeof *members->refs, compare_refs);
    for (size_t i = 0; i < members->count; i++)
        if (kept == 0 || !ref_equal(&members->refs[i], &members->refs[kept - 1]))
            members->refs[kept++] = members->refs[i];
    members->count = kept;
}

static bool find_members(const struct ask *ask, const struct set *set, struct members *members,
                         struct err *err)
{
    struct query query = {.collection = set->from, .org = ask->org, .order = -1,
                          .ascending = true};
    struct plan plan = {.query = &query};

    if (!plan_add(&plan, ask, err))
        return false;
    for (size_t i = 0; i < plan.count; i++)
        if (!add_from(ask, set, &plan, &plan.sources[i], members, err))
            return false;
    put_in_order(members);
    return true;
}

static struct set_answer *find_answer(struct set_cache *cache, const struct set_def *set,
                                      const struct id *org, const struct ref *it)
{
    struct set_answer *answer = cache->answers;

    while (answer != NULL && (answer->set != set || answer->role != NULL || !id_equal(&answer->org, org) ||
                              !ref_equal(&answer->it, it)))
        answer = answer->next;
    return answer;
}

// Nothing is asked twice: neither for nobody, nor a set that did not pass the check.
static bool is_empty(const struct view *view, const struct set *set, const struct ref *it)
{
    if (!set->ready || set->asks_it != (it != NULL))
        return true;
    return it == NULL && (view->who == NULL || id_is_zero(&view->who->person));
}

bool record_set(struct view *view, const struct set_def *def, struct id org, const struct ref *it,
                const struct ref **members, size_t *count, struct err *err)
{
    const struct set *set = set_of(def);
    struct set_cache *cache = cache_of(view);
    struct ref key = it != NULL ? *it : (struct ref){0};
    struct members found = {0};
    struct set_answer *answer;
    struct ask ask = {.view = view, .collection = set->from, .rule = &set->match, .it = it};

    *count = 0;
    *members = NULL;
    if (is_empty(view, set, it))
        return true;
    ask.org = row_org(view, set->from, org);
    ask.at = set->of_instance ? view->root : org;
    if ((answer = find_answer(cache, def, &ask.at, &key)) == NULL) {
        if (!find_members(&ask, set, &found, err))
            return false;
        cache_keep(view, &(struct set_answer){.set = def, .org = ask.at, .it = key,
                                              .members = found.refs, .count = found.count});
        answer = cache->answers;
    }
    *members = answer->members;
    *count = answer->count;
    return true;
}

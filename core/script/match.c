// SPDX-License-Identifier: Apache-2.0
// The matcher: steps forward, and back to the last choice when one does not fit. It keeps its
// choices in a table instead of calling itself, so that no subject makes the C stack deep.
// Captures need no undoing: what a step reads was written by steps before it, each time anew.
//
// Every step, every byte that an item or a balance runs over and every start that is tried
// costs the call. The count is the same on every machine; the deadline is looked at as well
// whenever the account is settled.
#include "script/pattern.h"

enum { FUEL = 4096 };

void pattern_spend(lua_State *L, int64_t steps)
{
    struct script *script = script_of(L);
    struct running *now = &script->now;

    now->pattern_steps += steps;
    if (now->pattern_steps > now->limits.pattern_steps && now->limits.pattern_steps > 0 &&
        !script->deadline.expired) {
        now->passed = PASSED_PATTERN;
        script->deadline.expired = 1;
    }
    deadline_check(L);
}

static void __attribute__((noinline)) settle(struct matcher *matcher)
{
    int64_t spent = FUEL - matcher->fuel;

    matcher->fuel = FUEL;
    pattern_spend(matcher->L, spent);
}

static inline void spend(struct matcher *matcher, int64_t steps)
{
    matcher->fuel -= steps;
    if (matcher->fuel < 0)
        settle(matcher);
}

static inline bool has(const struct set *set, uint8_t byte)
{
    return set->bits[byte / 32] >> (byte % 32) & 1;
}

static inline bool fits(const struct step *step, uint8_t byte)
{
    switch (step->item) {
    case ITEM_BYTE:
        return byte == step->byte;
    case ITEM_ANY:
        return true;
    default:
        return has(step->set, byte);
    }
}

// How far the item goes on from here, at most.
static const uint8_t *run(struct matcher *matcher, const struct step *step, const uint8_t *at)
{
    const struct set *set = step->set;
    const uint8_t *from = at, *end = matcher->end;

    switch (step->item) {
    case ITEM_ANY:
        return end;
    case ITEM_BYTE:
        while (at < end && *at == step->byte)
            at++;
        break;
    default:
        while (at < end && has(set, *at))
            at++;
    }
    spend(matcher, at - from);
    return at;
}

static inline void keep(struct matcher *matcher, const struct step *step, const uint8_t *least,
                        const uint8_t *at)
{
    matcher->pattern->choices[matcher->depth++] = (struct choice){step, least, at};
}

// The item at `at` as often as it wants; NULL: not once.
static inline const uint8_t *repeat(struct matcher *matcher, const struct step *step,
                                    const uint8_t *at)
{
    const uint8_t *least = at, *most;

    switch (step->repeat) {
    case REPEAT_ONCE:
        return at < matcher->end && fits(step, *at) ? at + 1 : NULL;
    case REPEAT_FEW:
        keep(matcher, step, at, at);
        return at;
    case REPEAT_MAYBE:
        most = at < matcher->end && fits(step, *at) ? at + 1 : at;
        break;
    default:
        most = run(matcher, step, at);
        if (step->repeat == REPEAT_SOME && most == least++)
            return NULL;
    }
    if (most > least)
        keep(matcher, step, least, most);
    return most;
}

// The last choice gives way: one byte less of what wants much, one more of what wants little.
static const uint8_t *retreat(struct matcher *matcher, const struct step **step)
{
    while (matcher->depth > 0) {
        struct choice *choice = &matcher->pattern->choices[matcher->depth - 1];

        *step = choice->step + 1;
        if (choice->step->repeat != REPEAT_FEW) {
            if (--choice->at == choice->least)
                matcher->depth--;
            return choice->at;
        }
        if (choice->at < matcher->end && fits(choice->step, *choice->at))
            return ++choice->at;
        matcher->depth--;
    }
    return NULL;
}

static const uint8_t *balance(struct matcher *matcher, const struct step *step, const uint8_t *at)
{
    const uint8_t *from = at;
    size_t open = 1;

    if (at == matcher->end || *at != step->byte)
        return NULL;
    while (++at < matcher->end) {
        if (*at == step->index) {
            if (--open == 0)
                break;
        } else if (*at == step->byte) {
            open++;
        }
    }
    spend(matcher, at - from);
    return at < matcher->end ? at + 1 : NULL;
}

static const uint8_t *same(struct matcher *matcher, const struct step *step, const uint8_t *at)
{
    const struct span *capture = &matcher->pattern->captures[step->index];
    size_t len = (size_t)(capture->to - capture->from);

    spend(matcher, (int64_t)len);
    if ((size_t)(matcher->end - at) < len || memcmp(at, capture->from, len) != 0)
        return NULL;
    return at + len;
}

static const uint8_t *frontier(const struct matcher *matcher, const struct step *step,
                               const uint8_t *at)
{
    const struct set *set = step->set;
    uint8_t before = at > matcher->start ? at[-1] : 0, here = at < matcher->end ? *at : 0;

    return !has(set, before) && has(set, here) ? at : NULL;
}

// Where the step leads from here; NULL: it does not fit.
static inline const uint8_t *take(struct matcher *matcher, const struct step *step,
                                  const uint8_t *at)
{
    switch (step->op) {
    case STEP_ITEM:
        return repeat(matcher, step, at);
    case STEP_OPEN:
    case STEP_POSITION:
        matcher->pattern->captures[step->index].from = at;
        return at;
    case STEP_CLOSE:
        matcher->pattern->captures[step->index].to = at;
        return at;
    case STEP_SAME:
        return same(matcher, step, at);
    case STEP_BALANCE:
        return balance(matcher, step, at);
    case STEP_FRONTIER:
        return frontier(matcher, step, at);
    case STEP_TAIL:
        return at == matcher->end ? at : NULL;
    case STEP_ERROR:
        pattern_fail(matcher->L, step);
        return NULL;
    default:
        return NULL;
    }
}

// The end of a match that begins here; NULL: there is none.
static const uint8_t *match(struct matcher *matcher, const uint8_t *at)
{
    const struct step *step = matcher->pattern->steps;

    matcher->depth = 0;
    while (step->op != STEP_DONE) {
        spend(matcher, 1);
        at = take(matcher, step++, at);
        if (at == NULL && (at = retreat(matcher, &step)) == NULL)
            return NULL;
    }
    return at;
}

// Where a match may begin: what begins with a plain byte only begins at that byte.
static const uint8_t *next_start(struct matcher *matcher, const uint8_t *from)
{
    const struct step *first = matcher->pattern->steps;
    const uint8_t *found;

    if (first->op != STEP_ITEM || first->item != ITEM_BYTE ||
        (first->repeat != REPEAT_ONCE && first->repeat != REPEAT_SOME))
        return from;
    found = from < matcher->end ? memchr(from, first->byte, (size_t)(matcher->end - from)) : NULL;
    spend(matcher, ((found != NULL ? found : matcher->end) - from) / 16);
    return found;
}

bool pattern_search(struct matcher *matcher, const uint8_t *from, bool anchored,
                    const uint8_t *not_at, struct span *found)
{
    const uint8_t *at = from, *to = NULL;

    matcher->fuel = FUEL;
    for (; at <= matcher->end; at++) {
        if (!anchored && (at = next_start(matcher, at)) == NULL)
            break;
        spend(matcher, 1);
        to = match(matcher, at);
        if (to != NULL && to != not_at)
            break;
        to = NULL;
        if (anchored)
            break;
    }
    settle(matcher);
    *found = (struct span){at, to};
    return to != NULL;
}

// SPDX-License-Identifier: Apache-2.0
#include "serve/turns.h"

#include <stdlib.h>

#include "base/mem.h"

enum {
    KEY_MAX = 120,
    PAY_BACK = 10,           // times the processor time that was used up
    DEBT_MAX_US = 60000000,  // but not longer than a minute
    MEMORY_US = 60000000,    // so long a lane that used its time up is known
    LANES_MAX = 512,         // of which something is remembered
    LANE_SHARE = 8,          // a lane's part of the queue once it is half full
    LANE_LEAST = 8,
    BUSY_WAIT_MS = 1000,
};

struct queue {
    struct turns_place *first, **last;
    size_t count;
};

struct lane {
    struct lane *next;
    char key[KEY_MAX];
    size_t key_len;
    size_t open;           // calls that have begun
    struct queue to_begin; // requests that have not
    struct queue ready, asleep; // asleep: wait for something else
    int64_t pays_until_us, struck_us; // struck: when its time was last used up, 0: never
};

struct turns {
    const struct config *config;
    struct loop *loop;
    struct clock *clock;
    struct lane *lanes, *at; // at: which had the last turn
    size_t lane_count, open, waiting, ready;
    struct loop_timer *timer;
    bool begins; // the next turn is for one that has not begun
};

static int64_t now_us(const struct turns *turns)
{
    return clock_mono_us(turns->clock);
}

static void put(struct queue *queue, struct turns_place *place)
{
    if (queue->first == NULL)
        queue->last = &queue->first;
    place->next = NULL;
    *queue->last = place;
    queue->last = &place->next;
    queue->count++;
}

static void take_out(struct queue *queue, struct turns_place *place)
{
    struct turns_place **at = &queue->first;

    while (*at != place)
        at = &(*at)->next;
    *at = place->next;
    queue->count--;
    for (queue->last = at; *queue->last != NULL;)
        queue->last = &(*queue->last)->next;
}

static bool is_platform(const struct lane *lane)
{
    return lane->key_len == 0;
}

static bool is_idle(const struct turns *turns, const struct lane *lane)
{
    return lane->open == 0 && lane->to_begin.count == 0 &&
           (lane->struck_us == 0 || turns->lane_count > LANES_MAX ||
            now_us(turns) - lane->struck_us > MEMORY_US);
}

static void remove_lane(struct turns *turns, struct lane **at)
{
    struct lane *lane = *at;

    *at = lane->next;
    if (turns->at == lane)
        turns->at = NULL;
    turns->lane_count--;
    free(lane);
}

// Those of which nothing needs to be known are taken away on the way.
static struct lane *find_lane(struct turns *turns, struct slice key)
{
    struct lane **at = &turns->lanes, *lane;

    while ((lane = *at) != NULL) {
        if (lane->key_len == key.len && memcmp(lane->key, key.data, key.len) == 0)
            return lane;
        if (is_idle(turns, lane))
            remove_lane(turns, at);
        else
            at = &lane->next;
    }
    lane = mem_zero(sizeof *lane);
    memcpy(lane->key, key.data, key.len);
    lane->key_len = key.len;
    *at = lane;
    turns->lane_count++;
    return lane;
}

static bool may_begin(const struct turns *turns, const struct lane *lane)
{
    return (int64_t)turns->open < turns->config->script.open &&
           (is_platform(lane) ||
            (lane->open == lane->asleep.count &&
             (lane->pays_until_us == 0 || now_us(turns) >= lane->pays_until_us)));
}

// The next lane after the one that had the last turn; the platform's own before all others.
static struct lane *next_lane(struct turns *turns, bool fits(const struct turns *turns,
                                                             const struct lane *lane))
{
    struct lane *from = turns->at != NULL && turns->at->next != NULL ? turns->at->next
                                                                     : turns->lanes;
    struct lane *lane = from, *found = NULL;

    while (lane != NULL) {
        if (fits(turns, lane) && (found == NULL || is_platform(lane)))
            found = lane;
        lane = lane->next != NULL ? lane->next : turns->lanes;
        if (lane == from)
            break;
    }
    return found;
}

static bool has_ready(const struct turns *turns, const struct lane *lane)
{
    (void)turns;
    return lane->ready.count > 0;
}

static bool has_first(const struct turns *turns, const struct lane *lane)
{
    return lane->to_begin.count > 0 && may_begin(turns, lane);
}

static void take_turn(void *context);

// How long until somebody may have a turn, -1: nobody waits for one.
static int64_t until_next(struct turns *turns)
{
    int64_t least = -1, left;

    if (turns->ready > 0 || (turns->waiting > 0 && next_lane(turns, has_first) != NULL))
        return 0;
    for (const struct lane *lane = turns->waiting > 0 ? turns->lanes : NULL; lane != NULL;
         lane = lane->next) {
        left = lane->pays_until_us - now_us(turns);
        if (lane->to_begin.count > 0 && left > 0 && (least < 0 || left < least))
            least = left;
    }
    return least < 0 ? -1 : least / 1000 + 1;
}

static void plan(struct turns *turns)
{
    int64_t ms = until_next(turns);

    if (turns->timer != NULL)
        turns->loop->cancel(turns->loop, turns->timer);
    turns->timer = ms < 0 ? NULL : turns->loop->after(turns->loop, ms, take_turn, turns);
}

static void begin_one(struct turns *turns, struct lane *lane)
{
    struct turns_place *place = lane->to_begin.first;

    take_out(&lane->to_begin, place);
    turns->waiting--;
    turns->open++;
    lane->open++;
    turns->at = lane;
    place->state = PLACE_RUNS;
    place->go(place->context);
}

static void resume_one(struct turns *turns, struct lane *lane)
{
    struct turns_place *place = lane->ready.first;

    take_out(&lane->ready, place);
    turns->ready--;
    turns->at = lane;
    place->state = PLACE_RUNS;
    place->go(place->context);
}

// One turn in a turn of the loop: whoever has come meanwhile comes first.
static void take_turn(void *context)
{
    struct turns *turns = context;
    struct lane *first = turns->waiting > 0 ? next_lane(turns, has_first) : NULL;
    struct lane *ready = turns->ready > 0 ? next_lane(turns, has_ready) : NULL;

    turns->timer = NULL;
    if (first != NULL && (turns->begins || ready == NULL)) {
        turns->begins = false;
        begin_one(turns, first);
    } else if (ready != NULL) {
        turns->begins = true;
        resume_one(turns, ready);
    }
    plan(turns);
}

struct turns *turns_create(const struct config *config, struct loop *loop, struct clock *clock)
{
    struct turns *turns = mem_zero(sizeof *turns);

    turns->config = config;
    turns->loop = loop;
    turns->clock = clock;
    return turns;
}

static void drop_all(struct queue *queue)
{
    while (queue->first != NULL)
        queue->first->drop(queue->first->context);
}

void turns_destroy(struct turns *turns)
{
    if (turns == NULL)
        return;
    for (struct lane *lane = turns->lanes; lane != NULL; lane = lane->next) {
        drop_all(&lane->to_begin);
        drop_all(&lane->ready);
        drop_all(&lane->asleep);
    }
    if (turns->timer != NULL)
        turns->loop->cancel(turns->loop, turns->timer);
    while (turns->lanes != NULL)
        remove_lane(turns, &turns->lanes);
    free(turns);
}

// A school's morning may fill the first half of the queue; the second is shared by all.
static bool is_full(const struct turns *turns, const struct lane *lane)
{
    size_t most = (size_t)turns->config->script.queue, share = most / LANE_SHARE;

    return turns->waiting >= most ||
           (turns->waiting >= most / 2 &&
            lane->to_begin.count >= (share > LANE_LEAST ? share : LANE_LEAST));
}

enum turns_entry turns_enter(struct turns *turns, struct turns_place *place, struct slice key,
                             int64_t *wait_ms)
{
    struct lane *lane;
    int64_t pays_us;

    key.len = key.len < KEY_MAX ? key.len : KEY_MAX;
    lane = find_lane(turns, key);
    if (lane->to_begin.count == 0 && may_begin(turns, lane)) {
        place->lane = lane;
        place->state = PLACE_RUNS;
        lane->open++;
        turns->open++;
        return TURNS_NOW;
    }
    if (is_full(turns, lane)) {
        pays_us = lane->pays_until_us - now_us(turns);
        *wait_ms = pays_us > BUSY_WAIT_MS * 1000 ? pays_us / 1000 : BUSY_WAIT_MS;
        return TURNS_FULL;
    }
    place->lane = lane;
    place->state = PLACE_WAITS_TO_BEGIN;
    put(&lane->to_begin, place);
    turns->waiting++;
    plan(turns);
    return TURNS_LATER;
}

static void wake(struct turns *turns, struct turns_place *place)
{
    if (place->state != PLACE_WAITS)
        return;
    turns->loop->cancel(turns->loop, place->timer);
    take_out(&place->lane->asleep, place);
    place->state = PLACE_RUNS;
}

void turns_again(struct turns *turns, struct turns_place *place)
{
    if (place->lane == NULL || place->state == PLACE_READY)
        return;
    wake(turns, place);
    place->state = PLACE_READY;
    put(&place->lane->ready, place);
    if (turns->ready++ == 0)
        plan(turns);
}

static void waited_enough(void *context)
{
    struct turns_place *place = context;

    take_out(&place->lane->asleep, place);
    place->state = PLACE_RUNS;
    place->go(place->context);
}

void turns_wait(struct turns *turns, struct turns_place *place, int64_t wall_ms)
{
    place->state = PLACE_WAITS;
    put(&place->lane->asleep, place);
    place->timer = turns->loop->after(turns->loop, wall_ms, waited_enough, place);
}

static void charge(struct turns *turns, struct lane *lane, int64_t spent_us)
{
    int64_t now = now_us(turns);
    int64_t from = lane->pays_until_us > now ? lane->pays_until_us : now;

    lane->struck_us = now;
    lane->pays_until_us = from + PAY_BACK * spent_us;
    if (lane->pays_until_us > now + DEBT_MAX_US)
        lane->pays_until_us = now + DEBT_MAX_US;
}

void turns_leave(struct turns *turns, struct turns_place *place, int64_t spent_us)
{
    struct lane *lane = place->lane;

    if (lane == NULL)
        return;
    wake(turns, place);
    if (place->state == PLACE_WAITS_TO_BEGIN) {
        take_out(&lane->to_begin, place);
        turns->waiting--;
    } else {
        if (place->state == PLACE_READY) {
            take_out(&lane->ready, place);
            turns->ready--;
        }
        lane->open--;
        turns->open--;
    }
    place->lane = NULL;
    if (spent_us > 0 && !is_platform(lane))
        charge(turns, lane, spent_us);
    if (turns->waiting > 0) // a timer may be for one that pays back, long after
        plan(turns);
}

bool turns_is_strict(const struct turns *turns, const struct turns_place *place)
{
    const struct lane *lane = place->lane;

    return lane != NULL && lane->struck_us != 0 && now_us(turns) - lane->struck_us <= MEMORY_US;
}

size_t turns_open(const struct turns *turns)
{
    return turns->open;
}

size_t turns_waiting(const struct turns *turns)
{
    return turns->waiting;
}

// SPDX-License-Identifier: Apache-2.0
// Whether there is room for a commit. The last pieces below the limit are kept back: one for what
// people need to sign in and out and for the log of it, one for deleting, which takes room (the
// feed, the list of what was deleted) before it gives some.
#include "store/group.h"
#include "store/space.h"

static const uint64_t reserve_least = 64 << 10, reserve_most = 32 << 20;
enum { RESERVE_SHARE = 128 }; // of the limit

// What a commit leaves behind.
struct footprint {
    int64_t growth;      // bytes more in all
    int64_t data_growth; // of records, files and jobs
    bool has_data, deletes;
};

static bool is_data(const struct operation *operation)
{
    switch (operation->key.data[0]) {
    case SPACE_SESSION:
    case SPACE_SIGNED_IN:
    case SPACE_THROTTLE:
        return false;
    default:
        return operation->op != OP_APPEND;
    }
}

static bool measure(struct group *group, const struct operation *operation,
                    struct footprint *footprint, struct err *err)
{
    int64_t growth = (int64_t)(operation->key.len + STORED_HEAD + operation->value.len);
    struct change *change;

    if (operation->op == OP_REQUIRE)
        return true;
    if (operation->op == OP_APPEND) {
        footprint->growth += growth + LOG_TIME_LEN + LOG_CHAIN_LEN;
        return true;
    }
    change = group_lookup(group, operation->key, err);
    if (change == NULL)
        return false;
    if (operation->op == OP_DELETE)
        growth = 0;
    if (operation->op == OP_ADD || operation->op == OP_RESET)
        growth += 8;
    if (change->now.bytes.data != NULL)
        growth -= (int64_t)(change->key.len + STORED_HEAD + change->now.bytes.len);
    footprint->growth += growth;
    footprint->deletes |= operation->op == OP_PUT && operation->key.data[0] == SPACE_DELETED;
    if (is_data(operation)) {
        footprint->has_data = true;
        footprint->data_growth += operation->key.data[0] == SPACE_WRITE ? 0 : growth;
    }
    return true;
}

static uint64_t reserve_of(uint64_t bytes_max)
{
    uint64_t reserve = bytes_max / RESERVE_SHARE;

    return reserve < reserve_least ? reserve_least
           : reserve > reserve_most ? reserve_most
                                    : reserve;
}

static uint64_t limit_for(const struct store *store, const struct footprint *footprint)
{
    uint64_t most = store->options.bytes_max, reserve = reserve_of(most);

    if (!footprint->has_data)
        return most;
    return most - (footprint->deletes || footprint->data_growth <= 0 ? reserve : 2 * reserve);
}

// A commit that takes no more room than it gives always passes.
bool group_has_room(struct store *store, struct reader operations, struct err *err)
{
    struct group *group = store->group;
    uint64_t used = group->bytes + (uint64_t)(group->growth > 0 ? group->growth : 0);
    struct footprint footprint = {0};
    struct operation operation;
    bool end;

    if (used + 2 * reader_left(&operations) + 2 * reserve_of(store->options.bytes_max) <
        store->options.bytes_max) {
        group->growth += (int64_t)reader_left(&operations);
        return true;
    }
    while (operation_read(&operations, &operation, &end) && !end) {
        if (!measure(group, &operation, &footprint, err))
            return false;
    }
    if (footprint.growth > 0 && used + (uint64_t)footprint.growth > limit_for(store, &footprint))
        return err_set(err, ERR_FULL, "the store has reached its limit of %llu bytes",
                       (unsigned long long)store->options.bytes_max);
    group->growth += footprint.growth;
    return true;
}

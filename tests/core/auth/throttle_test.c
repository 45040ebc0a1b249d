// SPDX-License-Identifier: Apache-2.0
#include "world.h"

static struct throttle_subject subject(const char *login, const char *address)
{
    return (struct throttle_subject){.login = slice_text(login), .address = slice_text(address)};
}

static bool is_shut; // by the last one

static int64_t wait_of(struct world *w, struct throttle_subject asked)
{
    int64_t wait_ms;

    begin(w, STORE_READ);
    CHECK_OK(auth_throttle_ask(&w->auth, &w->view, &asked, &wait_ms, &is_shut, &w->err), &w->err);
    end(w);
    return wait_ms;
}

static void fail(struct world *w, struct throttle_subject failed, int times)
{
    for (int i = 0; i < times; i++) {
        begin(w, STORE_WRITE);
        CHECK_OK(auth_throttle_count(&w->auth, &w->view, &failed, &w->err), &w->err);
        commit(w);
    }
}

// Each test begins at the start of a window in which nothing was counted.
static void next_window(struct world *w)
{
    pass(w, w->limits.window_ms - w->time.wall_ms % w->limits.window_ms);
}

static void an_account_is_throttled_until_the_window_ends(struct world *w)
{
    next_window(w);
    fail(w, subject("wang", "192.0.2.1"), 2);
    CHECK(wait_of(w, subject("wang", "192.0.2.1")) == 0);
    fail(w, subject("wang", "192.0.2.2"), 1);
    CHECK(wait_of(w, subject("wang", "192.0.2.3")) == w->limits.window_ms);
    CHECK(wait_of(w, subject("li", "192.0.2.3")) == 0);
    pass(w, w->limits.window_ms - 1);
    CHECK(wait_of(w, subject("wang", "192.0.2.3")) == 1);
    pass(w, 1);
    CHECK(wait_of(w, subject("wang", "192.0.2.3")) == 0);
}

static void an_address_is_throttled_whatever_the_login(struct world *w)
{
    char login[] = "guess0";

    next_window(w);
    for (int i = 0; i < 6; i++, login[5]++)
        fail(w, subject(login, "198.51.100.7"), 1);
    CHECK(wait_of(w, subject("another", "198.51.100.7")) > 0);
    CHECK(wait_of(w, subject("another", "198.51.100.8")) == 0);
    CHECK(wait_of(w, subject("another", "::ffff:198.51.100.7")) > 0); // the same, as IPv6 writes it
}

static void an_ipv6_network_counts_as_one_address(struct world *w)
{
    char login[] = "v6-0";

    next_window(w);
    for (int i = 0; i < 6; i++, login[3]++)
        fail(w, subject(login, i % 2 ? "2001:db8:0:1::1" : "2001:db8:0:1:ffff::2"), 1);
    CHECK(wait_of(w, subject("another", "2001:db8:0:1::3")) > 0);
    CHECK(wait_of(w, subject("another", "2001:db8:0:2::1")) == 0);
}

// Told to wait, whoever has an account there would differ from who has none.
static void a_school_is_shut_as_a_whole_and_says_no_word(struct world *w)
{
    struct throttle_subject one;
    char login[] = "pupil0", address[] = "203.0.113.0";

    next_window(w);
    for (int i = 0; i < 9; i++, login[5]++, address[10]++) {
        one = subject(login, address);
        one.school = w->school;
        fail(w, one, 1);
    }
    one = subject("fresh", "203.0.113.99");
    CHECK(wait_of(w, one) == 0 && !is_shut);
    one.school = w->school;
    CHECK(wait_of(w, one) == 0 && is_shut);
    one.known_device = true;
    CHECK(wait_of(w, one) == 0 && !is_shut);
}

static void strangers_do_not_shut_a_known_device_out(struct world *w)
{
    struct throttle_subject owner = subject("victim", "192.0.2.50");

    next_window(w);
    fail(w, subject("victim", "192.0.2.50"), 100);
    CHECK(wait_of(w, owner) > 0);
    owner.known_device = true;
    CHECK(wait_of(w, owner) == 0);
    fail(w, owner, 3);
    CHECK(wait_of(w, owner) > 0); // its own failures count
    CHECK(wait_of(w, subject("other", "192.0.2.51")) == 0);
}

static void a_login_that_does_not_exist_is_throttled_the_same(struct world *w)
{
    next_window(w);
    begin(w, STORE_WRITE);
    add_account(w, "exists");
    commit(w);
    fail(w, subject("exists", "192.0.2.60"), 3);
    fail(w, subject("no-such", "192.0.2.61"), 3);
    CHECK(wait_of(w, subject("exists", "192.0.2.62")) == wait_of(w, subject("no-such", "192.0.2.62")));
    CHECK(wait_of(w, subject("no-such", "192.0.2.62")) > 0);
}

static size_t counters(struct world *w)
{
    uint8_t space = SPACE_THROTTLE;
    struct store_range *range;
    struct slice key, value;
    size_t count = 0;

    begin(w, STORE_READ);
    range = store_range_open(w->txn, slice_of(&space, 1), (struct slice){NULL, 0}, false, &w->err);
    while (store_range_next(range, &key, &value, &w->err)) {
        CHECK(memmem(key.data, key.len, "sweep", 5) == NULL); // no login in the clear
        count++;
    }
    end(w);
    return count;
}

static void old_windows_go_in_one_sweep(struct world *w)
{
    uint8_t from = SPACE_THROTTLE, to[5] = {SPACE_THROTTLE};
    uint32_t window;
    size_t swept, before, recent;

    next_window(w);
    before = counters(w);
    fail(w, subject("sweep", "192.0.2.70"), 1);
    recent = counters(w) - before;
    CHECK(before > 0 && recent == 2);
    window = (uint32_t)(w->time.wall_ms / w->limits.window_ms);
    for (int i = 0; i < 4; i++)
        to[1 + i] = (uint8_t)(window >> (24 - 8 * i));
    CHECK_OK(store_sweep(w->store, slice_of(&from, 1), slice_of(to, 5), 1000, &swept, &w->err), &w->err);
    CHECK(swept == before && counters(w) == recent);
}

static void a_device_is_known_to_its_account_only(struct world *w)
{
    char one[TOKEN_TEXT_LEN + 1], two[TOKEN_TEXT_LEN + 1];
    struct account *account, *other;

    begin(w, STORE_WRITE);
    account = add_account(w, "device-a");
    other = add_account(w, "device-b");
    end(w);
    auth_device(&w->auth, account, one);
    auth_device(&w->auth, other, two);
    CHECK(auth_device_ok(&w->auth, account, slice_text(one)));
    CHECK(!auth_device_ok(&w->auth, account, slice_text(two)));
    CHECK(!auth_device_ok(&w->auth, account, slice_text("")));
    CHECK(!auth_device_ok(&w->auth, account, (struct slice){NULL, 0}));
}

int main(void)
{
    struct world w;

    world_open(&w);
    RUN(an_account_is_throttled_until_the_window_ends, &w);
    RUN(an_address_is_throttled_whatever_the_login, &w);
    RUN(an_ipv6_network_counts_as_one_address, &w);
    RUN(a_school_is_shut_as_a_whole_and_says_no_word, &w);
    RUN(strangers_do_not_shut_a_known_device_out, &w);
    RUN(a_login_that_does_not_exist_is_throttled_the_same, &w);
    RUN(old_windows_go_in_one_sweep, &w);
    RUN(a_device_is_known_to_its_account_only, &w);
    world_close(&w);
    return check_report("auth/throttle");
}

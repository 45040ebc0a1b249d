// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include "check.h"
#include "net/guard.h"

static struct err err;

static bool lets(const struct guard *guard, const char *name, const char *address)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};

    if (inet_pton(AF_INET, address, &four.sin_addr) == 1)
        return guard_lets(guard, name, (struct sockaddr *)&four);
    CHECK(inet_pton(AF_INET6, address, &six.sin6_addr) == 1);
    return guard_lets(guard, name, (struct sockaddr *)&six);
}

static void what_lies_inside_is_refused(void)
{
    static const char *const inside[] = {
        "127.0.0.1",     "127.255.255.254", "0.0.0.0",          "0.1.2.3",       "10.0.0.1",
        "172.16.0.1",    "172.31.255.255",  "192.168.1.1",      "169.254.0.1",   "169.254.169.254",
        "100.64.0.1",    "100.100.100.200", "168.63.129.16",    "192.0.0.192",   "192.0.2.1",
        "198.18.0.1",    "198.19.255.255",  "198.51.100.1",     "203.0.113.1",   "192.88.99.1",
        "224.0.0.1",     "239.255.255.255", "240.0.0.1",        "255.255.255.255"};
    struct guard *guard = guard_create("", &err);

    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        if (lets(guard, "example.com", inside[i]))
            printf("  %s is let through\n", inside[i]);
        CHECK(!lets(guard, "example.com", inside[i]));
    }
    guard_destroy(guard);
}

static void what_lies_inside_is_refused_in_ipv6(void)
{
    static const char *const inside[] = {
        "::",           "::1",          "::127.0.0.1",       "::ffff:127.0.0.1", "::ffff:8.8.8.8",
        "64:ff9b::1",   "64:ff9b:1::1", "64:ff9b::7f00:1",   "100::1",           "fc00::1",
        "fd00:ec2::254", "fe80::1",     "fec0::1",           "ff02::1",          "2001::1",
        "2001:2::1",    "2001:20::1",   "2001:db8::1",       "2002:7f00:1::",    "2002:808:808::",
        "3fff::1",      "5f00::1",      "4000::1"};
    struct guard *guard = guard_create("", &err);

    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        if (lets(guard, "example.com", inside[i]))
            printf("  %s is let through\n", inside[i]);
        CHECK(!lets(guard, "example.com", inside[i]));
    }
    guard_destroy(guard);
}

static void what_lies_beside_those_ranges_is_let_through(void)
{
    static const char *const outside[] = {
        "1.1.1.1",     "9.255.255.255",  "11.0.0.0",      "100.63.255.255", "100.128.0.0",
        "126.1.1.1",   "128.0.0.1",      "169.253.1.1",   "172.15.255.255", "172.32.0.0",
        "192.167.1.1", "192.169.0.0",    "198.17.1.1",    "198.20.0.0",     "223.255.255.255",
        "168.63.129.17", "2400:3200::1", "2606:4700::1111", "2001:4860::8888", "2003::1"};
    struct guard *guard = guard_create("", &err);

    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        CHECK(lets(guard, "example.com", outside[i]));
    guard_destroy(guard);
}

static void what_the_operator_names_is_let_through_and_nothing_beside_it(void)
{
    struct guard *guard = guard_create("10.3.0.0/16, 127.0.0.1 fd00::/8 SMS.county.example", &err);

    CHECK(lets(guard, "x", "10.3.255.1"));
    CHECK(!lets(guard, "x", "10.4.0.1"));
    CHECK(lets(guard, "x", "127.0.0.1"));
    CHECK(!lets(guard, "x", "127.0.0.2"));
    CHECK(!lets(guard, "x", "::ffff:127.0.0.1"));
    CHECK(lets(guard, "x", "fd12::1"));
    CHECK(!lets(guard, "x", "fe80::1"));
    CHECK(lets(guard, "sms.county.example", "192.168.7.7"));
    CHECK(!lets(guard, "sms.county.example.evil", "192.168.7.7"));
    CHECK(!lets(guard, "x", "192.168.7.7"));
    guard_destroy(guard);
}

static void nobody_can_name_what_is_no_place(void)
{
    struct guard *guard = guard_create("0.0.0.0/0 ::/0 all.example", &err);

    CHECK(lets(guard, "x", "127.0.0.1"));
    CHECK(!lets(guard, "all.example", "0.0.0.0"));
    CHECK(!lets(guard, "all.example", "255.255.255.255"));
    CHECK(!lets(guard, "all.example", "224.0.0.1"));
    CHECK(!lets(guard, "all.example", "::"));
    CHECK(!lets(guard, "all.example", "ff02::1"));
    guard_destroy(guard);
}

static void only_addresses_of_the_internet_are_let_through(void)
{
    struct guard *guard = guard_create("0.0.0.0/0", &err);
    struct sockaddr local = {.sa_family = AF_UNIX};

    CHECK(!guard_lets(guard, "x", &local));
    guard_destroy(guard);
}

static void a_wrong_list_is_refused_by_its_word(void)
{
    static const char *const wrong[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0",
                                        "*.example.com", "a/b", "http://x", "x:80", "::1/129"};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct guard *guard = guard_create(wrong[i], &err);

        CHECK(guard == NULL && strstr(err.text, wrong[i]) != NULL);
        guard_destroy(guard);
    }
}

int main(void)
{
    RUN(what_lies_inside_is_refused);
    RUN(what_lies_inside_is_refused_in_ipv6);
    RUN(what_lies_beside_those_ranges_is_let_through);
    RUN(what_the_operator_names_is_let_through_and_nothing_beside_it);
    RUN(nobody_can_name_what_is_no_place);
    RUN(only_addresses_of_the_internet_are_let_through);
    RUN(a_wrong_list_is_refused_by_its_word);
    return check_report("net/guard");
}

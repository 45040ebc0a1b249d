// SPDX-License-Identifier: Apache-2.0
// The role that a person acts in: chosen by a cookie, checked against what they hold. It
// orders pages; rights come from all roles together.
#include "serve/exchange.h"

#include <string.h>

#include "base/text.h"

// "role.organisation" or "role.organisation.subject", subject as "org.id".
static bool read_choice(struct exchange *x, struct slice text, struct role_grant *grant,
                        struct ref *subject)
{
    const uint8_t *dot = text.data != NULL ? memchr(text.data, '.', text.len) : NULL;
    struct slice rest;

    *subject = (struct ref){{{0}}, {{0}}};
    if (dot == NULL)
        return false;
    grant->role = arena_text(&x->memory, slice_of(text.data, (size_t)(dot - text.data)));
    rest = slice_of(dot + 1, text.len - (size_t)(dot + 1 - text.data));
    if (rest.len < ID_TEXT_LEN || !id_from_text(slice_of(rest.data, ID_TEXT_LEN), &grant->org))
        return false;
    rest = slice_of(rest.data + ID_TEXT_LEN, rest.len - ID_TEXT_LEN);
    return rest.len == 0 ||
           (rest.data[0] == '.' && ref_from_text(slice_of(rest.data + 1, rest.len - 1), subject));
}

static bool holds(const struct exchange *x, const struct role_grant *wanted)
{
    for (size_t i = 0; i < x->principal.grant_count; i++)
        if (strcmp(x->principal.grants[i].role, wanted->role) == 0 &&
            id_equal(&x->principal.grants[i].org, &wanted->org))
            return true;
    return false;
}

// A role counts on a page when it is held at the page's organisation or above.
static bool covers(const struct id *path, size_t count, struct id org)
{
    for (size_t i = 0; i < count; i++)
        if (id_equal(&path[i], &org))
            return true;
    return false;
}

// One member alone is taken; of several none is ever taken for the person. A page of an
// organisation knows its own members only.
static bool choose_subject(struct exchange *x, struct ref wanted, bool platform, struct err *err)
{
    const struct set_def *set = catalog_role_set(x->view.catalog, x->call.role);
    const struct ref *members;
    struct ref only = {{{0}}, {{0}}};
    size_t count, here = 0;

    if (set == NULL)
        return true;
    if (!record_set(&x->view, set, x->call.role_org, NULL, &members, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (ref_equal(&members[i], &wanted))
            x->call.subject = wanted;
        if (platform || id_equal(&members[i].org, &x->call.role_org)) {
            only = members[i];
            here++;
        }
    }
    if (id_is_zero(&x->call.subject.id) && here == 1)
        x->call.subject = only;
    return true;
}

bool acting_choose(struct exchange *x, struct id org, bool platform, struct err *err)
{
    struct role_grant wanted = {"", {{0}}};
    struct ref subject;
    const struct id *path = NULL;
    size_t count = 0;
    bool chosen;

    x->call.role = "";
    x->call.role_org = x->view.root;
    if (x->principal.grant_count == 0)
        return true;
    if (!platform && !tree_path(&x->view, org, &path, &count, err))
        return false;
    chosen = read_choice(x, x->acting, &wanted, &subject) && holds(x, &wanted) &&
             (platform || covers(path, count, wanted.org));
    for (size_t i = 0; !chosen && i < x->principal.grant_count; i++) {
        wanted = x->principal.grants[i];
        chosen = platform || covers(path, count, wanted.org);
    }
    if (!chosen)
        return true;
    x->call.role = wanted.role;
    x->call.role_org = wanted.org;
    return choose_subject(x, subject, platform, err);
}

void switch_serve(struct exchange *x)
{
    struct slice role = exchange_form(x, "role"), org = exchange_form(x, "org");
    struct slice subject = exchange_form(x, "subject");
    struct role_grant wanted = {"", {{0}}};
    struct ref ref;
    const char *text;
    struct http_field cookie;

    if (!exchange_begin(x, STORE_READ) || !exchange_trusted(x))
        return;
    text = arena_format(&x->memory, "%.*s.%.*s%s%.*s", (int)role.len, (const char *)role.data,
                        (int)org.len, (const char *)org.data, subject.len > 0 ? "." : "",
                        (int)subject.len, (const char *)subject.data);
    if (!read_choice(x, slice_text(text), &wanted, &ref) || !holds(x, &wanted)) {
        exchange_fail(x, 404, "absent");
        return;
    }
    cookie = exchange_cookie(x, "sy_as", text, 180 * 86400, false);
    exchange_redirect(x, "/", &cookie, 1);
}

void prefer_serve(struct exchange *x)
{
    struct slice lang = exchange_form(x, "lang"), theme = exchange_form(x, "theme");
    struct slice back = exchange_form(x, "back");
    struct http_field cookies[2];
    size_t count = 0;

    if (!exchange_begin(x, STORE_READ) || !exchange_trusted(x))
        return;
    if (slice_is(lang, "zh") || slice_is(lang, "en"))
        cookies[count++] = exchange_cookie(x, "sy_lang", slice_is(lang, "en") ? "en" : "zh",
                                           365 * 86400, false);
    if (slice_is(theme, "dark") || slice_is(theme, "light"))
        cookies[count++] = exchange_cookie(
            x, "sy_theme", slice_is(theme, "dark") ? "dark" : "light", 365 * 86400, false);
    else if (slice_is(theme, "auto"))
        cookies[count++] = exchange_cookie(x, "sy_theme", "", -1, false);
    exchange_redirect(x, text_is_local_path(back) ? arena_text(&x->memory, back) : "/account",
                      cookies, count);
}

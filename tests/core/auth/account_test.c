// SPDX-License-Identifier: Apache-2.0
#include "world.h"

static void canonical_forms_find_one_account(struct world *w)
{
    static const char *const same[] = {"Wang.Wei", "wang.wei", "ＷＡＮＧ．ＷＥＩ", "WANG.wei"};
    static const char *const others[] = {"wang.wei ", "w\xd0\xb0ng.wei", "wang\xe2\x80\x8b.wei",
                                         "王wei", "", "wang.wei2", "\xff", "?"};
    struct account *made, *account;

    begin(w, STORE_WRITE);
    made = add_account(w, "Wang.Wei");
    CHECK(strcmp(made->login, "wang.wei") == 0 && made->epoch == 1 && !made->disabled);
    commit(w);

    begin(w, STORE_READ);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        CHECK_OK(auth_account_find(&w->view, slice_text(same[i]), &account, &w->err), &w->err);
        CHECK(account != NULL && id_equal(&account->ref.id, &made->ref.id));
        CHECK(account != NULL && id_equal(&account->person, &w->person));
        CHECK(account != NULL && strcmp(account->hash, "$hash") == 0 && strcmp(account->name, "甲") == 0);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK_OK(auth_account_find(&w->view, slice_text(others[i]), &account, &w->err), &w->err);
        CHECK(account == NULL);
    }
    end(w);
}

static void a_login_is_given_once(struct world *w)
{
    struct problem problem = {NULL, NULL};
    struct account *account;

    begin(w, STORE_WRITE);
    add_account(w, "li.na");
    CHECK(!auth_account_add(&w->view, slice_text("LI.NA"), slice_text("x"), w->person, NULL, &account,
                            &problem, &w->err));
    CHECK(w->err.code == ERR_NONE && account == NULL);
    CHECK(problem.word != NULL && strcmp(problem.word, "unique") == 0);
    CHECK(!auth_account_add(&w->view, slice_text("not a login"), slice_text("x"), w->person, NULL,
                            &account, &problem, &w->err));
    CHECK(w->err.code == ERR_NONE && strcmp(problem.field, "login") == 0);
    end(w);
}

static void an_account_without_a_password_has_an_empty_hash(struct world *w)
{
    struct problem problem = {NULL, NULL};
    struct account *account;

    begin(w, STORE_WRITE);
    CHECK_OK(auth_account_add(&w->view, slice_text("imported"), slice_text(""), w->person, NULL,
                              &account, &problem, &w->err), &w->err);
    CHECK(account->hash[0] == 0 && strcmp(account->name, "imported") == 0);
    end(w);
}

static void accounts_are_listed_page_by_page(struct world *w)
{
    struct account *accounts;
    struct id after = {{0}};
    size_t count, all = 0;
    char login[16];

    begin(w, STORE_WRITE);
    for (int i = 0; i < 5; i++) {
        snprintf(login, sizeof login, "page%d", i);
        add_account(w, login);
        pass(w, 1);
    }
    commit(w);
    begin(w, STORE_READ);
    do {
        CHECK_OK(auth_account_list(&w->view, after, 2, &accounts, &count, &w->err), &w->err);
        for (size_t i = 0; i < count; i++)
            all += strncmp(accounts[i].login, "page", 4) == 0;
        if (count > 0)
            after = accounts[count - 1].ref.id;
    } while (count == 2);
    end(w);
    CHECK(all == 5);
}

static void a_new_hash_raises_the_epoch_and_a_rehash_does_not(struct world *w)
{
    struct account *account, *again;

    begin(w, STORE_WRITE);
    account = add_account(w, "epochs");
    CHECK_OK(auth_account_rehash(&w->view, account, "$rehash", &w->err), &w->err);
    CHECK_OK(auth_account_get(&w->view, account->ref.id, &again, &w->err), &w->err);
    CHECK(again->epoch == 1 && strcmp(again->hash, "$rehash") == 0);
    CHECK_OK(auth_account_set_hash(&w->view, account, "$new", false, &w->err), &w->err);
    CHECK_OK(auth_account_disable(&w->view, account, true, &w->err), &w->err);
    commit(w);

    begin(w, STORE_READ);
    CHECK_OK(auth_account_get(&w->view, account->ref.id, &again, &w->err), &w->err);
    CHECK(again->epoch == 3 && strcmp(again->hash, "$new") == 0 && again->disabled);
    CHECK_OK(auth_account_get(&w->view, w->school, &again, &w->err), &w->err);
    CHECK(again == NULL);
    end(w);
}

static void no_rule_shows_accounts_to_anybody(struct world *w)
{
    struct role_grant grants[] = {{"admin", w->root}, {"operator", w->school}};
    struct principal who = {.person = w->person, .grants = grants, .grant_count = 2};
    struct problem problem = {NULL, NULL};
    struct account *account;
    struct record *record, **records;
    const struct collection *accounts = catalog_find(w->catalog, "core.account"),
                            *all = catalog_find(w->catalog, "core.grant");
    struct value values[FIELDS_MAX] = {{VALUE_NULL, {0}}};
    size_t count;

    begin(w, STORE_WRITE);
    account = add_account(w, "hidden");
    CHECK_OK(auth_grant_add(&w->view, w->person, "admin", w->root, &w->err), &w->err);
    commit(w);
    begin(w, STORE_WRITE);
    w->view.who = &who;
    CHECK_OK(record_get(&w->view, accounts, account->ref, &record, &w->err), &w->err);
    CHECK(record == NULL);
    for (int i = 0; i < 2; i++) {
        struct query query = {.collection = i == 0 ? accounts : all, .org = w->root, .order = -1, .limit = 10};

        CHECK_OK(record_query(&w->view, &query, &records, &count, &w->err), &w->err);
        CHECK(count == 0);
    }
    CHECK(!record_create(&w->view, all, w->root, values, &record, &problem, &w->err));
    CHECK(w->err.code == ERR_DENIED);
    end(w);
}

static size_t grant_count(struct world *w, const char *role)
{
    struct principal principal;
    size_t count = 0;

    CHECK_OK(auth_principal(&w->view, w->person, &principal, &w->err), &w->err);
    CHECK(id_equal(&principal.person, &w->person));
    for (size_t i = 0; i < principal.grant_count; i++)
        count += strcmp(principal.grants[i].role, role) == 0;
    return count;
}

static void the_same_grant_twice_is_one(struct world *w)
{
    struct account *account, *again;

    begin(w, STORE_WRITE);
    account = add_account(w, "granted");
    CHECK_OK(auth_grant_add(&w->view, w->person, "teacher", w->school, &w->err), &w->err);
    CHECK_OK(auth_grant_add(&w->view, w->person, "teacher", w->school, &w->err), &w->err);
    commit(w);
    begin(w, STORE_WRITE);
    CHECK_OK(auth_grant_add(&w->view, w->person, "teacher", w->school, &w->err), &w->err);
    CHECK_OK(auth_account_get(&w->view, account->ref.id, &again, &w->err), &w->err);
    CHECK(again->epoch == 2); // one change of what they hold
    CHECK(grant_count(w, "teacher") == 1);
    CHECK_OK(auth_grant_add(&w->view, w->person, "teacher", w->root, &w->err), &w->err);
    CHECK(grant_count(w, "teacher") == 2);
    CHECK_OK(auth_grant_remove(&w->view, w->person, "teacher", w->school, &w->err), &w->err);
    CHECK_OK(auth_grant_remove(&w->view, w->person, "teacher", w->school, &w->err), &w->err);
    CHECK(grant_count(w, "teacher") == 1);
    end(w);
}

static void a_grant_of_a_strange_role_or_at_no_organisation_is_refused(struct world *w)
{
    static const char *const roles[] = {"", "Teacher", "class teacher", "-x", "老师", "a1",
                                        "a-role-whose-name-is-longer-than-forty-letters"};

    begin(w, STORE_WRITE);
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        CHECK(!auth_grant_add(&w->view, w->person, roles[i], w->school, &w->err));
        CHECK(w->err.code == ERR_INPUT);
    }
    CHECK(!auth_grant_add(&w->view, w->person, "teacher", w->person, &w->err));
    CHECK(w->err.code == ERR_INPUT && strstr(w->err.text, "at: absent") != NULL);
    end(w);
}

static void a_grant_holds_from_its_beginning_to_its_end(struct world *w)
{
    const struct collection *grants = catalog_find(w->catalog, "core.grant");
    struct value values[FIELDS_MAX] = {{VALUE_NULL, {0}}};
    struct problem problem = {NULL, NULL};
    struct record *record;
    char person[ID_TEXT_LEN + 1];

    id_to_text(&w->person, person);
    values[collection_field(grants, slice_text("person"))] = (struct value){VALUE_TEXT, {.text = slice_text(person)}};
    values[collection_field(grants, slice_text("role"))] = (struct value){VALUE_TEXT, {.text = slice_text("substitute")}};
    values[collection_field(grants, slice_text("at"))] = (struct value){VALUE_REF, {.ref = {w->root, w->school}}};
    values[collection_field(grants, slice_text("begins"))] = (struct value){VALUE_TIME, {.integer = w->time.wall_ms + 1000}};
    values[collection_field(grants, slice_text("ends"))] = (struct value){VALUE_TIME, {.integer = w->time.wall_ms + 2000}};
    begin(w, STORE_WRITE);
    CHECK_OK(record_create(&w->view, grants, w->root, values, &record, &problem, &w->err), &w->err);
    CHECK(grant_count(w, "substitute") == 0);
    pass(w, 1000);
    CHECK(grant_count(w, "substitute") == 1);
    pass(w, 999);
    CHECK(grant_count(w, "substitute") == 1);
    pass(w, 1);
    CHECK(grant_count(w, "substitute") == 0);
    CHECK_OK(auth_grant_add(&w->view, w->person, "substitute", w->school, &w->err), &w->err);
    CHECK(grant_count(w, "substitute") == 1); // given again, without an end
    end(w);
}

static void the_audit_tells_who_did_what_and_is_chained(struct world *w)
{
    struct store_entry entries[2];
    size_t count;
    char expected[256], person[ID_TEXT_LEN + 1];

    begin(w, STORE_WRITE);
    CHECK_OK(audit_append(&w->view, w->person, "sign_in", "o", "a \"quote\"\n</script>", &w->err), &w->err);
    CHECK_OK(audit_append(&w->view, (struct id){{0}}, "scrub", "", "", &w->err), &w->err);
    commit(w);
    begin(w, STORE_READ);
    CHECK_OK(store_log_read(w->txn, "#audit", 0, 2, entries, &count, &w->err), &w->err);
    CHECK(count == 2 && entries[1].chain.len == DIGEST_LEN);
    id_to_text(&w->person, person);
    snprintf(expected, sizeof expected, "{\"time\":%lld,\"actor\":\"%s\",\"action\":\"sign_in\",\"object\":\"o\",",
             (long long)w->time.wall_ms, person);
    CHECK(slice_starts(entries[0].bytes, slice_text(expected)));
    CHECK(memmem(entries[0].bytes.data, entries[0].bytes.len, "</script>", 9) == NULL);
    CHECK(memmem(entries[1].bytes.data, entries[1].bytes.len, "\"actor\":\"\"", 10) != NULL);
    end(w);
}

int main(void)
{
    struct world w;

    world_open(&w);
    RUN(canonical_forms_find_one_account, &w);
    RUN(a_login_is_given_once, &w);
    RUN(an_account_without_a_password_has_an_empty_hash, &w);
    RUN(accounts_are_listed_page_by_page, &w);
    RUN(a_new_hash_raises_the_epoch_and_a_rehash_does_not, &w);
    RUN(no_rule_shows_accounts_to_anybody, &w);
    w.person = id_make(&w.time.clock, random_system());
    RUN(the_same_grant_twice_is_one, &w);
    RUN(a_grant_of_a_strange_role_or_at_no_organisation_is_refused, &w);
    RUN(a_grant_holds_from_its_beginning_to_its_end, &w);
    RUN(the_audit_tells_who_did_what_and_is_chained, &w);
    world_close(&w);
    return check_report("auth/account");
}

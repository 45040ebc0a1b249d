// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

#include "base/buffer.h"
#include "config/yaml.h"

static char path[64];

static bool read_text(struct slice text, struct arena *arena, struct yaml_node **root, struct err *err)
{
    FILE *file = fopen(path, "w");

    CHECK(file != NULL && fwrite(text.data, 1, text.len, file) == text.len);
    fclose(file);
    return yaml_read(path, arena, root, err);
}

static void a_manifest_becomes_a_tree(void)
{
    static const char text[] = "id: leave\nversion: \"1.0\"\ntitle: {zh: 请假, en: Leave}\n"
                               "asks:\n  - base.person\n  - |\n    two\n    lines\n";
    struct arena arena = ARENA_EMPTY;
    struct err err = {0};
    struct yaml_node *root, *node;

    CHECK_OK(read_text(slice_text(text), &arena, &root, &err), &err);
    CHECK(root->kind == YAML_MAP);
    node = root->child;
    CHECK(strcmp(node->key, "id") == 0 && strcmp(node->text, "leave") == 0 && !node->quoted);
    CHECK(node->line == 1 && node->column == 5 && node->key_line == 1 && node->key_column == 1);
    node = node->next;
    CHECK(strcmp(node->text, "1.0") == 0 && node->quoted);
    node = node->next;
    CHECK(node->kind == YAML_MAP && strcmp(node->child->text, "请假") == 0);
    CHECK(strcmp(node->child->next->key, "en") == 0 && node->child->next->column == 21 &&
          node->child->next->key_column == 17);
    node = node->next;
    CHECK(node->kind == YAML_LIST && node->next == NULL && strcmp(node->child->text, "base.person") == 0);
    CHECK(strcmp(node->child->next->text, "two\nlines\n") == 0 && node->child->next->line == 6);
    arena_finish(&arena);
}

static void a_problem_names_file_line_and_column(void)
{
    struct arena arena = ARENA_EMPTY;
    struct yaml_node *root;
    struct err err = {0};
    char expected[128];

    CHECK(!read_text(slice_text("id: a\nid: b\nx: *y\n"), &arena, &root, &err));
    snprintf(expected, sizeof expected, "%s:2:1: id stands twice, first in line 1", path);
    CHECK(err.code == ERR_INPUT && strcmp(err.text, expected) == 0);
    arena_finish(&arena);
}

static void bombs_are_refused(void)
{
    static const char aliases[] = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n";
    struct buffer deep = BUFFER_EMPTY, long_list = BUFFER_EMPTY, wide = BUFFER_EMPTY;
    struct arena arena = ARENA_EMPTY;
    struct yaml_node *root;
    struct err err = {0};

    CHECK(!read_text(slice_text(aliases), &arena, &root, &err));
    for (int i = 0; i < 10000; i++)
        buffer_text(&deep, "[");
    CHECK(!read_text(buffer_view(&deep), &arena, &root, &err));
    CHECK(strstr(err.text, "deeper than 8") != NULL);
    for (int i = 0; i < YAML_NODES_MAX + 1; i++)
        buffer_text(&long_list, "- x\n");
    CHECK(!read_text(buffer_view(&long_list), &arena, &root, &err));
    CHECK(strstr(err.text, "more than 20000 values") != NULL);
    for (int i = 0; i < YAML_ENTRIES_MAX + 1; i++)
        buffer_format(&wide, "k%d: x\n", i);
    CHECK(!read_text(buffer_view(&wide), &arena, &root, &err));
    CHECK(strstr(err.text, "more than 5000 entries") != NULL);
    buffer_finish(&deep);
    buffer_finish(&long_list);
    buffer_finish(&wide);
    arena_finish(&arena);
}

static void eight_levels_are_allowed(void)
{
    struct arena arena = ARENA_EMPTY;
    struct yaml_node *root;
    struct err err = {0};

    CHECK_OK(read_text(slice_text("[[[[[[[[x]]]]]]]]"), &arena, &root, &err), &err);
    CHECK(!read_text(slice_text("[[[[[[[[[x]]]]]]]]]"), &arena, &root, &err));
    arena_finish(&arena);
}

// Whatever bytes come: an answer, and no memory that is not ours (run under sanitizers).
static void cut_and_flipped_files_are_survived(void)
{
    static const char text[] = "a: {b: [1, \"2\", '3'], c: |\n  text\n}\nd: &x !t *y\n---\n%T\n? k\n: v\n名: 字\n";
    struct arena arena = ARENA_EMPTY;
    struct yaml_node *root;
    char bytes[sizeof text];

    for (size_t len = 0; len < sizeof text; len++)
        for (int flip = 0; flip < 8; flip++) {
            struct err err = {0};

            memcpy(bytes, text, sizeof text);
            bytes[len / 2] ^= (char)(1 << flip);
            if (!read_text(slice_of(bytes, len), &arena, &root, &err))
                CHECK(err.code == ERR_INPUT && err.text[0] != 0);
            arena_reset(&arena);
        }
    arena_finish(&arena);
}

int main(void)
{
    snprintf(path, sizeof path, "/tmp/shuyuan-yaml-%ld.yaml", (long)getpid());
    RUN(a_manifest_becomes_a_tree);
    RUN(a_problem_names_file_line_and_column);
    RUN(bombs_are_refused);
    RUN(eight_levels_are_allowed);
    RUN(cut_and_flipped_files_are_survived);
    unlink(path);
    return check_report("yaml");
}

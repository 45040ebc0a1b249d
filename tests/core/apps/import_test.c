// SPDX-License-Identifier: Apache-2.0
// Rows of files into the real base app, over the real store.
#include "world.h"

#define NUMBER "320000201509010013"

static struct world world;

static bool said(const char *importer, const char *row, const char *expected)
{
    const char *got = world_import(&world, world.school, importer, row);

    if (strcmp(expected, got) != 0)
        printf("  %s\n  said: %s\n", row, got);
    return strcmp(expected, got) == 0;
}

// One pupil's row, with the given cells behind the usual ones, which they replace.
static bool pupil(const char *cells, const char *expected)
{
    char row[1000];

    snprintf(row, sizeof row, "班级=三(3)班|%s", cells);
    return said("students", row, expected);
}

static size_t count(const char *collection, struct id org)
{
    struct record **records;
    size_t found;

    world_begin(&world);
    found = world_rows(&world, collection, org, &records);
    world_end(&world);
    return found;
}

static void every_bad_cell_is_refused_by_column_and_word(void)
{
    size_t before = count("base.person", world.root);

    CHECK(pupil("姓名=张|学号=1|身份证件号=3.20E+17", "refused 身份证件号 destroyed"));
    CHECK(pupil("姓名=张|学号=1|身份证件号=320000201509010000", "refused 身份证件号 destroyed"));
    CHECK(pupil("姓名=张|学号=1|身份证件号=３２００００２０１５０９０１００１３", "refused 身份证件号 full_width"));
    CHECK(pupil("姓名=张|学号=1|身份证件号=320000201509010014", "refused 身份证件号 citizen_mark"));
    CHECK(pupil("姓名=张|学号=1|身份证件号=320000201502290013", "refused 身份证件号 citizen_date"));
    CHECK(pupil("姓名=张|学号=1|身份证号码=32000020150901", "refused 身份证号码 citizen"));
    CHECK(pupil("姓名=张|学号=2.02E+7", "refused 学号 destroyed"));
    CHECK(pupil("姓名=张|学号=２０２３", "refused 学号 full_width"));
    CHECK(pupil("姓名=张|学号=1|出生日期=2015-02-30", "refused 出生日期 date"));
    CHECK(pupil("姓名=张|学号=1|出生日期=42248", "refused 出生日期 serial"));
    CHECK(pupil("姓名=张|学号=1|性别=未填", "refused 性别 code"));
    CHECK(pupil("姓名=张|学号=1|民族=火星族", "refused 民族 code"));
    CHECK(pupil("姓名=张|学号=1|学籍号=K320000201509010013", "refused 学籍号 roll_no"));
    CHECK(pupil("姓名=张|学号=1|监护人1姓名=李|监护人1电话=1.29E+10", "refused 监护人1电话 destroyed"));
    CHECK(pupil("姓名=张|学号=1|监护人1电话=12900000001", "refused 监护人1姓名 required"));
    CHECK(pupil("姓名=张|学号=1|监护人1姓名=李|监护人1关系=邻居", "refused 监护人1关系 code"));
    CHECK(pupil("姓名= 　|学号=1", "refused 姓名 required"));
    CHECK(pupil("姓名=张", "refused 身份证件号 no_key"));
    CHECK(said("students", "姓名=张|学号=1|班级=三(9)班", "refused 班级 no_class"));
    CHECK(said("students", "姓名=张|学号=1|班级=向日葵班", "refused 班级 no_class"));
    CHECK(said("students", "姓名=张|学号=1", "refused 班级 required"));
    CHECK(count("base.person", world.root) == before);
}

static void a_pupil_comes_with_guardians_in_one_row(void)
{
    const char *row = "姓名=阿依努尔·麦麦提|性别=男|身份证件号=" NUMBER "|学籍号=G" NUMBER "|学号=20230301|"
                      "监护人1姓名=麦麦提𠮷|监护人1关系=父亲|监护人1电话=12900000001|"
                      "监护人2姓名=古丽|监护人2关系=母亲|监护人2身份证件号=32000020130601003x";
    struct record *student;
    struct value shown;

    CHECK(pupil(row, "created"));
    CHECK(pupil(row, "same"));
    CHECK(count("base.student", world.school) == 1);
    CHECK(count("base.guardianship", world.root) == 2);
    world_begin(&world);
    student = world_find(&world, "base.student", "local_no", world.school, "20230301");
    CHECK(student != NULL && slice_is(world_value(student, "name")->text, "阿依努尔·麦麦提"));
    CHECK(student != NULL && world_value(student, "birth")->integer == date_days(2015, 9, 1));
    CHECK(student != NULL &&
          record_shown(&world.view, student,
                       collection_field(student->collection, slice_text("roll_no")), &shown,
                       &world.err) &&
          slice_is(shown.text, "G320…0013"));
    world_end(&world);
}

static void a_number_never_serves_two_names_or_two_pupils(void)
{
    CHECK(pupil("姓名=冒名者|身份证件号=" NUMBER "|学号=20230399", "refused 姓名 other_name"));
    CHECK(pupil("姓名=别人|学号=20230301", "refused 姓名 other_name"));
    CHECK(pupil("姓名=阿依努尔·麦麦提|学号=20230301|身份证件号=320000201602290013", "refused 学号 taken"));
    CHECK(pupil("姓名=新生|学号=20230302|学籍号=G" NUMBER, "refused 学籍号 elsewhere"));
    CHECK(pupil("姓名=新生|学号=20230302|监护人1姓名=麦麦提𠮷|监护人1电话=12900000001|监护人2姓名=麦麦提𠮷|"
                "监护人2电话=12900000001", "refused 监护人2姓名 twice"));
}

static void what_the_number_tells_otherwise_is_a_warning_only(void)
{
    CHECK(pupil("姓名=李䶮|身份证件号=320000201509010021|性别=男|学号=20230303", "created 性别 gender_differs"));
    CHECK(pupil("姓名=王㛃|身份证件号=320000201602290013|出生日期=2016年2月28日|学号=20230304",
                "created 出生日期 birth_differs"));
    CHECK(pupil("姓名=无证|学号=20230305|监护人1姓名=某|监护人1电话=12900000009", "created 身份证件号 no_number"));
    CHECK(pupil("姓名=李䶮|身份证件号=320000201509010021|学号=20230303", "same 监护人1姓名 no_guardian"));
}

static void a_guardian_of_two_schools_is_one_person(void)
{
    size_t before;

    CHECK(strcmp(world_import(&world, world.other, "classes", "班级=七(1)班"),
                 "created 班主任工号 no_head") == 0);
    before = count("base.person", world.root);
    CHECK(strcmp(world_import(&world, world.other, "students",
                              "班级=初一(1)班|姓名=麦麦提之子|身份证件号=320000201609010010|学号=1|"
                              "家长1姓名=麦麦提𠮷|与学生关系1=父亲|家长1手机=129-0000-0001"),
                 "created") == 0);
    CHECK(count("base.person", world.root) == before + 1);
    CHECK(pupil("姓名=无证|学号=20230305|监护人1姓名=麦麦提𠮷|监护人1电话=12900000077", "updated 身份证件号 no_number"));
    CHECK(count("base.person", world.root) == before + 2); // the name alone is nobody
}

static void an_empty_cell_erases_nothing_and_a_new_one_mends(void)
{
    CHECK(pupil("姓名=阿依努尔·麦麦提|身份证件号=" NUMBER "|学号=|性别=|民族=维吾尔族|"
                "监护人1姓名=麦麦提𠮷|监护人1电话=12900000001", "updated"));
    CHECK(count("base.guardianship", world.root) == 5);
    CHECK(pupil("姓名=阿依努尔·麦麦提江|身份证件号=" NUMBER "|学号=20230301|监护人1姓名=麦麦提𠮷|"
                "监护人1电话=12900000001", "updated"));
    world_begin(&world);
    CHECK(slice_is(world_value(world_find(&world, "base.student", "local_no", world.school, "20230301"),
                               "name")->text,
                   "阿依努尔·麦麦提江"));
    world_end(&world);
}

static bool stands_with_class(const struct record *link, const struct record *class)
{
    return id_equal(&world_value(link, "class")->ref.id, &class->ref.id);
}

static void a_move_to_another_class_takes_the_guardians_along(void)
{
    struct record **links, **classes;
    size_t links_count, classes_count, moved = 0;

    CHECK(said("classes", "班级=三(4)班|班主任工号=0001|班主任姓名=李梅", "created"));
    CHECK(said("students", "班级=三(4)班|姓名=阿依努尔·麦麦提江|身份证件号=" NUMBER "|监护人1姓名=麦麦提𠮷|"
                           "监护人1电话=12900000001", "updated"));
    world_begin(&world);
    classes_count = world_rows(&world, "base.class", world.school, &classes);
    links_count = world_rows(&world, "base.guardianship", world.root, &links);
    for (size_t i = 0; i < links_count; i++)
        for (size_t k = 0; k < classes_count; k++)
            moved += world_value(classes[k], "class_no")->integer == 4 &&
                     stands_with_class(links[i], classes[k]);
    CHECK(moved == 2);
    world_end(&world);
}

static void teachers_are_found_by_number_and_may_be_parents(void)
{
    size_t before = count("base.person", world.root);

    CHECK(said("teachers", "工号=1.0E+5|姓名=赵", "refused 工号 destroyed"));
    CHECK(said("teachers", "工号=0001|姓名=别人", "refused 姓名 other_name"));
    CHECK(said("teachers", "姓名=赵", "refused 工号 required"));
    CHECK(said("teachers", "工号=0001|姓名=李梅|岗位=班主任|任教学科=语文", "updated"));
    CHECK(said("teachers", "工号=0001|姓名=李梅", "same"));
    CHECK(said("teachers", "工号=0002|姓名=麦麦提𠮷|手机号=12900000001", "created"));
    CHECK(count("base.person", world.root) == before);
}

static void classes_are_known_by_entry_year_and_number(void)
{
    CHECK(said("classes", "班级=三（3）班|班主任工号=0001", "same"));
    CHECK(said("classes", "班级=三(3)班|班主任工号=0099", "refused 班主任工号 no_teacher"));
    CHECK(said("classes", "班级=三(3)班|班主任工号=0001|班主任姓名=别人", "refused 班主任姓名 other_name"));
    CHECK(said("classes", "班级=2020级1班", "refused 学段 required"));
    CHECK(said("classes", "班级=三(3)班|入学年份=三年前", "refused 入学年份 year"));
    CHECK(said("classes", "班级=大班", "refused 班级 class"));
}

static void schools_are_known_by_their_code(void)
{
    const char *row = "学校标识码=2132990001|学校名称=鹿汀小学|学段=小学、初中|所在地区划代码=329901";

    CHECK(said("schools", "学校标识码=2332990001|学校名称=鹿汀小学|学段=小学", "refused 学校标识码 school_code"));
    CHECK(said("schools", "学校标识码=213299000|学校名称=鹿汀小学|学段=小学", "refused 学校标识码 school_code"));
    CHECK(said("schools", "学校标识码=2.13E+09|学校名称=鹿汀小学|学段=小学", "refused 学校标识码 destroyed"));
    CHECK(said("schools", "学校标识码=2132990001|学校名称=鹿汀小学|学段=大学", "refused 学段 code"));
    CHECK(said("schools", row, "created"));
    CHECK(said("schools", row, "same"));
    CHECK(said("schools", "学校标识码=2132990001|学校名称=鹿汀实验小学|学段=小学、初中", "updated"));
}

int main(void)
{
    world_open(&world);
    CHECK(said("teachers", "工号=0001|姓名=李梅|性别=女|手机号=12900000005", "created"));
    CHECK(said("classes", "学段=小学|班级=三(3)班|班主任工号=0001", "created"));
    RUN(every_bad_cell_is_refused_by_column_and_word);
    RUN(a_pupil_comes_with_guardians_in_one_row);
    RUN(a_number_never_serves_two_names_or_two_pupils);
    RUN(what_the_number_tells_otherwise_is_a_warning_only);
    RUN(a_guardian_of_two_schools_is_one_person);
    RUN(an_empty_cell_erases_nothing_and_a_new_one_mends);
    RUN(a_move_to_another_class_takes_the_guardians_along);
    RUN(teachers_are_found_by_number_and_may_be_parents);
    RUN(classes_are_known_by_entry_year_and_number);
    RUN(schools_are_known_by_their_code);
    world_close(&world);
    return check_report("apps-import");
}

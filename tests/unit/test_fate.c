/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "model/fate.h"
#include "text.h"

static void test_every_fate_has_a_name_of_its_own(void **state)
{
        for (unsigned i = 0; i < FATE_COUNT; i++)
                for (unsigned k = 0; k <= i; k++)
                        assert_int_equal(streq(fate_name(i), fate_name(k)), i == k);
}

static void test_the_last_reference_frees(void **state)
{
        struct fates *f = fates_new();

        f->records = calloc(1, sizeof(*f->records));
        f->records[0] =
                (struct touched_record){.id = strdup("r1"), .excerpt = strdup("first words")};
        f->count = 1;
        assert_ptr_equal(fates_ref(f), f);
        assert_null(fates_unref(f));
        assert_string_equal(f->records[0].id, "r1");
        assert_null(fates_unref(f));
        assert_null(fates_unref(NULL));
        assert_null(fates_ref(NULL));
}

static struct fates *make(const struct touched_record *records, size_t count)
{
        struct fates *f = fates_new();

        f->records = calloc(count + 1, sizeof(*f->records));
        for (size_t i = 0; i < count; i++) {
                f->records[i] = records[i];
                f->records[i].id = strdup(records[i].id);
                f->records[i].excerpt = records[i].excerpt ? strdup(records[i].excerpt) : NULL;
                f->totals[records[i].fate]++;
        }
        f->count = count;
        return f;
}

static void test_records_are_told_by_fate(void **state)
{
        static const struct touched_record records[] = {
                {.id = (char *)"r12", .fate = FATE_GONE},
                {.id = (char *)"r13", .fate = FATE_GONE},
                {.id = (char *)"r7", .excerpt = (char *)"How do I ask?", .fate = FATE_EDITED},
                {.id = (char *)"r8", .fate = FATE_CROWDED_OUT},
                {.id = (char *)"n1", .fate = FATE_NEW},
                {.id = (char *)"u1", .fate = FATE_UNKNOWN},
        };
        _cleanup_(fates_unrefp) struct fates *f = make(records, ARRAY_SIZE(records));
        _cleanup_text_ struct text t = {};

        fates_describe(f, " ", &t);
        assert_string_equal(text_string(&t),
                "gone: \"r12\", \"r13\"; edited: \"r7\" (\"How do I ask?\"); new: \"n1\"");
        text_clear(&t);
        fates_describe(NULL, " ", &t);
        assert_string_equal(text_string(&t), "");
}

/* Ten of each, and what a server may call a record. */
static void test_what_people_are_shown_is_bounded_and_clean(void **state)
{
        struct touched_record records[FATES_SHOWN + 3];
        char id[300];
        _cleanup_(fates_unrefp) struct fates *f = NULL;
        _cleanup_text_ struct text t = {};

        memset(id, 'x', sizeof(id));
        id[sizeof(id) - 1] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(records); i++)
                records[i] = (struct touched_record){.id = (char *)"r", .fate = FATE_UNREACHABLE};
        records[0].id = (char *)"a\n\033[31m\xff";
        records[1].id = (char *)"exe\xe2\x80\xaegpj";
        records[2].id = id;
        f = make(records, ARRAY_SIZE(records));
        f->totals[FATE_UNREACHABLE] += 100; /* of which nothing is kept */
        fates_describe(f, " ", &t);
        assert_non_null(strstr(
                text_string(&t), "unreachable: \"a  [31m\xef\xbf\xbd\", \"exe gpj\", \"xxx"));
        assert_non_null(strstr(text_string(&t), "x\"…, \"r\""));
        assert_non_null(strstr(text_string(&t), " and 103 more"));
        assert_true(t.size < 300);
}

static void test_each_cause_is_told_by_records_of_its_fate(void **state)
{
        _cleanup_(fates_unrefp) struct fates *f = fates_new();

        for (size_t i = 0; i < FATE_COUNT; i++)
                f->totals[i] = (size_t)1 << i;
        assert_int_equal(fates_records(f, CAUSE_REMOVED), f->totals[FATE_GONE]);
        assert_int_equal(fates_records(f, CAUSE_REMOVED_TOPIC), f->totals[FATE_GONE]);
        assert_int_equal(fates_records(f, CAUSE_EDIT), f->totals[FATE_EDITED]);
        assert_int_equal(fates_records(f, CAUSE_REEMBED), f->totals[FATE_EDITED]);
        assert_int_equal(fates_records(f, CAUSE_ANN_RECALL), f->totals[FATE_UNREACHABLE]);
        assert_int_equal(fates_records(f, CAUSE_INDEX_LOSS), f->totals[FATE_UNREACHABLE]);
        assert_int_equal(fates_records(f, CAUSE_UNFINISHED), f->totals[FATE_GONE]);
        assert_int_equal(fates_records(f, CAUSE_REKEYED), f->totals[FATE_REKEYED]);
        assert_int_equal(
                fates_records(f, CAUSE_FLOOD), f->totals[FATE_NEAR_COPY] + f->totals[FATE_NEW]);
        assert_int_equal(fates_records(f, CAUSE_EMBEDDER), 0);
        assert_int_equal(
                fates_records(f, CAUSE_GROWTH), f->totals[FATE_NEW] + f->totals[FATE_NEAR_COPY]);
        f->cause_queries[CAUSE_FLOOD] = 1;
        assert_int_equal(fates_records(f, CAUSE_GROWTH), f->totals[FATE_NEW]);
        f->cause_queries[CAUSE_GROWTH] = 1;
        assert_int_equal(fates_records(f, CAUSE_FLOOD), f->totals[FATE_NEAR_COPY]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_records_are_told_by_fate),
                cmocka_unit_test(test_what_people_are_shown_is_bounded_and_clean),
                cmocka_unit_test(test_each_cause_is_told_by_records_of_its_fate),
                cmocka_unit_test(test_every_fate_has_a_name_of_its_own),
                cmocka_unit_test(test_the_last_reference_frees),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

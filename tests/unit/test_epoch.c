/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "judge/epoch.h"
#include "text.h"

#define ID_A "aaaaaaaa-0000-4000-8000-000000000001"
#define ID_B "bbbbbbbb-0000-4000-8000-000000000002"
#define CONFIGURATION "{\"hnsw\":{\"ef_search\":100,\"max_neighbors\":16}}"

static const struct epoch known = {
        .id = (char *)ID_A,
        .space = (char *)"l2",
        .dimension = 3,
        .configuration = (char *)CONFIGURATION,
        .version = 2,
        .log_position = 10,
        .records = 311,
        .newest = (char *)"z",
        .sentinels = 7,
};
static const struct epoch unknown = {.records = -1};

static void describes(
        unsigned changes, const struct epoch *before, const struct epoch *after, const char *want)
{
        _cleanup_text_ struct text text = {0};

        text_append(&text, "it has ");
        epoch_describe(changes, before, after, &text);
        assert_string_equal(text_string(&text) + strlen("it has "), want);
}

static void tells_each_change(void **state)
{
        struct epoch after[] = {[0 ... 10] = known};
        struct {
                unsigned changes;
                const char *description;
        } rows[ARRAY_SIZE(after)] = {
                {0, ""},
                {EPOCH_REPLACED, "collection " ID_A " to " ID_B},
                {EPOCH_SPACE, "distance l2 to cosine"},
                {EPOCH_SPACE, "dimension 3 to 4"},
                {EPOCH_CONFIGURATION, "hnsw.ef_search 100 to 10"},
                {EPOCH_GREW, "records 311 to 340"},
                {EPOCH_SHRANK, "records 311 to 0"},
                {EPOCH_NEWEST, "newest record"},
                {EPOCH_SENTINELS, "vectors of known records"},
                {EPOCH_VERSION, "version 2 to 3"},
                {EPOCH_GREW | EPOCH_NEWEST | EPOCH_VERSION,
                        "records 311 to 312, newest record, log position 10 to 11"},
        };

        after[1].id = (char *)ID_B;
        after[1].version = 0; /* another collection counts anew */
        after[2].space = (char *)"cosine";
        after[3].dimension = 4;
        after[4].configuration = (char *)"{\"hnsw\":{\"ef_search\":10,\"max_neighbors\":16}}";
        after[5].records = 340;
        after[6].records = 0;
        after[6].newest = NULL;
        after[7].newest = (char *)"y";
        after[8].sentinels = 8;
        after[9].version = 3;
        after[10].records = 312;
        after[10].newest = (char *)"y";
        after[10].log_position = 11;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                assert_int_equal(epoch_compare(&known, &after[i]), rows[i].changes);
                describes(rows[i].changes, &known, &after[i], rows[i].description);
        }
}

static void what_is_unknown_has_not_changed(void **state)
{
        struct epoch empty = {0}; /* counted */

        assert_int_equal(epoch_compare(&unknown, &known), 0);
        assert_int_equal(epoch_compare(&known, &unknown), 0);
        assert_int_equal(epoch_compare(&unknown, &unknown), 0);
        assert_int_equal(epoch_compare(&unknown, &empty), 0);
        assert_int_equal(epoch_compare(&known, &empty), EPOCH_SHRANK);
}

static void an_ingest_is_all_but_configuration(void **state)
{
        assert_int_equal(EPOCH_INGEST & (EPOCH_SPACE | EPOCH_CONFIGURATION), 0);
        assert_int_equal(EPOCH_INGEST | EPOCH_SPACE | EPOCH_CONFIGURATION, 255);
}

static void tells_parameters_one_by_one(void **state)
{
        static const struct {
                const char *before, *after, *description;
        } rows[] = {
                {"{\"hnsw\":{\"a\":1,\"b\":1.2,\"c\":\"x\"}}",
                        "{\"hnsw\":{\"a\":2,\"c\":\"y\",\"d\":null}}",
                        "hnsw.a 1 to 2, hnsw.b 1.2 to unset, hnsw.c \"x\" to \"y\", "
                        "hnsw.d unset to null"},
                {"{\"hnsw:M\":4}", "{\"hnsw:M\":8}", "hnsw:M 4 to 8"},
                {"{\"hnsw\":{\"a\":1}}", "{\"spann\":{\"b\":1}}",
                        "hnsw {\"a\":1} to unset, spann unset to {\"b\":1}"},
                {"{\"embedding_function\":{\"config\":{\"model\":\"m\"}}}",
                        "{\"embedding_function\":{\"config\":{\"model\":\"n\"}}}",
                        "embedding_function.config {\"model\":\"m\"} to {\"model\":\"n\"}"},
                {"{\"hnsw\":{\"a\\nb\":\"\\n\"}}", "{\"hnsw\":{\"a\\nb\":\"\\u0000\"}}",
                        "hnsw.a b \"\\n\" to \"\\u0000\""},
                {"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1}",
                        "{}",
                        "a 1 to unset, b 1 to unset, c 1 to unset, d 1 to unset, e 1 to unset, "
                        "f 1 to unset, g 1 to unset, h 1 to unset, more parameters"},
                {"damaged", "{}", "configuration"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct epoch before = known, after = known;

                before.configuration = (char *)rows[i].before;
                after.configuration = (char *)rows[i].after;
                assert_int_equal(epoch_compare(&before, &after), EPOCH_CONFIGURATION);
                describes(EPOCH_CONFIGURATION, &before, &after, rows[i].description);
        }
}

static void tells_little_of_long_values(void **state)
{
        _cleanup_text_ struct text text = {0}, value = {0};
        struct epoch before = known, after = known;

        text_append(&value, "{\"hnsw\":{\"a\":\"");
        for (unsigned i = 0; i < 1000; i++)
                text_append(&value, "0123456789");
        text_append(&value, "\"}}");
        after.configuration = value.data;
        epoch_describe(EPOCH_CONFIGURATION, &before, &after, &text);
        assert_true(text.size > 0 && text.size < 300);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(tells_each_change),
                cmocka_unit_test(what_is_unknown_has_not_changed),
                cmocka_unit_test(an_ingest_is_all_but_configuration),
                cmocka_unit_test(tells_parameters_one_by_one),
                cmocka_unit_test(tells_little_of_long_values),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

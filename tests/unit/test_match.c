/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "ask/match.h"
#include "macro.h"

static void builds_filters(void **state)
{
        static const struct {
                const char *metadata;
                bool elements;
                const char *filter, *text;
                bool lists;
        } rows[] = {
                {"[{\"k\":\"v\"}]", false, NULL, "{\"k\":{\"$eq\":\"v\"}}", false},
                {"[{\"k\":true,\"n\":1}]", false, NULL,
                        "{\"$and\":[{\"k\":{\"$eq\":true}},{\"n\":{\"$eq\":1}}]}", false},
                {"[{\"k\":\"v\"},{\"k\":\"w\"}]", false, "{\"a\":1}",
                        "{\"$and\":[{\"a\":1},{\"$or\":[{\"k\":{\"$eq\":\"v\"}},{\"k\":{\"$eq\":"
                        "\"w\"}}]}]}",
                        false},
                {"[{\"k\":\"v\"}]", true, NULL,
                        "{\"$or\":[{\"k\":{\"$eq\":\"v\"}},{\"k\":{\"$contains\":\"v\"}}]}", false},
                {"[{\"k\":[\"v\"]}]", true, NULL, "{\"k\":{\"$contains\":\"v\"}}", true},
                {"[{\"n\":1},{\"k\":[\"v\",2]}]", true, NULL,
                        "{\"$or\":[{\"$or\":[{\"n\":{\"$eq\":1}},{\"n\":{\"$contains\":1}}]},"
                        "{\"$and\":[{\"k\":{\"$contains\":\"v\"}},{\"k\":{\"$contains\":2}}]}]}",
                        true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                json_t *metadata = json_loads(rows[i].metadata, 0, NULL);
                char *text = match_build(metadata, rows[i].elements, rows[i].filter);

                assert_string_equal(text, rows[i].text);
                assert_int_equal(match_wants_lists(metadata), rows[i].lists);
                free(text);
                json_decref(metadata);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(builds_filters)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}

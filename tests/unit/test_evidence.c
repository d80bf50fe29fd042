/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "model/evidence.h"

static const size_t sizes[] = {
        [EVIDENCE_SIZE] = sizeof(size_t),
        [EVIDENCE_DOUBLE] = sizeof(double),
        [EVIDENCE_COUNT] = sizeof(int64_t),
        [EVIDENCE_BOOL] = sizeof(bool),
};

/* Nothing but padding is left out, and nothing stands twice. */
static void every_member_is_there_once(void **state)
{
        unsigned char covered[sizeof(struct evidence)] = {0};
        size_t bare = 0;

        for (size_t i = 0; i < evidence_field_count; i++)
                for (size_t k = 0; k < sizes[evidence_fields[i].type]; k++)
                        assert_int_equal(covered[evidence_fields[i].offset + k]++, 0);
        for (size_t i = 0; i < sizeof(covered); i++)
                bare += !covered[i];
        assert_true(bare < 2 * sizeof(size_t));
}

static void names_are_different(void **state)
{
        for (size_t i = 0; i < evidence_field_count; i++)
                for (size_t k = 0; k < i; k++) {
                        assert_string_not_equal(evidence_fields[i].name, evidence_fields[k].name);
                        assert_string_not_equal(evidence_fields[i].shown, evidence_fields[k].shown);
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_member_is_there_once),
                cmocka_unit_test(names_are_different),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

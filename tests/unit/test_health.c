/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "model/health.h"

static void nothing_is_known_before_the_first_probe(void **state)
{
        struct index_health h;

        index_health_init(&h);
        assert_int_equal(h.at, 0);
        assert_int_equal(h.records, -1);
        assert_int_equal(h.unreachable, -1);
        assert_true(isnan(h.recall));
        assert_null(h.error);
        index_health_done(&h);
}

static void a_copy_owns_its_sentence(void **state)
{
        struct index_health h, copy;

        index_health_init(&h);
        h.unreachable = 721;
        h.lost = 3;
        h.error = strdup("no answer within 10s");
        assert_non_null(h.error);
        assert_int_equal(index_health_copy(&h, &copy), 0);
        index_health_done(&h);
        assert_int_equal(h.unreachable, -1);
        assert_int_equal(copy.unreachable, 721);
        assert_int_equal(copy.lost, 3);
        assert_string_equal(copy.error, "no answer within 10s");
        index_health_done(&copy);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_known_before_the_first_probe),
                cmocka_unit_test(a_copy_owns_its_sentence),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

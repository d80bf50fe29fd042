/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "sample_view.h"
#include "show/api/weight.h"

/* What is asked in vain is told at once, and so is what is small; a report never is. */
static void what_is_large_is_known_before(void **state)
{
        static const struct {
                const char *path;
                struct api_query query;
                size_t small, large;
        } cases[] = {
                {"/api/v1/queries", {.collection = "large"}, 0, 2 * API_LIGHT},
                {"/api/v1/queries", {.collection = "tickets"}, 1, 0},
                {"/api/v1/queries", {.collection = NULL}, 0, 0},
                {"/api/v1/history", {.collection = "large", .query = "category-0.query-00000"}, 0,
                        60},
                {"/api/v1/history", {.collection = "large", .query = "no"}, 0, 0},
                {"/api/v1/report", {.collection = "large"}, 0, SIZE_MAX},
                {"/api/v1/report", {.collection = "tickets"}, SIZE_MAX, 0},
        };
        _cleanup_view_ struct view *small = sample_view();
        _cleanup_view_ struct view *large = sample_view_large(2 * API_LIGHT, 60);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (size_t k = 0; k < api_route_count; k++) {
                        const struct api_route *r = &api_routes[k];

                        if (!streq(r->path, cases[i].path))
                                continue;
                        assert_int_equal(r->weigh(small, &cases[i].query), cases[i].small);
                        assert_int_equal(r->weigh(large, &cases[i].query), cases[i].large);
                }
        assert_int_equal(api_verdict.weigh(large, &cases[0].query), 2 * API_LIGHT);
        assert_true(weight_of_collections(small, &cases[0].query) < API_LIGHT);
        assert_true(weight_of_collections(large, &cases[0].query) >
                large->collections[0]->findings->count);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_large_is_known_before),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>

#include "unit.h"

#include "sample_view.h"
#include "show/page/choice.h"
#include "text.h"

/* Ids of what is chosen, with blanks. */
static void assert_chosen(const struct view *view, struct page_query query, const char *expected)
{
        const struct collection_view *c = view->collections[0];
        _cleanup_text_ struct text ids = {0};
        struct choice choice;

        assert_int_equal(choose(c, &query, &choice), 0);
        for (size_t i = 0; i < choice.count; i++)
                text_appendf(&ids, "%s%.8s", i > 0 ? " " : "",
                        c->query_set->queries[choice.indices[i]].id);
        assert_string_equal(text_string(&ids), expected);
        choice_done(&choice);
}

static void filters(void **state)
{
        _cleanup_view_ struct view *view = sample_view();

        assert_chosen(view, (struct page_query){.text = "REACT"}, "react-ho");
        assert_chosen(view, (struct page_query){.text = "keyboard focus"}, "dialog-f");
        assert_chosen(view, (struct page_query){.text = "[.*"}, "");
        assert_chosen(view, (struct page_query){.tag = "category: frontend"},
                "bundle-b dialog-f react-ho");
        assert_chosen(view, (struct page_query){.tag = "category: front"}, "");
        assert_chosen(view, (struct page_query){.outcome = "drift"}, "dialog-f");
        assert_chosen(view, (struct page_query){.outcome = "no such"}, "");
        assert_chosen(view, (struct page_query){.band = "okay"}, "bundle-b dialog-f");
        assert_chosen(
                view, (struct page_query){.band = "okay", .outcome = "drift", .text = "x"}, "");
        assert_chosen(view, (struct page_query){.text = "", .tag = "", .outcome = "", .band = ""},
                "bundle-b quo\"te\\b dialog-f slow-que react-ho cooking threat-m");
}

static void sorts(void **state)
{
        static const struct {
                const char *sort, *expected;
        } cases[] = {
                {"id", "bundle-b cooking dialog-f quo\"te\\b react-ho slow-que threat-m"},
                {"-id", "threat-m slow-que react-ho quo\"te\\b dialog-f cooking bundle-b"},
                /* What has none comes last, whichever way. */
                {"distance", "quo\"te\\b threat-m react-ho bundle-b dialog-f cooking slow-que"},
                {"-distance", "cooking dialog-f bundle-b react-ho threat-m quo\"te\\b slow-que"},
                {"shift", "react-ho bundle-b quo\"te\\b dialog-f slow-que cooking threat-m"},
                {"-rank", "quo\"te\\b dialog-f react-ho threat-m bundle-b slow-que cooking"},
                {"band", "quo\"te\\b threat-m react-ho bundle-b dialog-f cooking slow-que"},
                {"worst", "bundle-b quo\"te\\b dialog-f slow-que react-ho cooking threat-m"},
                {"-worst", "bundle-b quo\"te\\b dialog-f slow-que react-ho cooking threat-m"},
                {"nonsense", "bundle-b quo\"te\\b dialog-f slow-que react-ho cooking threat-m"},
                {"", "bundle-b quo\"te\\b dialog-f slow-que react-ho cooking threat-m"},
        };
        _cleanup_view_ struct view *view = sample_view();

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_chosen(view, (struct page_query){.sort = cases[i].sort}, cases[i].expected);
}

static void turns_pages(void **state)
{
        static const struct {
                const char *page;
                size_t expected;
        } cases[] = {{NULL, 1}, {"1", 1}, {"3", 3}, {"4", 3}, {"0", 1}, {"-1", 3}, {"x", 1},
                {"99999999999999999999999", 3}};
        _cleanup_view_ struct view *view = sample_view_large(2 * PAGE_ROWS + 1, 1);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct choice choice;

                assert_int_equal(
                        choose(view->collections[0],
                                &(const struct page_query){.page = cases[i].page}, &choice),
                        0);
                assert_int_equal(choice.pages, 3);
                assert_int_equal(choice.page, cases[i].expected);
                choice_done(&choice);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(filters),
                cmocka_unit_test(sorts),
                cmocka_unit_test(turns_pages),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What of a page is written anew when a view follows another, and that it is always the whole. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sample_view.h"
#include "show/metrics/fragment.h"

#define QUERIES 20

static char *page_of(const struct fragments *f, enum exposition_format format)
{
        struct text text = {0};
        char *page;

        fragments_append(f, format, &text);
        page = text_take(&text, NULL);
        assert_non_null(page);
        return page;
}

/* As if no view had been before. */
static void assert_whole(const struct fragments *f)
{
        for (enum exposition_format format = 0; format < 2; format++) {
                struct fragments fresh = {0};
                _cleanup_free_ char *page = page_of(f, format), *expected = NULL;

                assert_int_equal(fragments_update(&fresh, f->view), 0);
                expected = page_of(&fresh, format);
                assert_string_equal(page, expected);
                fragments_done(&fresh);
        }
}

static void update(struct fragments *f, struct view *view)
{
        assert_int_equal(fragments_update(f, view), 0);
        view_unref(view);
}

/* The next view of the same collection: another object about the same query set. */
static struct view *make_next(const struct view *before)
{
        struct view *view = sample_view_large(QUERIES, 1);
        struct collection_view *c = view->collections[0];

        query_set_unref(c->query_set);
        c->query_set = query_set_ref(before->collections[0]->query_set);
        return view;
}

struct count {
        uint64_t above; /* this version */
        size_t pieces, bytes;
};

static int count(const char *data, size_t size, uint64_t version, void *userdata)
{
        struct count *c = userdata;

        if (size > 0 && version > c->above) {
                c->pieces++;
                c->bytes += size;
        }
        return 0;
}

static struct count changed_since(const struct fragments *f, uint64_t version)
{
        struct count c = {.above = version};

        assert_int_equal(fragments_visit(f, EXPOSITION_TEXT, count, &c), 0);
        return c;
}

static void what_is_the_same_is_not_changed(void **state)
{
        struct fragments f = {0};
        struct count all, none, one;
        struct view *next;

        update(&f, sample_view_large(QUERIES, 1));
        all = changed_since(&f, 0);
        next = make_next(f.view);
        update(&f, next);
        none = changed_since(&f, 1);
        /* Only what belongs to no collection. */
        assert_true(none.pieces < 10 && none.bytes < all.bytes / 4);
        next = make_next(f.view);
        next->collections[0]->queries[3].judgement.distance = 0.125F;
        update(&f, next);
        one = changed_since(&f, 2);
        assert_int_equal(one.pieces, none.pieces + 1);
        assert_whole(&f);
        fragments_done(&f);
}

/* Which shows by an id that changes under its feet, as none ever does. */
static void equal_numbers_are_not_written_again(void **state)
{
        struct fragments f = {0};
        _cleanup_free_ char *before = NULL, *after = NULL;
        struct view *next;

        update(&f, sample_view_large(QUERIES, 1));
        before = page_of(&f, EXPOSITION_TEXT);
        next = make_next(f.view);
        next->collections[0]->query_set->queries[0].id[0] = '!';
        update(&f, next);
        after = page_of(&f, EXPOSITION_TEXT);
        assert_string_equal(after, before);
        next = make_next(f.view);
        next->collections[0]->queries[QUERIES - 1].judgement.distance = 0.125F;
        update(&f, next);
        free(after);
        after = page_of(&f, EXPOSITION_TEXT);
        assert_non_null(strstr(after, "query=\"!"));
        fragments_done(&f);
}

static void renamed_bands_and_unknown_numbers_are_changes(void **state)
{
        struct fragments f = {0};
        struct view *next;

        update(&f, sample_view_large(QUERIES, 1));
        next = make_next(f.view);
        next->collections[0]->bands.bands[0].name[0] = 'X';
        update(&f, next);
        assert_whole(&f);
        next = make_next(f.view);
        next->collections[0]->queries[1].judgement.distance = NAN;
        update(&f, next);
        assert_whole(&f);
        update(&f, make_next(f.view));
        assert_whole(&f);
        fragments_done(&f);
}

/* Then nothing stands where it stood, and all of it counts as new. */
static void other_collections_and_limits_move_everything(void **state)
{
        struct fragments f = {0};
        struct view *next;

        update(&f, sample_view());
        assert_whole(&f);
        next = sample_view_large(QUERIES, 1);
        update(&f, next);
        assert_int_equal(f.placed, 2);
        assert_whole(&f);
        next = make_next(f.view);
        next->per_query_limit = QUERIES - 1;
        update(&f, next);
        assert_int_equal(f.placed, 3);
        assert_whole(&f);
        update(&f, sample_view_empty());
        assert_whole(&f);
        fragments_done(&f);
}

static void the_view_before_is_kept_until_there_is_time(void **state)
{
        struct fragments f = {0};
        struct view *first = sample_view_large(QUERIES, 1);

        view_ref(first);
        update(&f, first);
        update(&f, make_next(first));
        assert_int_equal(first->references, 2);
        fragments_tidy(&f);
        assert_int_equal(first->references, 1);
        assert_int_equal(first->collections[0]->references, 1);
        view_unref(first);
        assert_whole(&f);
        fragments_done(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_the_same_is_not_changed),
                cmocka_unit_test(equal_numbers_are_not_written_again),
                cmocka_unit_test(renamed_bands_and_unknown_numbers_are_changes),
                cmocka_unit_test(other_collections_and_limits_move_everything),
                cmocka_unit_test(the_view_before_is_kept_until_there_is_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

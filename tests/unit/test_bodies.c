/* SPDX-License-Identifier: Apache-2.0 */
/* Which bodies are kept, for which queries, and how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ask/bodies.h"

static void keep(struct bodies *b, size_t first, size_t count, const char *body)
{
        struct http_request request = {.body = (char *)body, .body_size = strlen(body)};

        bodies_keep(b, first, count, &request);
}

static void assert_kept(const struct bodies *b, size_t first, size_t count, const char *body)
{
        _cleanup_text_ struct text found = {0};

        assert_int_equal(bodies_find(b, first, count, &found), body != NULL);
        assert_string_equal(text_string(&found), body ? body : "");
        assert_int_equal(found.size, body ? strlen(body) : 0);
}

static void a_body_is_there_for_the_same_queries(void **state)
{
        struct bodies b = {0};

        assert_kept(&b, 0, 32, NULL);
        keep(&b, 0, 32, "first");
        keep(&b, 32, 8, "second");
        assert_kept(&b, 0, 8, NULL);
        assert_kept(&b, 32, 8, "second");
        assert_kept(&b, 0, 32, "first");
        assert_kept(&b, 32, 8, "second");
        bodies_done(&b);
}

/* Whatever stands in it, and wherever its numbers end. */
static void a_body_comes_back_as_it_was(void **state)
{
        static const char *const bodies[] = {"", "[", "[[", "[1", "[[0.5,-1e-06]]", "x[1,2]y",
                ("{\"query_embeddings\":[[0.012345678,-0.98765432],[1,0]],\"n_results\":10,"
                 "\"include\":[\"distances\"],\"where\":{\"k\":[1,2]}}"),
                "{\"query_embeddings\":[[1.5e+20,2],[3,4]]}", "no numbers", "[\xff]"};

        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
                struct bodies b = {0};

                keep(&b, 0, 1, bodies[i]);
                assert_kept(&b, 0, 1, bodies[i]);
                bodies_done(&b);
        }
}

/* A batch that the server refused is divided. */
static void a_body_takes_the_place_of_those_about_its_queries(void **state)
{
        struct bodies b = {0};

        keep(&b, 0, 32, "whole");
        keep(&b, 32, 32, "next");
        keep(&b, 16, 16, "half");
        assert_kept(&b, 0, 32, NULL);
        assert_kept(&b, 32, 32, "next");
        assert_kept(&b, 16, 16, "half");
        bodies_done(&b);
}

static void other_vectors_have_other_bodies(void **state)
{
        struct vector_set *one = vector_set_new("a", NULL, 2, 1);
        struct vector_set *other = vector_set_new("b", NULL, 2, 1);
        struct bodies b = {0};

        bodies_use(&b, one);
        keep(&b, 0, 1, "of one");
        bodies_use(&b, one);
        assert_kept(&b, 0, 1, "of one");
        keep(&b, 0, 1, "of one");
        bodies_use(&b, other);
        assert_kept(&b, 0, 1, NULL);
        assert_int_equal(one->references, 1);
        assert_int_equal(other->references, 2);
        bodies_done(&b);
        vector_set_unref(one);
        vector_set_unref(other);
}

/* All collections share what may be kept. */
static void no_more_is_kept_than_the_bound(void **state)
{
        _cleanup_free_ char *large = malloc(BODIES_MAX + 2);
        struct bodies one = {0}, other = {0};

        assert_non_null(large);
        memset(large, 'x', BODIES_MAX + 1);
        large[BODIES_MAX + 1] = '\0';
        keep(&other, 0, 1, large);
        assert_kept(&other, 0, 1, NULL);
        large[BODIES_MAX - 3] = '\0';
        keep(&one, 0, 1, large);
        keep(&other, 0, 1, "four");
        assert_kept(&other, 0, 1, NULL);
        keep(&other, 0, 1, "yes");
        assert_kept(&other, 0, 1, "yes");
        /* Of numbers twice as much. */
        keep(&other, 0, 1, "[1,2]]");
        assert_kept(&other, 0, 1, "[1,2]]");
        bodies_done(&one);
        keep(&other, 0, 1, "four");
        assert_kept(&other, 0, 1, "four");
        bodies_done(&other);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_body_is_there_for_the_same_queries),
                cmocka_unit_test(a_body_comes_back_as_it_was),
                cmocka_unit_test(a_body_takes_the_place_of_those_about_its_queries),
                cmocka_unit_test(other_vectors_have_other_bodies),
                cmocka_unit_test(no_more_is_kept_than_the_bound),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

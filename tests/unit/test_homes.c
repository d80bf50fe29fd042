/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "keep/homes.h"
#include "kept.h"
#include "text.h"

#define QUERIES "queries: [{id: \"q\\\"1\", text: a}, {id: q2, text: b}]"

static struct view *sample_view(void)
{
        struct errors errors = {0};
        struct collection_view *c = collection_view_new(2);
        struct view *v = view_new();

        assert_int_equal(
                query_set_parse("q.yaml", QUERIES, strlen(QUERIES), &c->query_set, &errors), 0);
        assert_int_equal(bands_default(NULL, &c->bands), 0);
        c->label = strdup("agents");
        c->queries[0].judgement.home_band = 1;
        c->queries[0].judgement.home_distance = .91968507f;
        v->collections = calloc(1, sizeof(struct collection_view *));
        v->collections[v->collection_count++] = c;
        return v;
}

static void write_home(
        const char *collection, const char *query, const char *band, float distance, void *userdata)
{
        text_appendf(userdata, "%s|%s|%s|", collection, query, band);
        text_append_float(userdata, distance);
        text_append(userdata, "\n");
}

static void put(struct state *s, const struct view *v)
{
        for (size_t i = 0; i < v->collection_count; i++)
                assert_int_equal(homes_put(s, v->collections[i]), 0);
}

static void what_is_put_comes_back(void **state)
{
        _cleanup_(view_unrefp) struct view *v = sample_view();
        _cleanup_text_ struct text homes = {0};
        struct state *s = kept_open();

        put(s, v);
        kept_commit(s);
        /* What is not another one is not written again. */
        put(s, v);
        assert_false(state_pending(s, false));
        state_free(s);
        s = kept_open();
        assert_int_equal(homes_restore(s, write_home, &homes, NULL, NULL), 0);
        assert_string_equal(text_string(&homes), "agents|q\"1|good|0.91968507\n");
        state_free(s);
}

static void signature_follows_homes_not_distances(void **state)
{
        _cleanup_(view_unrefp) struct view *v = sample_view();
        const struct collection_view *c = v->collections[0];
        uint64_t before = homes_signature(c);

        v->collections[0]->queries[0].judgement.home_distance = .5f;
        assert_int_equal(homes_signature(c), before);
        v->collections[0]->queries[1].judgement.home_band = 0;
        assert_int_not_equal(homes_signature(c), before);
}

static void what_is_none_is_refused(void **state)
{
        static const char *const values[] = {"", "{", "[]", "null", "{\"q\":1}",
                "{\"q\":{\"distance\":1}}", "{\"q\":{\"band\":\"good\",\"distance\":\"near\"}}"};

        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                _cleanup_error_ struct error e = {0};
                _cleanup_text_ struct text homes = {0};
                struct state *s = kept_open();
                size_t refused = 0;

                kept_write(s, "homes", false, "c", values[i], strlen(values[i]));
                assert_int_equal(homes_restore(s, write_home, &homes, &refused, &e), 0);
                assert_int_equal(refused, 1);
                assert_non_null(strstr(e.message, "homes c is not restored"));
                state_free(s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_none_is_refused),
                cmocka_unit_test(what_is_put_comes_back),
                cmocka_unit_test(signature_follows_homes_not_distances),
        };

        return cmocka_run_group_tests(tests, kept_set_up, kept_tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "keep/homes.h"
#include "kept.h"
#include "text.h"

#define QUERIES "queries: [{id: \"q\\\"1\", text: a}, {id: q2, text: b}]"

static struct collection_view *collection_of(const char *queries, size_t count)
{
        struct errors errors = {0};
        struct collection_view *c = collection_view_new(count);

        assert_int_equal(
                query_set_parse("q.yaml", queries, strlen(queries), &c->query_set, &errors), 0);
        assert_int_equal(bands_default(NULL, &c->bands), 0);
        return c;
}

static struct view *sample_view(void)
{
        struct collection_view *c = collection_of(QUERIES, 2);
        struct view *v = view_new();

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
                assert_int_equal(homes_put(s, v->collections[i], 0), 0);
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

/* A collection of so many queries, all at home. */
static struct collection_view *crowd(size_t count)
{
        _cleanup_text_ struct text queries = {0};
        struct collection_view *c;

        text_append(&queries, "queries:\n");
        for (size_t k = 0; k < count; k++)
                text_appendf(&queries, "- {id: q%zu, text: a}\n", k);
        c = collection_of(text_string(&queries), count);
        c->label = strdup("crowd");
        for (size_t k = 0; k < count; k++)
                c->queries[k].judgement.home_band = 0;
        return c;
}

static void count_home(
        const char *collection, const char *query, const char *band, float distance, void *userdata)
{
        assert_string_equal(collection, "crowd");
        ++*(size_t *)userdata;
}

static void many_are_put_in_parts(void **state)
{
        static const size_t counts[] = {2 * HOMES_PART + 1, 2 * HOMES_PART, 1};

        for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
                struct collection_view *c = crowd(counts[i]);
                struct state *s = kept_open();
                size_t part = 0, found = 0;
                int r;

                while ((r = homes_put(s, c, part)) > 0)
                        part++;
                assert_int_equal(r, 0);
                assert_int_equal(part, (counts[i] - 1) / HOMES_PART);
                kept_commit(s);
                state_free(s);
                s = kept_open();
                assert_int_equal(homes_restore(s, count_home, &found, NULL, NULL), 0);
                assert_int_equal(found, counts[i]);
                state_free(s);
                collection_view_unref(c);
        }
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

                kept_write(s, "homes", false, "c\n0", values[i], strlen(values[i]));
                assert_int_equal(homes_restore(s, write_home, &homes, &refused, &e), 0);
                assert_int_equal(refused, 1);
                assert_non_null(strstr(e.message, " is not restored"));
                state_free(s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_none_is_refused),
                cmocka_unit_test_setup(what_is_put_comes_back, kept_clear),
                cmocka_unit_test_setup(many_are_put_in_parts, kept_clear),
                cmocka_unit_test(signature_follows_homes_not_distances),
        };

        return cmocka_run_group_tests(tests, kept_set_up, kept_tear_down);
}

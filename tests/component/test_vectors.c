/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/unit.h"
#include "../unit/vectors.h"

#include <errno.h>
#include <math.h>

#include "clock.h"
#include "fake_server.h"
#include "json.h"
#include "judge/embedder.h"
#include "watch/dossier.h"
#include "watch/watch.h"

/* Which vectors the queries of a collection are asked with: a dossier that is fed by hand, and a
 * watch with a Chroma and an embedder that are scripted. */

struct world {
        struct server_config server;
        struct embedder_config embedder;
        struct collection_config config, changed;
        struct dossier *dossier;
};

static struct query_set *queries(const char *yaml)
{
        struct errors errors = {0};
        struct query_set *set = NULL;

        assert_int_equal(query_set_parse("q", yaml, strlen(yaml), &set, &errors), 0);
        return set;
}

/* NULL for NULL. */
static struct vector_set *vectors(const char *json)
{
        struct errors errors = {0};
        struct vector_set *set = NULL;

        if (json && vector_set_parse("v", json, strlen(json), &set, &errors) < 0)
                fail_msg("%s", errors.messages[0]);
        return set;
}

#define VECTORS(rows) "{\"dimension\":2,\"vectors\":{" rows "}}"
#define TEXTS "queries: [{id: a, text: a, expect: {distance: {max: 9}}}, {id: b, text: b}]"
#define OTHER_TEXT \
        "queries: [{id: a, text: another, expect: {distance: {max: 9}}}, {id: b, text: b}]"
#define OLD VECTORS("\"a\":[1,0],\"b\":[0,1]")

static struct collection_config make_config(struct world *w, const char *yaml, const char *pinned)
{
        struct collection_config c = {
                .references = 1,
                .name = (char *)"c",
                .label = (char *)"agents",
                .server = &w->server,
                .replay = {.interval = USEC_PER_MINUTE,
                        .history = USEC_PER_DAY,
                        .results = 1,
                        .batch = 10},
                .queries = queries(yaml),
                .vectors = vectors(pinned),
        };

        assert_int_equal(bands_default(NULL, &c.bands), 0);
        return c;
}

static void config_done(struct collection_config *c)
{
        bands_done(&c->bands);
        query_set_unref(c->queries);
        vector_set_unref(c->vectors);
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        w->server = (struct server_config){
                .name = (char *)"main", .tenant = (char *)"t", .database = (char *)"d"};
        w->embedder = (struct embedder_config){.name = (char *)"minilm", .limit = EMBEDDER_EPSILON};
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        dossier_free(w->dossier);
        config_done(&w->config);
        config_done(&w->changed);
        free(w);
        return 0;
}

static void begin(struct world *w, const char *yaml, const char *pinned, bool embedded)
{
        w->config = make_config(w, yaml, pinned);
        w->config.embedder = embedded ? &w->embedder : NULL;
        assert_int_equal(dossier_new(&w->config, &w->dossier), 0);
}

/* Of the texts "a" and "b". */
static struct baseline *a_baseline(const char *pinned, const char *space)
{
        struct baseline *b = baseline_new(2);

        b->number = 3;
        b->results = 1;
        b->vectors = vectors(pinned);
        assert_int_equal(strdup_to(&b->epoch.space, space), 0);
        for (size_t i = 0; i < b->count; i++) {
                b->queries[i].id = strdup(i == 0 ? "a" : "b");
                b->queries[i].text = strdup(b->queries[i].id);
                b->queries[i].levels[LEVEL_TOP1].location = .9;
                b->queries[i].embedder_noise = NAN;
        }
        return b;
}

static void approve(struct world *w, const char *pinned, const char *space)
{
        _cleanup_(baseline_unrefp) struct baseline *b = a_baseline(pinned, space);

        assert_int_equal(dossier_set_baseline(w->dossier, b), 0);
}

static struct embed_result embedded(const char *rows)
{
        return (struct embed_result){.vectors = vectors(rows)};
}

static bool embed(struct dossier *d, const char *rows)
{
        struct embed_result result = embedded(rows);

        return dossier_embedded(d, &result, 5);
}

static const float *vector_of(const struct world *w, const char *id)
{
        struct vector_set *all = dossier_vectors(w->dossier);

        return all ? vector_set_find(all, id) : NULL;
}

/* A replay in a collection of that space: who has a vector has an answer. The reason of `query`. */
static const char *replay(struct world *w, const char *space, size_t query)
{
        const struct query_set *set = w->config.queries;
        _cleanup_free_ struct results_row *got = calloc(set->count, sizeof(*got));
        struct replay_result result = {
                .started = USEC_PER_DAY, .reached = true, .answers = got, .count = set->count};
        struct suspects *suspects;

        for (size_t i = 0; i < set->count; i++)
                if (vector_of(w, set->queries[i].id))
                        got[i].answer = answer_new(
                                1, (const char *const[]){"x"}, (const float[]){.9f}, NULL);
                else
                        got[i].unmeasured = "it has no pinned vector";
        epoch_init(&result.epoch);
        result.epoch.id = strdup("1");
        result.epoch.space = strdup(space);
        result.epoch.records = 7;
        dossier_replayed(w->dossier, &result, &suspects);
        epoch_done(&result.epoch);
        for (size_t i = 0; i < set->count; i++)
                answer_unref(got[i].answer);
        return dossier_view(w->dossier)->queries[query].judgement.reason;
}

static void reason_is(struct world *w, const char *sentence)
{
        const char *reason = replay(w, "l2", 0);

        if (!reason || !strstr(reason, sentence))
                fail_msg("%s", reason);
        assert_int_equal(
                dossier_view(w->dossier)->queries[0].judgement.outcome, OUTCOME_UNMEASURED);
}

static void another_text_does_not_meet_the_old_vector(void **state)
{
        static const char *const pinned[] = {NULL, OLD, VECTORS("\"b\":[0,1]")};

        for (size_t i = 0; i < ARRAY_SIZE(pinned); i++) {
                struct world *w;

                set_up(state);
                w = *state;
                begin(w, OTHER_TEXT, pinned[i], false);
                approve(w, OLD, "l2");
                assert_null(vector_of(w, "a"));
                assert_non_null(vector_of(w, "b"));
                reason_is(w, "its text changed since baseline 3: its old vector is not used; ");
                assert_int_not_equal(
                        dossier_view(w->dossier)->queries[1].judgement.outcome, OUTCOME_UNMEASURED);
                tear_down(state);
        }
}

static void the_vector_of_the_new_text_is_used(void **state)
{
        static const struct {
                const char *approved, *pinned;
        } cases[] = {
                {OLD, VECTORS("\"a\":[3,4],\"b\":[0,1]")},
                {VECTORS("\"b\":[0,1]"), VECTORS("\"a\":[3,4],\"b\":[0,1]")},
                /* All of another model. */
                {"{\"dimension\":1,\"vectors\":{\"a\":[1]}}", VECTORS("\"a\":[3,4],\"b\":[0,1]")},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct world *w;

                set_up(state);
                w = *state;
                begin(w, OTHER_TEXT, cases[i].pinned, false);
                approve(w, cases[i].approved, "l2");
                assert_non_null(vector_of(w, "a"));
                assert_true(vector_of(w, "a")[0] > 2.5f);
                tear_down(state);
        }
}

static void an_embedder_is_asked_for_the_new_text(void **state)
{
        struct world *w = *state;
        const struct embedder_view *e;

        begin(w, OTHER_TEXT, OLD, true);
        approve(w, OLD, "l2");
        reason_is(w, "its text changed since baseline 3, and embedder minilm gave no vector for");
        assert_true(embed(w->dossier, VECTORS("\"a\":[-1,0],\"b\":[0,1]")));
        assert_true(vector_of(w, "a")[0] < -.5f);
        /* Vectors of two texts are not compared. */
        e = &dossier_view(w->dossier)->embedder;
        assert_int_equal(e->compared, 1);
        assert_false(e->changed || e->partial);
        assert_true(isnan(dossier_view(w->dossier)->queries[0].embedder_distance));
        assert_null(replay(w, "l2", 0));
        /* Known already. */
        assert_false(embed(w->dossier, VECTORS("\"a\":[-1,0],\"b\":[0,1]")));
}

/* The band of the old text's answer is no home of the new one. */
static void another_text_has_another_home(void **state)
{
        struct world *w = *state;
        const struct query_view *q;
        _cleanup_(baseline_unrefp) struct baseline *b = a_baseline(OLD, "l2");

        begin(w, OTHER_TEXT, OLD, true);
        b->queries[0].levels[LEVEL_TOP1].location = .1;
        assert_int_equal(dossier_set_baseline(w->dossier, b), 0);
        assert_true(embed(w->dossier, VECTORS("\"a\":[-1,0],\"b\":[0,1]")));
        for (unsigned i = 0; i < 9; i++)
                (void)replay(w, "l2", 0);
        q = dossier_view(w->dossier)->queries;
        assert_int_equal(q[0].judgement.home_band, q[0].judgement.band);
        assert_null(findings_find(dossier_view(w->dossier)->findings, FINDING_BAND_CROSSED, 0));
        assert_int_equal(q[0].judgement.outcome, OUTCOME_PASS);
}

static bool drifted(const struct world *w)
{
        const struct judgement *j = &dossier_view(w->dossier)->queries[0].judgement;

        return j->outcome == OUTCOME_DRIFT && j->reason &&
                findings_find(dossier_view(w->dossier)->findings, FINDING_BAND_CROSSED, 0);
}

/* A replay with fresh vectors judges no query, and neither does a reload, or a baseline that cannot
 * be read: a query that has drifted has, and one that is known to fail is. */
static void what_judges_nobody_changes_no_outcome(void **state)
{
        struct results_row rows[2] = {{.unmeasured = "x"}, {.unmeasured = "x"}};
        const struct replay_result fresh = {.answers = rows, .count = 2};
        _cleanup_(baseline_unrefp) struct baseline *b = a_baseline(OLD, "l2");
        struct world *w = *state;
        struct dossier *next = NULL;

        begin(w, TEXTS, OLD, true);
        b->queries[0].levels[LEVEL_TOP1].location = .1;
        assert_int_equal(dossier_set_baseline(w->dossier, b), 0);
        w->config.queries->queries[1].known_failing.until = 2 * USEC_PER_DAY;
        for (unsigned i = 0; i < 9; i++)
                (void)replay(w, "l2", 0);
        assert_true(drifted(w));
        dossier_replayed_fresh(w->dossier, &fresh);
        assert_true(drifted(w) && dossier_view(w->dossier)->queries[1].excused);
        assert_int_equal(dossier_refuse_baseline(w->dossier, "unreadable"), 0);
        assert_true(drifted(w) && dossier_view(w->dossier)->queries[1].excused);
        w->changed = make_config(w, TEXTS, OLD);
        w->changed.embedder = &w->embedder;
        w->changed.queries->queries[1].known_failing.until = 2 * USEC_PER_DAY;
        assert_int_equal(dossier_new(&w->changed, &next), 0);
        assert_int_equal(dossier_adopt(next, w->dossier), 0);
        dossier_free(w->dossier);
        w->dossier = next;
        assert_true(drifted(w) && dossier_view(w->dossier)->queries[1].excused);
}

static void a_new_query_is_told_apart(void **state)
{
        struct world *w = *state;

        begin(w, "queries: [{id: 0new, text: n}, {id: b, text: b}]", NULL, false);
        approve(w, OLD, "l2");
        reason_is(w,
                "it is new since baseline 3 and has no vector: put it into `vectors`, or give "
                "the collection an embedder; record it with baseline propose --new-only");
}

static void fresh_vectors_belong_to_their_texts(void **state)
{
        struct world *w = *state;
        struct dossier *next = NULL;

        begin(w, TEXTS, NULL, true);
        (void)embed(w->dossier, OLD);
        (void)replay(w, "l2", 0);
        w->changed = make_config(w, OTHER_TEXT, NULL);
        w->changed.embedder = &w->embedder;
        assert_int_equal(dossier_new(&w->changed, &next), 0);
        assert_int_equal(dossier_adopt(next, w->dossier), 1);
        dossier_free(w->dossier);
        w->dossier = next;
        assert_null(vector_of(w, "a"));
        assert_non_null(vector_of(w, "b"));
        /* Nor is what the other text was answered. */
        assert_int_equal(dossier_view(next)->queries[0].judgement.outcome, OUTCOME_UNMEASURED);
        assert_null(dossier_view(next)->queries[0].answer);
        assert_int_equal(history_snapshot_runs(dossier_view(next)->queries[0].history), 1);
        assert_non_null(dossier_view(next)->queries[1].answer);
        assert_string_equal(dossier_view(next)->embedder.name, "minilm");
        assert_int_equal(dossier_view(next)->embedder.at, 5);
}

static void fresh_vectors_belong_to_their_embedder(void **state)
{
        struct world *w = *state;
        struct embedder_config prefixed = w->embedder;
        struct dossier *next = NULL;

        begin(w, TEXTS, OLD, true);
        (void)embed(w->dossier, VECTORS("\"a\":[-1,0],\"b\":[0,-1]"));
        assert_true(dossier_view(w->dossier)->embedder.changed);
        w->changed = make_config(w, TEXTS, OLD);
        prefixed.query_prefix = (char *)"query: ";
        w->changed.embedder = &prefixed;
        assert_int_equal(dossier_new(&w->changed, &next), 0);
        assert_int_equal(dossier_adopt(next, w->dossier), 0);
        dossier_free(w->dossier);
        w->dossier = next;
        assert_null(dossier_fresh_vectors(next));
        assert_false(dossier_view(next)->embedder.changed);
        assert_int_equal(dossier_view(next)->embedder.at, 0);
        assert_string_equal(dossier_view(next)->embedder.name, "minilm");
}

static void one_text_without_a_vector_leaves_the_others(void **state)
{
        struct world *w = *state;
        struct embed_refusal refusal = {0, strdup("HTTP 500: oops")};
        struct embed_result result = embedded(VECTORS("\"b\":[0,-1]"));
        const struct embedder_view *e;

        begin(w, TEXTS, VECTORS("\"b\":[0,1]"), true);
        result.refusals = &refusal;
        result.refused = 1;
        (void)dossier_embedded(w->dossier, &result, 5);
        assert_null(refusal.reason);
        e = &dossier_view(w->dossier)->embedder;
        assert_null(e->error);
        assert_int_equal(e->failing_since, 0);
        assert_int_equal(e->compared, 1);
        assert_true(e->changed);
        assert_int_equal(e->unanswered, 1);
        assert_string_equal(e->unanswered_query, "a");
        assert_string_equal(e->unanswered_reason, "HTTP 500: oops");
        reason_is(w, "embedder minilm gave no vector for it: HTTP 500: oops");
        (void)embed(w->dossier, OLD);
        e = &dossier_view(w->dossier)->embedder;
        assert_int_equal(e->unanswered, 0);
        assert_null(e->unanswered_query);
        assert_null(replay(w, "l2", 0));
}

static void cannot_ask(struct world *w, usec_t now)
{
        struct embed_result result = {.failure = "connect"};

        (void)error_set(&result.error, -ECONNREFUSED, "refused");
        (void)dossier_embedded(w->dossier, &result, now);
        error_done(&result.error);
}

/* Nobody who does not answer says that it is well again. */
static void a_change_lasts_until_the_embedder_says_otherwise(void **state)
{
        struct world *w = *state;
        const struct embedder_view *e;

        begin(w, TEXTS, OLD, true);
        cannot_ask(w, 7);
        assert_int_equal(dossier_view(w->dossier)->embedder.failing_since, 7);
        (void)embed(w->dossier, VECTORS("\"a\":[-1,0],\"b\":[0,-1]"));
        cannot_ask(w, 8);
        cannot_ask(w, 9);
        e = &dossier_view(w->dossier)->embedder;
        assert_int_equal(e->failing_since, 8);
        assert_true(e->changed);
        assert_string_equal(e->error, "refused");
        (void)embed(w->dossier, OLD);
        e = &dossier_view(w->dossier)->embedder;
        assert_int_equal(e->failing_since, 0);
        assert_false(e->changed || e->error);
}

static void refuse(struct world *w, size_t query, const char *rows)
{
        struct embed_refusal refusal = {query, strdup("HTTP 500: oops")};
        struct embed_result result = embedded(rows);

        result.refusals = &refusal;
        result.refused = 1;
        (void)dossier_embedded(w->dossier, &result, 5);
}

static bool embedder_is_changed(const struct world *w)
{
        const struct findings *f = dossier_view(w->dossier)->findings;

        return findings_find(f, FINDING_EMBEDDER_CHANGED, FINDING_COLLECTION);
}

/* Nor does a text that is not answered for, while the others are as they were. */
static void a_change_of_a_text_that_is_refused_lasts(void **state)
{
        struct world *w = *state;
        struct dossier *next = NULL;

        begin(w, TEXTS, OLD, true);
        (void)replay(w, "l2", 0);
        (void)embed(w->dossier, VECTORS("\"a\":[-1,0],\"b\":[0,1]"));
        assert_true(embedder_is_changed(w));
        refuse(w, 0, VECTORS("\"b\":[0,1]"));
        assert_true(embedder_is_changed(w));
        assert_int_equal(dossier_view(w->dossier)->embedder.moved, 1);
        assert_int_equal(dossier_view(w->dossier)->embedder.compared, 2);
        refuse(w, 0, VECTORS("\"b\":[0,1]"));
        (void)replay(w, "l2", 0);
        assert_true(embedder_is_changed(w));
        /* Over a reload, too. */
        w->changed = make_config(w, TEXTS, OLD);
        w->changed.embedder = &w->embedder;
        assert_int_equal(dossier_new(&w->changed, &next), 0);
        assert_int_equal(dossier_adopt(next, w->dossier), 0);
        dossier_free(w->dossier);
        w->dossier = next;
        refuse(w, 0, VECTORS("\"b\":[0,1]"));
        assert_true(embedder_is_changed(w));
        (void)embed(w->dossier, OLD);
        assert_false(embedder_is_changed(w));
}

/* A query that went and came back with another text. */
static void what_was_given_goes_with_its_query(void **state)
{
        static const char *const sets[] = {"queries: [{id: b, text: b}]", OTHER_TEXT};
        struct world *w = *state;
        struct collection_config more[ARRAY_SIZE(sets)];

        begin(w, TEXTS, NULL, true);
        (void)embed(w->dossier, OLD);
        for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
                struct dossier *next = NULL;

                more[i] = make_config(w, sets[i], NULL);
                more[i].embedder = &w->embedder;
                assert_int_equal(dossier_new(&more[i], &next), 0);
                assert_int_equal(dossier_adopt(next, w->dossier), 0);
                dossier_free(w->dossier);
                w->dossier = next;
        }
        assert_null(vector_of(w, "a"));
        assert_non_null(vector_of(w, "b"));
        w->dossier = dossier_free(w->dossier);
        for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
                config_done(&more[i]);
}

static void the_length_counts_where_distances_depend_on_it(void **state)
{
        static const struct {
                const char *space;
                bool changed;
        } cases[] = {{"l2", true}, {"ip", true}, {"cosine", false}};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct embedder_view *e;
                struct world *w;

                set_up(state);
                w = *state;
                begin(w, TEXTS, OLD, true);
                /* Before the space is known, and after. */
                (void)embed(w->dossier, VECTORS("\"a\":[37.5,0],\"b\":[0,37.5]"));
                assert_false(dossier_view(w->dossier)->embedder.changed);
                (void)replay(w, cases[i].space, 0);
                e = &dossier_view(w->dossier)->embedder;
                assert_int_equal(e->changed, cases[i].changed);
                assert_int_equal(e->moved, cases[i].changed ? 2 : 0);
                assert_true(cases[i].changed ? fabs(e->length - 37.5) < 1e-6 : isnan(e->length));
                tear_down(state);
        }
}

/* 1 - cos of [1,0] and [1,.04] is 8e-4. */
#define NEAR VECTORS("\"a\":[1,0.04],\"b\":[0.04,1]")

static void the_limit_can_be_set(void **state)
{
        static const struct {
                double limit, noise;
                bool changed;
        } cases[] = {
                {EMBEDDER_EPSILON, NAN, true},
                {1e-3, NAN, false},
                {EMBEDDER_EPSILON, 1e-4, false},
                {1e-5, 1e-5, true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(baseline_unrefp) struct baseline *b = a_baseline(OLD, "l2");
                struct world *w;

                set_up(state);
                w = *state;
                w->embedder.limit = cases[i].limit;
                begin(w, TEXTS, NULL, true);
                b->queries[0].embedder_noise = b->queries[1].embedder_noise = cases[i].noise;
                assert_int_equal(dossier_set_baseline(w->dossier, b), 0);
                (void)embed(w->dossier, NEAR);
                assert_int_equal(dossier_view(w->dossier)->embedder.changed, cases[i].changed);
                tear_down(state);
        }
}

static void noise_is_measured_among_fresh_vectors(void **state)
{
        struct world *w = *state;
        const struct query_view *q;

        begin(w, TEXTS, OLD, true);
        (void)embed(w->dossier, OLD);
        (void)embed(w->dossier, NEAR);
        assert_true(isnan(dossier_view(w->dossier)->queries[0].embedder_noise));
        dossier_repeat(w->dossier);
        (void)embed(w->dossier, OLD);
        (void)embed(w->dossier, OLD);
        q = dossier_view(w->dossier)->queries;
        assert_in_range((uintmax_t)(q[0].embedder_noise * 1e6), 798, 800);
}

/* A Chroma and an embedder on one loop. */
struct servers {
        struct world *world;
        sd_event *event;
        struct http_client *client;
        struct fake_server *chroma, *embedder;
        struct watch_owner owner;
        struct watch *watch;
        unsigned replayed, changed;
        bool broken; /* the embedder */
        char *url;
};

static void answer_chroma(const struct fake_request *request, struct text *out, void *userdata)
{
        _cleanup_json_ json_t *asked =
                json_loadb(request->body ? request->body : "", request->body_size, 0, NULL);
        size_t n = json_array_size(json_object_get(asked, "query_embeddings"));
        _cleanup_text_ struct text body = {0};

        if (strstr(request->path, "/query")) {
                text_append(&body, "{\"ids\":[");
                for (size_t i = 0; i < n; i++)
                        text_append(&body, i == 0 ? "[\"x\"]" : ",[\"x\"]");
                text_append(&body, "],\"distances\":[");
                for (size_t i = 0; i < n; i++)
                        text_append(&body, i == 0 ? "[0.9]" : ",[0.9]");
                text_append(&body, "]}");
        } else if (strstr(request->path, "/count"))
                text_append(&body, "7");
        else if (strstr(request->path, "/get"))
                text_append(&body, "{\"ids\":[\"x\"],\"embeddings\":[[1,0]]}");
        else
                text_append(&body,
                        "{\"id\":\"aaaaaaaa-0000-4000-8000-000000000000\",\"name\":\"c\","
                        "\"dimension\":2,\"configuration_json\":{\"hnsw\":{\"space\":\"l2\"}}}");
        fake_answer(out, 200, NULL, body.data, body.size);
}

static void answer_embedder(const struct fake_request *request, struct text *out, void *userdata)
{
        const struct servers *s = userdata;
        _cleanup_json_ json_t *asked = json_loadb(request->body, request->body_size, 0, NULL);
        size_t n = json_array_size(json_object_get(asked, "inputs"));
        _cleanup_text_ struct text body = {0};

        if (s->broken) {
                fake_answer(out, 502, NULL, "", 0);
                return;
        }
        for (size_t i = 0; i < n; i++)
                text_append(&body, i == 0 ? "[[1,0]" : ",[1,0]");
        text_append(&body, "]");
        fake_answer(out, 200, NULL, body.data, body.size);
}

static const struct fake_step serve_chroma[] = {{.action = FAKE_READ},
        {.action = FAKE_CALL, .call = answer_chroma}, {.action = FAKE_AGAIN}};
static const struct fake_step serve_embedder[] = {{.action = FAKE_READ},
        {.action = FAKE_CALL, .call = answer_embedder}, {.action = FAKE_AGAIN}};
static const struct fake_step serve_embedder_late[] = {{.action = FAKE_READ}, {.action = FAKE_WAIT},
        {.action = FAKE_CALL, .call = answer_embedder}, {.action = FAKE_AGAIN}};

static void on_replayed(struct watch *watch, void *userdata)
{
        ((struct servers *)userdata)->replayed++;
}

static void on_changed(struct watch *watch, void *userdata)
{
        ((struct servers *)userdata)->changed++;
}

static void on_exchanged(struct watch *watch, const struct http_response *response, void *userdata)
{
}

/* The queries a and b, of which the baseline knows a alone. */
static void serve(struct servers *s, const struct fake_step *embedder, usec_t interval)
{
        struct world *w = s->world;

        assert_true(sd_event_new(&s->event) >= 0);
        assert_int_equal(http_client_new(s->event, "test", &s->client), 0);
        s->chroma = fake_server_new(s->event, s);
        s->embedder = fake_server_new(s->event, s);
        fake_server_script(s->chroma, serve_chroma);
        fake_server_script(s->embedder, embedder);
        w->config = make_config(w, TEXTS, VECTORS("\"a\":[1,0]"));
        w->config.replay.interval = interval;
        w->config.peer = (struct http_peer){
                .url = (char *)fake_server_url(s->chroma), .timeout_usec = 5 * USEC_PER_SEC};
        w->embedder.dialect = embedding_dialect_find("tei");
        s->url = embedding_url(w->embedder.dialect, fake_server_url(s->embedder));
        w->embedder.peer = (struct http_peer){.url = s->url, .timeout_usec = 5 * USEC_PER_SEC};
        w->embedder.batch = 10;
        w->config.embedder = &w->embedder;
        s->owner = (struct watch_owner){on_replayed, on_changed, on_exchanged, s, NULL, NULL};
        assert_int_equal(watch_new(s->event, &w->config, s->client, &s->owner, &s->watch), 0);
}

static void servers_done(struct servers *s)
{
        watch_free(s->watch);
        http_client_free(s->client);
        fake_server_free(s->chroma);
        fake_server_free(s->embedder);
        sd_event_unref(s->event);
        free(s->url);
}

static enum outcome outcome_of(const struct servers *s, size_t query)
{
        return watch_view(s->watch)->queries[query].judgement.outcome;
}

static bool embedder_is_asked(void *userdata)
{
        return fake_server_waiting(((const struct servers *)userdata)->embedder) == 1;
}

static bool is_idle(void *userdata)
{
        return !watch_busy(((const struct servers *)userdata)->watch);
}

static bool has_replayed(void *userdata)
{
        return ((const struct servers *)userdata)->replayed > 0;
}

static bool has_replayed_again(void *userdata)
{
        return ((const struct servers *)userdata)->replayed > 1;
}

/* A command measures once: what the embedder gives is part of it. */
static void a_command_waits_for_the_embedder(void **state)
{
        _cleanup_(servers_done) struct servers s = {.world = *state};

        serve(&s, serve_embedder_late, USEC_PER_MINUTE);
        watch_everything(s.watch);
        assert_true(fake_run_until(s.event, embedder_is_asked, &s));
        assert_int_equal(fake_server_requests(s.chroma), 0);
        assert_int_equal(fake_server_release(s.embedder), 1);
        assert_true(fake_run_until(s.event, is_idle, &s));
        assert_int_equal(s.replayed, 1);
        assert_int_not_equal(outcome_of(&s, 1), OUTCOME_UNMEASURED);
        assert_int_equal(watch_view(s.watch)->embedder.compared, 1);
}

/* Who waits for a verdict waits for the embedder's part of it, however soon after the last one, but
 * not for ever. */
static void a_verdict_that_is_awaited_has_the_embedder_s_answer(void **state)
{
        _cleanup_(servers_done) struct servers s = {.world = *state};

        serve(&s, serve_embedder_late, USEC_PER_MINUTE);
        for (unsigned i = 0; i < 2; i++) {
                size_t requests = fake_server_requests(s.chroma);
                usec_t now = clock_usec(CLOCK_BOOTTIME);

                watch_ingested(s.watch, true);
                assert_true(fake_run_until(s.event, embedder_is_asked, &s));
                assert_int_equal(fake_server_requests(s.chroma), requests);
                assert_in_range(watch_due(s.watch), now + WATCH_EMBED_WAIT,
                        clock_usec(CLOCK_BOOTTIME) + WATCH_EMBED_WAIT);
                assert_int_equal(fake_server_release(s.embedder), 1);
                assert_true(fake_run_until(s.event, is_idle, &s));
                assert_int_equal(s.replayed, i + 1);
                assert_int_equal(watch_view(s.watch)->embedder.compared, 1);
        }
        /* Nobody waits for this one: it asks when the pause is over. */
        watch_ingested(s.watch, false);
        assert_true(fake_run_until(s.event, is_idle, &s));
        assert_int_equal(s.replayed, 3);
        assert_int_equal(fake_server_requests(s.embedder), 2);
}

/* The daemon goes on with what it has, and asks again as soon as it has more. */
static void a_daemon_replays_again_with_what_is_new(void **state)
{
        _cleanup_(servers_done) struct servers s = {.world = *state};

        serve(&s, serve_embedder_late, USEC_PER_MINUTE);
        watch_run(s.watch);
        assert_true(fake_run_until(s.event, has_replayed, &s));
        assert_int_equal(outcome_of(&s, 1), OUTCOME_UNMEASURED);
        assert_true(fake_run_until(s.event, embedder_is_asked, &s));
        assert_int_equal(fake_server_release(s.embedder), 1);
        assert_true(fake_run_until(s.event, has_replayed_again, &s));
        assert_int_not_equal(outcome_of(&s, 1), OUTCOME_UNMEASURED);
}

static int tick(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct servers *s = userdata;

        watch_run(s->watch);
        return sd_event_source_set_time_relative(source, 10 * USEC_PER_MSEC) < 0 ||
                        sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) < 0
                ? -1
                : 0;
}

static bool is_failing(void *userdata)
{
        return watch_view(((const struct servers *)userdata)->watch)->embedder.failing_since > 0;
}

static bool answers_again(void *userdata)
{
        const struct embedder_view *e =
                &watch_view(((const struct servers *)userdata)->watch)->embedder;

        return e->at > 0 && e->failing_since == 0 && !e->error;
}

static void a_failed_embedder_is_asked_again_by_itself(void **state)
{
        _cleanup_(servers_done) struct servers s = {.world = *state, .broken = true};

        serve(&s, serve_embedder, 100 * USEC_PER_MSEC);
        assert_true(
                sd_event_add_time_relative(s.event, NULL, CLOCK_MONOTONIC, 0, 1, tick, &s) >= 0);
        assert_true(fake_run_until(s.event, is_failing, &s));
        s.broken = false;
        assert_true(fake_run_until(s.event, answers_again, &s));
}

static void a_command_measures_the_noise(void **state)
{
        _cleanup_(servers_done) struct servers s = {.world = *state};

        serve(&s, serve_embedder, USEC_PER_MINUTE);
        watch_repeat_embedding(s.watch, 3);
        watch_everything(s.watch);
        assert_true(fake_run_until(s.event, is_idle, &s));
        assert_int_equal(s.replayed, 1);
        assert_true(fabs(watch_view(s.watch)->queries[1].embedder_noise) < 1e-9);
        /* Both at once, one by one, and as ever. */
        assert_int_equal(fake_server_requests(s.embedder), 1 + 2 + 1);
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(another_text_does_not_meet_the_old_vector),
                cmocka_unit_test(the_vector_of_the_new_text_is_used),
                world_test(an_embedder_is_asked_for_the_new_text),
                world_test(another_text_has_another_home),
                world_test(what_judges_nobody_changes_no_outcome),
                world_test(a_new_query_is_told_apart),
                world_test(fresh_vectors_belong_to_their_texts),
                world_test(fresh_vectors_belong_to_their_embedder),
                world_test(one_text_without_a_vector_leaves_the_others),
                world_test(a_change_lasts_until_the_embedder_says_otherwise),
                world_test(a_change_of_a_text_that_is_refused_lasts),
                world_test(what_was_given_goes_with_its_query),
                cmocka_unit_test(the_length_counts_where_distances_depend_on_it),
                cmocka_unit_test(the_limit_can_be_set),
                world_test(noise_is_measured_among_fresh_vectors),
                world_test(a_command_waits_for_the_embedder),
                world_test(a_verdict_that_is_awaited_has_the_embedder_s_answer),
                world_test(a_daemon_replays_again_with_what_is_new),
                world_test(a_failed_embedder_is_asked_again_by_itself),
                world_test(a_command_measures_the_noise),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

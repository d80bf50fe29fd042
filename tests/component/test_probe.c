/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "../unit/vectors.h"
#include "ask/probe.h"
#include "stage.h"

#define RECORDS 40
#define RESULTS 3

/* A collection whose records lie on a line, record i ("r05") at i; query "q5" is at 5, too, and
 * expects r05. Search is exact but for what a row of `faults` hides from it. */
struct faults {
        bool hidden[RECORDS]; /* from every search */
        bool shy[RECORDS]; /* found only when more than RESULTS are asked for */
        bool gone[RECORDS]; /* not in the collection */
        bool twins; /* each odd record lies where the one before it does */
        double noise; /* added to every distance */
        unsigned late; /* records added between the counts */
        unsigned later; /* while recall is measured, which the last count shows */
        bool replaced; /* between the counts */
        const char *failing; /* "/query", "/get", "/count" or the collection's "/c" … */
        unsigned failing_after; /* … is answered with `status` and `body` after so many others */
        unsigned status;
        const char *body;
        const char *unreadable; /* id of a record whose vector is lost */
        unsigned results_max, ids_max; /* of a request, or it is beyond the quota; 0: any */
};

struct world {
        struct stage stage;
        struct query_set *queries;
        struct vector_set *vectors;
        struct probe_target target;
        struct probe *probe;
        struct faults faults;
        const char *space;
        unsigned looked_up, counted;
        const char *failure;
        char *error;
        struct index_health health;
};

static bool found_by_search(const struct world *w, size_t i, json_int_t results)
{
        const struct faults *f = &w->faults;

        return !f->gone[i] && !f->hidden[i] && (!f->shy[i] || results > RESULTS);
}

static double position(const struct world *w, size_t record)
{
        return (double)(w->faults.twins ? record & ~(size_t)1 : record);
}

static double distance(const struct world *w, double query, size_t record)
{
        double at = position(w, record);

        return w->faults.noise +
                (streq(w->space, "ip") ? 1 - query * at : (query - at) * (query - at));
}

/* The nearest records, one after the other. */
static void append_row(const struct world *w, double query, json_int_t results, struct text *ids,
        struct text *distances)
{
        bool taken[RECORDS] = {false};

        for (json_int_t n = 0; n < results; n++) {
                size_t best = RECORDS;

                for (size_t i = 0; i < RECORDS; i++)
                        if (!taken[i] && found_by_search(w, i, results) &&
                                (best == RECORDS ||
                                        distance(w, query, i) < distance(w, query, best)))
                                best = i;
                if (best == RECORDS)
                        return;
                taken[best] = true;
                text_appendf(ids, "%s\"r%02zu\"", n > 0 ? "," : "", best);
                text_appendf(distances, "%s%g", n > 0 ? "," : "", distance(w, query, best));
        }
}

static void answer_query(const struct world *w, const json_t *request, struct text *out)
{
        const json_t *vectors = json_object_get(request, "query_embeddings");
        _cleanup_text_ struct text ids = {0}, distances = {0}, body = {0};

        for (size_t i = 0; i < json_array_size(vectors); i++) {
                text_append(&ids, i > 0 ? ",[" : "[");
                text_append(&distances, i > 0 ? ",[" : "[");
                append_row(w, json_number_value(json_array_get(json_array_get(vectors, i), 0)),
                        json_integer_value(json_object_get(request, "n_results")), &ids,
                        &distances);
                text_append(&ids, "]");
                text_append(&distances, "]");
        }
        text_appendf(&body, "{\"ids\":[%s],\"distances\":[%s]}", text_string(&ids),
                json_array_size(json_object_get(request, "include")) > 0 ? text_string(&distances)
                                                                         : "");
        fake_answer(out, 200, NULL, body.data, body.size);
}

/* Ids of a page, in their order. */
static void answer_page(const struct world *w, const json_t *request, struct text *out)
{
        json_int_t offset = json_integer_value(json_object_get(request, "offset"));
        json_int_t limit = json_integer_value(json_object_get(request, "limit"));
        _cleanup_text_ struct text ids = {0}, body = {0};

        for (size_t i = 0; i < RECORDS; i++)
                if (!w->faults.gone[i] && offset-- <= 0 && limit-- > 0)
                        text_appendf(&ids, "%s\"r%02zu\"", ids.size > 0 ? "," : "", i);
        text_appendf(&body, "{\"ids\":[%s],\"embeddings\":null}", text_string(&ids));
        fake_answer(out, 200, NULL, body.data, body.size);
}

/* What the index lost has no vector: Chroma fails on it. */
static bool unreadable(const struct world *w, const json_t *wanted)
{
        for (size_t i = 0; i < json_array_size(wanted); i++) {
                const char *id = json_string_value(json_array_get(wanted, i));

                if (w->faults.unreadable && streq(id, w->faults.unreadable))
                        return true;
        }
        return false;
}

static void answer_get(const struct world *w, const json_t *request, struct text *out)
{
        const json_t *wanted = json_object_get(request, "ids");
        _cleanup_text_ struct text ids = {0}, vectors = {0}, body = {0};

        if (!wanted) {
                answer_page(w, request, out);
                return;
        }
        if (json_array_size(json_object_get(request, "include")) > 0 && unreadable(w, wanted)) {
                fake_answer(out, 500, NULL, "{\"error\":\"InternalError\"}", 25);
                return;
        }
        for (size_t i = 0; i < json_array_size(wanted); i++) {
                const char *id = json_string_value(json_array_get(wanted, i));
                unsigned long record = strtoul(id + 1, NULL, 10);

                if (*id != 'r' || record >= RECORDS || w->faults.gone[record])
                        continue;
                text_appendf(&ids, "%s\"%s\"", ids.size > 0 ? "," : "", id);
                text_appendf(&vectors, "%s[%g]", vectors.size > 0 ? "," : "", position(w, record));
        }
        text_appendf(&body, "{\"ids\":[%s],\"embeddings\":[%s]}", text_string(&ids),
                text_string(&vectors));
        fake_answer(out, 200, NULL, body.data, body.size);
}

static void answer_count(struct world *w, struct text *out)
{
        _cleanup_text_ struct text body = {0};
        unsigned count = w->counted > 0 ? w->faults.late : 0;

        count += w->counted++ > 1 ? w->faults.later : 0;

        for (size_t i = 0; i < RECORDS; i++)
                count += !w->faults.gone[i];
        text_appendf(&body, "%u", count);
        fake_answer(out, 200, NULL, body.data, body.size);
}

static void answer_collection(struct world *w, struct text *out)
{
        _cleanup_text_ struct text body = {0};

        text_appendf(&body,
                "{\"id\":\"%s\",\"dimension\":1,\"configuration_json\":{\"hnsw\":{\"space\":\"%s\"}}}",
                w->faults.replaced && w->looked_up > 0 ? OTHER_UUID : UUID, w->space);
        w->looked_up++;
        fake_answer(out, 200, NULL, body.data, body.size);
}

static bool ends_with(const char *s, const char *end)
{
        size_t length = strlen(s);

        return end && length >= strlen(end) && streq(s + length - strlen(end), end);
}

#define QUOTA "{\"error\":\"ChromaError\",\"message\":\"Quota exceeded: limit\"}"

static bool beyond_quota(const struct faults *f, const json_t *request)
{
        json_int_t results = json_integer_value(json_object_get(request, "n_results"));
        size_t ids = json_array_size(json_object_get(request, "ids"));

        return (f->results_max > 0 && results > f->results_max) ||
                (f->ids_max > 0 && ids > f->ids_max);
}

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        struct world *w = userdata;
        struct faults *f = &w->faults;
        _cleanup_(json_decrefp) json_t *body = json_loads(request->body, 0, NULL);

        if (beyond_quota(f, body))
                fake_answer(out, 422, NULL, QUOTA, strlen(QUOTA));
        else if (ends_with(request->path, f->failing) && f->failing_after-- == 0)
                fake_answer(out, f->status, NULL, f->body, strlen(f->body));
        else if (ends_with(request->path, "/query"))
                answer_query(w, body, out);
        else if (ends_with(request->path, "/get"))
                answer_get(w, body, out);
        else if (ends_with(request->path, "/count"))
                answer_count(w, out);
        else
                answer_collection(w, out);
}

/* A query at every record, which expects it; the last two expect what is not there, and either of
 * two. */
static void make_set(struct world *w)
{
        _cleanup_text_ struct text set = {0}, vectors = {0};
        struct errors errors = {0};

        text_append(&set, "queries: [");
        text_append(&vectors, "{\"dimension\":1,\"vectors\":{");
        for (unsigned i = 0; i < RECORDS; i++) {
                text_appendf(&set, "{id: q%u, text: x, expect: {ids: [r%02u]}},", i, i);
                text_appendf(&vectors, "\"q%u\":[%u],", i, i);
        }
        text_append(&set,
                "{id: other, text: x, where: {k: 1}, expect: {ids: [nowhere]}},"
                "{id: either, text: x, expect: {ids: [r01, r02]}}]");
        text_append(&vectors, "\"other\":[7],\"either\":[1]}}");
        assert_int_equal(query_set_parse("q.yaml", set.data, set.size, &w->queries, &errors), 0);
        assert_int_equal(
                vector_set_parse("v.json", vectors.data, vectors.size, &w->vectors, &errors), 0);
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        stage_init(&w->stage, answer, w);
        make_set(w);
        w->space = "l2";
        w->target = (struct probe_target){
                .label = "agents",
                .collection = "c",
                .tenant = "t",
                .database = "d",
                .peer = &w->stage.peer,
                .queries = w->queries,
                .vectors = w->vectors,
                .results = RESULTS,
                .recall_results = 10,
                .recall_queries = 10,
                .records_max = RECORDS,
        };
        index_health_init(&w->health);
        return 0;
}

static void forget_result(struct world *w)
{
        free(w->error);
        w->error = NULL;
        index_health_done(&w->health);
}

static int tear_down(void **state)
{
        struct world *w = *state;

        probe_free(w->probe);
        stage_done(&w->stage);
        query_set_unref(w->queries);
        vector_set_unref(w->vectors);
        forget_result(w);
        free(w);
        return 0;
}

static void on_done(struct probe_result *result, void *userdata)
{
        struct world *w = userdata;

        w->stage.ended++;
        w->failure = result->failure;
        assert_int_equal(strdup_to(&w->error, result->error.message), 0);
        w->health = result->health;
        index_health_init(&result->health);
        w->probe = probe_free(w->probe);
}

static void probe(struct world *w)
{
        forget_result(w);
        w->looked_up = w->counted = w->stage.exchanges = w->stage.ended = 0;
        assert_int_equal(
                probe_start(w->stage.client, &w->target, on_done, stage_on_exchange, w, &w->probe),
                0);
        stage_await_end(&w->stage);
}

static const char *body_of(const struct world *w, size_t i)
{
        return fake_server_request(w->stage.server, i)->body;
}

static void a_whole_index(void **state)
{
        static const char *const paths[] = {"c", UUID "/count", UUID "/query", "c", UUID "/count",
                UUID "/query", UUID "/query", UUID "/count", UUID "/get", UUID "/get",
                UUID "/query"};
        struct world *w = *state;

        probe(w);
        assert_null(w->failure);
        assert_null(w->health.error);
        assert_true(w->health.at > 0);
        assert_int_equal(w->health.records, RECORDS);
        assert_int_equal(w->health.unreachable, 0);
        assert_false(w->health.capped);
        assert_true(w->health.recall == 1);
        assert_int_equal(w->health.recall_queries, 10);
        assert_int_equal(w->health.self_asked, PROBE_SELF_MAX);
        assert_int_equal(w->health.self_found, PROBE_SELF_MAX);
        assert_int_equal(w->health.expected, RECORDS + 1);
        assert_int_equal(w->health.gone, 1); /* "nowhere" */
        assert_int_equal(w->health.lost, 0);
        assert_int_equal(w->stage.exchanges, ARRAY_SIZE(paths));
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                assert_true(ends_with(fake_server_request(w->stage.server, i)->path, paths[i]));
        assert_non_null(strstr(body_of(w, 2), "\"n_results\":40,\"include\":[]"));
        /* Evenly spaced over the 41 queries without a filter: "either" is the last of them. */
        assert_non_null(strstr(body_of(w, 5), "[[0],[4],[8],[12],[16],[20],[24],[28],[32],[36]]"));
        assert_non_null(strstr(body_of(w, 5), "\"n_results\":10,"));
        assert_non_null(strstr(body_of(w, 6), "\"n_results\":3,"));
        assert_non_null(strstr(body_of(w, 10), "\"n_results\":1,"));
}

static void records_that_search_cannot_reach(void **state)
{
        struct world *w = *state;

        w->faults.hidden[0] = w->faults.hidden[5] = w->faults.hidden[39] = true;
        probe(w);
        assert_null(w->failure);
        assert_int_equal(w->health.unreachable, 3);
        assert_true(w->health.recall == 1); /* a larger k does not find them either */
        assert_int_equal(w->health.self_asked, PROBE_SELF_MAX);
        assert_int_equal(w->health.self_found, PROBE_SELF_MAX - 1); /* r00, r02, r04, … */
}

static void recall_is_what_a_larger_k_finds_besides(void **state)
{
        struct world *w = *state;

        w->faults.shy[4] = w->faults.shy[37] = true; /* nearest to q4, among three to q36 */
        probe(w);
        assert_int_equal(w->health.unreachable, 0);
        assert_true(fabs(w->health.recall - (10 - 2 / 3.0) / 10) < 1e-12);
        w->target.recall_queries = 1; /* q0 */
        probe(w);
        assert_true(w->health.recall == 1);
        assert_int_equal(w->health.recall_queries, 1);
        w->target.recall_queries = 1000; /* in batches: 41 have no filter */
        probe(w);
        assert_int_equal(w->health.recall_queries, 41);
        assert_true(w->health.recall < 1);
}

static void recall_is_unknown_when_records_came_while_it_was_measured(void **state)
{
        struct world *w = *state;

        w->faults.shy[3] = true;
        w->faults.later = 1;
        probe(w);
        assert_null(w->failure);
        assert_true(isnan(w->health.recall));
        assert_int_equal(w->health.recall_queries, 0);
        assert_int_equal(w->health.unreachable, 0);
        assert_int_equal(w->health.expected, RECORDS + 1);
}

static void equally_distant_records_stand_for_each_other(void **state)
{
        struct world *w = *state;

        /* Nearest to q8 without r08: r07 and r09, r06 and r10. */
        w->faults.gone[8] = w->faults.shy[6] = true;
        probe(w);
        assert_true(w->health.recall == 1);
}

static void there_is_no_recall_without_a_larger_k(void **state)
{
        struct world *w = *state;

        w->target.recall_results = RESULTS;
        probe(w);
        assert_null(w->failure);
        assert_true(isnan(w->health.recall));
        assert_int_equal(w->health.recall_queries, 0);
        assert_int_equal(w->health.unreachable, 0);
}

static void too_many_records_are_sampled(void **state)
{
        static const struct {
                bool hidden, shy, twins; /* all of them; hidden: each that is even */
                const char *unreadable;
                int64_t unreachable, copies;
        } rows[] = {
                {.unreachable = 0},
                /* A search for one record passed them; one for many does not. */
                {.shy = true, .unreachable = 0},
                /* From r16 on the neighbour is near, in proportion to its length. */
                {.hidden = true, .unreachable = RECORDS / 2, .copies = 12},
                {.hidden = true, .twins = true, .unreachable = RECORDS / 2, .copies = RECORDS / 2},
                {.unreadable = "r10", .unreachable = 1},
        };
        struct world *w = *state;

        w->target.records_max = RECORDS - 1;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct index_health *h = &w->health;

                for (size_t k = 0; k < RECORDS; k++) {
                        w->faults.hidden[k] = rows[i].hidden && k % 2 == 0;
                        w->faults.shy[k] = rows[i].shy;
                }
                w->faults.twins = rows[i].twins;
                w->faults.unreadable = rows[i].unreadable;
                probe(w);
                if (w->failure || h->capped || h->unreachable != rows[i].unreachable ||
                        h->copies != rows[i].copies || h->sample.looked != RECORDS)
                        fail_msg("row %zu: %s; %lld unreachable, %lld copies, of %zu", i,
                                w->error ? w->error : "no error", (long long)h->unreachable,
                                (long long)h->copies, h->sample.looked);
                assert_int_equal(h->records, RECORDS);
        }
}

static void without_a_limit_none_is_sampled(void **state)
{
        struct world *w = *state;

        w->target.records_max = 0;
        w->faults.hidden[5] = true;
        probe(w);
        assert_null(w->failure);
        assert_true(w->health.capped);
        assert_int_equal(w->health.unreachable, -1);
        assert_int_equal(w->health.sample.looked, 0);
        assert_int_equal(w->health.records, RECORDS);
}

static void an_ingest_meanwhile_makes_the_sample_void(void **state)
{
        struct world *w = *state;

        w->target.records_max = RECORDS - 1;
        w->faults.late = 1;
        probe(w);
        assert_null(w->failure);
        assert_true(w->health.capped);
        assert_int_equal(w->health.unreachable, -1);
        assert_int_equal(w->health.sample.looked, 0);
}

static void what_is_beyond_a_quota_is_left_out(void **state)
{
        static const struct {
                unsigned results_max, ids_max;
                bool capped, recall;
        } rows[] = {{20, 0, true, true}, {5, 0, true, false}, {2, 0, true, false},
                {0, 7, false, true}, {20, 1, true, true}};
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->faults.results_max = rows[i].results_max;
                w->faults.ids_max = rows[i].ids_max;
                probe(w);
                if (w->failure || w->health.capped != rows[i].capped ||
                        isnan(w->health.recall) == rows[i].recall)
                        fail_msg("row %zu: %s", i, w->error ? w->error : "no error");
                assert_int_equal(w->health.unreachable, rows[i].capped ? -1 : 0);
                assert_int_equal(w->health.records, RECORDS);
                assert_int_equal(w->health.expected, RECORDS + 1);
                assert_int_equal(w->health.gone, 1);
        }
}

static void an_ingest_meanwhile_leaves_it_unknown(void **state)
{
        struct world *w = *state;

        w->faults.late = 1;
        w->faults.hidden[5] = true;
        probe(w);
        assert_null(w->failure);
        assert_int_equal(w->health.unreachable, -1);
        assert_int_equal(w->health.records, RECORDS + 1);
        w->faults.late = 0;
        w->faults.replaced = true;
        probe(w);
        assert_null(w->failure);
        assert_int_equal(w->health.unreachable, -1);
        assert_non_null(strstr(
                fake_server_request(w->stage.server, fake_server_requests(w->stage.server) - 1)
                        ->path,
                OTHER_UUID));
}

static void an_empty_collection(void **state)
{
        struct world *w = *state;

        memset(w->faults.gone, true, sizeof(w->faults.gone));
        probe(w);
        assert_null(w->failure);
        assert_int_equal(w->health.records, 0);
        assert_int_equal(w->health.unreachable, 0);
        assert_true(isnan(w->health.recall));
        assert_int_equal(w->health.gone, RECORDS + 1);
        assert_int_equal(w->health.self_asked, 0);
}

/* Of the records that queries 0 to 2 and "either" expect, with answers as a row has them. */
static void expected_records_are_there_gone_or_lost(void **state)
{
        static const struct {
                const char *what, *first, *either; /* ids of the answers; NULL: none */
                bool gone;
                size_t gone_count, lost;
        } rows[] = {
                {"found", "r01", "r02", false, 1, 0},
                {"no answer to compare with", NULL, NULL, false, 1, 0},
                {"not found", "r09", NULL, false, 1, 1},
                {"one of two is enough", NULL, "r01", false, 1, 0},
                {"neither of two", NULL, "r09", false, 1, 2},
                {"missed by one of two queries", "r01", "r09", false, 1, 2},
                {"gone is not lost", "r09", NULL, true, 2, 0},
        };
        static const float distances[] = {0};
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct answer *answers[RECORDS + 2] = {NULL};

                if (rows[i].first)
                        answers[1] = answer_new(1, &rows[i].first, distances, NULL);
                if (rows[i].either)
                        answers[RECORDS + 1] = answer_new(1, &rows[i].either, distances, NULL);
                w->target.answers = answers;
                w->faults.gone[1] = rows[i].gone;
                probe(w);
                answer_unref(answers[1]);
                answer_unref(answers[RECORDS + 1]);
                if (w->health.gone != rows[i].gone_count || w->health.lost != rows[i].lost)
                        fail_msg("%s: %zu gone, %zu lost", rows[i].what, w->health.gone,
                                w->health.lost);
        }
}

static void a_record_finds_itself_or_a_twin(void **state)
{
        static const struct {
                const char *what, *space;
                bool twins;
                double noise;
                size_t found; /* of r00, r02, …, r38; r04 is hidden */
        } rows[] = {
                {"a stranger", "l2", false, 0, 19},
                {"a twin", "l2", true, 0, 20},
                {"not quite a twin", "l2", true, 4e-7, 19},
                {"rounded", "cosine", true, 4e-7, 20},
                {"not rounded any more", "cosine", true, 4e-6, 19},
                {"larger dot products come first", "ip", false, 0, 20},
        };
        struct world *w = *state;

        w->faults.hidden[4] = true;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->space = rows[i].space;
                w->faults.twins = rows[i].twins;
                w->faults.noise = rows[i].noise;
                probe(w);
                if (w->health.self_asked != 20 || w->health.self_found != rows[i].found)
                        fail_msg("%s: %zu of %zu", rows[i].what, w->health.self_found,
                                w->health.self_asked);
        }
        /* With those hidden that have larger ones, what comes first is no neighbour. */
        memset(w->faults.hidden + 10, true, RECORDS - 10);
        probe(w);
        assert_int_equal(w->health.self_found, 5);
}

static void a_record_whose_vector_is_lost_does_not_find_itself(void **state)
{
        struct world *w = *state;

        w->faults = (struct faults){.failing = "/get",
                .failing_after = 1,
                .status = 500,
                .body = "{\"error\":\"InternalError\",\"message\":\"Error finding id\"}"};
        probe(w);
        assert_null(w->failure);
        assert_null(w->error);
        assert_null(w->health.error);
        assert_int_equal(w->health.self_asked, PROBE_SELF_MAX);
        assert_int_equal(w->health.self_found, 0);
}

static void a_stored_vector_with_null_leaves_the_rest_of_the_probe(void **state)
{
        struct world *w = *state;

        w->faults = (struct faults){.failing = "/get",
                .failing_after = 1,
                .status = 200,
                .body = "{\"ids\":[\"r00\"],\"embeddings\":[[null]]}"};
        probe(w);
        assert_null(w->failure);
        assert_null(w->health.error);
        assert_int_equal(w->health.unreachable, 0);
        assert_true(w->health.recall > 0.9);
        assert_int_equal(w->health.self_asked, 0);
}

static void without_vectors_only_records_are_looked_up(void **state)
{
        struct world *w = *state;

        w->target.vectors = NULL;
        probe(w);
        assert_null(w->failure);
        assert_int_equal(w->health.unreachable, -1);
        assert_true(isnan(w->health.recall));
        assert_int_equal(w->health.expected, RECORDS + 1);
        assert_int_equal(w->health.self_found, PROBE_SELF_MAX);
}

#define ROWS(row) "{\"ids\":[" row "],\"distances\":[[0.5]]}"

static void failures_have_a_reason_and_a_sentence(void **state)
{
        static const struct {
                const char *what, *failing;
                unsigned after, status;
                const char *body, *failure, *error;
        } rows[] = {
                {"no such collection", "/c", 0, 404, NOT_FOUND, "not_found", "404"},
                {"it vanishes", "/c", 1, 404, NOT_FOUND, "not_found", "404"},
                {"forbidden", "/count", 0, 403, "", "auth", "403"},
                {"busy", "/count", 1, 429, "You have been rate limited.", "rate_limited", "429"},
                {"no collection", "/c", 0, 200, "<html>", "bad_response", "looking up"},
                {"another dimension", "/c", 0, 200, "{\"id\":\"" UUID "\",\"dimension\":3}",
                        "dimension", "dimension 3"},
                {"no number", "/count", 0, 200, "\"many\"", "bad_response", "counting"},
                {"all records: broken", "/query", 0, 500, "{\"error\":\"E\",\"message\":\"id\"}",
                        "server_error", "asking for all records"},
                {"all records: two rows", "/query", 0, 200, ROWS("[],[]"), "bad_response",
                        "asking for all records"},
                {"larger k", "/query", 1, 200, ROWS("[]"), "bad_response", "more results"},
                {"normal k", "/query", 2, 200, ROWS("[]"), "bad_response", "queries again"},
                {"expected", "/get", 0, 200, "[]", "bad_response", "looking up expected"},
                {"busy with vectors", "/get", 1, 503, "", "server_error", "reading the vectors"},
                {"selves", "/query", 3, 200, ROWS("[]"), "bad_response", "own vectors"},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->faults = (struct faults){.failing = rows[i].failing,
                        .failing_after = rows[i].after,
                        .status = rows[i].status,
                        .body = rows[i].body};
                probe(w);
                if (!streq(w->failure, rows[i].failure))
                        fail_msg("%s: failure %s (%s)", rows[i].what, w->failure, w->error);
                if (!w->error || !strstr(w->error, rows[i].error) ||
                        strstr(w->error, "agents at http://") != w->error)
                        fail_msg("%s: error %s", rows[i].what, w->error);
                assert_string_equal(w->health.error, w->error);
                assert_true(w->health.at > 0);
        }
        assert_int_equal(w->health.unreachable, 0); /* known before the last failure */
}

static void a_null_distance_leaves_its_query_out(void **state)
{
        struct world *w = *state;

        w->target.recall_queries = 1;
        w->faults = (struct faults){.failing = "/query",
                .failing_after = 2,
                .status = 200,
                .body = "{\"ids\":[[\"r00\"]],\"distances\":[[null]]}"};
        probe(w);
        assert_null(w->failure);
        assert_true(isnan(w->health.recall));
        assert_int_equal(w->health.recall_queries, 0);
}

static void a_dead_server(void **state)
{
        struct world *w = *state;

        w->stage.peer.url = DEAD_URL;
        probe(w);
        assert_string_equal(w->failure, "connect");
        assert_int_equal(w->health.records, -1);
}

static void a_cancelled_probe_calls_nobody(void **state)
{
        struct world *w = *state;

        assert_int_equal(
                probe_start(w->stage.client, &w->target, on_done, stage_on_exchange, w, &w->probe),
                0);
        stage_await_request(&w->stage);
        w->probe = probe_free(w->probe);
        assert_int_equal(w->stage.ended, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_whole_index),
                TEST(records_that_search_cannot_reach),
                TEST(recall_is_what_a_larger_k_finds_besides),
                TEST(recall_is_unknown_when_records_came_while_it_was_measured),
                TEST(equally_distant_records_stand_for_each_other),
                TEST(there_is_no_recall_without_a_larger_k),
                TEST(too_many_records_are_sampled),
                TEST(without_a_limit_none_is_sampled),
                TEST(an_ingest_meanwhile_makes_the_sample_void),
                TEST(what_is_beyond_a_quota_is_left_out),
                TEST(an_ingest_meanwhile_leaves_it_unknown),
                TEST(an_empty_collection),
                TEST(expected_records_are_there_gone_or_lost),
                TEST(a_record_finds_itself_or_a_twin),
                TEST(a_record_whose_vector_is_lost_does_not_find_itself),
                TEST(a_stored_vector_with_null_leaves_the_rest_of_the_probe),
                TEST(without_vectors_only_records_are_looked_up),
                TEST(failures_have_a_reason_and_a_sentence),
                TEST(a_null_distance_leaves_its_query_out),
                TEST(a_dead_server),
                TEST(a_cancelled_probe_calls_nobody),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

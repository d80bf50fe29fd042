/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "../unit/vectors.h"
#include "ask/audit.h"
#include "stage.h"

#define QUERIES 4
#define RESULTS 3

/* A collection whose records lie on a line, record i ("r5") at i, further components 0. */
struct world {
        struct stage stage;
        struct query_set *queries;
        struct vector_set *vectors;
        struct answer *answers[QUERIES];
        struct audit_target target;
        struct audit *audit;
        unsigned records, dimension;
        int late; /* records added before the second count */
        unsigned counted;
        const char *failing; /* "/get" or "/count": answered with `status` and `body` … */
        unsigned failing_after; /* … after so many others */
        unsigned status;
        const char *body;
        json_int_t
                most; /* records in a page, or it is refused because of a quota; 0: any, -1: none */
        struct audit_result result; /* without its sentence */
        char *error;
};

#define QUOTA "{\"error\":\"ChromaError\",\"message\":\"Quota exceeded: limit\"}"

static void append_vector(struct text *t, double first, unsigned dimension)
{
        text_appendf(t, "[%g", first);
        for (unsigned i = 1; i < dimension; i++)
                text_append(t, ",0");
        text_append(t, "]");
}

static void answer_get(const struct world *w, const char *body, struct text *out)
{
        _cleanup_(json_decrefp) json_t *request = json_loads(body, 0, NULL);
        json_int_t offset = json_integer_value(json_object_get(request, "offset"));
        json_int_t limit = json_integer_value(json_object_get(request, "limit"));
        _cleanup_text_ struct text ids = {0}, vectors = {0}, page = {0};

        if (w->most != 0 && limit > w->most) {
                fake_answer(out, 422, NULL, QUOTA, strlen(QUOTA));
                return;
        }
        for (json_int_t i = offset; i < MIN(offset + limit, (json_int_t)w->records); i++) {
                text_appendf(&ids, "%s\"r%lld\"", i > offset ? "," : "", i);
                text_append(&vectors, i > offset ? "," : "");
                append_vector(&vectors, (double)i, w->dimension);
        }
        text_appendf(&page, "{\"ids\":[%s],\"embeddings\":[%s]}", text_string(&ids),
                text_string(&vectors));
        fake_answer(out, 200, NULL, page.data, page.size);
}

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        struct world *w = userdata;
        char count[16];

        if (w->failing && strstr(request->path, w->failing) && w->failing_after-- == 0) {
                fake_answer(out, w->status, NULL, w->body, strlen(w->body));
        } else if (strstr(request->path, "/get")) {
                answer_get(w, request->body, out);
        } else {
                (void)snprintf(count, sizeof(count), "%d",
                        (int)w->records + (w->counted++ > 0 ? w->late : 0));
                fake_answer(out, 200, NULL, count, strlen(count));
        }
}

/* Queries at 0, 5 and 9; the last one has a filter. */
static void make_set(struct world *w, unsigned dimension)
{
        static const char queries[] = "queries: [{id: a, text: x}, {id: b, text: x},"
                                      " {id: c, text: x}, {id: d, text: x, where: {k: 1}}]";
        static const double positions[] = {0, 5, 9, 9};
        _cleanup_text_ struct text vectors = {0};
        struct errors errors = {0};

        w->dimension = dimension;
        text_appendf(&vectors, "{\"dimension\":%u,\"vectors\":{", dimension);
        for (size_t i = 0; i < QUERIES; i++) {
                text_appendf(&vectors, "%s\"%c\":", i > 0 ? "," : "", (char)('a' + i));
                append_vector(&vectors, positions[i], dimension);
        }
        text_append(&vectors, "}}");
        query_set_unref(w->queries);
        vector_set_unref(w->vectors);
        assert_int_equal(
                query_set_parse("q.yaml", queries, strlen(queries), &w->queries, &errors), 0);
        assert_int_equal(
                vector_set_parse("v.json", vectors.data, vectors.size, &w->vectors, &errors), 0);
        w->target.queries = w->queries;
        w->target.vectors = w->vectors;
}

static void forget_answers(struct world *w)
{
        for (size_t i = 0; i < QUERIES; i++)
                w->answers[i] = answer_unref(w->answers[i]);
}

/* What search returned for query `i`: records by their numbers, ended by -1; others are none. */
static void give(struct world *w, size_t i, double position, const int *records)
{
        char text[RESULTS][16];
        const char *ids[RESULTS];
        float distances[RESULTS];
        unsigned count = 0;

        for (; count < RESULTS && records[count] >= 0; count++) {
                double gap = position - (double)records[count];

                (void)snprintf(text[count], sizeof(text[count]), "r%d", records[count]);
                ids[count] = text[count];
                distances[count] = (float)(gap * gap);
        }
        answer_unref(w->answers[i]);
        w->answers[i] = answer_new(count, ids, distances, NULL);
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        stage_init(&w->stage, answer, w);
        w->records = 10;
        w->target = (struct audit_target){
                .label = "agents",
                .tenant = "t",
                .database = "d",
                .collection_id = UUID,
                .space = "l2",
                .peer = &w->stage.peer,
                .answers = w->answers,
                .results = RESULTS,
        };
        make_set(w, 1);
        give(w, 0, 0, (int[]){0, 1, 2});
        give(w, 1, 5, (int[]){5, 4, 6});
        give(w, 2, 9, (int[]){9, 8, 7});
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        audit_free(w->audit);
        stage_done(&w->stage);
        query_set_unref(w->queries);
        vector_set_unref(w->vectors);
        forget_answers(w);
        free(w->error);
        free(w);
        return 0;
}

/* Leaves the audit alive: nothing of it may come later. */
static void on_done(struct audit_result *result, void *userdata)
{
        struct world *w = userdata;

        w->stage.ended++;
        w->result = *result;
        w->result.error.message = NULL;
        free(w->error);
        assert_int_equal(strdup_to(&w->error, result->error.message), 0);
}

static void audit(struct world *w)
{
        w->stage.ended = w->counted = 0;
        w->audit = audit_free(w->audit);
        assert_int_equal(audit_start(w->stage.client, &w->target, on_done, w, &w->audit), 0);
        stage_await_end(&w->stage);
}

static void expect_recall(const struct world *w, double recall, double by_distance)
{
        assert_null(w->result.failure);
        if (fabs(w->result.recall - recall) > 1e-12 ||
                fabs(w->result.recall_by_distance - by_distance) > 1e-12)
                fail_msg("recall %g, by distance %g", w->result.recall,
                        w->result.recall_by_distance);
}

static void exact_answers(void **state)
{
        static const char *const paths[] = {
                BASE UUID "/count", BASE UUID "/get", BASE UUID "/count"};
        struct world *w = *state;

        audit(w);
        expect_recall(w, 1, 1);
        assert_int_equal(w->result.records, 10);
        assert_int_equal(w->result.queries, 3);
        assert_int_equal(w->result.worst, 0);
        assert_true(w->result.worst_recall == 1);
        assert_int_equal(fake_server_requests(w->stage.server), ARRAY_SIZE(paths));
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                assert_string_equal(fake_server_request(w->stage.server, i)->path, paths[i]);
        assert_non_null(strstr(fake_server_request(w->stage.server, 1)->body,
                "{\"include\":[\"embeddings\"],\"limit\":10}"));
}

static void what_an_index_missed(void **state)
{
        struct world *w = *state;

        give(w, 1, 5, (int[]){5, 4, 8});
        give(w, 2, 9, (int[]){3, 2, -1});
        audit(w);
        expect_recall(w, (1 + 2 / 3.0 + 0) / 3, (1 + 2 / 3.0 + 0) / 3);
        assert_int_equal(w->result.worst, 2);
        assert_true(w->result.worst_recall == 0);
}

static void equally_distant_records_count_by_distance(void **state)
{
        struct world *w = *state;

        w->target.results = 2;
        give(w, 0, 0, (int[]){0, 1, -1});
        give(w, 1, 5, (int[]){5, 6, -1}); /* 4 is as near, and was read first */
        give(w, 2, 9, (int[]){9, 8, -1});
        audit(w);
        expect_recall(w, (1 + 1 / 2.0 + 1) / 3, 1);
        assert_int_equal(w->result.worst, 1);
}

static void a_record_that_is_not_there_counts_for_nothing(void **state)
{
        struct world *w = *state;
        const char *ids[] = {"r0", "r1", "ghost"};
        const float distances[] = {0, 1, 2};

        answer_unref(w->answers[0]);
        w->answers[0] = answer_new(3, ids, distances, NULL);
        audit(w);
        expect_recall(w, (2 / 3.0 + 1 + 1) / 3, (2 / 3.0 + 1 + 1) / 3);
}

static void only_unfiltered_queries_with_an_answer(void **state)
{
        struct world *w = *state;

        give(w, 3, 9, (int[]){1, 2, 3}); /* has a filter */
        w->answers[0] = answer_unref(w->answers[0]);
        audit(w);
        expect_recall(w, 1, 1);
        assert_int_equal(w->result.queries, 2);
        assert_int_equal(w->result.worst, 1);
}

static void nothing_to_compare_with(void **state)
{
        struct world *w = *state;

        w->records = 0;
        audit(w);
        assert_null(w->result.failure);
        assert_true(isnan(w->result.recall) && isnan(w->result.recall_by_distance));
        w->records = 10;
        forget_answers(w);
        audit(w);
        assert_null(w->result.failure);
        assert_int_equal(w->result.queries, 0);
        assert_true(isnan(w->result.recall));
        assert_int_equal(w->result.worst, SIZE_MAX);
}

static void fewer_records_than_asked_for(void **state)
{
        struct world *w = *state;

        w->records = 2;
        give(w, 0, 0, (int[]){0, 1, -1});
        give(w, 1, 5, (int[]){1, 0, -1});
        give(w, 2, 9, (int[]){1, -1});
        audit(w);
        expect_recall(w, (1 + 1 + 1 / 2.0) / 3, (1 + 1 + 1 / 2.0) / 3);
}

/* Of this dimension sixteen fit into a page. */
#define WIDE 65536

static void pages(void **state)
{
        static const char *const bodies[] = {
                "],\"limit\":16", "\"offset\":16,\"limit\":16", "\"offset\":32,\"limit\":1}"};
        struct world *w = *state;

        make_set(w, WIDE);
        w->records = 33;
        give(w, 2, 9, (int[]){9, 32, -1});
        audit(w);
        expect_recall(w, (1 + 1 + 1 / 3.0) / 3, (1 + 1 + 1 / 3.0) / 3);
        assert_int_equal(w->result.records, 33);
        assert_int_equal(fake_server_connections(w->stage.server), 2);
        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
                size_t found = 0;

                for (size_t k = 0; k < fake_server_requests(w->stage.server); k++)
                        found += strstr(fake_server_request(w->stage.server, k)->body, bodies[i]) !=
                                NULL;
                assert_int_equal(found, 1);
        }
        assert_int_equal(fake_server_requests(w->stage.server), 5);
}

static void pages_beyond_a_quota_are_halved(void **state)
{
        struct world *w = *state;

        w->most = 3;
        audit(w);
        assert_null(w->result.failure);
        assert_int_equal(w->result.records, w->records);
        expect_recall(w, 1, 1);
        /* Not for ever. */
        w->most = -1;
        audit(w);
        assert_string_equal(w->result.failure, "quota");
        assert_non_null(strstr(w->error, "reading embeddings: HTTP 422: Quota exceeded"));
}

static void failures_have_a_reason_and_a_sentence(void **state)
{
        static const struct {
                const char *what, *failing;
                unsigned after, status;
                const char *body, *space;
                int late;
                const char *failure, *error;
        } rows[] = {
                {"no such collection", "/count", 0, 404, NOT_FOUND, "l2", 0, "not_found", "404"},
                {"no number", "/count", 0, 200, "\"many\"", "l2", 0, "bad_response", "agents"},
                {"broken", "/get", 0, 500, "", "l2", 0, "server_error", "reading embeddings"},
                {"vanished", "/get", 0, 404, NOT_FOUND, "l2", 0, "not_found", "404"},
                {"not JSON", "/get", 0, 200, "<?xml", "l2", 0, "bad_response", "JSON"},
                {"a null", "/get", 0, 200, "{\"ids\":[\"a\"],\"embeddings\":[[null]]}", "l2", 0,
                        "bad_response", "null"},
                {"short", "/get", 0, 200, "{\"ids\":[\"a\"],\"embeddings\":[[1]]}", "l2", 0,
                        "changed", "while the collection was read"},
                {"more than counted", "/none", 0, 0, "", "l2", 1, "changed", "added or removed"},
                {"fewer than counted", "/none", 0, 0, "", "l2", -1, "changed", "added or removed"},
                {"no last number", "/count", 1, 200, "null", "l2", 0, "bad_response", "agents"},
                {"busy at last", "/count", 1, 429, "", "l2", 0, "rate_limited", "429"},
                {"a strange space", "/none", 0, 0, "", "manhattan", 0, "other", "\"manhattan\""},
                {"no space", "/none", 0, 0, "", NULL, 0, "other", "unknown"},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->failing = rows[i].failing;
                w->failing_after = rows[i].after;
                w->status = rows[i].status;
                w->body = rows[i].body;
                w->late = rows[i].late;
                w->target.space = rows[i].space;
                audit(w);
                if (!streq(w->result.failure, rows[i].failure))
                        fail_msg("%s: failure %s (%s)", rows[i].what, w->result.failure, w->error);
                if (!w->error || !strstr(w->error, rows[i].error) ||
                        strstr(w->error, "agents at http://") != w->error)
                        fail_msg("%s: error %s", rows[i].what, w->error);
                assert_true(isnan(w->result.recall));
        }
}

static void another_dimension(void **state)
{
        struct world *w = *state;

        w->dimension = 2;
        audit(w);
        assert_string_equal(w->result.failure, "dimension");
        assert_non_null(strstr(w->error, "dimension 2"));
}

static bool one_connection_is_left(void *userdata)
{
        return fake_server_open(((struct world *)userdata)->stage.server) == 1;
}

static bool idle(void *userdata)
{
        return fake_server_open(((struct world *)userdata)->stage.server) == 0;
}

/* The page that was asked for ahead is cancelled with the first. */
static void a_failure_ends_it_once(void **state)
{
        struct world *w = *state;

        make_set(w, WIDE);
        w->records = 33;
        w->failing = "/get";
        w->status = 500;
        w->body = "";
        audit(w);
        assert_string_equal(w->result.failure, "server_error");
        assert_true(fake_run_until(w->stage.event, one_connection_is_left, w));
        assert_int_equal(w->stage.ended, 1);
}

static void a_cancelled_audit_calls_nobody(void **state)
{
        struct world *w = *state;

        assert_int_equal(audit_start(w->stage.client, &w->target, on_done, w, &w->audit), 0);
        w->audit = audit_free(w->audit);
        w->stage.client = http_client_free(w->stage.client);
        assert_true(fake_run_until(w->stage.event, idle, w));
        assert_int_equal(w->stage.ended, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(exact_answers),
                TEST(what_an_index_missed),
                TEST(equally_distant_records_count_by_distance),
                TEST(a_record_that_is_not_there_counts_for_nothing),
                TEST(only_unfiltered_queries_with_an_answer),
                TEST(nothing_to_compare_with),
                TEST(fewer_records_than_asked_for),
                TEST(pages),
                TEST(pages_beyond_a_quota_are_halved),
                TEST(failures_have_a_reason_and_a_sentence),
                TEST(another_dimension),
                TEST(a_failure_ends_it_once),
                TEST(a_cancelled_audit_calls_nobody),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

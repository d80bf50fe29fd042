/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "ask/lookup.h"
#include "stage.h"

#define PATH "/api/v2/tenants/t/databases/d/collections/uuid"
#define QUERIES \
        "queries: [{id: a, text: a}, {id: b, text: b, expect: {ids: [e1, e2]}}," \
        " {id: c, text: c, expect: {metadata: {k: v, n: 1}}}," \
        " {id: d, text: d, expect: {metadata: [{k: v}, {k: w}]}}," \
        " {id: e, text: e, expect: {ids: [e3, e2], metadata: {k: x}}}," \
        " {id: f, text: f, where: {a: 1}, where_document: {$contains: z}, expect: {ids: [e4]}}," \
        " {id: g, text: g, where: {a: 1}, expect: {metadata: {k: [v, 2]}}}]"

#define RECORDS_MAX 400

struct reply {
        unsigned status;
        const char *body;
};

struct world {
        struct stage stage;
        struct query_set *set;
        struct lookup_target target;
        struct lookup *lookup;
        struct suspects suspects;
        struct answer *now, *before;
        struct suspect records[RECORDS_MAX]; /* of `suspects`, which borrows them */
        size_t wanted[RECORDS_MAX], starts[6];
        struct place places[RECORDS_MAX];
        struct baseline *baseline;
        const struct reply *replies; /* one a request */
        size_t reply_count, replied;
        char *error;
};

static void reply(const struct fake_request *request, struct text *out, void *userdata)
{
        struct world *w = userdata;
        const struct reply *r = &w->replies[w->replied];

        if (w->replied++ < w->reply_count)
                fake_answer(out, r->status, NULL, r->body, strlen(r->body));
        else
                fake_answer(out, 500, NULL, "unexpected", strlen("unexpected"));
}

static int set_up(void **state)
{
        static const char *const now[] = {"old", "copy", "fresh", "gone"};
        static const char *const before[] = {"old", "former"};
        static const float distances[] = {.1f, .2f, .3f, .4f};
        struct world *w = calloc(1, sizeof(*w));
        struct errors errors = {};

        *state = w;
        stage_init(&w->stage, reply, w);
        assert_int_equal(query_set_parse("q.yaml", QUERIES, strlen(QUERIES), &w->set, &errors), 0);
        w->now = answer_new(ARRAY_SIZE(now), now, distances, NULL);
        w->before = answer_new(ARRAY_SIZE(before), before, distances, NULL);
        w->baseline = baseline_new(0);
        assert_int_equal(strdup_to(&w->baseline->epoch.newest, "newest"), 0);
        w->target = (struct lookup_target){
                .label = "agents",
                .tenant = "t",
                .database = "d",
                .collection_id = "uuid",
                .space = "l2",
                .peer = &w->stage.peer,
                .set = w->set,
        };
        return 0;
}

/* What lookups put into the suspects, and the order which suspects_settle() made. */
static void forget(struct world *w)
{
        for (size_t i = 0; i < w->suspects.count; i++)
                free(w->records[i].excerpt);
        for (size_t i = 0; i < w->suspects.missing_count; i++)
                free(w->suspects.missing[i].exists_id);
        free(w->suspects.ordered);
        w->suspects = (struct suspects){0};
}

static int tear_down(void **state)
{
        struct world *w = *state;

        lookup_free(w->lookup);
        stage_done(&w->stage);
        query_set_unref(w->set);
        answer_unref(w->now);
        answer_unref(w->before);
        forget(w);
        baseline_unref(w->baseline);
        free(w->error);
        free(w);
        return 0;
}

static void on_done(struct suspects *suspects, const char *error, void *userdata)
{
        struct world *w = userdata;

        assert_ptr_equal(suspects, &w->suspects);
        w->stage.ended++;
        free(w->error);
        w->error = NULL;
        assert_int_equal(strdup_to(&w->error, error), 0);
        w->lookup = lookup_free(w->lookup);
}

static void start(struct world *w, const struct reply *replies, size_t count)
{
        w->stage.ended = w->stage.exchanges = 0;
        w->replies = replies;
        w->reply_count = count;
        w->replied = 0;
        assert_int_equal(lookup_start(w->stage.client, &w->target, &w->suspects, on_done,
                                 stage_on_exchange, w, &w->lookup),
                0);
        assert_int_equal(w->stage.ended, 0); /* never from within */
}

static void look_up(struct world *w, const struct reply *replies, size_t count)
{
        start(w, replies, count);
        stage_await_end(&w->stage);
}

static const float east[] = {1, 0};

/* The records, all of which left; their vector is `east`. */
static void suspect(struct world *w, const struct suspect *records, size_t count)
{
        forget(w);
        for (size_t i = 0; i < count; i++) {
                w->records[i] = records[i];
                w->records[i].left = !records[i].entered;
                w->records[i].vector = east;
                w->wanted[i] = i;
        }
        w->suspects = (struct suspects){.baseline = w->baseline,
                .dimension = 2,
                .records = w->records,
                .count = count,
                .places = w->places,
                .starts = w->starts,
                .wanted = w->wanted,
                .wanted_count = count};
}

/* One of each kind of question. */
static void question(struct world *w)
{
        static const struct suspect records[] = {{.id = "gone", .distance = .5f, .hole = true},
                {.id = "kept", .distance = .5f, .hole = true},
                {.id = "moved", .distance = .5f, .hole = true},
                {.id = "lost", .distance = 2, .hole = true}, {.id = "displaced", .distance = .5f},
                {.id = "twin", .distance = 1, .hole = true}, {.id = "copy", .entered = true},
                {.id = "fresh", .entered = true}};

        suspect(w, records, ARRAY_SIZE(records));
        w->suspects.wanted_count = 6;
        w->places[0] = (struct place){6, PRESENCE_ENTERED, false};
        w->places[1] = (struct place){7, PRESENCE_ENTERED, false};
        for (size_t i = 1; i < ARRAY_SIZE(w->starts); i++)
                w->starts[i] = 2;
        w->suspects.lists[0] = (struct twin_list){.answer = w->now, .before = w->before};
        w->suspects.list_count = 1;
        for (size_t i = 0; i < 4; i++)
                w->suspects.missing[i] = (struct missing){.query = i + 1};
        w->suspects.missing_count = 4;
}

static const struct reply healthy[] = {
        {200,
                "{\"ids\":[\"kept\",\"moved\",\"lost\",\"displaced\",\"twin\"],"
                "\"embeddings\":[[1,0.70710678],[0,0.5],[0,1],[1,0.70710678],[1,1]]}"},
        {200,
                "{\"ids\":[[\"kept\"],[\"stranger\"],[\"other\"]],"
                "\"distances\":[[0],[0.01],[0.00000001]]}"},
        {200,
                "{\"ids\":[\"old\",\"fresh\",\"newest\",\"copy\"],"
                "\"embeddings\":[[1,0],[0,1],[-1,0],[1,0.1]]}"},
        {200, "{\"ids\":[\"e2\"]}"},
        {200, "{\"ids\":[\"x\"]}"},
        {200, "{\"ids\":[]}"},
        {200, "{\"ids\":[]}"},
        {200, "{\"ids\":[\"copy\",\"moved\"],\"documents\":[null,\"How do I\\n ask?\"]}"},
};

static const struct {
        const char *path, *body, *what;
} requests[] = {
        {PATH "/get",
                "{\"include\":[\"embeddings\"],\"ids\":[\"gone\",\"kept\",\"moved\",\"lost\","
                "\"displaced\",\"twin\"]}",
                "looking up missing records"},
        {PATH "/query",
                "{\"query_embeddings\":[[1,0.70710677],[0,1],[1,1]],\"n_results\":1,"
                "\"include\":[\"distances\"]}",
                "asking for records with their own vectors"},
        {PATH "/get",
                "{\"include\":[\"embeddings\"],\"ids\":[\"old\",\"copy\",\"fresh\",\"gone\","
                "\"newest\"]}",
                "looking up the answers' records"},
        {PATH "/get", "{\"include\":[],\"ids\":[\"e1\",\"e2\",\"e3\"]}",
                "looking up expected records"},
        {PATH "/get",
                "{\"include\":[],\"where\":{\"$and\":[{\"k\":{\"$eq\":\"v\"}},"
                "{\"n\":{\"$eq\":1}}]},\"limit\":1}",
                "looking up an expected record by its metadata"},
        {PATH "/get",
                "{\"include\":[],\"where\":{\"$or\":[{\"k\":{\"$eq\":\"v\"}},"
                "{\"k\":{\"$eq\":\"w\"}}]},\"limit\":1}",
                "looking up an expected record by its metadata"},
        {PATH "/get",
                "{\"include\":[],\"where\":{\"$or\":["
                "{\"$or\":[{\"k\":{\"$eq\":\"v\"}},{\"k\":{\"$contains\":\"v\"}}]},"
                "{\"$or\":[{\"k\":{\"$eq\":\"w\"}},{\"k\":{\"$contains\":\"w\"}}]}]},\"limit\":1}",
                "looking up an expected record by its metadata"},
        {PATH "/get",
                "{\"include\":[\"documents\"],\"ids\":[\"moved\",\"kept\",\"lost\",\"twin\","
                "\"displaced\",\"copy\"]}",
                "reading documents"},
};

/* What a query found for its expectation is gone; others meet it now. */
static void expect_former(struct world *w)
{
        static const struct suspect records[] = {{.id = "gone", .distance = .5f, .hole = true}};

        suspect(w, records, 1);
        w->places[0] = (struct place){0, PRESENCE_HOLE, 4, true};
        for (size_t i = 0; i < ARRAY_SIZE(w->starts); i++)
                w->starts[i] = i > 2;
        w->suspects.missing[0] = (struct missing){.query = 2};
        w->suspects.missing_count = 1;
}

#define MATCHING "\"where\":{\"$and\":[{\"k\":{\"$eq\":\"v\"}},{\"n\":{\"$eq\":1}}]}"

static void what_was_expected_is_known_by_its_vector(void **state)
{
        static const struct {
                const char *found;
                bool renamed;
        } cases[] = {
                {"{\"ids\":[\"x\",\"y\"],\"embeddings\":[[0,1],[1,0.70710678]]}", true},
                {"{\"ids\":[\"x\",\"y\"],\"embeddings\":[[0,1],[1,0.7]]}", false},
                {"{\"ids\":[\"x\"],\"embeddings\":[[1,0.70710678,0]]}", false},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct reply replies[] = {{200, "{\"ids\":[],\"embeddings\":[]}"},
                        {200, cases[i].found}, {200, "{\"ids\":[],\"documents\":[]}"}};
                size_t asked = fake_server_requests(w->stage.server);

                expect_former(w);
                look_up(w, replies, ARRAY_SIZE(replies));
                assert_null(w->error);
                assert_string_equal(fake_server_request(w->stage.server, asked + 1)->body,
                        "{\"include\":[\"embeddings\"]," MATCHING ",\"limit\":75}");
                assert_true(w->suspects.missing[0].exists);
                assert_int_equal(w->records[0].renamed, cases[i].renamed);
                assert_int_equal(
                        w->records[0].left_fate, cases[i].renamed ? FATE_REKEYED : FATE_GONE);
        }
}

/* The index lost one of those that meet the expectation: that there is one is known all the same.
 */
static void what_is_expected_exists_without_its_vector(void **state)
{
        static const struct reply replies[] = {{200, "{\"ids\":[],\"embeddings\":[]}"},
                {500, "Error finding id"}, {200, "{\"ids\":[\"x\"]}"}};
        struct world *w = *state;

        expect_former(w);
        look_up(w, replies, ARRAY_SIZE(replies));
        assert_null(w->error);
        assert_string_equal(fake_server_request(w->stage.server, 2)->body,
                "{\"include\":[]," MATCHING ",\"limit\":1}");
        assert_true(w->suspects.missing[0].exists && !w->records[0].renamed);
        /* And what is no matter of vectors is asked once. */
        expect_former(w);
        w->records[0].exists = true;
        w->suspects.wanted_count = 0;
        look_up(w, &replies[1], 1);
        assert_non_null(strstr(w->error, "Error finding id"));
        assert_int_equal(w->stage.exchanges, 1);
}

static void everything_is_looked_up(void **state)
{
        struct world *w = *state;
        const struct suspects *q = &w->suspects;
        const struct suspect *r = w->records;

        question(w);
        look_up(w, healthy, ARRAY_SIZE(healthy));
        assert_null(w->error);
        assert_int_equal(fake_server_requests(w->stage.server), ARRAY_SIZE(requests));
        assert_int_equal(w->stage.exchanges, ARRAY_SIZE(requests));
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
                const struct fake_request *request = fake_server_request(w->stage.server, i);

                assert_string_equal(request->path, requests[i].path);
                assert_string_equal(request->body, requests[i].body);
        }
        for (size_t i = 0; i < q->wanted_count; i++)
                assert_true(r[i].looked_up && r[i].compared == r[i].exists);
        assert_false(r[0].exists);
        assert_true(r[1].exists && !r[1].moved && r[1].self_asked && r[1].self_found);
        assert_true(r[2].exists && r[2].moved && !r[2].self_asked);
        assert_true(r[3].exists && !r[3].moved && r[3].self_asked && !r[3].self_found);
        assert_true(r[4].exists && !r[4].moved && !r[4].self_asked); /* it may be out of sight */
        assert_true(r[5].self_asked && r[5].self_found); /* a twin stands there */
        assert_true(r[6].twin && !r[6].old);
        assert_true(!r[7].twin && r[7].old); /* added before the newest that the baseline knew */
        assert_string_equal(r[2].excerpt, "How do I ask?");
        assert_null(r[6].excerpt);
        assert_int_equal(q->lists[0].looked_up, 3);
        assert_int_equal(q->listed, 3); /* the newest stands in none */
        assert_int_equal(q->lists[0].near_duplicates, 1); /* "copy": "old" is not new */
        for (size_t i = 0; i < q->missing_count; i++)
                assert_true(q->missing[i].looked_up);
        assert_string_equal(q->missing[0].exists_id, "e2");
        assert_string_equal(q->missing[1].exists_id, "x");
        assert_false(q->missing[2].exists);
        assert_null(q->missing[2].exists_id);
        assert_string_equal(q->missing[3].exists_id, "e2");
}

/* It was the last one when the baseline was recorded, too: search missed it then. */
static void the_newest_that_was_known_is_not_new(void **state)
{
        struct world *w = *state;

        free(w->baseline->epoch.newest);
        assert_int_equal(strdup_to(&w->baseline->epoch.newest, "copy"), 0);
        question(w);
        look_up(w, healthy, ARRAY_SIZE(healthy));
        assert_null(w->error);
        assert_true(w->records[6].placed && w->records[6].old);
        assert_int_equal(w->suspects.lists[0].near_duplicates, 0);
}

static size_t count_known(const struct suspects *q)
{
        size_t n = 0;

        n += q->count > 0 && q->records[0].looked_up;
        n += q->count > 1 && q->records[1].self_asked;
        n += q->list_count > 0 && q->lists[0].looked_up > 0;
        n += q->missing_count > 0 && q->missing[0].looked_up;
        n += q->missing_count > 1 && q->missing[1].looked_up;
        n += q->missing_count > 2 && q->missing[2].looked_up;
        return n;
}

/* Each request fails in each way: what was found before it stays, nothing else is asked. */
static void a_failure_ends_it_with_a_sentence(void **state)
{
        static const struct {
                struct reply reply;
                const char *error;
        } failures[] = {
                {{503, "{\"error\":\"Unavailable\",\"message\":\"not ready\"}"}, "not ready"},
                {{404, "{\"error\":\"NotFoundError\",\"message\":\"no such collection\"}"},
                        "no such collection"},
                {{200, "<?xml"}, "JSON"},
                {{200, "{\"ids\":null}"}, "no list of ids"},
        };
        struct world *w = *state;

        /* But for the documents. */
        for (size_t step = 0; step < ARRAY_SIZE(requests) - 1; step++)
                for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
                        struct reply replies[ARRAY_SIZE(healthy)];

                        memcpy(replies, healthy, sizeof(replies));
                        replies[step] = failures[i].reply;
                        question(w);
                        look_up(w, replies, ARRAY_SIZE(replies));
                        assert_int_equal(w->stage.exchanges, step + 1);
                        /* The last two are about one record. */
                        assert_int_equal(count_known(&w->suspects), MIN(step, 5u));
                        assert_non_null(w->error);
                        assert_ptr_equal(strstr(w->error, "agents at http://"), w->error);
                        if (!strstr(w->error, requests[step].what) ||
                                !strstr(w->error, failures[i].error))
                                fail_msg("step %zu, failure %zu: %s", step, i, w->error);
                }
}

static const char *body_of(const struct world *w, size_t i)
{
        return fake_server_request(w->stage.server, i)->body;
}

#define REFUSED "{\"error\":\"InvalidArgumentError\",\"message\":\"Invalid where clause\"}"

/* A server before 1.5 knows neither lists nor how to look into them. */
static void a_server_without_lists_is_asked_for_them_once(void **state)
{
        static const struct reply replies[] = {
                {200, "{\"ids\":[]}"}, {400, REFUSED}, {200, "{\"ids\":[]}"}, {400, REFUSED}};
        struct world *w = *state;

        w->suspects = (struct suspects){
                .missing = {{.query = 2}, {.query = 3}, {.query = 6}}, .missing_count = 3};
        look_up(w, replies, ARRAY_SIZE(replies));
        assert_null(w->error);
        assert_int_equal(w->stage.exchanges, ARRAY_SIZE(replies));
        assert_true(w->suspects.missing[0].looked_up && !w->suspects.missing[0].exists);
        assert_true(w->suspects.missing[1].looked_up && !w->suspects.missing[1].exists);
        /* Expected in a list: whether it exists is unknown. */
        assert_string_equal(body_of(w, 3),
                "{\"include\":[],\"where\":{\"$and\":[{\"k\":{\"$contains\":\"v\"}},"
                "{\"k\":{\"$contains\":2}}]},\"limit\":1}");
        assert_true(w->suspects.missing[2].refused && !w->suspects.missing[2].looked_up);
}

static void a_refused_look_leaves_one_record_open(void **state)
{
        static const struct reply replies[] = {{400, REFUSED}, {200, "{\"ids\":[\"x\"]}"}};
        struct world *w = *state;

        w->suspects =
                (struct suspects){.missing = {{.query = 2}, {.query = 3}}, .missing_count = 2};
        look_up(w, replies, ARRAY_SIZE(replies));
        assert_null(w->error);
        assert_true(w->suspects.missing[0].refused && !w->suspects.missing[0].looked_up);
        assert_true(w->suspects.missing[1].looked_up && w->suspects.missing[1].exists);
}

static void what_exists_is_looked_for_behind_the_filter(void **state)
{
        static const struct {
                struct reply last;
                bool filtered_out;
        } rows[] = {{{200, "{\"ids\":[]}"}, true}, {{200, "{\"ids\":[\"e4\"]}"}, false},
                {{400, REFUSED}, false}};
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct reply replies[] = {{200, "{\"ids\":[\"e4\"]}"},
                        {200, "{\"ids\":[\"y\"]}"}, rows[i].last, rows[i].last};

                forget(w);
                w->suspects = (struct suspects){
                        .missing = {{.query = 5}, {.query = 6}}, .missing_count = 2};
                look_up(w, replies, ARRAY_SIZE(replies));
                assert_null(w->error);
                assert_string_equal(body_of(w, 4 * i + 2),
                        "{\"include\":[],\"ids\":[\"e4\"],\"where\":{\"a\":1},\"where_document\":"
                        "{\"$contains\":\"z\"},\"limit\":1}");
                assert_string_equal(body_of(w, 4 * i + 3),
                        "{\"include\":[],\"where\":{\"$and\":[{\"a\":1},{\"$and\":[{\"k\":"
                        "{\"$contains\":\"v\"}},{\"k\":{\"$contains\":2}}]}]},\"limit\":1}");
                for (size_t k = 0; k < 2; k++) {
                        assert_true(w->suspects.missing[k].exists);
                        assert_int_equal(w->suspects.missing[k].filtered_out, rows[i].filtered_out);
                }
        }
}

/* What Chroma answers about records that its index lost. */
/* Of two that left the answer to a query with a filter, one is not behind it any more. */
static void what_left_a_filtered_answer_is_looked_for_behind_the_filter(void **state)
{
        static const struct suspect records[] = {
                {.id = "in", .distance = .5f, .hole = true, .filtered = true, .query = 5},
                {.id = "out", .distance = .5f, .hole = true, .filtered = true, .query = 5}};
        static const struct {
                struct reply reply;
                bool asked;
                enum fate fates[2];
        } rows[] = {{{200, "{\"ids\":[\"in\"]}"}, true, {FATE_UNREACHABLE, FATE_EDITED}},
                {{400, REFUSED}, false, {FATE_EDITED, FATE_EDITED}}};
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct reply replies[] = {
                        {200,
                                "{\"ids\":[\"in\",\"out\"],"
                                "\"embeddings\":[[1,0.70710678],[1,0.70710678]]}"},
                        {200, "{\"ids\":[[\"in\"],[\"out\"]],\"distances\":[[0],[0]]}"},
                        rows[i].reply,
                        {200, "{\"ids\":[\"in\",\"out\"],\"documents\":[null,null]}"}};

                suspect(w, records, ARRAY_SIZE(records));
                look_up(w, replies, ARRAY_SIZE(replies));
                assert_null(w->error);
                assert_int_equal(w->replied, ARRAY_SIZE(replies));
                assert_string_equal(body_of(w, 4 * i + 2),
                        "{\"include\":[],\"ids\":[\"in\",\"out\"],\"where\":{\"a\":1},"
                        "\"where_document\":{\"$contains\":\"z\"}}");
                for (size_t k = 0; k < 2; k++) {
                        assert_int_equal(w->records[k].filter_asked, rows[i].asked);
                        assert_int_equal(w->records[k].fate, rows[i].fates[k]);
                }
        }
}

static void records_without_vectors_exist(void **state)
{
        static const struct reply replies[] = {
                {500, "{\"error\":\"InternalError\",\"message\":\"Error finding id\"}"},
                {200, "{\"ids\":[\"kept\",\"lost\"]}"},
                {200, "{\"ids\":[\"old\"],\"embeddings\":[[1,0]]}"}, {503, "busy"}, /* documents */
        };
        struct world *w = *state;

        question(w);
        w->suspects.missing_count = 0;
        look_up(w, replies, ARRAY_SIZE(replies));
        assert_null(w->error);
        assert_string_equal(fake_server_request(w->stage.server, 1)->body,
                "{\"include\":[],\"ids\":[\"gone\",\"kept\",\"moved\",\"lost\",\"displaced\","
                "\"twin\"]}");
        for (size_t i = 0; i < w->suspects.wanted_count; i++) {
                const struct suspect *h = &w->records[i];

                assert_true(h->looked_up && !h->self_asked && !h->moved);
                assert_int_equal(h->exists, streq(h->id, "kept") || streq(h->id, "lost"));
                assert_int_equal(h->unreadable, h->exists);
        }
        assert_int_equal(w->suspects.lists[0].looked_up, 1);
        question(w);
        look_up(w, replies, 1);
        assert_non_null(strstr(w->error, "looking up missing records without vectors"));
        assert_int_equal(count_known(&w->suspects), 0);
}

/* More records than a page holds: those with vectors page by page, the rest by their ids alone, and
 * each of them once. */
static void many_records_are_looked_up_in_pages(void **state)
{
        static const struct reply empty = {200, "{\"ids\":[],\"embeddings\":[]}"};
        struct world *w = *state;
        struct suspect records[SUSPECTS_IDS] = {};
        struct reply replies[] = {empty, empty, {200, "{\"ids\":[\"r299\"]}"},
                {200, "{\"ids\":[],\"documents\":[]}"}};
        char ids[SUSPECTS_IDS][8];

        for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
                (void)snprintf(ids[i], sizeof(ids[i]), "r%zu", i);
                records[i] = (struct suspect){.id = ids[i], .hole = true};
        }
        suspect(w, records, ARRAY_SIZE(records));
        look_up(w, replies, ARRAY_SIZE(replies));
        assert_null(w->error);
        assert_int_equal(
                w->stage.exchanges, 3); /* none of those that are left has a fate to be shown */
        assert_non_null(strstr(fake_server_request(w->stage.server, 0)->body, "\"r0\""));
        assert_null(strstr(fake_server_request(w->stage.server, 0)->body, "\"r75\""));
        assert_non_null(strstr(fake_server_request(w->stage.server, 1)->body, "\"r149\""));
        assert_non_null(strstr(fake_server_request(w->stage.server, 2)->body, "{\"include\":[],"));
        for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
                assert_true(w->records[i].looked_up && !w->records[i].compared);
                assert_int_equal(w->records[i].exists, i == 299);
                assert_int_equal(w->records[i].fate, i == 299 ? FATE_UNKNOWN : FATE_GONE);
        }
}

static void a_bad_row_leaves_only_its_record_unasked(void **state)
{
        static const struct reply replies[] = {
                {200, "{\"ids\":[\"kept\",\"lost\"],\"embeddings\":[[1,0.70710678],[0,1]]}"},
                {200, "{\"ids\":[[\"kept\"],[\"stranger\"]],\"distances\":[[null],[0.01]]}"},
                {200, "<html>"}, /* documents */
        };
        struct world *w = *state;

        question(w);
        w->suspects.list_count = w->suspects.missing_count = 0;
        look_up(w, replies, ARRAY_SIZE(replies));
        assert_null(w->error);
        assert_false(w->records[1].self_asked);
        assert_true(w->records[3].self_asked);
}

static void distances_are_computed_as_the_collection_does(void **state)
{
        static const struct {
                const char *space;
                float distance;
                const char *stored;
                bool moved;
        } rows[] = {
                {"l2", 2, "[0,1]", false}, {"l2", 2.0003f, "[0,1]", true},
                {"l2", 1000000, "[1,1000.01]", false}, /* large distances have large errors */
                {"l2", 1, "[0,1]", true}, {"cosine", 1, "[0,7]", false},
                {"cosine", 0, "[7,0]", false},
                {"cosine", 1, "[0,0]", false}, /* the server's distance of a zero vector */
                {"cosine", 1.0001f, "[0,7]", true}, {"ip", -6, "[7,0]", false},
                {"ip", 36, "[7,0]", true}, {NULL, 36, "[7,0]", false}, /* fits squared L2 */
                {NULL, -6, "[7,0]", false}, {NULL, 3, "[7,0]", true},
                {"l2", 0, "[1,0,1]", true}, /* another dimension */
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_text_ struct text body = {};
                struct reply replies[] = {
                        {200, NULL}, {200, "{\"ids\":[[\"a\",\"kept\"]],\"distances\":[[-9,-6]]}"}};
                const struct suspect *h = &w->records[0];
                const struct suspect kept = {
                        .id = "kept", .distance = rows[i].distance, .hole = true};

                text_appendf(&body, "{\"ids\":[\"kept\"],\"embeddings\":[%s]}", rows[i].stored);
                replies[0].body = text_string(&body);
                w->target.space = rows[i].space;
                suspect(w, &kept, 1);
                look_up(w, replies, ARRAY_SIZE(replies));
                assert_true(h->exists);
                if (h->moved != rows[i].moved)
                        fail_msg("row %zu: moved is %d", i, h->moved);
                /* Only by inner product are two records asked for, and the second is the one. */
                if (!h->moved)
                        assert_int_equal(h->self_asked, streq(rows[i].space, "ip"));
                assert_int_equal(h->self_found, h->self_asked);
        }
}

/* By inner product 0 is a distance like any other. */
static void a_stranger_is_no_twin_by_inner_product(void **state)
{
        static const struct reply replies[] = {
                {200, "{\"ids\":[\"kept\"],\"embeddings\":[[7,0]]}"},
                {200, "{\"ids\":[[\"a\",\"b\"]],\"distances\":[[-9,0]]}"},
        };
        static const struct suspect kept = {.id = "kept", .distance = -6, .hole = true};
        struct world *w = *state;

        w->target.space = "ip";
        suspect(w, &kept, 1);
        look_up(w, replies, ARRAY_SIZE(replies));
        assert_non_null(strstr(fake_server_request(w->stage.server, 1)->body, "\"n_results\":10"));
        assert_true(w->records[0].self_asked);
        assert_false(w->records[0].self_found);
}

static void without_questions_it_ends_from_the_loop(void **state)
{
        struct world *w = *state;

        look_up(w, NULL, 0);
        assert_null(w->error);
        assert_int_equal(fake_server_requests(w->stage.server), 0);
}

static void a_dead_server_is_told(void **state)
{
        struct world *w = *state;

        question(w);
        w->stage.peer.url = DEAD_URL;
        look_up(w, NULL, 0);
        assert_non_null(strstr(w->error, "looking up missing records"));
        assert_int_equal(count_known(&w->suspects), 0);
}

static void a_cancelled_lookup_calls_nobody(void **state)
{
        struct world *w = *state;

        question(w);
        start(w, healthy, ARRAY_SIZE(healthy));
        w->lookup = lookup_free(w->lookup); /* before it began */
        start(w, healthy, ARRAY_SIZE(healthy));
        stage_await_request(&w->stage);
        w->lookup = lookup_free(w->lookup);
        assert_int_equal(w->stage.ended, 0);
        assert_int_equal(fake_server_requests(w->stage.server), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(everything_is_looked_up, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        what_was_expected_is_known_by_its_vector, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        what_is_expected_exists_without_its_vector, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        the_newest_that_was_known_is_not_new, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_failure_ends_it_with_a_sentence, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        what_exists_is_looked_for_behind_the_filter, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        what_left_a_filtered_answer_is_looked_for_behind_the_filter, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(
                        a_refused_look_leaves_one_record_open, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_server_without_lists_is_asked_for_them_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(records_without_vectors_exist, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        many_records_are_looked_up_in_pages, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_bad_row_leaves_only_its_record_unasked, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        distances_are_computed_as_the_collection_does, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_stranger_is_no_twin_by_inner_product, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        without_questions_it_ends_from_the_loop, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_dead_server_is_told, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_cancelled_lookup_calls_nobody, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

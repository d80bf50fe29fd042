/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/unit.h"

#include <errno.h>

#include "ask/inquiry.h"
#include "fake_server.h"

#define PATH "/api/v2/tenants/t/databases/d/collections/uuid"
#define QUERIES \
        "queries: [{id: a, text: a}, {id: b, text: b, expect: {ids: [e1, e2]}}," \
        " {id: c, text: c, expect: {metadata: {k: v, n: 1}}}," \
        " {id: d, text: d, expect: {metadata: [{k: v}, {k: w}]}}," \
        " {id: e, text: e, expect: {ids: [e3, e2], metadata: {k: x}}}," \
        " {id: f, text: f, where: {a: 1}, where_document: {$contains: z}, expect: {ids: [e4]}}," \
        " {id: g, text: g, where: {a: 1}, expect: {metadata: {k: [v, 2]}}}]"

struct reply {
        unsigned status;
        const char *body;
};

struct world {
        sd_event *event;
        struct http_client *client;
        struct fake_server *server;
        struct http_peer peer;
        struct query_set *set;
        struct inquiry_target target;
        struct inquiry *inquiry;
        struct inquest inquest;
        struct answer *now, *before;
        const struct reply *replies; /* one a request */
        size_t reply_count, replied;
        unsigned ended, exchanges;
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

static const struct fake_step serve[] = {
        FAKE(READ), {.action = FAKE_CALL, .call = reply}, FAKE(AGAIN)};

static int set_up(void **state)
{
        static const char *const now[] = {"old", "copy", "fresh", "gone"};
        static const char *const before[] = {"old", "former"};
        static const float distances[] = {.1f, .2f, .3f, .4f};
        struct world *w = calloc(1, sizeof(*w));
        struct errors errors = {};

        *state = w;
        assert_true(sd_event_new(&w->event) >= 0);
        assert_int_equal(http_client_new(w->event, "test", &w->client), 0);
        w->server = fake_server_new(w->event, w);
        fake_server_script(w->server, serve);
        assert_int_equal(query_set_parse("q.yaml", QUERIES, strlen(QUERIES), &w->set, &errors), 0);
        w->now = answer_new(ARRAY_SIZE(now), now, distances, NULL);
        w->before = answer_new(ARRAY_SIZE(before), before, distances, NULL);
        w->peer = (struct http_peer){
                .url = (char *)fake_server_url(w->server), .timeout_usec = 10 * USEC_PER_SEC};
        w->target = (struct inquiry_target){
                .label = "agents",
                .tenant = "t",
                .database = "d",
                .collection_id = "uuid",
                .space = "l2",
                .peer = &w->peer,
                .set = w->set,
        };
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        inquiry_free(w->inquiry);
        http_client_free(w->client);
        fake_server_free(w->server);
        query_set_unref(w->set);
        answer_unref(w->now);
        answer_unref(w->before);
        inquest_done(&w->inquest);
        sd_event_unref(w->event);
        free(w->error);
        free(w);
        return 0;
}

static void on_done(struct inquest *inquest, const char *error, void *userdata)
{
        struct world *w = userdata;

        assert_ptr_equal(inquest, &w->inquest);
        w->ended++;
        free(w->error);
        w->error = NULL;
        assert_int_equal(strdup_to(&w->error, error), 0);
        w->inquiry = inquiry_free(w->inquiry);
}

static void on_exchange(const struct http_response *response, void *userdata)
{
        ((struct world *)userdata)->exchanges++;
}

static bool ended(void *userdata)
{
        return ((struct world *)userdata)->ended > 0;
}

static void start(struct world *w, const struct reply *replies, size_t count)
{
        w->ended = w->exchanges = 0;
        w->replies = replies;
        w->reply_count = count;
        w->replied = 0;
        assert_int_equal(inquiry_start(w->client, &w->target, &w->inquest, on_done, on_exchange, w,
                                 &w->inquiry),
                0);
        assert_int_equal(w->ended, 0); /* never from within */
}

static void inquire(struct world *w, const struct reply *replies, size_t count)
{
        start(w, replies, count);
        assert_true(fake_run_until(w->event, ended, w));
        assert_int_equal(w->ended, 1);
}

static const float east[] = {1, 0};

/* One of each kind of question. */
static void question(struct world *w)
{
        inquest_done(&w->inquest);
        w->inquest = (struct inquest){
                .dimension = 2,
                .holes = {{.id = "gone", .distance = .5f, .vector = east},
                        {.id = "kept", .distance = .5f, .vector = east},
                        {.id = "moved", .distance = .5f, .vector = east},
                        {.id = "lost", .distance = 2, .vector = east},
                        {.id = "kept", .distance = .5f, .vector = east, .query = 1},
                        {.id = "twin", .distance = 1, .vector = east}},
                .hole_count = 6,
                .lists = {{.answer = w->now, .before = w->before}},
                .list_count = 1,
                .missing = {{.query = 1}, {.query = 2}, {.query = 3}, {.query = 4}},
                .missing_count = 4,
        };
}

static const struct reply healthy[] = {
        {200,
                "{\"ids\":[\"kept\",\"moved\",\"lost\",\"twin\"],"
                "\"embeddings\":[[1,0.70710678],[0,0.5],[0,1],[1,1]]}"},
        {200,
                "{\"ids\":[[\"kept\"],[\"stranger\"],[\"other\"]],"
                "\"distances\":[[0],[0.01],[0.00000001]]}"},
        {200, "{\"ids\":[\"old\",\"copy\",\"fresh\"],\"embeddings\":[[1,0],[1,0.1],[0,1]]}"},
        {200, "{\"ids\":[\"e2\"]}"},
        {200, "{\"ids\":[\"x\"]}"},
        {200, "{\"ids\":[]}"},
        {200, "{\"ids\":[]}"},
};

static const struct {
        const char *path, *body, *what;
} requests[] = {
        {PATH "/get",
                "{\"include\":[\"embeddings\"],\"ids\":[\"gone\",\"kept\",\"moved\",\"lost\","
                "\"twin\"]}",
                "looking up missing records"},
        {PATH "/query",
                "{\"query_embeddings\":[[1,0.70710677],[0,1],[1,1]],\"n_results\":1,"
                "\"include\":[\"distances\"]}",
                "asking for records with their own vectors"},
        {PATH "/get",
                "{\"include\":[\"embeddings\"],\"ids\":[\"old\",\"copy\",\"fresh\",\"gone\"]}",
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
};

static void everything_is_looked_up(void **state)
{
        struct world *w = *state;
        const struct inquest *q = &w->inquest;

        question(w);
        inquire(w, healthy, ARRAY_SIZE(healthy));
        assert_null(w->error);
        assert_int_equal(fake_server_requests(w->server), ARRAY_SIZE(requests));
        assert_int_equal(w->exchanges, ARRAY_SIZE(requests));
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
                const struct fake_request *r = fake_server_request(w->server, i);

                assert_string_equal(r->path, requests[i].path);
                assert_string_equal(r->body, requests[i].body);
        }
        for (size_t i = 0; i < q->hole_count; i++)
                assert_true(q->holes[i].looked_up);
        assert_false(q->holes[0].exists);
        assert_true(q->holes[1].exists && !q->holes[1].moved);
        assert_true(q->holes[1].self_asked && q->holes[1].self_found);
        assert_true(q->holes[2].exists && q->holes[2].moved && !q->holes[2].self_asked);
        assert_true(q->holes[3].exists && !q->holes[3].moved);
        assert_true(q->holes[3].self_asked && !q->holes[3].self_found);
        assert_true(q->holes[4].exists && !q->holes[4].self_asked); /* each record once */
        assert_true(q->holes[5].self_asked && q->holes[5].self_found); /* a twin stands there */
        assert_int_equal(q->lists[0].looked_up, 3);
        assert_int_equal(q->lists[0].near_duplicates, 1); /* "copy": "old" is not new */
        for (size_t i = 0; i < q->missing_count; i++)
                assert_true(q->missing[i].looked_up);
        assert_string_equal(q->missing[0].exists_id, "e2");
        assert_string_equal(q->missing[1].exists_id, "x");
        assert_false(q->missing[2].exists);
        assert_null(q->missing[2].exists_id);
        assert_string_equal(q->missing[3].exists_id, "e2");
}

static size_t count_known(const struct inquest *q)
{
        size_t n = 0;

        n += q->hole_count > 0 && q->holes[0].looked_up;
        n += q->hole_count > 1 && q->holes[1].self_asked;
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

        for (size_t step = 0; step < ARRAY_SIZE(requests); step++)
                for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
                        struct reply replies[ARRAY_SIZE(healthy)];

                        memcpy(replies, healthy, sizeof(replies));
                        replies[step] = failures[i].reply;
                        question(w);
                        inquire(w, replies, ARRAY_SIZE(replies));
                        assert_int_equal(w->exchanges, step + 1);
                        /* The last two are about one record. */
                        assert_int_equal(count_known(&w->inquest), MIN(step, 5u));
                        assert_non_null(w->error);
                        assert_ptr_equal(strstr(w->error, "agents at http://"), w->error);
                        if (!strstr(w->error, requests[step].what) ||
                                !strstr(w->error, failures[i].error))
                                fail_msg("step %zu, failure %zu: %s", step, i, w->error);
                }
}

static const char *body_of(const struct world *w, size_t i)
{
        return fake_server_request(w->server, i)->body;
}

#define REFUSED "{\"error\":\"InvalidArgumentError\",\"message\":\"Invalid where clause\"}"

/* A server before 1.5 knows neither lists nor how to look into them. */
static void a_server_without_lists_is_asked_for_them_once(void **state)
{
        static const struct reply replies[] = {
                {200, "{\"ids\":[]}"}, {400, REFUSED}, {200, "{\"ids\":[]}"}, {400, REFUSED}};
        struct world *w = *state;

        w->inquest = (struct inquest){
                .missing = {{.query = 2}, {.query = 3}, {.query = 6}}, .missing_count = 3};
        inquire(w, replies, ARRAY_SIZE(replies));
        assert_null(w->error);
        assert_int_equal(w->exchanges, ARRAY_SIZE(replies));
        assert_true(w->inquest.missing[0].looked_up && !w->inquest.missing[0].exists);
        assert_true(w->inquest.missing[1].looked_up && !w->inquest.missing[1].exists);
        /* Expected in a list: whether it exists is unknown. */
        assert_string_equal(body_of(w, 3),
                "{\"include\":[],\"where\":{\"$and\":[{\"k\":{\"$contains\":\"v\"}},"
                "{\"k\":{\"$contains\":2}}]},\"limit\":1}");
        assert_true(w->inquest.missing[2].refused && !w->inquest.missing[2].looked_up);
}

static void a_refused_look_leaves_one_record_open(void **state)
{
        static const struct reply replies[] = {{400, REFUSED}, {200, "{\"ids\":[\"x\"]}"}};
        struct world *w = *state;

        w->inquest = (struct inquest){.missing = {{.query = 2}, {.query = 3}}, .missing_count = 2};
        inquire(w, replies, ARRAY_SIZE(replies));
        assert_null(w->error);
        assert_true(w->inquest.missing[0].refused && !w->inquest.missing[0].looked_up);
        assert_true(w->inquest.missing[1].looked_up && w->inquest.missing[1].exists);
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

                inquest_done(&w->inquest);
                w->inquest = (struct inquest){
                        .missing = {{.query = 5}, {.query = 6}}, .missing_count = 2};
                inquire(w, replies, ARRAY_SIZE(replies));
                assert_null(w->error);
                assert_string_equal(body_of(w, 4 * i + 2),
                        "{\"include\":[],\"ids\":[\"e4\"],\"where\":{\"a\":1},\"where_document\":"
                        "{\"$contains\":\"z\"},\"limit\":1}");
                assert_string_equal(body_of(w, 4 * i + 3),
                        "{\"include\":[],\"where\":{\"$and\":[{\"a\":1},{\"$and\":[{\"k\":"
                        "{\"$contains\":\"v\"}},{\"k\":{\"$contains\":2}}]}]},\"limit\":1}");
                for (size_t k = 0; k < 2; k++) {
                        assert_true(w->inquest.missing[k].exists);
                        assert_int_equal(w->inquest.missing[k].filtered_out, rows[i].filtered_out);
                }
        }
}

/* What Chroma answers about records that its index lost. */
static void records_without_vectors_exist(void **state)
{
        static const struct reply replies[] = {
                {500, "{\"error\":\"InternalError\",\"message\":\"Error finding id\"}"},
                {200, "{\"ids\":[\"kept\",\"lost\"]}"},
                {200, "{\"ids\":[\"old\"],\"embeddings\":[[1,0]]}"},
        };
        struct world *w = *state;

        question(w);
        w->inquest.missing_count = 0;
        inquire(w, replies, ARRAY_SIZE(replies));
        assert_null(w->error);
        assert_string_equal(fake_server_request(w->server, 1)->body,
                "{\"include\":[],\"ids\":[\"gone\",\"kept\",\"moved\",\"lost\",\"twin\"]}");
        for (size_t i = 0; i < w->inquest.hole_count; i++) {
                const struct hole *h = &w->inquest.holes[i];

                assert_true(h->looked_up && !h->self_asked && !h->moved);
                assert_int_equal(h->exists, streq(h->id, "kept") || streq(h->id, "lost"));
                assert_int_equal(h->unreadable, h->exists);
        }
        assert_int_equal(w->inquest.lists[0].looked_up, 1);
        question(w);
        inquire(w, replies, 1);
        assert_non_null(strstr(w->error, "looking up missing records without vectors"));
        assert_int_equal(count_known(&w->inquest), 0);
}

static void a_bad_row_leaves_only_its_record_unasked(void **state)
{
        static const struct reply replies[] = {
                {200, "{\"ids\":[\"kept\",\"lost\"],\"embeddings\":[[1,0.70710678],[0,1]]}"},
                {200, "{\"ids\":[[\"kept\"],[\"stranger\"]],\"distances\":[[null],[0.01]]}"},
        };
        struct world *w = *state;

        question(w);
        w->inquest.list_count = w->inquest.missing_count = 0;
        inquire(w, replies, ARRAY_SIZE(replies));
        assert_null(w->error);
        assert_false(w->inquest.holes[1].self_asked);
        assert_true(w->inquest.holes[3].self_asked);
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
                const struct hole *h = &w->inquest.holes[0];

                text_appendf(&body, "{\"ids\":[\"kept\"],\"embeddings\":[%s]}", rows[i].stored);
                replies[0].body = text_string(&body);
                w->target.space = rows[i].space;
                w->inquest = (struct inquest){.dimension = 2,
                        .holes = {{.id = "kept", .distance = rows[i].distance, .vector = east}},
                        .hole_count = 1};
                inquire(w, replies, ARRAY_SIZE(replies));
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
        struct world *w = *state;

        w->target.space = "ip";
        w->inquest = (struct inquest){.dimension = 2,
                .holes = {{.id = "kept", .distance = -6, .vector = east}},
                .hole_count = 1};
        inquire(w, replies, ARRAY_SIZE(replies));
        assert_non_null(strstr(fake_server_request(w->server, 1)->body, "\"n_results\":10"));
        assert_true(w->inquest.holes[0].self_asked);
        assert_false(w->inquest.holes[0].self_found);
}

static void without_questions_it_ends_from_the_loop(void **state)
{
        struct world *w = *state;

        inquire(w, NULL, 0);
        assert_null(w->error);
        assert_int_equal(fake_server_requests(w->server), 0);
}

static void a_dead_server_is_told(void **state)
{
        struct world *w = *state;

        question(w);
        w->peer.url = (char *)"http://127.0.0.1:9"; /* discard: nobody listens here */
        inquire(w, NULL, 0);
        assert_non_null(strstr(w->error, "looking up missing records"));
        assert_int_equal(count_known(&w->inquest), 0);
}

static bool asked(void *userdata)
{
        return fake_server_requests(((struct world *)userdata)->server) > 0;
}

static void a_cancelled_inquiry_calls_nobody(void **state)
{
        struct world *w = *state;

        question(w);
        start(w, healthy, ARRAY_SIZE(healthy));
        w->inquiry = inquiry_free(w->inquiry); /* before it began */
        start(w, healthy, ARRAY_SIZE(healthy));
        assert_true(fake_run_until(w->event, asked, w));
        w->inquiry = inquiry_free(w->inquiry);
        assert_int_equal(w->ended, 0);
        assert_int_equal(fake_server_requests(w->server), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(everything_is_looked_up, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_failure_ends_it_with_a_sentence, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        what_exists_is_looked_for_behind_the_filter, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_refused_look_leaves_one_record_open, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_server_without_lists_is_asked_for_them_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(records_without_vectors_exist, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_bad_row_leaves_only_its_record_unasked, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        distances_are_computed_as_the_collection_does, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_stranger_is_no_twin_by_inner_product, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        without_questions_it_ends_from_the_loop, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_dead_server_is_told, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_cancelled_inquiry_calls_nobody, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

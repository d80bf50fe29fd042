/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include "ask/strays.h"
#include "json.h"

#define PATH BASE UUID
#define RECORDS 2500

/* Records "r0" … of two dimensions; every tenth is unreachable. */
struct world {
        struct stage stage;
        struct strays_target target;
        struct strays *strays;
        double distance; /* of what an unreachable record's own vector finds */
        const char *failing; /* a request with this in its body is answered with 500 */
        size_t looked, copies;
        unsigned requests;
};

static bool reachable(size_t i)
{
        return i % 10 != 0;
}

static void answer_everything(struct text *out)
{
        _cleanup_text_ struct text ids = {0};

        for (size_t i = 0; i < RECORDS; i++)
                if (reachable(i))
                        text_appendf(&ids, "%s\"r%zu\"", ids.size > 0 ? "," : "", i);
        text_appendf(out, "{\"ids\":[[%s]],\"distances\":null,\"include\":[]}", text_string(&ids));
}

static void answer_selves(const struct world *w, const json_t *vectors, struct text *out)
{
        _cleanup_text_ struct text ids = {0}, distances = {0};

        for (size_t i = 0; i < json_array_size(vectors); i++) {
                text_appendf(&ids, "%s[\"r1\"]", i > 0 ? "," : "");
                text_appendf(&distances, "%s[%g]", i > 0 ? "," : "", w->distance);
        }
        text_appendf(out, "{\"ids\":[%s],\"distances\":[%s],\"include\":[\"distances\"]}",
                text_string(&ids), text_string(&distances));
}

static void answer_get(const json_t *request, struct text *out)
{
        const json_t *wanted = json_object_get(request, "ids");
        size_t offset = (size_t)json_integer_value(json_object_get(request, "offset"));
        size_t limit = (size_t)json_integer_value(json_object_get(request, "limit"));
        _cleanup_text_ struct text ids = {0}, vectors = {0};

        for (size_t i = 0; i < json_array_size(wanted); i++) {
                text_appendf(&ids, "%s\"%s\"", i > 0 ? "," : "",
                        json_string_value(json_array_get(wanted, i)));
                text_append(&vectors, i > 0 ? ",[1,0]" : "[1,0]");
        }
        for (size_t i = offset; !wanted && i < MIN(offset + limit, (size_t)RECORDS); i++)
                text_appendf(&ids, "%s\"r%zu\"", i > offset ? "," : "", i);
        if (wanted)
                text_appendf(out, "{\"ids\":[%s],\"embeddings\":[%s]}", text_string(&ids),
                        text_string(&vectors));
        else
                text_appendf(out, "{\"ids\":[%s]}", text_string(&ids));
}

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        struct world *w = userdata;
        _cleanup_json_ json_t *body = json_loads(request->body, 0, NULL);
        _cleanup_text_ struct text reply = {0};
        json_int_t results = json_integer_value(json_object_get(body, "n_results"));

        w->requests++;
        if (w->failing && strstr(request->body, w->failing)) {
                fake_answer(out, 500, NULL, "{}", 2);
                return;
        }
        if (results == RECORDS)
                answer_everything(&reply);
        else if (results == 1)
                answer_selves(w, json_object_get(body, "query_embeddings"), &reply);
        else
                answer_get(body, &reply);
        fake_answer(out, 200, NULL, text_string(&reply), reply.size);
}

static int set_up(void **state)
{
        static const float vector[] = {1, 0};
        struct world *w = calloc(1, sizeof(*w));

        stage_init(&w->stage, answer, w);
        w->target = (struct strays_target){.tenant = "t",
                .database = "d",
                .collection_id = UUID,
                .space = "l2",
                .peer = &w->stage.peer,
                .vector = vector,
                .dimension = 2,
                .records = RECORDS,
                .unreachable = RECORDS / 10};
        *state = w;
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        strays_free(w->strays);
        stage_done(&w->stage);
        free(w);
        return 0;
}

static void on_done(size_t looked, size_t copies, void *userdata)
{
        struct world *w = userdata;

        w->looked = looked;
        w->copies = copies;
        w->stage.ended++;
}

static void run(struct world *w)
{
        w->stage.ended = w->requests = 0;
        assert_int_equal(strays_start(w->stage.client, &w->target, on_done, stage_on_exchange, w,
                                 &w->strays),
                0);
        stage_await_end(&w->stage);
        w->strays = strays_free(w->strays);
}

static void a_twin_in_place_of_a_record_is_a_copy(void **state)
{
        static const struct {
                const char *space;
                double distance;
                size_t copies;
        } rows[] = {
                {"l2", .0049, STRAYS_MAX},
                {"l2", .0051, 0},
                {"cosine", .0024, STRAYS_MAX},
                {"cosine", .0026, 0},
                {"ip", .0024, STRAYS_MAX},
                {"ip", .0026, 0},
                {NULL, 0, 0},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->target.space = rows[i].space;
                w->distance = rows[i].distance;
                run(w);
                assert_int_equal(w->looked, STRAYS_MAX);
                assert_int_equal(w->copies, rows[i].copies);
                assert_int_equal(w->requests, 1 + 3 + 1 + 3);
        }
}

static void what_cannot_be_looked_at_is_no_copy(void **state)
{
        static const char *const failing[] = {
                "n_results\":2500", "offset\":1000", "embeddings\"]", "n_results\":1,"};
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(failing); i++) {
                w->failing = failing[i];
                run(w);
                assert_int_equal(w->looked, 0);
                assert_int_equal(w->copies, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_twin_in_place_of_a_record_is_a_copy),
                TEST(what_cannot_be_looked_at_is_no_copy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "ask/pick.h"
#include "stage.h"

#define RECORDS 100
#define BUSY "{\"error\":\"InternalError\",\"message\":\"Error finding id\"}"
#define QUOTA "{\"error\":\"QuotaError\",\"message\":\"Quota exceeded: query embeddings\"}"

/* A collection in which record i is called ri and has the vector [i, 1]. */
struct world {
        struct stage stage;
        struct pick_target target;
        struct epoch epoch;
        struct pick *pick;
        size_t records; /* that the server has by now */
        size_t unreadable; /* from this one on vectors cannot be read; 0: never */
        size_t quota; /* vectors in one query; 0: any number */
        bool odd; /* vectors are of another length */
        const char *answers; /* what it says to a query instead; NULL */
        struct text offsets; /* that were asked for */
        size_t queries; /* requests */
        size_t heard; /* progress */
        struct pick_result result;
};

static size_t number_after(const char *body, const char *key)
{
        const char *at = strstr(body, key);

        return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

static void send_record(struct world *w, const char *body, struct text *out)
{
        size_t i = number_after(body, "\"offset\":");
        _cleanup_text_ struct text t = {0};

        assert_non_null(strstr(body, "\"limit\":1}"));
        assert_non_null(strstr(body, "\"include\":[\"embeddings\",\"documents\"]"));
        text_appendf(&w->offsets, "%zu ", i);
        if (w->unreadable > 0 && i >= w->unreadable) {
                fake_answer(out, 500, NULL, BUSY, strlen(BUSY));
                return;
        }
        if (i >= w->records)
                text_append(&t, "{\"ids\":[],\"embeddings\":[],\"documents\":[]}");
        else
                text_appendf(&t,
                        "{\"ids\":[\"r%zu\"],\"embeddings\":[[%zu,1%s]],\"documents\":[%s]}", i, i,
                        w->odd ? ",1" : "", i % 2 ? "\"# Words\\n of it\"" : "null");
        fake_answer(out, 200, NULL, text_string(&t), t.size);
}

/* Each one's answer is one record, called after the first component of its vector. */
static void send_answers(struct world *w, const char *body, struct text *out)
{
        _cleanup_text_ struct text ids = {0}, distances = {0}, t = {0};
        const char *vectors = strstr(body, "[[");
        size_t count = 0;

        w->queries++;
        assert_non_null(strstr(body, "\"n_results\":3"));
        for (const char *p = vectors; *p == '[' || *p == ','; p = strchr(p, ']') + 1, count++) {
                text_appendf(&ids, "%s[\"r%zu\"]", count > 0 ? "," : "",
                        number_after(p, count > 0 ? ",[" : "[["));
                text_append(&distances, count > 0 ? ",[0]" : "[0]");
        }
        if (w->quota > 0 && count > w->quota) {
                fake_answer(out, 422, NULL, QUOTA, strlen(QUOTA));
                return;
        }
        text_appendf(&t, "{\"ids\":[%s],\"distances\":[%s]}", text_string(&ids),
                text_string(&distances));
        if (w->answers) {
                text_clear(&t);
                text_append(&t, w->answers);
        }
        fake_answer(out, 200, NULL, text_string(&t), t.size);
}

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        if (streq(request->path, BASE UUID "/get"))
                send_record(userdata, request->body, out);
        else if (streq(request->path, BASE UUID "/query"))
                send_answers(userdata, request->body, out);
        else
                fail_msg("%s", request->path);
}

static void on_progress(uint64_t picked, uint64_t sample, void *userdata)
{
        struct world *w = userdata;

        assert_int_equal(picked, ++w->heard);
        assert_int_equal(sample, MIN(w->target.sample, (size_t)w->epoch.records));
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        stage_init(&w->stage, answer, w);
        epoch_init(&w->epoch);
        w->records = RECORDS;
        w->epoch.id = (char *)UUID;
        w->epoch.records = RECORDS;
        w->epoch.dimension = 2;
        w->target = (struct pick_target){.label = "agents",
                .tenant = "t",
                .database = "d",
                .peer = &w->stage.peer,
                .epoch = &w->epoch,
                .sample = 40,
                .seed = 1,
                .results = 3,
                .progress = on_progress};
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        pick_free(w->pick);
        stage_done(&w->stage);
        pick_result_done(&w->result);
        text_done(&w->offsets);
        free(w);
        return 0;
}

static void on_done(struct pick_result *result, void *userdata)
{
        struct world *w = userdata;

        w->result = *result;
        w->pick = pick_free(w->pick);
        w->stage.ended++;
}

static void pick(struct world *w)
{
        w->stage.ended = 0;
        w->heard = 0;
        pick_result_done(&w->result);
        assert_return_code(pick_start(w->stage.client, &w->target, on_done, w, &w->pick), 0);
        stage_await_end(&w->stage);
}

static size_t number_of(const struct picked *p)
{
        return strtoul(p->id + 1, NULL, 10);
}

/* With what was asked for: vector, words and answer belong together. */
static void check_records(const struct world *w)
{
        assert_null(w->result.error.message);
        for (size_t i = 0; i < w->result.count; i++) {
                const struct picked *p = &w->result.records[i];

                assert_true(p->vector[0] == (float)number_of(p) && p->vector[1] == 1);
                if (number_of(p) % 2)
                        assert_string_equal(p->words, "# Words of it");
                else
                        assert_null(p->words);
                assert_int_equal(p->answer->count, 1);
                assert_string_equal(p->answer->ids[0], p->id);
        }
}

static void one_of_each_stretch(void **state)
{
        struct world *w = *state;

        pick(w);
        check_records(w);
        assert_int_equal(w->result.count, 40);
        assert_int_equal(w->queries, 2);
        assert_int_equal(w->heard, 40);
        for (size_t i = 0; i < 40; i++)
                assert_in_range(number_of(&w->result.records[i]), RECORDS * i / 40,
                        RECORDS * (i + 1) / 40 - 1);
}

static void a_seed_is_a_sample(void **state)
{
        struct world *w = *state;
        _cleanup_text_ struct text first = {0};

        pick(w);
        first = w->offsets;
        w->offsets = (struct text){0};
        pick(w);
        assert_string_equal(text_string(&w->offsets), text_string(&first));
        text_clear(&w->offsets);
        w->target.seed = 2;
        pick(w);
        assert_string_not_equal(text_string(&w->offsets), text_string(&first));
}

static void a_small_collection_gives_all(void **state)
{
        struct world *w = *state;

        w->records = 3;
        w->epoch.records = 3;
        pick(w);
        check_records(w);
        assert_string_equal(text_string(&w->offsets), "0 1 2 ");
}

/* What was deleted since it was counted is left out, and so is what comes twice. */
static void a_collection_that_changes(void **state)
{
        struct world *w = *state;

        w->records = 50;
        pick(w);
        check_records(w);
        assert_int_equal(w->result.count, 20);
        w->records = 0;
        pick(w);
        assert_null(w->result.error.message);
        assert_int_equal(w->result.count, 0);
        assert_int_equal(w->result.lost, 0);
}

static void vectors_that_the_index_lost_are_counted(void **state)
{
        struct world *w = *state;

        w->unreadable = 75;
        pick(w);
        check_records(w);
        assert_int_equal(w->result.count, 30);
        assert_int_equal(w->result.lost, 10);
        w->unreadable = 1;
        w->records = 1;
        w->epoch.records = 1;
        pick(w);
        assert_int_equal(w->result.count, 1);
}

static void a_quota_makes_smaller_questions(void **state)
{
        struct world *w = *state;

        w->quota = 20;
        pick(w);
        check_records(w);
        assert_int_equal(w->result.count, 40);
        assert_int_equal(w->queries, 1 + 3);
}

static void what_is_wrong_is_said(void **state)
{
        struct world *w = *state;
        char *url = w->stage.peer.url;

        w->odd = true;
        pick(w);
        assert_non_null(strstr(
                w->result.error.message, "has a vector of 3 numbers, the collection's have 2"));
        assert_memory_equal(w->result.error.message, "agents at http://127.0.0.1:", 27);
        w->odd = false;
        w->target.sample = 1;
        w->answers = "{\"ids\":[[\"a\"]],\"distances\":[[null]]}";
        pick(w);
        assert_non_null(strstr(w->result.error.message, ": asking for record r"));
        w->answers = "[]";
        pick(w);
        assert_non_null(w->result.error.message);
        w->stage.peer.url = DEAD_URL;
        pick(w);
        assert_string_equal(w->result.error.message,
                "agents at http://127.0.0.1:9: reading a record: connection to 127.0.0.1:9 refused");
        w->stage.peer.url = url;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(one_of_each_stretch),
                TEST(a_seed_is_a_sample),
                TEST(a_small_collection_gives_all),
                TEST(a_collection_that_changes),
                TEST(vectors_that_the_index_lost_are_counted),
                TEST(a_quota_makes_smaller_questions),
                TEST(what_is_wrong_is_said),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

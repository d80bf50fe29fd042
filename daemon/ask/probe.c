/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/probe.h"

#include <errno.h>
#include <limits.h>
#include <math.h>

#include "ask/chroma.h"
#include "ask/exchange.h"
#include "ask/expected.h"
#include "ask/records.h"
#include "ask/results.h"
#include "ask/ruling.h"
#include "ask/self.h"
#include "ask/spots.h"
#include "ask/strays.h"
#include "clock.h"
#include "judge/judge.h"
#include "judge/similarity.h"

/* Vectors, and ids, in one request: Chroma Cloud takes no more. */
#define QUERY_BATCH 20
#define GET_BATCH 100

struct probe {
        const struct probe_target *target;
        struct exchange exchange;
        probe_done_t done;
        void *userdata;

        char *collection, *space;
        bool counted, replaced, recalled;
        size_t reached; /* records that one query yielded */
        size_t next, asked; /* position in what is asked in batches; members of the request */

        const float **vectors; /* recall is measured by */
        size_t vector_count;
        struct results_row larger[QUERY_BATCH]; /* answers with the larger k */
        double recalls; /* sum */

        size_t get_batch; /* ids in one request */
        struct expected *expected; /* ascending by id, each once */
        size_t expected_count;
        struct strays_target strays_target;
        struct strays *strays; /* under way, or NULL, as the next */
        struct spots_target spots_target;
        struct spots *spots;
        struct index_sample sample;
        struct records selves; /* asked for with their own vectors */
        struct probe_result result;
};

static void end(struct probe *p)
{
        struct index_health *h = &p->result.health;

        h->at = clock_wall();
        if (h->recall_queries > 0)
                h->recall = p->recalls / (double)h->recall_queries;
        p->done(&p->result, p->userdata);
}

static void fail(struct probe *p, const char *reason)
{
        struct error *e = &p->result.error;

        p->result.failure = reason;
        error_prefix(e, "%s at %s", p->target->label, p->target->peer->url);
        p->result.health.error = strdup(e->message); /* NULL says less, but nothing wrong */
        end(p);
}

/* Sends what was built with the result `code`. */
static void ask(struct probe *p, int code, http_done_t done)
{
        if (code >= 0)
                code = exchange_submit(&p->exchange, done, p);
        if (code >= 0)
                return;
        (void)error_set(&p->result.error, code, "a request cannot be sent: %s", strerror(-code));
        fail(p, "other");
}

static void ask_vectors(struct probe *p, const float *const *vectors, size_t count,
        unsigned dimension, unsigned results, enum chroma_include include, http_done_t done)
{
        const struct probe_target *t = p->target;

        ask(p,
                chroma_build_query(t->tenant, t->database, p->collection, vectors, count, dimension,
                        results, NULL, NULL, include, &p->exchange.request),
                done);
}

/* False when the probe is over. */
static bool accept_response(struct probe *p, const struct http_response *response, const char *what)
{
        int code = exchange_accept(&p->exchange, response, what, &p->result.error);

        if (code < 0)
                fail(p, exchange_reason(response, code));
        return code >= 0;
}

/* The same for a question that is beyond what some servers allow. Where this one refuses it by its
 * size, `*ret_answered` is false and the probe goes on without. */
static bool accept_sizable(
        struct probe *p, const struct http_response *response, const char *what, bool *ret_answered)
{
        int code = exchange_accept(&p->exchange, response, what, &p->result.error);
        bool refused = ruling_divisible(code) && response->status < 500;

        *ret_answered = code >= 0;
        if (refused)
                error_done(&p->result.error);
        else if (code < 0)
                fail(p, exchange_reason(response, code));
        return code >= 0 || refused;
}

/* The same for what was read with the result `code`. */
static bool accept_body(struct probe *p, int code, const char *what)
{
        if (code >= 0)
                return true;
        error_prefix(&p->result.error, "%s", what);
        (void)error_set(&p->result.error, code, "%s: %s", what, strerror(-code));
        fail(p, "bad_response");
        return false;
}

static void on_selves(const struct http_response *response, void *userdata)
{
        static const char what[] = "asking expected records with their own vectors";
        struct probe *p = userdata;
        struct index_health *h = &p->result.health;
        struct results_row answers[PROBE_SELF_MAX] = {0};

        if (!accept_response(p, response, what))
                return;
        if (!accept_body(p, results_read(response, answers, &p->result.error), what))
                return;
        for (size_t i = 0; i < p->selves.count; i++) {
                if (!answers[i].answer)
                        continue;
                h->self_asked++;
                h->self_found += self_found(p->space, p->selves.ids[i],
                        p->selves.embeddings + i * p->selves.dimension, p->selves.dimension,
                        answers[i].answer);
        }
        results_forget(answers, ARRAY_SIZE(answers));
        end(p);
}

static void on_self_vectors(const struct http_response *response, void *userdata)
{
        static const char what[] = "reading the vectors of expected records";
        struct probe *p = userdata;
        const float *vectors[PROBE_SELF_MAX];
        bool answered;

        if (exchange_unreadable(&p->exchange, response)) {
                p->result.health.self_asked = p->asked;
                end(p);
                return;
        }
        if (!accept_sizable(p, response, what, &answered))
                return;
        /* A vector that cannot be read - NaN is sent as null - is nothing to ask with, and no
         * reason to lose what is known of the index. */
        if (!answered || records_read(response, &p->selves, NULL) < 0 || p->selves.count == 0 ||
                p->selves.count > PROBE_SELF_MAX) {
                end(p);
                return;
        }
        for (size_t i = 0; i < p->selves.count; i++)
                vectors[i] = p->selves.embeddings + i * p->selves.dimension;
        ask_vectors(
                p, vectors, p->selves.count, p->selves.dimension, 1, CHROMA_DISTANCES, on_selves);
}

static void ask_selves(struct probe *p)
{
        const struct probe_target *t = p->target;
        const struct index_health *h = &p->result.health;
        const char *ids[PROBE_SELF_MAX];
        struct records_request request = {.ids = ids, .include = RECORDS_EMBEDDINGS};
        size_t there = h->expected - h->gone, count = MIN(there, (size_t)PROBE_SELF_MAX);

        p->asked = count;
        for (size_t i = 0, seen = 0; i < p->expected_count && request.id_count < count; i++)
                if (p->expected[i].there &&
                        seen++ == expected_spread(request.id_count, count, there))
                        ids[request.id_count++] = p->expected[i].id;
        if (count == 0)
                end(p);
        else
                ask(p,
                        records_build(t->tenant, t->database, p->collection, &request,
                                &p->exchange.request),
                        on_self_vectors);
}

static void ask_expected(struct probe *p);

static void on_expected(const struct http_response *response, void *userdata)
{
        static const char what[] = "looking up expected records";
        struct probe *p = userdata;
        struct index_health *h = &p->result.health;
        _cleanup_(records_done) struct records records = {0};
        bool answered;

        if (p->asked > 1 ? !accept_sizable(p, response, what, &answered)
                         : !(answered = accept_response(p, response, what)))
                return;
        if (!answered) {
                p->get_batch = (p->asked + 1) / 2;
                ask_expected(p);
                return;
        }
        if (!accept_body(p, records_read(response, &records, &p->result.error), what))
                return;
        for (; p->asked > 0; p->asked--, p->next++) {
                struct expected *one = &p->expected[p->next];

                one->there = records_find(&records, one->id) != SIZE_MAX;
                h->expected++;
                h->gone += !one->there;
                h->lost += one->there && one->missed;
        }
        ask_expected(p);
}

static void ask_expected(struct probe *p)
{
        const struct probe_target *t = p->target;
        const char *ids[GET_BATCH];
        const struct records_request request = {
                .ids = ids, .id_count = MIN(p->expected_count - p->next, p->get_batch)};

        p->asked = request.id_count;
        for (size_t i = 0; i < p->asked; i++)
                ids[i] = p->expected[p->next + i].id;
        if (p->asked == 0)
                ask_selves(p);
        else
                ask(p,
                        records_build(t->tenant, t->database, p->collection, &request,
                                &p->exchange.request),
                        on_expected);
}

static void ask_recall(struct probe *p);
static void ask_count(struct probe *p);

/* The server takes no such question: recall stays what it is, or unknown. */
static void end_recall(struct probe *p)
{
        results_forget(p->larger, ARRAY_SIZE(p->larger));
        p->next = p->vector_count;
        ask_recall(p);
}

static void on_answers(const struct http_response *response, void *userdata)
{
        static const char what[] = "asking queries again";
        struct probe *p = userdata;
        struct results_row answers[QUERY_BATCH] = {0};
        unsigned k = p->target->results;
        bool answered;

        if (!accept_sizable(p, response, what, &answered))
                return;
        if (!answered) {
                end_recall(p);
                return;
        }
        if (!accept_body(p, results_read(response, answers, &p->result.error), what))
                return;
        for (size_t i = 0; i < p->asked; i++) {
                const struct answer *answer = answers[i].answer, *larger = p->larger[i].answer;

                if (!answer || !larger || larger->count == 0)
                        continue;
                p->recalls += similarity_recall(answer, larger, k);
                p->result.health.recall_queries++;
                p->result.health.recall_places += MIN(k, larger->count);
        }
        results_forget(answers, ARRAY_SIZE(answers));
        results_forget(p->larger, ARRAY_SIZE(p->larger));
        p->next += p->asked;
        ask_recall(p);
}

static void on_larger(const struct http_response *response, void *userdata)
{
        static const char what[] = "asking queries for more results";
        struct probe *p = userdata;
        const struct probe_target *t = p->target;
        bool answered;

        if (!accept_sizable(p, response, what, &answered))
                return;
        if (!answered) {
                end_recall(p);
                return;
        }
        if (!accept_body(p, results_read(response, p->larger, &p->result.error), what))
                return;
        ask_vectors(p, p->vectors + p->next, p->asked, t->vectors->dimension, t->results,
                CHROMA_DISTANCES, on_answers);
}

static void ask_recall(struct probe *p)
{
        p->asked = MIN(p->vector_count - p->next, (size_t)QUERY_BATCH);
        if (p->asked > 0) {
                ask_vectors(p, p->vectors + p->next, p->asked, p->target->vectors->dimension,
                        p->target->recall_results, CHROMA_DISTANCES, on_larger);
                return;
        }
        p->next = 0;
        p->recalled = true;
        if (p->result.health.recall_queries > 0)
                ask_count(p);
        else
                ask_expected(p);
}

static void ask_collection(struct probe *p);

static void on_everything(const struct http_response *response, void *userdata)
{
        static const char what[] = "asking for all records";
        struct probe *p = userdata;
        bool answered;

        if (!accept_sizable(p, response, what, &answered))
                return;
        if (!answered) {
                p->result.health.capped = true;
                ask_recall(p);
                return;
        }
        if (!accept_body(p, results_read_counts(response, &p->reached, &p->result.error), what))
                return;
        ask_collection(p);
}

static void on_exchanged(const struct http_response *response, void *userdata)
{
        struct probe *p = userdata;

        p->exchange.noted(response, p->exchange.userdata);
}

static void on_sampled(const struct index_sample *sample, void *userdata)
{
        struct probe *p = userdata;

        p->sample = *sample;
        p->spots = spots_free(p->spots);
        if (p->sample.looked > 0)
                ask_collection(p);
        else
                ask_recall(p);
}

/* What is too large to be asked for everything. */
static void ask_spots(struct probe *p)
{
        const struct probe_target *t = p->target;

        p->spots_target = (struct spots_target){.tenant = t->tenant,
                .database = t->database,
                .collection_id = p->collection,
                .space = p->space,
                .peer = t->peer,
                .records = (uint64_t)p->result.health.records,
                .results = MAX(t->results, t->recall_results)};
        if (t->records_max == 0 ||
                spots_start(p->exchange.client, &p->spots_target, on_sampled, on_exchanged, p,
                        &p->spots) < 0)
                ask_recall(p);
}

/* Any vector will do: whether a record can be reached does not depend on where the search begins.
 */
static void ask_everything(struct probe *p)
{
        const struct vector_set *vectors = p->target->vectors;
        struct index_health *h = &p->result.health;
        uint64_t records = (uint64_t)h->records;

        h->capped = records > MIN(p->target->records_max, (uint64_t)UINT_MAX);
        if (records == 0)
                h->unreachable = 0;
        if (h->capped)
                ask_spots(p);
        else if (records == 0 || !vectors)
                ask_recall(p);
        else
                ask_vectors(p, (const float *const[]){vectors->rows[0]}, 1, vectors->dimension,
                        (unsigned)records, 0, on_everything);
}

static void on_copies(size_t looked, size_t copies, void *userdata)
{
        struct probe *p = userdata;
        struct index_health *h = &p->result.health;

        if (looked > 0)
                h->copies = h->unreachable * (int64_t)copies / (int64_t)looked;
        p->strays = strays_free(p->strays);
        ask_recall(p);
}

/* Before any record is called lost. */
static void look_for_copies(struct probe *p)
{
        const struct probe_target *t = p->target;
        const struct index_health *h = &p->result.health;

        p->strays_target = (struct strays_target){.tenant = t->tenant,
                .database = t->database,
                .collection_id = p->collection,
                .space = p->space,
                .peer = t->peer,
                .vector = t->vectors ? t->vectors->rows[0] : NULL,
                .dimension = t->vectors ? t->vectors->dimension : 0,
                .records = (uint64_t)h->records,
                .unreachable = (uint64_t)h->unreachable};
        if (h->unreachable <= 0 || h->sample.looked > 0 || !t->vectors ||
                strays_start(p->exchange.client, &p->strays_target, on_copies, on_exchanged, p,
                        &p->strays) < 0)
                ask_recall(p);
}

/* Unless it has changed meanwhile. */
static void note_reached(struct probe *p, int64_t count)
{
        struct index_health *h = &p->result.health;
        bool stands = p->counted && !p->replaced && count == h->records;

        h->records = count;
        if (stands && p->sample.looked > 0) {
                index_health_estimate(h, &p->sample);
                h->capped = false;
        } else if (stands)
                h->unreachable = count - (int64_t)p->reached;
}

static void on_count(const struct http_response *response, void *userdata)
{
        static const char what[] = "counting the records";
        struct probe *p = userdata;
        struct index_health *h = &p->result.health;
        uint64_t count;

        if (!accept_response(p, response, what) ||
                !accept_body(p,
                        chroma_parse_count(
                                response->body, response->body_size, &count, &p->result.error),
                        what))
                return;
        if (p->recalled) {
                /* Records came or went between two answers: what the second missed is unknown. */
                if ((int64_t)count != h->records)
                        h->recall_queries = h->recall_places = 0;
                ask_expected(p);
                return;
        }
        note_reached(p, (int64_t)count);
        if (p->counted) {
                look_for_copies(p);
                return;
        }
        p->counted = true;
        ask_everything(p);
}

static void ask_count(struct probe *p)
{
        const struct probe_target *t = p->target;

        ask(p, chroma_build_count(t->tenant, t->database, p->collection, &p->exchange.request),
                on_count);
}

static void on_collection(const struct http_response *response, void *userdata)
{
        static const char what[] = "looking up the collection";
        struct probe *p = userdata;
        const struct probe_target *t = p->target;
        _cleanup_(epoch_done) struct epoch found;

        epoch_init(&found);
        if (!accept_response(p, response, what))
                return;
        if (!accept_body(p,
                    chroma_parse_collection(
                            response->body, response->body_size, &found, &p->result.error),
                    what))
                return;
        if (found.dimension != 0 && t->vectors && found.dimension != t->vectors->dimension) {
                (void)error_set(&p->result.error, -EINVAL,
                        "the collection has dimension %u, but the vectors in %s have %u",
                        found.dimension, t->vectors->path, t->vectors->dimension);
                fail(p, "dimension");
                return;
        }
        p->replaced = p->collection && !streq(p->collection, found.id);
        free(p->collection);
        free(p->space);
        p->collection = take_ptr(found.id);
        p->space = take_ptr(found.space);
        ask_count(p);
}

static void ask_collection(struct probe *p)
{
        const struct probe_target *t = p->target;

        ask(p, chroma_build_collection(t->tenant, t->database, t->collection, &p->exchange.request),
                on_collection);
}

/* Queries with filters may have fewer records to find than either k. */
static int choose_queries(struct probe *p)
{
        const struct probe_target *t = p->target;
        size_t found = 0;

        p->vectors = calloc(t->queries->count + 1, sizeof(*p->vectors));
        if (!p->vectors)
                return -ENOMEM;
        if (!t->vectors || t->recall_results <= t->results)
                return 0;
        for (size_t i = 0; i < t->queries->count; i++) {
                const struct query *q = &t->queries->queries[i];

                p->vectors[found] = vector_set_find(t->vectors, q->id);
                found += p->vectors[found] && !q->where && !q->where_document &&
                        !judge_is_control(q);
        }
        p->vector_count = MIN(found, (size_t)t->recall_queries);
        for (size_t i = 0; i < p->vector_count; i++)
                p->vectors[i] = p->vectors[expected_spread(i, p->vector_count, found)];
        return 0;
}

int probe_start(struct http_client *client, const struct probe_target *target, probe_done_t done,
        probe_exchange_t exchange, void *userdata, struct probe **ret)
{
        _cleanup_(probe_freep) struct probe *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        p->target = target;
        p->exchange = (struct exchange){
                .client = client, .peer = target->peer, .noted = exchange, .userdata = userdata};
        p->done = done;
        p->userdata = userdata;
        p->get_batch = GET_BATCH;
        index_health_init(&p->result.health);
        r = choose_queries(p);
        if (r >= 0)
                r = expected_choose(target->queries, target->answers, PROBE_EXPECTED_MAX,
                        &p->expected, &p->expected_count);
        if (r >= 0)
                r = chroma_build_collection(
                        target->tenant, target->database, target->collection, &p->exchange.request);
        if (r >= 0)
                r = exchange_submit(&p->exchange, on_collection, p);
        if (r < 0)
                return r;
        *ret = take_ptr(p);
        return 0;
}

struct probe *probe_free(struct probe *p)
{
        if (!p)
                return NULL;
        exchange_done(&p->exchange);
        strays_free(p->strays);
        spots_free(p->spots);
        results_forget(p->larger, ARRAY_SIZE(p->larger));
        records_done(&p->selves);
        index_health_done(&p->result.health);
        error_done(&p->result.error);
        free(p->collection);
        free(p->space);
        free(p->vectors);
        free(p->expected);
        free(p);
        return NULL;
}

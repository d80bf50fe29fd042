/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/replay.h"

#include <errno.h>

#include "clock.h"

struct replay {
        struct http_client *client;
        const struct replay_target *target;
        struct http_transfer *transfer;
        struct http_request request;
        replay_done_t done;
        replay_exchange_t exchange;
        void *userdata;

        size_t *order; /* query indices, grouped by filters */
        size_t next; /* first of `order` that is not asked yet */
        size_t asked; /* members of the request in flight */
        bool resolved_again; /* a collection that vanished during the replay is looked up once more
                              */
        usec_t started; /* monotonic */
        struct replay_result result;
};

static const struct query *query_at(const struct replay *r, size_t k)
{
        return &r->target->queries->queries[r->order[k]];
}

static bool same_filters(const struct query *a, const struct query *b)
{
        return streq(a->where, b->where) && streq(a->where_document, b->where_document);
}

/* Groups queries by their filters, keeping the order of the set within a group. Sets have few
 * distinct filters. */
static int order_queries(struct replay *r)
{
        const struct query_set *set = r->target->queries;
        _cleanup_free_ bool *taken = calloc(set->count + 1, sizeof(*taken));
        size_t n = 0;

        r->order = calloc(set->count + 1, sizeof(*r->order));
        if (!taken || !r->order)
                return -ENOMEM;
        for (size_t i = 0; i < set->count; i++)
                for (size_t k = i; k < set->count && !taken[i]; k++)
                        if (!taken[k] && same_filters(&set->queries[i], &set->queries[k])) {
                                r->order[n++] = k;
                                taken[k] = k != i;
                        }
        return 0;
}

static void answers_clear(struct replay_result *result)
{
        for (size_t i = 0; i < result->count; i++) {
                answer_unref(result->answers[i].answer);
                result->answers[i] = (struct chroma_answer){NULL, NULL};
        }
}

static size_t answers_valid(const struct replay_result *result)
{
        size_t valid = 0;

        for (size_t i = 0; i < result->count; i++)
                valid += result->answers[i].answer != NULL;
        return valid;
}

static void finish(struct replay *r)
{
        struct replay_result *result = &r->result;
        size_t valid = answers_valid(result);

        if (!result->failure && (double)valid < REPLAY_VALID_SHARE * (double)result->count) {
                result->failure = "invalid_answers";
                (void)error_set(&result->error, -EBADMSG,
                        "only %zu of %zu queries got a valid answer", valid, result->count);
        }
        error_prefix(&result->error, "%s at %s", r->target->label, r->target->peer->url);
        result->duration = clock_usec(CLOCK_MONOTONIC) - r->started;
        r->done(result, r->userdata);
}

/* Ends the replay for a reason that concerns all queries without an answer so far. */
static void fail(struct replay *r, const char *reason, const char *unmeasured)
{
        r->result.failure = reason;

        for (size_t i = 0; i < r->result.count; i++)
                if (!r->result.answers[i].answer && !r->result.answers[i].unmeasured)
                        r->result.answers[i].unmeasured = unmeasured;
        finish(r);
}

static const char *failure_reason(const struct http_response *response, int code)
{
        const char *reason = code == -ENOENT ? "not_found" : http_failure_reason(response);

        return reason ? reason : "bad_response";
}

static int submit(struct replay *r, http_done_t done)
{
        return http_client_submit(r->client, r->target->peer, &r->request, done, r, &r->transfer);
}

static void submit_or_fail(struct replay *r, int code, http_done_t done)
{
        if (code >= 0)
                code = submit(r, done);
        if (code >= 0)
                return;
        (void)error_set(&r->result.error, code, "a request cannot be sent: %s", strerror(-code));
        fail(r, "other", "the request could not be sent");
}

/* What every answer goes through. False when the replay is over. */
static bool accept_response(
        struct replay *r, const struct http_response *response, const char *what)
{
        int code;

        r->transfer = NULL;
        http_request_done(&r->request);
        r->request = (struct http_request){0};
        r->exchange(response, r->userdata);
        r->result.reached |= response->result == 0;
        code = chroma_check(response, what, &r->result.error);
        if (code >= 0)
                return true;
        fail(r, failure_reason(response, code), "the request failed");
        return false;
}

static void resolve(struct replay *r);
static void ask_next(struct replay *r);

static bool collection_vanished(struct replay *r, const struct http_response *response)
{
        return response->result == 0 && response->status == 404 && !r->resolved_again;
}

static void on_answers(const struct http_response *response, void *userdata)
{
        struct replay *r = userdata;
        _cleanup_free_ struct chroma_answer *answers = NULL;
        int code;

        if (collection_vanished(r, response)) {
                r->transfer = NULL;
                http_request_done(&r->request);
                r->exchange(response, r->userdata);
                r->resolved_again = true;
                answers_clear(&r->result);
                resolve(r);
                return;
        }
        if (!accept_response(r, response, "asking the queries"))
                return;
        answers = calloc(r->asked, sizeof(*answers));
        code = !answers ? -ENOMEM
                        : chroma_parse_query(response->body, response->body_size, r->asked,
                                  r->target->results, answers, &r->result.error);
        if (code < 0) {
                (void)error_set(
                        &r->result.error, code, "the answers cannot be read: %s", strerror(-code));
                fail(r, "bad_response", "the answer could not be read");
                return;
        }
        for (size_t i = 0; i < r->asked; i++)
                r->result.answers[r->order[r->next + i]] = answers[i];
        r->next += r->asked;
        ask_next(r);
}

static size_t batch_size(const struct replay *r)
{
        size_t n = 1, left = r->result.count - r->next;

        while (n < MIN(left, (size_t)r->target->batch) &&
                same_filters(query_at(r, r->next), query_at(r, r->next + n)))
                n++;
        return n;
}

static int build_batch(struct replay *r)
{
        const struct replay_target *t = r->target;
        const struct query *first = query_at(r, r->next);
        _cleanup_free_ const float **vectors = NULL;
        bool metadata = false;

        r->asked = batch_size(r);
        vectors = calloc(r->asked, sizeof(*vectors));
        if (!vectors)
                return -ENOMEM;
        for (size_t i = 0; i < r->asked; i++) {
                const struct query *q = query_at(r, r->next + i);

                vectors[i] = vector_set_find(t->vectors, q->id);
                metadata |= q->expect.metadata != NULL;
        }
        return chroma_build_query(t->tenant, t->database, r->result.collection.id, vectors,
                r->asked, t->vectors->dimension, t->results, first->where, first->where_document,
                metadata, &r->request);
}

static void ask_next(struct replay *r)
{
        if (r->next >= r->result.count)
                finish(r);
        else
                submit_or_fail(r, build_batch(r), on_answers);
}

static void on_count(const struct http_response *response, void *userdata)
{
        struct replay *r = userdata;
        uint64_t count;

        if (!accept_response(r, response, "counting the records"))
                return;
        if (chroma_parse_count(response->body, response->body_size, &count, &r->result.error) < 0) {
                fail(r, "bad_response", "the number of records could not be read");
                return;
        }
        r->result.records = (int64_t)count;
        r->next = 0;
        ask_next(r);
}

static void on_collection(const struct http_response *response, void *userdata)
{
        struct replay *r = userdata;
        const struct replay_target *t = r->target;
        struct chroma_collection *c = &r->result.collection;

        if (!accept_response(r, response, "looking up the collection"))
                return;
        if (chroma_parse_collection(response->body, response->body_size, c, &r->result.error) < 0) {
                fail(r, "bad_response", "the collection could not be read");
                return;
        }
        if (c->dimension != 0 && c->dimension != t->vectors->dimension) {
                (void)error_set(&r->result.error, -EINVAL,
                        "the collection has dimension %u, but the vectors in %s have %u",
                        c->dimension, t->vectors->path, t->vectors->dimension);
                fail(r, "dimension", "the pinned vector's dimension is not the collection's");
                return;
        }
        submit_or_fail(r, chroma_build_count(t->tenant, t->database, c->id, &r->request), on_count);
}

static void resolve(struct replay *r)
{
        const struct replay_target *t = r->target;

        chroma_collection_done(&r->result.collection);
        r->result.records = -1;
        submit_or_fail(r,
                chroma_build_collection(t->tenant, t->database, t->collection, &r->request),
                on_collection);
}

int replay_start(struct http_client *client, const struct replay_target *target, replay_done_t done,
        replay_exchange_t exchange, void *userdata, struct replay **ret)
{
        _cleanup_(replay_freep) struct replay *r = calloc(1, sizeof(*r));
        int code;

        if (!r)
                return -ENOMEM;
        r->client = client;
        r->target = target;
        r->done = done;
        r->exchange = exchange;
        r->userdata = userdata;
        r->started = clock_usec(CLOCK_MONOTONIC);
        r->result.started = clock_usec(CLOCK_REALTIME);
        r->result.records = -1;
        r->result.answers = calloc(target->queries->count + 1, sizeof(*r->result.answers));
        if (!r->result.answers)
                return -ENOMEM;
        r->result.count = target->queries->count;
        code = order_queries(r);
        if (code >= 0)
                code = chroma_build_collection(
                        target->tenant, target->database, target->collection, &r->request);
        if (code >= 0)
                code = submit(r, on_collection);
        if (code < 0)
                return code;
        *ret = take_ptr(r);
        return 0;
}

struct replay *replay_free(struct replay *r)
{
        if (!r)
                return NULL;
        http_transfer_cancel(r->transfer);
        http_request_done(&r->request);
        answers_clear(&r->result);
        free(r->result.answers);
        chroma_collection_done(&r->result.collection);
        error_done(&r->result.error);
        free(r->order);
        free(r);
        return NULL;
}

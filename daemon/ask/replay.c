/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/replay.h"

#include <errno.h>

#include "ask/exchange.h"
#include "clock.h"

struct replay {
        const struct replay_target *target;
        struct survey *survey; /* under way, or NULL */
        struct exchange exchange;
        replay_done_t done;
        void *userdata;

        size_t *order; /* indices of the queries with a vector, grouped by filters */
        size_t total; /* of `order` */
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

static const float *vector_of(const struct replay *r, size_t i)
{
        const struct replay_target *t = r->target;

        return t->vectors ? vector_set_find(t->vectors, t->queries->queries[i].id) : NULL;
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

        r->order = calloc(set->count + 1, sizeof(*r->order));
        if (!taken || !r->order)
                return -ENOMEM;
        for (size_t i = 0; i < set->count; i++)
                taken[i] = !vector_of(r, i);
        for (size_t i = 0; i < set->count; i++)
                for (size_t k = i; k < set->count && !taken[i]; k++)
                        if (!taken[k] && same_filters(&set->queries[i], &set->queries[k])) {
                                r->order[r->total++] = k;
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

static void end(struct replay *r)
{
        r->result.reached |= r->exchange.reached;
        r->result.duration = clock_usec(CLOCK_MONOTONIC) - r->started;
        r->done(&r->result, r->userdata);
}

/* Ends the replay for a reason that concerns all queries without an answer so far; the sentence
 * says already which collection it is about. */
static void end_failed(struct replay *r, const char *reason, const char *unmeasured)
{
        r->result.failure = reason;
        for (size_t i = 0; i < r->result.count; i++)
                if (!r->result.answers[i].answer && !r->result.answers[i].unmeasured)
                        r->result.answers[i].unmeasured = unmeasured;
        end(r);
}

static void fail(struct replay *r, const char *reason, const char *unmeasured)
{
        const struct survey_target *where = &r->target->where;

        error_prefix(&r->result.error, "%s at %s", where->label, where->peer->url);
        end_failed(r, reason, unmeasured);
}

static void finish(struct replay *r)
{
        size_t valid = answers_valid(&r->result);

        if ((double)valid >= REPLAY_VALID_SHARE * (double)r->total) {
                end(r);
                return;
        }
        (void)error_set(&r->result.error, -EBADMSG, "only %zu of %zu queries got a valid answer",
                valid, r->total);
        fail(r, "invalid_answers", "the answer is not valid");
}

/* Sends what was built with the result `code`. */
static void ask(struct replay *r, int code, http_done_t done)
{
        if (code >= 0)
                code = exchange_submit(&r->exchange, done, r);
        if (code >= 0)
                return;
        (void)error_set(&r->result.error, code, "a request cannot be sent: %s", strerror(-code));
        fail(r, "other", "the request could not be sent");
}

static int survey(struct replay *r);
static void ask_next(struct replay *r);

/* A deleted collection may have been created again under another id. False when it was looked up
 * once already, or cannot be. */
static bool resolve_again(struct replay *r)
{
        if (r->resolved_again || survey(r) < 0)
                return false;
        r->resolved_again = true;
        r->result.ingesting = true;
        error_done(&r->result.error);
        answers_clear(&r->result);
        return true;
}

/* An answer that cannot be used because of `code`. */
static void refuse(struct replay *r, const struct http_response *response, int code)
{
        if (code != -ENOENT || !resolve_again(r))
                fail(r, exchange_reason(response, code), "the request failed");
}

static void on_answers(const struct http_response *response, void *userdata)
{
        struct replay *r = userdata;
        _cleanup_free_ struct chroma_answer *answers = calloc(r->asked, sizeof(*answers));
        int code = exchange_accept(&r->exchange, response, "asking the queries", &r->result.error);

        if (code < 0) {
                refuse(r, response, code);
                return;
        }
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
        size_t n = 1, left = r->total - r->next;

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
        unsigned include = CHROMA_DISTANCES;

        r->asked = batch_size(r);
        vectors = calloc(r->asked, sizeof(*vectors));
        if (!vectors)
                return -ENOMEM;
        for (size_t i = 0; i < r->asked; i++) {
                vectors[i] = vector_of(r, r->order[r->next + i]);
                if (query_at(r, r->next + i)->expect.metadata)
                        include |= CHROMA_METADATAS;
        }
        return chroma_build_query(t->where.tenant, t->where.database, r->result.epoch.id, vectors,
                r->asked, t->vectors->dimension, t->results, first->where, first->where_document,
                include, &r->exchange.request);
}

static void on_count(const struct http_response *response, void *userdata)
{
        static const char what[] = "counting the records again";
        struct replay *r = userdata;
        struct error *e = &r->result.error;
        uint64_t count = UINT64_MAX;
        int code = exchange_accept(&r->exchange, response, what, e);

        if (code >= 0) {
                code = chroma_parse_count(response->body, response->body_size, &count, e);
                error_prefix(e, what);
        } else if (code == -ENOENT) {
                /* Gone by now, but every query got its answer before. */
                error_done(e);
                code = 0;
        }
        if (code < 0) {
                (void)error_set(e, code, "%s: %s", what, strerror(-code));
                fail(r, exchange_reason(response, code), "the request failed");
                return;
        }
        r->result.ingesting |= count != (uint64_t)r->result.epoch.records;
        finish(r);
}

static void ask_next(struct replay *r)
{
        const struct survey_target *t = &r->target->where;

        if (r->next < r->total)
                ask(r, build_batch(r), on_answers);
        else
                ask(r,
                        chroma_build_count(
                                t->tenant, t->database, r->result.epoch.id, &r->exchange.request),
                        on_count);
}

static bool check_vectors(struct replay *r)
{
        const struct vector_set *vectors = r->target->vectors;
        unsigned dimension = r->result.epoch.dimension;

        for (size_t i = 0; i < r->result.count; i++)
                if (!vector_of(r, i))
                        r->result.answers[i].unmeasured = "it has no pinned vector";
        if (r->total == 0) {
                (void)error_set(&r->result.error, -ENODATA,
                        "none of its queries has a pinned vector: give `vectors`, or an embedder, "
                        "or approve a baseline");
                fail(r, "no_vectors", "it has no pinned vector");
                return false;
        }
        if (dimension != 0 && dimension != vectors->dimension) {
                (void)error_set(&r->result.error, -EINVAL,
                        "the collection has dimension %u, but the vectors in %s have %u: use vectors "
                        "of the model that embedded the collection (%u), not %u",
                        dimension, vectors->path, vectors->dimension, dimension,
                        vectors->dimension);
                fail(r, "dimension", "the pinned vector's dimension is not the collection's");
                return false;
        }
        return true;
}

static void on_surveyed(struct survey_result *surveyed, void *userdata)
{
        struct replay *r = userdata;
        const char *failure = surveyed->failure;

        epoch_done(&r->result.epoch);
        r->result.epoch = surveyed->epoch;
        epoch_init(&surveyed->epoch);
        r->result.error.message = take_ptr(surveyed->error.message);
        r->result.reached |= surveyed->reached;
        r->survey = survey_free(r->survey);
        r->next = 0;
        if (!failure) {
                if (check_vectors(r))
                        ask_next(r);
                return;
        }
        /* It was found, and was gone a request later. */
        if (streq(failure, "not_found") && r->result.epoch.id && resolve_again(r))
                return;
        end_failed(r, failure, "the collection could not be looked at");
}

static void on_exchanged(const struct http_response *response, void *userdata)
{
        struct replay *r = userdata;

        r->exchange.noted(response, r->exchange.userdata);
}

static int survey(struct replay *r)
{
        return survey_start(
                r->exchange.client, &r->target->where, on_surveyed, on_exchanged, r, &r->survey);
}

int replay_start(struct http_client *client, const struct replay_target *target, replay_done_t done,
        replay_exchange_t exchange, void *userdata, struct replay **ret)
{
        _cleanup_(replay_freep) struct replay *r = calloc(1, sizeof(*r));
        int code;

        if (!r)
                return -ENOMEM;
        r->target = target;
        r->exchange = (struct exchange){.client = client,
                .peer = target->where.peer,
                .noted = exchange,
                .userdata = userdata};
        r->done = done;
        r->userdata = userdata;
        r->started = clock_usec(CLOCK_MONOTONIC);
        r->result.started = clock_usec(CLOCK_REALTIME);
        epoch_init(&r->result.epoch);
        r->result.answers = calloc(target->queries->count + 1, sizeof(*r->result.answers));
        if (!r->result.answers)
                return -ENOMEM;
        r->result.count = target->queries->count;
        code = order_queries(r);
        if (code >= 0)
                code = survey(r);
        if (code < 0)
                return code;
        *ret = take_ptr(r);
        return 0;
}

struct replay *replay_free(struct replay *r)
{
        if (!r)
                return NULL;
        survey_free(r->survey);
        exchange_done(&r->exchange);
        answers_clear(&r->result);
        free(r->result.answers);
        epoch_done(&r->result.epoch);
        error_done(&r->result.error);
        free(r->order);
        free(r);
        return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/replay.h"

#include <errno.h>

#include "ask/exchange.h"
#include "ask/ruling.h"
#include "clock.h"
#include "text.h"

/* How much of a filter is quoted. */
#define FILTER_EXCERPT_MAX 200
/* Queries refused one after another for what they have in common: the others are as well. */
#define REFUSED_IN_A_ROW 2

/* Why queries were refused, as metric reasons. */
enum refusal {
        REFUSAL_REQUEST,
        REFUSAL_INDEX,
        REFUSAL_SERVER,
        REFUSAL_QUOTA,
        REFUSAL_SIZE,
        REFUSAL_COUNT
};
static const char *const refusal_reasons[REFUSAL_COUNT] = {
        [REFUSAL_REQUEST] = "refused",
        [REFUSAL_INDEX] = "index",
        [REFUSAL_SERVER] = "server_error",
        [REFUSAL_QUOTA] = "quota",
        [REFUSAL_SIZE] = "too_large",
};

struct replay {
        struct replay_target *target;
        struct survey_target where; /* the target's, at this replay's turn */
        struct survey *survey; /* under way, or NULL */
        struct exchange exchange;
        replay_done_t done;
        void *userdata;

        size_t *order; /* indices of the queries with a vector, grouped by filters */
        size_t total; /* of `order` */
        size_t next; /* first of `order` that is not asked yet */
        size_t asked; /* members of the request in flight */
        size_t batch; /* members of a request at most */
        struct division {
                size_t end; /* of the refused batch in `order`; none is divided from here on */
                size_t limit; /* members of its parts at most */
                size_t largest; /* part that was answered */
                bool guilty; /* a single query of it was refused, or the server was in trouble: it
                                is not its size */
        } division;
        size_t in_a_row; /* queries refused for what they have in common with the next */
        size_t refusals[REFUSAL_COUNT]; /* queries */
        char **reasons; /* of refused queries, count */
        bool resolved_again; /* a collection that vanished during the replay is looked up once more
                              */
        usec_t started; /* monotonic */
        bool begun; /* something was answered */
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

void replay_drop_answers(struct replay_result *result)
{
        for (size_t i = 0; i < result->count; i++) {
                answer_unref(result->answers[i].answer);
                result->answers[i] = (struct results_row){0};
        }
}

static void refusals_clear(struct replay *r)
{
        for (size_t i = 0; r->reasons && i < r->result.count; i++) {
                free(r->reasons[i]);
                r->reasons[i] = NULL;
        }
        memset(r->refusals, 0, sizeof(r->refusals));
        r->result.refused = 0;
        r->division = (struct division){0};
        r->in_a_row = 0;
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
        r->result.started = clock_wall() - r->result.duration; /* as the clock is set now */
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

/* The reason of the most; of a replay in which the server refused nothing, an answer's own. */
static const char *invalid_reason(const struct replay *r)
{
        size_t most = 0;

        if (r->result.refused == 0)
                return "invalid_answers";
        for (size_t i = 1; i < REFUSAL_COUNT; i++)
                if (r->refusals[i] > r->refusals[most])
                        most = i;
        return refusal_reasons[most];
}

static const char *first_reason(const struct replay *r)
{
        for (size_t i = 0; i < r->result.count; i++)
                if (r->reasons[i])
                        return r->reasons[i];
        return NULL;
}

static void finish(struct replay *r)
{
        size_t valid = answers_valid(&r->result);
        const char *said = first_reason(r);

        r->result.complete = true;
        if ((double)valid >= REPLAY_VALID_SHARE * (double)r->total) {
                end(r);
                return;
        }
        (void)error_set(&r->result.error, -EBADMSG,
                "only %zu of %zu queries got a valid answer%s%s", valid, r->total, said ? "; " : "",
                said ? said : "");
        fail(r, invalid_reason(r), "the answer is not valid");
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
        replay_drop_answers(&r->result);
        refusals_clear(r);
        return true;
}

/* An answer that cannot be used because of `code`. */
static void refuse(struct replay *r, const struct http_response *response, int code)
{
        if (code != -ENOENT || !resolve_again(r))
                fail(r, exchange_reason(response, code), "the request failed");
}

/* Chroma's own words about a query are an index error when it can do all else, or says so. */
static enum refusal classify(
        const struct replay *r, const struct http_response *response, int code, const char *words)
{
        if (code == RULING_QUOTA)
                return REFUSAL_QUOTA;
        if (code == -EMSGSIZE)
                return REFUSAL_SIZE;
        if (response->status < 500)
                return REFUSAL_REQUEST;
        return r->result.epoch.records >= 0 || strcasestr(words, "hnsw") ? REFUSAL_INDEX
                                                                         : REFUSAL_SERVER;
}

static void append_filter(struct text *t, const char *name, const char *filter)
{
        _cleanup_free_ char *excerpt =
                filter ? http_body_excerpt(filter, strlen(filter), FILTER_EXCERPT_MAX) : NULL;

        if (filter)
                text_appendf(t, " with %s %s", name, excerpt ? excerpt : "?");
}

/* NULL without memory. */
static char *refusal_text(const struct query *q, enum refusal refusal, const char *words)
{
        _cleanup_text_ struct text t = {0};

        text_appendf(&t, "query \"%s\"", q->id);
        append_filter(&t, "where", q->where);
        append_filter(&t, "where_document", q->where_document);
        text_appendf(&t, "%s: %s", refusal == REFUSAL_SIZE ? "" : " was refused", words);
        if (refusal == REFUSAL_SIZE)
                text_append(
                        &t, "; fewer `results` make smaller answers, and so does smaller metadata");
        return text_take(&t, NULL);
}

/* The members of the last request stay unmeasured, for this reason. */
static void note_refused(struct replay *r, enum refusal refusal, const char *words)
{
        for (size_t i = 0; i < r->asked; i++) {
                size_t query = r->order[r->next + i];

                free(r->reasons[query]);
                r->reasons[query] = refusal_text(query_at(r, r->next + i), refusal, words);
                r->result.answers[query].unmeasured =
                        r->reasons[query] ? r->reasons[query] : "the server refused it";
                r->result.answers[query].refused = true;
        }
        r->refusals[refusal] += r->asked;
        r->result.refused += r->asked;
        r->next += r->asked;
}

/* Whether what is wrong with a request would be so with any that shares its filters, or at all. */
static bool in_common(const struct replay *r, enum refusal refusal)
{
        const struct query *q = query_at(r, r->next);

        return refusal == REFUSAL_QUOTA ||
                (refusal == REFUSAL_REQUEST && (q->where || q->where_document));
}

static void divide(struct replay *r, enum refusal refusal)
{
        struct division *d = &r->division;

        if (r->next >= d->end)
                *d = (struct division){.end = r->next + r->asked};
        d->limit = (r->asked + 1) / 2;
        d->guilty |= refusal == REFUSAL_INDEX || refusal == REFUSAL_SERVER;
}

/* A refused request says nothing about the other queries: they are asked in smaller ones. */
static void on_refused(
        struct replay *r, const struct http_response *response, int code, const char *words)
{
        enum refusal refusal = classify(r, response, code, words);
        bool common = in_common(r, refusal), alone = r->asked == 1;

        if (!alone && !(common && r->in_a_row >= REFUSED_IN_A_ROW)) {
                divide(r, refusal);
                ask_next(r);
                return;
        }
        r->in_a_row = common ? r->in_a_row + r->asked : 0;
        note_refused(r, refusal, words);
        r->division.guilty = true;
        r->division.limit = r->target->batch;
        ask_next(r);
}

/* A batch of which every part was answered was too large. */
static void note_answered(struct replay *r)
{
        struct division *d = &r->division;

        r->in_a_row = 0;
        if (r->next >= d->end)
                return;
        d->largest = MAX(d->largest, r->asked);
        if (r->next + r->asked >= d->end && !d->guilty)
                r->result.batch = r->batch = d->largest;
}

static void on_answers(const struct http_response *response, void *userdata)
{
        static const char what[] = "asking the queries";
        struct replay *r = userdata;
        _cleanup_free_ struct results_row *answers = calloc(r->asked, sizeof(*answers));
        _cleanup_error_ struct error error = {0};
        int code = exchange_accept(&r->exchange, response, what, &error);

        if (ruling_divisible(code)) {
                on_refused(r, response, code, error.message + strlen(what) + strlen(": "));
                return;
        }
        if (code < 0) {
                (void)error_set(&r->result.error, code, "%s", error.message);
                refuse(r, response, code);
                return;
        }
        code = !answers ? -ENOMEM : results_read(response, answers, &r->result.error);
        if (code < 0) {
                (void)error_set(
                        &r->result.error, code, "the answers cannot be read: %s", strerror(-code));
                fail(r, "bad_response", "the answer could not be read");
                return;
        }
        for (size_t i = 0; i < r->asked; i++)
                r->result.answers[r->order[r->next + i]] = answers[i];
        note_answered(r);
        r->next += r->asked;
        ask_next(r);
}

static size_t batch_size(const struct replay *r)
{
        const struct division *d = &r->division;
        size_t n = 1, most = MIN(r->total - r->next, r->batch);

        if (r->next < d->end)
                most = MIN(most, MIN(d->end - r->next, d->limit));
        while (n < most && same_filters(query_at(r, r->next), query_at(r, r->next + n)))
                n++;
        return n;
}

static int build_batch(struct replay *r)
{
        const struct replay_target *t = r->target;
        const struct query *first = query_at(r, r->next);
        _cleanup_free_ const float **vectors = NULL;
        _cleanup_text_ struct text kept = {0};
        unsigned include = CHROMA_DISTANCES;
        int code;

        /* What the queries before were refused for, they had in common with each other. */
        if (r->next > 0 && !same_filters(query_at(r, r->next - 1), first))
                r->in_a_row = 0;
        r->asked = batch_size(r);
        vectors = calloc(r->asked, sizeof(*vectors));
        if (!vectors)
                return -ENOMEM;
        for (size_t i = 0; i < r->asked; i++) {
                vectors[i] = vector_of(r, r->order[r->next + i]);
                if (query_at(r, r->next + i)->expect.metadata)
                        include |= CHROMA_METADATAS;
        }
        if (bodies_find(&r->target->bodies, r->next, r->asked, &kept))
                return chroma_build_query_again(t->where.tenant, t->where.database,
                        r->result.epoch.id, r->asked, t->results, include, &kept,
                        &r->exchange.request);
        code = chroma_build_query(t->where.tenant, t->where.database, r->result.epoch.id, vectors,
                r->asked, t->vectors->dimension, t->results, first->where, first->where_document,
                include, &r->exchange.request);
        if (code >= 0)
                bodies_keep(&r->target->bodies, r->next, r->asked, &r->exchange.request);
        return code;
}

/* The answers are what they are, whatever the count. */
static void note_uncounted(struct replay *r, const char *why)
{
        if (asprintf(&r->result.note,
                    "whether records were written during the replay is unknown: %s", why) < 0)
                r->result.note = NULL;
}

static void on_count(const struct http_response *response, void *userdata)
{
        static const char what[] = "counting the records again";
        struct replay *r = userdata;
        _cleanup_error_ struct error error = {0};
        uint64_t count = UINT64_MAX;
        int code = exchange_accept(&r->exchange, response, what, &error);

        if (code >= 0) {
                code = chroma_parse_count(response->body, response->body_size, &count, &error);
                error_prefix(&error, what);
        }
        /* Gone by now, but every query got its answer before. */
        if (code == -ENOENT)
                r->result.ingesting = true;
        else if (code < 0)
                note_uncounted(r, error_text(&error, code));
        else {
                r->result.records_after = (int64_t)count;
                r->result.ingesting |= r->result.epoch.records >= 0 &&
                        r->result.records_after != r->result.epoch.records;
        }
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
        refusals_clear(r);
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

        /* Until its turn had come it had not begun. */
        if (!r->begun)
                r->started += response->waited_usec;
        r->begun = true;
        r->exchange.noted(response, r->exchange.userdata);
}

static int survey(struct replay *r)
{
        return survey_start(
                r->exchange.client, &r->where, on_surveyed, on_exchanged, r, &r->survey);
}

int replay_start(struct http_client *client, struct replay_target *target, replay_done_t done,
        replay_exchange_t exchange, void *userdata, struct replay **ret)
{
        _cleanup_(replay_freep) struct replay *r = calloc(1, sizeof(*r));
        int code;

        if (!r)
                return -ENOMEM;
        r->target = target;
        bodies_use(&target->bodies, target->vectors);
        r->exchange = (struct exchange){.client = client,
                .peer = target->where.peer,
                .noted = exchange,
                .userdata = userdata,
                .turn = http_client_turn(client)};
        r->where = target->where;
        r->where.turn = r->exchange.turn;
        r->done = done;
        r->userdata = userdata;
        r->started = clock_usec(CLOCK_MONOTONIC);
        epoch_init(&r->result.epoch);
        r->result.answers = calloc(target->queries->count + 1, sizeof(*r->result.answers));
        r->reasons = calloc(target->queries->count + 1, sizeof(*r->reasons));
        if (!r->result.answers || !r->reasons)
                return -ENOMEM;
        r->batch = target->batch;
        r->result.records_after = -1;
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
        replay_drop_answers(&r->result);
        free(r->result.answers);
        refusals_clear(r);
        free(r->reasons);
        free(r->result.note);
        epoch_done(&r->result.epoch);
        error_done(&r->result.error);
        free(r->order);
        free(r);
        return NULL;
}

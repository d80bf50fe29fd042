/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/embed.h"

#include <errno.h>
#include <stdio.h>

#include "ask/pooled.h"

/* Before the second try, unless the embedder says; doubled before each further one. */
#define FIRST_WAIT USEC_PER_SEC
#define WAIT_ACCURACY (10 * USEC_PER_MSEC)

struct embed {
        sd_event *event;
        struct http_client *client;
        const struct embed_target *target;
        embed_done_t done;
        embed_exchange_t exchange;
        void *userdata;

        struct http_request request;
        struct http_transfer *transfer;
        uint64_t turn; /* of all its requests */
        sd_event_source *timer; /* to the next try */
        size_t next, asked; /* texts done, and asked for now */
        size_t answered; /* texts that have a vector */
        size_t batch; /* the most that the embedder took, so far */
        size_t batch_before; /* it was halved, in search of what is refused; 0: not */
        bool too_many; /* it was the number of texts that was refused, as far as is known */
        const char *refused_reason; /* metric reason of the first refusal */
        unsigned tries; /* of this batch */
        struct embed_result result;
};

static void end(struct embed *e)
{
        e->done(&e->result, e->userdata);
}

static void fail(struct embed *e, const char *reason)
{
        _cleanup_free_ char *url = http_url_shown(e->target->peer->url);

        e->result.failure = reason;
        e->result.vectors = vector_set_unref(e->result.vectors);
        error_prefix(&e->result.error, "embedder %s at %s", e->target->name, url ? url : "?");
        end(e);
}

static void on_answer(const struct http_response *response, void *userdata);

static int submit(struct embed *e)
{
        e->tries++;
        e->request.turn = e->turn;
        return http_client_submit(
                e->client, e->target->peer, &e->request, on_answer, e, &e->transfer);
}

static int ask_batch(struct embed *e)
{
        const struct embed_target *t = e->target;
        struct embedding_options options = t->options;
        int r;

        http_request_done(&e->request);
        e->request = (struct http_request){0};
        e->tries = 0;
        e->asked = MIN(e->batch, t->count - e->next);
        options.plain = t->memory->plain;
        r = embedding_build(t->dialect, &options, t->texts + e->next, e->asked, &e->request);
        return r < 0 ? r : submit(e);
}

/* What was asked could not be sent, if `code` says so. */
static void go_on(struct embed *e, int code)
{
        if (code >= 0)
                return;
        (void)error_set(&e->result.error, code, "a request cannot be sent: %s", strerror(-code));
        fail(e, "other");
}

static int on_wait(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct embed *e = userdata;

        e->timer = sd_event_source_disable_unref(e->timer);
        go_on(e, submit(e));
        return 0;
}

/* Whether the batch is tried again after a wait; if not, the sentence says why. */
static bool wait_to_retry(struct embed *e, usec_t asked_to_wait)
{
        usec_t wait = asked_to_wait > 0 ? asked_to_wait : FIRST_WAIT << (e->tries - 1);
        int r;

        if (e->tries >= EMBED_TRIES) {
                error_prefix(&e->result.error, "gave up after %u tries", e->tries);
                return false;
        }
        if (wait > EMBED_WAIT_MAX) {
                error_prefix(&e->result.error, "it asks to wait %llu s, more than %llu s",
                        (unsigned long long)(wait / USEC_PER_SEC),
                        (unsigned long long)(EMBED_WAIT_MAX / USEC_PER_SEC));
                return false;
        }
        r = sd_event_add_time_relative(
                e->event, &e->timer, CLOCK_MONOTONIC, wait, WAIT_ACCURACY, on_wait, e);
        if (r < 0)
                return false;
        (void)sd_event_source_set_description(e->timer, "embed-retry");
        error_done(&e->result.error);
        return true;
}

static void ask_again(struct embed *e)
{
        error_done(&e->result.error);
        go_on(e, ask_batch(e));
}

/* Nobody got a vector, or so few did that it is not the texts' fault. */
static void fail_refused(struct embed *e)
{
        const struct embed_refusal *first = &e->result.refusals[0];

        (void)error_set(&e->result.error, -EREMOTEIO, "query \"%s\": %s",
                e->target->ids[first->text], first->reason);
        error_prefix(&e->result.error, "%zu of %zu texts got a vector", e->answered, e->next);
        fail(e, e->refused_reason);
}

/* The batch is over. */
static void next_batch(struct embed *e)
{
        struct vector_set *vectors = e->result.vectors;
        bool hopeless = e->result.refused >= EMBED_REFUSED_MAX && e->result.refused > e->answered;

        if (hopeless || (e->next == e->target->count && e->answered == 0)) {
                fail_refused(e);
                return;
        }
        if (e->next < e->target->count) {
                ask_again(e);
                return;
        }
        if (e->batch_before > 0 && e->too_many)
                e->target->memory->batch = e->batch;
        vectors->count = e->answered;
        if (vector_set_sort(vectors) < 0) {
                (void)error_set(&e->result.error, -ENOMEM, "out of memory");
                fail(e, "other");
                return;
        }
        end(e);
}

/* Takes `reason`; NULL: memory is short. */
static int add_refusal(struct embed *e, size_t text, char *reason)
{
        struct embed_refusal *refusals = reason
                ? reallocarray(e->result.refusals, e->result.refused + 1, sizeof(*refusals))
                : NULL;

        if (!refusals) {
                free(reason);
                return error_set(&e->result.error, -ENOMEM, "out of memory");
        }
        e->result.refusals = refusals;
        refusals[e->result.refused++] = (struct embed_refusal){text, reason};
        return 0;
}

/* The one text that was asked for has no vector, as the error says: what was halved for it is
 * whole again. */
static void pass_over(struct embed *e, const char *reason)
{
        if (add_refusal(e, e->next, take_ptr(e->result.error.message)) < 0) {
                fail(e, "other");
                return;
        }
        if (!e->refused_reason)
                e->refused_reason = reason;
        if (e->batch_before > 0)
                e->batch = e->batch_before;
        e->batch_before = 0;
        e->next++;
        next_batch(e);
}

/* These texts, or so many, are refused: fewer are asked for, down to the one. */
static void halve(struct embed *e)
{
        if (e->batch_before == 0)
                e->batch_before = e->batch;
        e->batch = e->asked / 2;
        ask_again(e);
}

static void on_refused(struct embed *e, const struct http_response *response, int code)
{
        struct embed_memory *memory = e->target->memory;

        if (code == -EAGAIN && wait_to_retry(e, response->retry_after_usec))
                return;
        if (code != -E2BIG) {
                fail(e, http_failure_reason(response));
        } else if (!memory->plain && embedding_refuses_option(e->target->dialect, response)) {
                memory->plain = true;
                ask_again(e);
        } else if (e->asked == 1) {
                pass_over(e, http_failure_reason(response));
        } else {
                /* A server that failed once is not asked for less ever after. */
                e->too_many = response->status != 500;
                halve(e);
        }
}

static int prepare(struct embed *e, unsigned dimension)
{
        const struct embed_target *t = e->target;
        _cleanup_free_ char *path = NULL;

        if (e->result.vectors)
                return 0;
        if (asprintf(&path, "embedder %s", t->name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        e->result.vectors = vector_set_new(path, t->options.model, dimension, t->count);
        return e->result.vectors ? 0 : -ENOMEM;
}

static int add_row(struct embed *e, const struct pooled *rows, size_t i)
{
        struct vector_set *vectors = e->result.vectors;
        size_t text = e->next + i;
        int r;

        if (rows->wrong[i]) {
                if (!e->refused_reason)
                        e->refused_reason = "bad_response";
                return add_refusal(e, text, take_ptr(rows->wrong[i]));
        }
        memcpy(vectors->rows[e->answered], rows->values + i * rows->dimension,
                rows->dimension * sizeof(float));
        r = strdup_to(&vectors->ids[e->answered], e->target->ids[text]);
        e->answered += r >= 0;
        return r;
}

static int add_rows(struct embed *e, const struct pooled *rows)
{
        int r = prepare(e, rows->dimension);

        if (r >= 0 && e->result.vectors->dimension != rows->dimension)
                return error_set(&e->result.error, -EBADMSG,
                        "vectors of dimension %u, those of the texts before have %u",
                        rows->dimension, e->result.vectors->dimension);
        for (size_t i = 0; i < rows->count && r >= 0; i++)
                r = add_row(e, rows, i);
        if (r >= 0)
                e->next += rows->count;
        return r;
}

static void take_answer(struct embed *e, const struct http_response *response, const char *what)
{
        _cleanup_(pooled_done) struct pooled rows = {0};
        int r = pooled_read(response, &rows, &e->result.error);

        if (r >= 0)
                r = add_rows(e, &rows);
        if (r >= 0) {
                next_batch(e);
        } else if (r == -EBADMSG && e->asked == 1) {
                pass_over(e, "bad_response");
        } else {
                error_prefix(&e->result.error, "%s", what);
                (void)error_set(&e->result.error, r, "%s: %s", what, strerror(-r));
                fail(e, "bad_response");
        }
}

static void on_answer(const struct http_response *response, void *userdata)
{
        struct embed *e = userdata;
        char what[128];
        int code;

        e->transfer = NULL;
        e->exchange(response, e->userdata);
        (void)snprintf(what, sizeof(what), "embedding texts %zu to %zu of %zu", e->next,
                e->next + e->asked - 1, e->target->count);
        code = embedding_check(response, e->asked == 1 ? NULL : what, &e->result.error);
        if (code < 0)
                on_refused(e, response, code);
        else
                take_answer(e, response, what);
}

int embed_start(sd_event *event, struct http_client *client, const struct embed_target *target,
        embed_done_t done, embed_exchange_t exchange, void *userdata, struct embed **ret)
{
        _cleanup_(embed_freep) struct embed *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        if (target->count == 0 || target->batch == 0)
                return -EINVAL;
        e->event = sd_event_ref(event);
        e->client = client;
        e->turn = http_client_turn(client);
        e->target = target;
        e->done = done;
        e->exchange = exchange;
        e->userdata = userdata;
        e->batch = target->memory->batch > 0 ? MIN(target->memory->batch, target->batch)
                                             : target->batch;
        r = ask_batch(e);
        if (r < 0)
                return r;
        *ret = take_ptr(e);
        return 0;
}

struct embed *embed_free(struct embed *e)
{
        if (!e)
                return NULL;
        (void)sd_event_source_disable_unref(e->timer);
        http_transfer_cancel(e->transfer);
        http_request_done(&e->request);
        vector_set_unref(e->result.vectors);
        for (size_t i = 0; i < e->result.refused; i++)
                free(e->result.refusals[i].reason);
        free(e->result.refusals);
        error_done(&e->result.error);
        sd_event_unref(e->event);
        free(e);
        return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/embed.h"

#include <errno.h>
#include <stdio.h>

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
        sd_event_source *timer; /* to the next try */
        size_t next, asked; /* texts done, and asked for now */
        size_t batch; /* the most that the embedder took, so far */
        unsigned tries; /* of this batch */
        struct embed_result result;
};

static void end(struct embed *e)
{
        e->done(&e->result, e->userdata);
}

static void fail(struct embed *e, const char *reason)
{
        e->result.failure = reason;
        e->result.vectors = vector_set_unref(e->result.vectors);
        error_prefix(&e->result.error, "embedder %s at %s", e->target->name, e->target->peer->url);
        end(e);
}

static void on_answer(const struct http_response *response, void *userdata);

static int submit(struct embed *e)
{
        e->tries++;
        return http_client_submit(
                e->client, e->target->peer, &e->request, on_answer, e, &e->transfer);
}

static int ask_batch(struct embed *e)
{
        const struct embed_target *t = e->target;
        int r;

        http_request_done(&e->request);
        e->request = (struct http_request){0};
        e->tries = 0;
        e->asked = MIN(e->batch, t->count - e->next);
        r = t->dialect->build(t->model, t->texts + e->next, e->asked, &e->request);
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

/* A request that is too large is made of fewer texts; so are those that follow. */
static bool halve(struct embed *e)
{
        if (e->asked <= 1)
                return false;
        e->batch = e->asked / 2;
        error_done(&e->result.error);
        go_on(e, ask_batch(e));
        return true;
}

static void on_refused(struct embed *e, const struct http_response *response, int code)
{
        if (code == -EAGAIN && wait_to_retry(e, response->retry_after_usec))
                return;
        if (code == -E2BIG && halve(e))
                return;
        fail(e, http_failure_reason(response));
}

static int prepare(struct embed *e, unsigned dimension)
{
        const struct embed_target *t = e->target;
        const struct vector_set *vectors = e->result.vectors;
        _cleanup_free_ char *path = NULL;

        if (vectors && vectors->dimension != dimension)
                return error_set(&e->result.error, -EBADMSG,
                        "vectors of dimension %u, those of the texts before have %u", dimension,
                        vectors->dimension);
        if (vectors)
                return 0;
        if (asprintf(&path, "embedder %s", t->name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        e->result.vectors = vector_set_new(path, t->model, dimension, t->count);
        return e->result.vectors ? 0 : -ENOMEM;
}

static int add_rows(struct embed *e, const float *values, unsigned dimension)
{
        int r = prepare(e, dimension);

        if (r < 0)
                return r;
        memcpy(e->result.vectors->values + e->next * dimension, values,
                e->asked * dimension * sizeof(float));
        for (; r >= 0 && e->asked > 0; e->asked--, e->next++)
                r = strdup_to(&e->result.vectors->ids[e->next], e->target->ids[e->next]);
        if (r >= 0 && e->next == e->target->count)
                r = vector_set_sort(e->result.vectors);
        return r;
}

static int take_answer(struct embed *e, const struct http_response *response)
{
        _cleanup_free_ float *values = NULL;
        unsigned dimension;
        int r = e->target->dialect->parse(response->body, response->body_size, e->asked, &values,
                &dimension, &e->result.error);

        return r < 0 ? r : add_rows(e, values, dimension);
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
        code = embedding_check(response, what, &e->result.error);
        if (code < 0) {
                on_refused(e, response, code);
                return;
        }
        code = take_answer(e, response);
        if (code < 0) {
                error_prefix(&e->result.error, "%s", what);
                (void)error_set(&e->result.error, code, "%s: %s", what, strerror(-code));
                fail(e, "bad_response");
                return;
        }
        if (e->next == e->target->count)
                end(e);
        else
                go_on(e, ask_batch(e));
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
        e->target = target;
        e->done = done;
        e->exchange = exchange;
        e->userdata = userdata;
        e->batch = target->batch;
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
        error_done(&e->result.error);
        sd_event_unref(e->event);
        free(e);
        return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/answers.h"

#include <errno.h>

#include "ask/exchange.h"
#include "ask/records.h"
#include "show/api/answers.h"
#include "show/envelope.h"
#include "watch/reply.h"

struct answers_asked {
        struct answers *all;
        struct exchange exchange;
        struct command *command;
        struct collection_config *config; /* a reference, as the view */
        struct collection_view *view;
        size_t query;
        struct answers_records records;
};

static void forget(struct answers_asked *q)
{
        for (size_t i = 0; i < ANSWERS_AT_ONCE; i++)
                if (q->all->asked[i] == q)
                        q->all->asked[i] = NULL;
        exchange_done(&q->exchange);
        answers_records_done(&q->records);
        collection_view_unref(q->view);
        collection_config_unref(q->config);
        if (q->command)
                command_complete(q->command, 503, NULL, 0);
        free(q);
}

/* `error` NULL: all were read. */
static void end(struct answers_asked *q, const char *error)
{
        struct command *c = take_ptr(q->command);
        _cleanup_text_ struct text body = {0};
        unsigned status;

        if (error) {
                reply_error(c, 502, error);
        } else {
                status = envelope_success(&body, answers_json(q->view, q->query, &q->records));
                reply(c, status, &body);
        }
        forget(q);
}

static int take_records(struct answers_asked *q, const struct records *got)
{
        for (size_t i = 0; i < q->records.count; i++) {
                struct answers_record *r = &q->records.records[i];
                size_t at = records_find(got, r->id);
                const char *text = at < got->count ? got->texts[at] : NULL;

                r->there = at < got->count;
                if (text && !(r->words = excerpt_line(text, strlen(text), ANSWERS_WORDS_MAX)))
                        return -ENOMEM;
        }
        return 0;
}

static void ignore(const struct http_response *response, void *userdata)
{
}

static void on_records(const struct http_response *response, void *userdata)
{
        static const char what[] = "reading the documents of the answers";
        struct answers_asked *q = userdata;
        struct records got = {0};
        _cleanup_error_ struct error error = {0};
        int r = exchange_accept(&q->exchange, response, what, &error);

        if (r >= 0)
                r = records_read(response, &got, &error);
        if (r >= 0)
                r = take_records(q, &got);
        records_done(&got);
        if (r < 0) {
                (void)error_set(&error, r, "%s: %s", what, strerror(-r));
                error_prefix(&error, "%s at %s", q->config->label, q->config->peer.url);
        }
        end(q, r < 0 ? error_text(&error, r) : NULL);
}

static int ask(struct answers_asked *q)
{
        const struct collection_config *c = q->config;
        const char *ids[ARRAY_SIZE(q->records.records)];
        int r;

        for (size_t i = 0; i < q->records.count; i++)
                ids[i] = q->records.records[i].id;
        r = records_build(c->server->tenant, c->server->database, q->view->epoch.id,
                &(struct records_request){
                        .ids = ids, .id_count = q->records.count, .include = RECORDS_DOCUMENTS},
                &q->exchange.request);
        if (r < 0)
                return r;
        q->exchange.request.response_limit = ANSWERS_RESPONSE_MAX;
        return exchange_submit(&q->exchange, on_records, q);
}

/* Takes the command on success. */
static int begin(struct answers *a, size_t slot, struct http_client *client, struct watch *w,
        size_t query, struct command *command)
{
        struct answers_asked *q = calloc(1, sizeof(*q));
        int r;

        if (!q)
                return -ENOMEM;
        q->all = a;
        q->config = collection_config_ref((struct collection_config *)watch_config(w));
        q->view = collection_view_ref(watch_view(w));
        q->query = query;
        q->exchange =
                (struct exchange){.client = client, .peer = &q->config->peer, .noted = ignore};
        answers_collect(q->view, query, &q->records);
        if (q->records.count == 0) {
                q->command = command;
                end(q, NULL);
                return 0;
        }
        r = ask(q);
        if (r < 0) {
                forget(q);
                return r;
        }
        q->command = command;
        a->asked[slot] = q;
        return 0;
}

static size_t query_of(struct watch *w, const char *id)
{
        const struct query_set *set = w ? watch_view(w)->query_set : NULL;
        const struct query *q = set ? query_set_find(set, id) : NULL;

        return q ? (size_t)(q - set->queries) : SIZE_MAX;
}

void answers_ask(struct answers *a, struct http_client *client, const struct watches *watches,
        struct command *command)
{
        struct watch *w = watches_find(watches->watches, watches->count, command->collection);
        size_t query = query_of(w, command->query), slot = 0;

        while (slot < ANSWERS_AT_ONCE && a->asked[slot])
                slot++;
        if (query == SIZE_MAX)
                reply_error(command, 404,
                        w ? "the collection has no such query" : "no such collection is watched");
        else if (slot == ANSWERS_AT_ONCE)
                reply_error(command, 503, "too many read documents at the moment; try again later");
        else if (begin(a, slot, client, w, query, command) < 0)
                reply_error(command, 500, "the documents cannot be asked for: memory is short");
}

void answers_done(struct answers *a)
{
        for (size_t i = 0; i < ANSWERS_AT_ONCE; i++)
                if (a->asked[i])
                        forget(a->asked[i]);
}

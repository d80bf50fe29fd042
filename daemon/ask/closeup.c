/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/closeup.h"

#include <errno.h>

#include "ask/records.h"
#include "ask/results.h"
#include "ask/wire.h"
#include "json.h"

struct closeup {
        struct exchange exchange;
        const struct closeup_target *target;
        struct closeup_handler handler;
        size_t asked; /* ids */
        size_t question, together; /* the first that is asked, and how many */
        struct error error;
};

static void next(struct closeup *c, int code);

static void ignore(const struct http_response *response, void *userdata)
{
}

static int build_page(struct closeup *c, size_t count)
{
        const struct closeup_target *t = c->target;
        _cleanup_json_ json_t *ids = json_array(), *body = NULL;
        _cleanup_free_ char *json = NULL;
        _cleanup_text_ struct text text = {0};

        for (size_t i = 0; i < count; i++)
                if (json_array_append_new(ids, json_string(t->ids[c->asked + i])) < 0)
                        return -ENOMEM;
        body = json_pack("{s:[s,s], s:O}", "include", "documents", "metadatas", "ids", ids);
        json = body ? json_text(body, JSON_COMPACT, NULL) : NULL;
        if (!json)
                return -ENOMEM;
        text_append(&text, json);
        return wire_build("POST", t->tenant, t->database, t->collection_id, "/get", &text,
                RECORDS_RESPONSE_MAX, &c->exchange.request);
}

static int take_page(struct closeup *c, const char *body, size_t size)
{
        _cleanup_json_ json_t *root = NULL;
        const json_t *ids, *documents, *metadatas;
        int r = wire_parse(body, size, &root, &c->error);

        if (r < 0)
                return r;
        ids = json_object_get(root, "ids");
        documents = json_object_get(root, "documents");
        metadatas = json_object_get(root, "metadatas");
        if (!json_is_array(ids) || json_array_size(documents) != json_array_size(ids) ||
                json_array_size(metadatas) != json_array_size(ids))
                return error_set(&c->error, -EBADMSG,
                        "the answer has not one document and one metadata for each record");
        for (size_t i = 0; i < json_array_size(ids) && r >= 0; i++) {
                const json_t *document = json_array_get(documents, i);
                const char *id = wire_string(json_array_get(ids, i));

                if (id)
                        r = c->handler.record(id, json_array_get(metadatas, i),
                                json_string_value(document), json_string_length(document),
                                c->handler.userdata);
        }
        return r;
}

static void on_page(const struct http_response *response, void *userdata)
{
        struct closeup *c = userdata;
        int r = exchange_accept(&c->exchange, response, "reading the documents", &c->error);

        if (r >= 0)
                r = take_page(c, response->body, response->body_size);
        next(c, r);
}

static int take_answer(struct closeup *c, const struct http_response *response)
{
        struct results_row got[CLOSEUP_BATCH] = {0};
        int r = results_read(response, got, &c->error);

        for (size_t i = 0; i < c->together; i++) {
                if (r >= 0 && got[i].answer)
                        r = c->handler.answer(c->question + i, got[i].answer, c->handler.userdata);
                answer_unref(got[i].answer);
        }
        return r;
}

static void on_answer(const struct http_response *response, void *userdata)
{
        struct closeup *c = userdata;
        int r = exchange_accept(&c->exchange, response, "looking deeper", &c->error);

        if (r >= 0)
                r = take_answer(c, response);
        c->question += c->together;
        next(c, r);
}

static int ask_page(struct closeup *c)
{
        size_t count = MIN(c->target->id_count - c->asked, (size_t)CLOSEUP_PAGE);
        int r = build_page(c, count);

        c->asked += count;
        return r < 0 ? r : exchange_submit(&c->exchange, on_page, c);
}

static bool alike(const struct closeup_question *a, const struct closeup_question *b)
{
        return a->results == b->results && streq(a->where, b->where) &&
                streq(a->where_document, b->where_document);
}

static int ask_questions(struct closeup *c)
{
        const struct closeup_target *t = c->target;
        const struct closeup_question *q = &t->questions[c->question];
        size_t most = MIN(t->question_count - c->question, (size_t)CLOSEUP_BATCH);
        const float *vectors[CLOSEUP_BATCH];
        int r;

        for (c->together = 0; c->together < most && alike(q, q + c->together); c->together++)
                vectors[c->together] = q[c->together].vector;
        r = chroma_build_query(t->tenant, t->database, t->collection_id, vectors, c->together,
                t->dimension, q->results, q->where, q->where_document,
                CHROMA_DISTANCES | (t->metadata ? CHROMA_METADATAS : 0U), &c->exchange.request);
        return r < 0 ? r : exchange_submit(&c->exchange, on_answer, c);
}

/* Asks for the next thing, unless that was the end. */
static void next(struct closeup *c, int code)
{
        bool ended = code < 0 ||
                (c->asked == c->target->id_count && c->question == c->target->question_count);

        if (!ended)
                code = c->asked < c->target->id_count ? ask_page(c) : ask_questions(c);
        if (code < 0) {
                (void)error_set(&c->error, code, "%s", strerror(-code));
                error_prefix(&c->error, "%s at %s", c->target->label, c->target->peer->url);
        }
        if (ended || code < 0)
                c->handler.done(c->error.message, c->handler.userdata);
}

int closeup_start(struct http_client *client, const struct closeup_target *target,
        const struct closeup_handler *handler, struct closeup **ret)
{
        _cleanup_(closeup_freep) struct closeup *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->exchange = (struct exchange){.client = client, .peer = target->peer, .noted = ignore};
        c->target = target;
        c->handler = *handler;
        if (target->id_count + target->question_count == 0)
                return -ENODATA;
        r = target->id_count > 0 ? ask_page(c) : ask_questions(c);
        if (r >= 0)
                *ret = take_ptr(c);
        return r;
}

struct closeup *closeup_free(struct closeup *c)
{
        if (!c)
                return NULL;
        exchange_done(&c->exchange);
        error_done(&c->error);
        free(c);
        return NULL;
}

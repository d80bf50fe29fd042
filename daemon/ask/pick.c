/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/pick.h"

#include <errno.h>

#include "ask/exchange.h"
#include "ask/records.h"
#include "ask/results.h"
#include "ask/ruling.h"
#include "hash.h"
#include "model/excerpt.h"

struct pick {
        struct exchange exchange;
        const struct pick_target *target;
        pick_done_t done;
        void *userdata;
        uint64_t random; /* state of the generator */
        size_t sample, next; /* stretches of the collection, and the one that is read */
        size_t batch, answered; /* of the records */
        struct pick_result result;
};

static int ask_record(struct pick *p);
static int ask_answers(struct pick *p);

static void ignore(const struct http_response *response, void *userdata)
{
}

static void end(struct pick *p)
{
        struct pick_result result = p->result;

        p->result = (struct pick_result){0};
        p->done(&result, p->userdata);
}

static void fail(struct pick *p, int code)
{
        (void)error_set(&p->result.error, code, "%s", strerror(-code));
        error_prefix(&p->result.error, "%s at %s", p->target->label, p->target->peer->url);
        end(p);
}

/* The server's order is that of insertion, and what was added together is alike. */
static uint64_t next_offset(struct pick *p)
{
        const uint64_t records = (uint64_t)p->target->epoch->records;
        const uint64_t begin = records * p->next / p->sample;
        const uint64_t stop = records * (p->next + 1) / p->sample;

        return begin + splitmix64_next(&p->random) % (stop - begin);
}

/* While records are deleted, the same one may come by twice. */
static bool is_there(const struct pick *p, const char *id)
{
        for (size_t i = 0; i < p->result.count; i++)
                if (streq(p->result.records[i].id, id))
                        return true;
        return false;
}

static int take_record(struct pick *p, struct records *page)
{
        struct picked *to = &p->result.records[p->result.count];
        const char *document = page->count > 0 ? page->texts[0] : NULL;

        if (page->count == 0 || is_there(p, page->ids[0]))
                return 0;
        if (page->dimension != p->target->epoch->dimension)
                return error_set(&p->result.error, -EBADMSG,
                        "record %s has a vector of %u numbers, the collection's have %u",
                        page->ids[0], page->dimension, p->target->epoch->dimension);
        if (document && *document) {
                to->words = excerpt_line(document, strlen(document), EXCERPT_WORDS_MAX);
                if (!to->words)
                        return -ENOMEM;
        }
        to->id = take_ptr(page->ids[0]);
        to->vector = take_ptr(page->embeddings);
        p->result.count++;
        return 0;
}

static void go_on(struct pick *p)
{
        int code;

        p->next++;
        if (p->target->progress)
                p->target->progress(p->next, p->sample, p->userdata);
        if (p->next == p->sample && p->result.count == 0) {
                end(p);
                return;
        }
        code = p->next < p->sample ? ask_record(p) : ask_answers(p);
        if (code < 0)
                fail(p, code);
}

static void on_record(const struct http_response *response, void *userdata)
{
        static const char what[] = "reading a record";
        struct pick *p = userdata;
        _cleanup_(records_done) struct records page = {0};
        int code;

        if (exchange_unreadable(&p->exchange, response)) {
                p->result.lost++;
                go_on(p);
                return;
        }
        code = exchange_accept(&p->exchange, response, what, &p->result.error);
        if (code >= 0)
                code = records_read(response, &page, &p->result.error);
        if (code >= 0)
                code = take_record(p, &page);
        if (code < 0)
                fail(p, code);
        else
                go_on(p);
}

static int ask_record(struct pick *p)
{
        const struct pick_target *t = p->target;
        const struct records_request what = {.offset = next_offset(p),
                .limit = 1,
                .include = RECORDS_EMBEDDINGS | RECORDS_DOCUMENTS};
        int code = records_build(t->tenant, t->database, t->epoch->id, &what, &p->exchange.request);

        return code < 0 ? code : exchange_submit(&p->exchange, on_record, p);
}

static size_t asked(const struct pick *p)
{
        return MIN(p->batch, p->result.count - p->answered);
}

static int take_answers(struct pick *p, const struct http_response *response)
{
        struct results_row rows[PICK_BATCH] = {0};
        const size_t count = asked(p);
        int code = results_read(response, rows, &p->result.error);

        for (size_t i = 0; i < count && code >= 0; i++) {
                struct picked *to = &p->result.records[p->answered++];

                to->answer = answer_ref(rows[i].answer);
                if (!to->answer)
                        code = error_set(&p->result.error, -EBADMSG, "asking for record %s: %s",
                                to->id, rows[i].unmeasured);
        }
        results_forget(rows, count);
        return code;
}

static void on_answers(const struct http_response *response, void *userdata)
{
        static const char what[] = "asking for the records";
        struct pick *p = userdata;
        int code = exchange_accept(&p->exchange, response, what, &p->result.error);

        if (ruling_divisible(code) && asked(p) > 1) {
                error_done(&p->result.error);
                p->batch = (asked(p) + 1) / 2;
                code = 0;
        } else if (code >= 0)
                code = take_answers(p, response);
        if (code >= 0 && p->answered < p->result.count)
                code = ask_answers(p);
        else if (code >= 0)
                end(p);
        if (code < 0)
                fail(p, code);
}

static int ask_answers(struct pick *p)
{
        const struct pick_target *t = p->target;
        const float *vectors[PICK_BATCH];
        int code;

        for (size_t i = 0; i < asked(p); i++)
                vectors[i] = p->result.records[p->answered + i].vector;
        code = chroma_build_query(t->tenant, t->database, t->epoch->id, vectors, asked(p),
                t->epoch->dimension, t->results, NULL, NULL, CHROMA_DISTANCES,
                &p->exchange.request);
        return code < 0 ? code : exchange_submit(&p->exchange, on_answers, p);
}

int pick_start(struct http_client *client, const struct pick_target *target, pick_done_t done,
        void *userdata, struct pick **ret)
{
        _cleanup_(pick_freep) struct pick *p = calloc(1, sizeof(*p));
        int code;

        if (!p)
                return -ENOMEM;
        p->exchange = (struct exchange){.client = client, .peer = target->peer, .noted = ignore};
        p->target = target;
        p->done = done;
        p->userdata = userdata;
        p->random = target->seed;
        p->batch = PICK_BATCH;
        p->sample = (size_t)MIN((uint64_t)target->sample, (uint64_t)target->epoch->records);
        p->result.records = calloc(p->sample + 1, sizeof(*p->result.records));
        if (!p->result.records)
                return -ENOMEM;
        code = ask_record(p);
        if (code >= 0)
                *ret = take_ptr(p);
        return code;
}

void pick_result_done(struct pick_result *r)
{
        for (size_t i = 0; i < r->count; i++) {
                free(r->records[i].id);
                free(r->records[i].words);
                free(r->records[i].vector);
                answer_unref(r->records[i].answer);
        }
        free(r->records);
        error_done(&r->error);
        *r = (struct pick_result){0};
}

struct pick *pick_free(struct pick *p)
{
        if (!p)
                return NULL;
        exchange_done(&p->exchange);
        pick_result_done(&p->result);
        free(p);
        return NULL;
}

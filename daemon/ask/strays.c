/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/strays.h"

#include <errno.h>
#include <math.h>

#include "ask/chroma.h"
#include "ask/exchange.h"
#include "ask/records.h"
#include "ask/results.h"
#include "ask/self.h"
#include "model/epoch.h"

/* Vectors in one query. */
#define BATCH 20

struct strays {
        struct exchange exchange;
        const struct strays_target *target;
        strays_done_t done;
        void *userdata;
        char **reached; /* ids that one query for everything yielded, ascending */
        size_t reached_count;
        uint64_t page, pages;
        uint64_t met; /* unreachable records in the pages so far */
        char *ids[STRAYS_MAX];
        size_t count;
        struct records records; /* of `ids`, with vectors */
        size_t next; /* of them, to be asked for */
        size_t looked, copies;
};

static void finish(struct strays *s)
{
        s->done(s->looked, s->copies, s->userdata);
}

/* Sends what was built with the result `code`; what cannot be sent is not looked at. */
static void ask(struct strays *s, int code, http_done_t done)
{
        if (code >= 0)
                code = exchange_submit(&s->exchange, done, s);
        if (code < 0)
                finish(s);
}

/* False when it is over. */
static bool accepted(struct strays *s, const struct http_response *response, const char *what)
{
        _cleanup_error_ struct error error = {0};

        if (exchange_accept(&s->exchange, response, what, &error) >= 0)
                return true;
        finish(s);
        return false;
}

static void ask_selves(struct strays *s);

static void on_selves(const struct http_response *response, void *userdata)
{
        struct strays *s = userdata;
        struct results_row answers[BATCH] = {0};
        size_t count = MIN(s->records.count - s->next, (size_t)BATCH);

        if (!accepted(s, response, "asking unreachable records with their own vectors"))
                return;
        if (results_read(response, answers, NULL) < 0) {
                finish(s);
                return;
        }
        for (size_t i = 0; i < count; i++) {
                s->looked += answers[i].answer != NULL;
                s->copies += answers[i].answer &&
                        self_stands_for(s->target->space,
                                s->records.embeddings + (s->next + i) * s->records.dimension,
                                s->records.dimension, answers[i].answer);
                answer_unref(answers[i].answer);
        }
        s->next += count;
        ask_selves(s);
}

static void ask_selves(struct strays *s)
{
        const struct strays_target *t = s->target;
        size_t count = MIN(s->records.count - s->next, (size_t)BATCH);
        const float *vectors[BATCH];

        if (count == 0) {
                finish(s);
                return;
        }
        for (size_t i = 0; i < count; i++)
                vectors[i] = s->records.embeddings + (s->next + i) * s->records.dimension;
        ask(s,
                chroma_build_query(t->tenant, t->database, t->collection_id, vectors, count,
                        s->records.dimension, 1, NULL, NULL, CHROMA_DISTANCES,
                        &s->exchange.request),
                on_selves);
}

static void on_vectors(const struct http_response *response, void *userdata)
{
        struct strays *s = userdata;

        if (!accepted(s, response, "reading the vectors of unreachable records"))
                return;
        if (records_read(response, &s->records, NULL) < 0)
                finish(s);
        else
                ask_selves(s);
}

static void ask_vectors(struct strays *s)
{
        const struct strays_target *t = s->target;
        const struct records_request request = {.ids = (const char *const *)s->ids,
                .id_count = s->count,
                .include = RECORDS_EMBEDDINGS};

        if (s->count == 0)
                finish(s);
        else
                ask(s,
                        records_build(t->tenant, t->database, t->collection_id, &request,
                                &s->exchange.request),
                        on_vectors);
}

static int compare_ids(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Evenly over all that are unreachable. */
static int keep(struct strays *s, const char *id)
{
        uint64_t take = MIN((uint64_t)STRAYS_MAX, s->target->unreachable), i = s->met++;

        if (s->count == STRAYS_MAX ||
                (i + 1) * take / s->target->unreachable == i * take / s->target->unreachable)
                return 0;
        s->ids[s->count] = strdup(id);
        return s->ids[s->count] ? (s->count++, 0) : -ENOMEM;
}

static void ask_page(struct strays *s);

static void on_page(const struct http_response *response, void *userdata)
{
        struct strays *s = userdata;
        _cleanup_(records_done) struct records page = {0};
        int r;

        if (!accepted(s, response, "reading the ids of records"))
                return;
        r = records_read(response, &page, NULL);
        for (size_t i = 0; i < page.count && r >= 0; i++)
                if (!bsearch(&page.ids[i], s->reached, s->reached_count, sizeof(char *),
                            compare_ids))
                        r = keep(s, page.ids[i]);
        if (r < 0) {
                finish(s);
                return;
        }
        s->page++;
        ask_page(s);
}

static void ask_page(struct strays *s)
{
        const struct strays_target *t = s->target;
        uint64_t all = (t->records + STRAYS_PAGE - 1) / STRAYS_PAGE;
        const struct records_request request = {
                .offset = s->page * all / s->pages * STRAYS_PAGE, .limit = STRAYS_PAGE};

        if (s->page == s->pages)
                ask_vectors(s);
        else
                ask(s,
                        records_build(t->tenant, t->database, t->collection_id, &request,
                                &s->exchange.request),
                        on_page);
}

static void on_everything(const struct http_response *response, void *userdata)
{
        struct strays *s = userdata;

        if (!accepted(s, response, "asking for all records"))
                return;
        if (results_read_ids(response, &s->reached, &s->reached_count, NULL) < 0) {
                finish(s);
                return;
        }
        qsort(s->reached, s->reached_count, sizeof(char *), compare_ids);
        ask_page(s);
}

int strays_start(struct http_client *client, const struct strays_target *target, strays_done_t done,
        strays_exchange_t exchange, void *userdata, struct strays **ret)
{
        _cleanup_(strays_freep) struct strays *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->target = target;
        s->done = done;
        s->userdata = userdata;
        s->pages =
                MIN((target->records + STRAYS_PAGE - 1) / STRAYS_PAGE, (uint64_t)STRAYS_PAGES_MAX);
        s->exchange = (struct exchange){
                .client = client, .peer = target->peer, .noted = exchange, .userdata = userdata};
        r = chroma_build_query(target->tenant, target->database, target->collection_id,
                (const float *const[]){target->vector}, 1, target->dimension,
                (unsigned)target->records, NULL, NULL, 0, &s->exchange.request);
        if (r >= 0)
                r = exchange_submit(&s->exchange, on_everything, s);
        if (r >= 0)
                *ret = take_ptr(s);
        return r;
}

struct strays *strays_free(struct strays *s)
{
        if (!s)
                return NULL;
        exchange_done(&s->exchange);
        for (size_t i = 0; i < s->reached_count; i++)
                free(s->reached[i]);
        free(s->reached);
        for (size_t i = 0; i < s->count; i++)
                free(s->ids[i]);
        records_done(&s->records);
        free(s);
        return NULL;
}

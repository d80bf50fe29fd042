/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/survey.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "ask/directory.h"
#include "ask/exchange.h"
#include "ask/records.h"
#include "ask/ruling.h"
#include "hash.h"
#include "judge/epoch.h"
#include "text.h"

struct survey {
        struct exchange exchange;
        const struct survey_target *target;
        survey_done_t done;
        void *userdata;
        struct survey_result result;
        struct directory_target directory_target;
        struct directory *directory; /* asked when the collection was not found */
};

static void finish(struct survey *s)
{
        error_prefix(&s->result.error, "%s at %s", s->target->label, s->target->peer->url);
        s->result.reached = s->exchange.reached;
        s->done(&s->result, s->userdata);
}

static void fail(struct survey *s, const char *reason)
{
        s->result.failure = reason;
        finish(s);
}

/* Sends what was built with the result `code`. */
static void ask(struct survey *s, int code, http_done_t done)
{
        if (code >= 0)
                code = exchange_submit(&s->exchange, done, s);
        if (code >= 0)
                return;
        (void)error_set(&s->result.error, code, "a request cannot be sent: %s", strerror(-code));
        fail(s, "other");
}

/* The same for what the survey can do without: `*ret_answered` is false when the server refused
 * this one request, which leaves its question open. */
static bool accept_optional(struct survey *s, const struct http_response *response,
        const char *what, bool *ret_answered)
{
        int code = exchange_accept(&s->exchange, response, what, &s->result.error);

        *ret_answered = code >= 0;
        if (ruling_refused(code))
                error_done(&s->result.error);
        else if (code < 0)
                fail(s, exchange_reason(response, code));
        return code >= 0 || ruling_refused(code);
}

/* False when the survey is over, because what was read had the result `code`. */
static bool accept_body(struct survey *s, int code, const char *what)
{
        if (code >= 0)
                return true;
        error_prefix(&s->result.error, "%s", what);
        (void)error_set(&s->result.error, code, "%s: %s", what, strerror(-code));
        fail(s, "bad_response");
        return false;
}

static size_t sentinel_count(const struct survey_target *t)
{
        return MIN(t->sentinel_count, (size_t)SURVEY_SENTINELS_MAX);
}

/* By its bits, because a float divided by SURVEY_ROUND may be beyond every integer type. */
static uint64_t hash_component(uint64_t hash, float component)
{
        /* + 0.0: a negative number that is rounded to 0 is the same 0. */
        const double rounded = round((double)component / SURVEY_ROUND) + 0.0;
        uint64_t bits;

        memcpy(&bits, &rounded, sizeof(bits));
        return hash_number(hash, bits);
}

/* In the target's order: the server's may change when records are added anew. */
static uint64_t hash_sentinels(const struct survey_target *t, const struct records *records)
{
        uint64_t hash = HASH_INIT;

        for (size_t i = 0; i < sentinel_count(t); i++) {
                size_t found = records_find(records, t->sentinels[i]);

                hash = hash_text(hash, t->sentinels[i]);
                hash = hash_text(hash, found == SIZE_MAX ? "absent" : "present");
                for (size_t k = 0; found != SIZE_MAX && k < records->dimension; k++)
                        hash = hash_component(
                                hash, records->embeddings[found * records->dimension + k]);
        }
        return MAX(hash, (uint64_t)1);
}

static void on_sentinels(const struct http_response *response, void *userdata)
{
        static const char what[] = "reading the vectors of known records";
        struct survey *s = userdata;
        _cleanup_(records_done) struct records records = {0};
        bool answered;

        /* A stored vector that cannot be read - NaN is sent as null, what the index lost is not
         * sent at all - is nothing to compare, and no reason to replay nothing. */
        if (exchange_unreadable(&s->exchange, response)) {
                finish(s);
                return;
        }
        if (!accept_optional(s, response, what, &answered))
                return;
        if (answered && records_read(response, &records, NULL) >= 0)
                s->result.epoch.sentinels = hash_sentinels(s->target, &records);
        finish(s);
}

static void ask_sentinels(struct survey *s)
{
        const struct survey_target *t = s->target;
        const struct records_request request = {
                .ids = t->sentinels,
                .id_count = sentinel_count(t),
                .include = RECORDS_EMBEDDINGS,
        };

        if (request.id_count == 0)
                finish(s);
        else
                ask(s,
                        records_build(t->tenant, t->database, s->result.epoch.id, &request,
                                &s->exchange.request),
                        on_sentinels);
}

static void on_newest(const struct http_response *response, void *userdata)
{
        static const char what[] = "looking up the newest record";
        struct survey *s = userdata;
        _cleanup_(records_done) struct records records = {0};
        bool answered;

        if (!accept_optional(s, response, what, &answered))
                return;
        if (answered && !accept_body(s, records_read(response, &records, &s->result.error), what))
                return;
        /* None: records were removed since they were counted. */
        if (records.count > 0)
                s->result.epoch.newest = take_ptr(records.ids[records.count - 1]);
        ask_sentinels(s);
}

/* The server steps over all records to the last one: of an unchanged collection that is spared. */
static bool takes_known_newest(struct survey *s)
{
        const struct epoch *known = s->target->known;

        return known && known->newest && s->result.epoch.records >= 0 &&
                epoch_compare(known, &s->result.epoch) == 0 &&
                strdup_to(&s->result.epoch.newest, known->newest) >= 0;
}

static void on_count(const struct http_response *response, void *userdata)
{
        static const char what[] = "counting the records";
        struct survey *s = userdata;
        const struct survey_target *t = s->target;
        uint64_t count = 0;
        bool answered;

        if (!accept_optional(s, response, what, &answered))
                return;
        if (answered &&
                !accept_body(s,
                        chroma_parse_count(
                                response->body, response->body_size, &count, &s->result.error),
                        what))
                return;
        if (answered)
                s->result.epoch.records = (int64_t)count;
        if (count == 0 || takes_known_newest(s))
                ask_sentinels(s);
        else
                ask(s,
                        records_build(t->tenant, t->database, s->result.epoch.id,
                                &(struct records_request){.offset = count - 1, .limit = 1},
                                &s->exchange.request),
                        on_newest);
}

static void on_exchanged(const struct http_response *response, void *userdata)
{
        struct survey *s = userdata;

        s->exchange.noted(response, s->exchange.userdata);
}

static void on_directory(const char *found, void *userdata)
{
        struct survey *s = userdata;
        _cleanup_error_ struct error error = s->result.error;

        s->result.error = (struct error){0};
        (void)error_set(&s->result.error, -ENOENT, "%s%s%s", error.message, found ? "; " : "",
                found ? found : "");
        fail(s, "not_found");
}

/* A typing mistake shows beside what exists. */
static void explain_absence(struct survey *s)
{
        const struct survey_target *t = s->target;

        s->directory_target = (struct directory_target){.tenant = t->tenant,
                .database = t->database,
                .collection = t->collection,
                .peer = t->peer};
        if (directory_start(s->exchange.client, &s->directory_target, on_directory, on_exchanged, s,
                    &s->directory) < 0)
                fail(s, "not_found");
}

static void on_collection(const struct http_response *response, void *userdata)
{
        static const char what[] = "looking up the collection";
        struct survey *s = userdata;
        const struct survey_target *t = s->target;
        struct epoch *epoch = &s->result.epoch;
        int code = exchange_accept(&s->exchange, response, what, &s->result.error);

        if (code == -ENOENT) {
                explain_absence(s);
                return;
        }
        if (code < 0) {
                fail(s, exchange_reason(response, code));
                return;
        }
        if (!accept_body(s,
                    chroma_parse_collection(
                            response->body, response->body_size, epoch, &s->result.error),
                    what))
                return;
        ask(s, chroma_build_count(t->tenant, t->database, epoch->id, &s->exchange.request),
                on_count);
}

int survey_start(struct http_client *client, const struct survey_target *target, survey_done_t done,
        survey_exchange_t exchange, void *userdata, struct survey **ret)
{
        _cleanup_(survey_freep) struct survey *s = calloc(1, sizeof(*s));
        int code;

        if (!s)
                return -ENOMEM;
        s->exchange = (struct exchange){.client = client,
                .peer = target->peer,
                .noted = exchange,
                .userdata = userdata,
                .turn = target->turn};
        s->target = target;
        s->done = done;
        s->userdata = userdata;
        epoch_init(&s->result.epoch);
        code = chroma_build_collection(
                target->tenant, target->database, target->collection, &s->exchange.request);
        if (code >= 0)
                code = exchange_submit(&s->exchange, on_collection, s);
        if (code < 0)
                return code;
        *ret = take_ptr(s);
        return 0;
}

struct survey *survey_free(struct survey *s)
{
        if (!s)
                return NULL;
        exchange_done(&s->exchange);
        directory_free(s->directory);
        epoch_done(&s->result.epoch);
        error_done(&s->result.error);
        free(s);
        return NULL;
}

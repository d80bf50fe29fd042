/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/spots.h"

#include <errno.h>
#include <stdio.h>

#include "ask/chroma.h"
#include "ask/exchange.h"
#include "ask/records.h"
#include "ask/results.h"
#include "ask/self.h"
#include "hash.h"

struct spots {
        struct exchange exchange;
        const struct spots_target *target;
        spots_done_t done;
        void *userdata;
        struct records ids; /* of the place that is looked at */
        struct records records; /* of them, those asked for, with vectors */
        size_t next, asked; /* of `ids`: the first one asked for, and how many */
        size_t batch; /* ids in one request for vectors */
        size_t missed[SPOTS_AT_ONE_PLACE]; /* of `records`: not found by the first query */
        bool copied[SPOTS_AT_ONE_PLACE]; /* … but a copy was */
        size_t missed_count;
        struct index_sample sample;
        size_t place, places; /* that is looked at, of how many */
};

static void finish(struct spots *s)
{
        s->sample.places = s->place;
        s->done(&s->sample, s->userdata);
}

/* Sends what was built with the result `code`. */
static void ask(struct spots *s, int code, http_done_t done)
{
        if (code >= 0)
                code = exchange_submit(&s->exchange, done, s);
        if (code < 0)
                finish(s);
}

/* False when it is over: what was looked at before is told. */
static bool accepted(struct spots *s, const struct http_response *response, const char *what)
{
        _cleanup_error_ struct error error = {0};

        if (exchange_accept(&s->exchange, response, what, &error) >= 0)
                return true;
        finish(s);
        return false;
}

static void ask_place(struct spots *s);
static void ask_vectors(struct spots *s);

static void note(struct spots *s, size_t looked, size_t missed, size_t copies)
{
        struct index_sample *all = &s->sample;

        all->looked += looked;
        all->missed += missed;
        all->copies += copies;
        all->looked_at[s->place] = (uint8_t)(all->looked_at[s->place] + looked);
        all->lost_at[s->place] = (uint8_t)(all->lost_at[s->place] + missed - copies);
}

/* Those asked for are done. */
static void advance(struct spots *s)
{
        s->next += s->asked;
        s->missed_count = 0;
        records_done(&s->records);
        if (s->next < s->ids.count) {
                ask_vectors(s);
                return;
        }
        records_done(&s->ids);
        s->place++;
        ask_place(s);
}

static const float *vector_of(const struct spots *s, size_t record)
{
        return s->records.embeddings + record * s->records.dimension;
}

static bool holds(const struct answer *answer, const char *id)
{
        for (size_t i = 0; i < answer->count; i++)
                if (streq(answer->ids[i], id))
                        return true;
        return false;
}

static void on_deeper(const struct http_response *response, void *userdata)
{
        struct spots *s = userdata;
        struct results_row answers[SPOTS_AT_ONE_PLACE] = {0};
        size_t missed = 0, copies = 0;

        if (!accepted(s, response, "asking records with their own vectors once more"))
                return;
        if (results_read(response, answers, NULL) < 0) {
                finish(s);
                return;
        }
        for (size_t i = 0; i < s->missed_count; i++) {
                const struct answer *answer = answers[i].answer;
                bool found = answer && holds(answer, s->records.ids[s->missed[i]]);

                missed += !found;
                copies += !found && s->copied[i];
                answer_unref(answers[i].answer);
        }
        note(s, s->records.count, missed, copies);
        advance(s);
}

static void ask_selves(
        struct spots *s, const size_t *which, size_t count, unsigned results, http_done_t done)
{
        const struct spots_target *t = s->target;
        const float *vectors[SPOTS_AT_ONE_PLACE];

        for (size_t i = 0; i < count; i++)
                vectors[i] = vector_of(s, which ? which[i] : i);
        ask(s,
                chroma_build_query(t->tenant, t->database, t->collection_id, vectors, count,
                        s->records.dimension, results, NULL, NULL, CHROMA_DISTANCES,
                        &s->exchange.request),
                done);
}

/* A search for one record looks less deep than one for many, and may pass one that it can reach. */
static void on_selves(const struct http_response *response, void *userdata)
{
        struct spots *s = userdata;
        struct results_row answers[SPOTS_AT_ONE_PLACE] = {0};

        if (!accepted(s, response, "asking records with their own vectors"))
                return;
        if (results_read(response, answers, NULL) < 0) {
                finish(s);
                return;
        }
        for (size_t i = 0; i < s->records.count; i++) {
                const struct answer *answer = answers[i].answer;

                if (!answer || !holds(answer, s->records.ids[i])) {
                        s->copied[s->missed_count] = answer &&
                                self_stands_for(s->target->space, vector_of(s, i),
                                        s->records.dimension, answer);
                        s->missed[s->missed_count++] = i;
                }
                answer_unref(answers[i].answer);
        }
        if (s->missed_count > 0) {
                ask_selves(s, s->missed, s->missed_count, s->target->results, on_deeper);
                return;
        }
        note(s, s->records.count, 0, 0);
        advance(s);
}

static void on_vectors(const struct http_response *response, void *userdata)
{
        struct spots *s = userdata;
        int r;

        /* The vector is nowhere but in the index, which lost it: that of a single one, of many one
         * of them. */
        if (exchange_unreadable(&s->exchange, response)) {
                if (s->asked == 1) {
                        note(s, 1, 1, 0);
                        advance(s);
                        return;
                }
                s->batch = 1;
                ask_vectors(s);
                return;
        }
        if (!accepted(s, response, "reading the vectors of records"))
                return;
        r = records_read(response, &s->records, NULL);
        if (r < 0 || s->records.count > s->asked)
                finish(s);
        else if (s->records.count == 0)
                advance(s);
        else
                ask_selves(s, NULL, s->records.count, 1, on_selves);
}

static void ask_vectors(struct spots *s)
{
        const struct spots_target *t = s->target;
        const struct records_request request = {
                .ids = (const char *const *)s->ids.ids + s->next,
                .id_count = MIN(s->ids.count - s->next, s->batch),
                .include = RECORDS_EMBEDDINGS,
        };

        s->asked = request.id_count;
        ask(s,
                records_build(
                        t->tenant, t->database, t->collection_id, &request, &s->exchange.request),
                on_vectors);
}

static void on_ids(const struct http_response *response, void *userdata)
{
        struct spots *s = userdata;

        if (!accepted(s, response, "reading the ids of records"))
                return;
        if (records_read(response, &s->ids, NULL) < 0) {
                finish(s);
                return;
        }
        s->next = s->asked = 0;
        s->batch = SPOTS_AT_ONE_PLACE;
        advance(s);
}

/* One place in each of as many equal parts, anywhere in its part, but always there. */
static uint64_t offset_of(const struct spots *s)
{
        const struct spots_target *t = s->target;
        uint64_t from = s->place * t->records / s->places;
        uint64_t to = (s->place + 1) * t->records / s->places;
        char place[32];
        uint64_t hash;

        (void)snprintf(place, sizeof(place), "%zu", s->place);
        hash = hash_text(hash_text(HASH_INIT, t->collection_id), place);
        return to > from + SPOTS_AT_ONE_PLACE ? from + hash % (to - from - SPOTS_AT_ONE_PLACE)
                                              : from;
}

static int build_place(struct spots *s)
{
        const struct spots_target *t = s->target;
        const struct records_request request = {
                .offset = offset_of(s), .limit = SPOTS_AT_ONE_PLACE};

        return records_build(
                t->tenant, t->database, t->collection_id, &request, &s->exchange.request);
}

static void ask_place(struct spots *s)
{
        if (s->place == s->places)
                finish(s);
        else
                ask(s, build_place(s), on_ids);
}

int spots_start(struct http_client *client, const struct spots_target *target, spots_done_t done,
        spots_exchange_t exchange, void *userdata, struct spots **ret)
{
        _cleanup_(spots_freep) struct spots *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->target = target;
        s->places = MIN(
                MAX(target->records / SPOTS_AT_ONE_PLACE, (uint64_t)1), (uint64_t)INDEX_PLACES_MAX);
        s->done = done;
        s->userdata = userdata;
        s->exchange = (struct exchange){
                .client = client, .peer = target->peer, .noted = exchange, .userdata = userdata};
        r = build_place(s);
        if (r >= 0)
                r = exchange_submit(&s->exchange, on_ids, s);
        if (r >= 0)
                *ret = take_ptr(s);
        return r;
}

struct spots *spots_free(struct spots *s)
{
        if (!s)
                return NULL;
        exchange_done(&s->exchange);
        records_done(&s->ids);
        records_done(&s->records);
        free(s);
        return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/lookup.h"

#include <errno.h>

#include "ask/exchange.h"
#include "ask/match.h"
#include "ask/records.h"
#include "ask/ruling.h"
#include "ask/twins.h"
#include "json.h"
#include "judge/distance.h"
#include "judge/unfinished.h"

struct lookup {
        struct exchange exchange;
        sd_event_source *defer; /* begins: no step runs within lookup_start() */
        const struct lookup_target *target;
        struct suspects *suspects;
        lookup_done_t done;
        void *userdata;
        size_t page, page_end; /* of `wanted` or of `lists`: under way */
        size_t selves[SUSPECTS_SELF]; /* records to ask for with their own vectors */
        float *vectors; /* theirs, of the suspects' dimension */
        size_t self_count;
        size_t next; /* of `missing`: not yet looked up by metadata, or behind its filter */
        size_t by_metadata; /* how many are or were */
        bool elements; /* it is looked up by the elements of lists */
        enum {
                BY_ID,
                BY_VALUE,
                BY_ELEMENT
        } found[SUSPECTS_EXPECTED]; /* of `missing`: as what it exists */
        bool knows_no_lists; /* the server refuses to look into lists */
        struct error error;
};

static void finish(struct lookup *i)
{
        error_prefix(&i->error, "%s at %s", i->target->label, i->target->peer->url);
        i->done(i->suspects, i->error.message, i->userdata);
}

/* Sends what was built with the result `code`. */
static void ask(struct lookup *i, int code, http_done_t done)
{
        if (code >= 0)
                code = exchange_submit(&i->exchange, done, i);
        if (code >= 0)
                return;
        (void)error_set(&i->error, code, "a request cannot be sent: %s", strerror(-code));
        finish(i);
}

static void ask_records(struct lookup *i, const struct records_request *request, http_done_t done)
{
        const struct lookup_target *t = i->target;

        ask(i,
                records_build(
                        t->tenant, t->database, t->collection_id, request, &i->exchange.request),
                done);
}

static int receive_records(struct lookup *i, const struct http_response *response, const char *what,
        unsigned include, struct records *ret)
{
        int code = exchange_accept(&i->exchange, response, what, &i->error);

        if (code >= 0) {
                code = records_parse(response->body, response->body_size, include, ret, &i->error);
                if (code < 0) {
                        error_prefix(&i->error, "%s", what);
                        (void)error_set(&i->error, code, "%s: %s", what, strerror(-code));
                }
        }
        return code;
}

/* False when the lookup is over. */
static bool accept_records(struct lookup *i, const struct http_response *response, const char *what,
        unsigned include, struct records *ret)
{
        int code = receive_records(i, response, what, include, ret);

        if (code < 0)
                finish(i);
        return code >= 0;
}

static void add_id(const char **ids, size_t *count, const char *id)
{
        for (size_t i = 0; i < *count; i++)
                if (streq(ids[i], id))
                        return;
        ids[(*count)++] = id;
}

static const float *vector_of(const struct records *r, size_t record)
{
        return r->embeddings + record * r->dimension;
}

static void finish_missing(struct missing *m, const struct query_set *set)
{
        m->looked_up = m->exists || set->queries[m->query].expect.id_count <= LOOKUP_EXPECTED_IDS;
}

static void take_excerpts(struct suspects *s, const struct records *records)
{
        size_t shown[SUSPECTS_SHOWN], count = suspects_shown(s, shown);

        for (size_t k = 0; k < count; k++) {
                struct suspect *r = &s->records[shown[k]];
                size_t found = records_find(records, r->id);

                suspects_take_text(s, r, found == SIZE_MAX ? NULL : records->texts[found]);
        }
}

/* What cannot be read is no loss: the records have their ids. */
static void on_documents(const struct http_response *response, void *userdata)
{
        struct lookup *i = userdata;
        _cleanup_(records_done) struct records records = {0};
        struct error ignored = {0};

        if (exchange_accept(&i->exchange, response, "reading documents", &ignored) >= 0 &&
                records_parse(response->body, response->body_size, RECORDS_DOCUMENTS, &records,
                        &ignored) >= 0) {
                take_excerpts(i->suspects, &records);
                unfinished_seek(i->suspects, (const char *const *)records.texts, records.count);
        }
        error_done(&ignored);
        finish(i);
}

/* Of records that people are shown, and of new ones that may hold the words of gone ones. */
static void ask_documents(struct lookup *i)
{
        size_t list[SUSPECTS_SHOWN + UNFINISHED_TEXTS], count = 0, id_count = 0;
        const char *ids[ARRAY_SIZE(list)];

        if (suspects_settle(i->suspects) >= 0) {
                count = suspects_shown(i->suspects, list);
                count += unfinished_texts(i->suspects, list + count);
        }
        for (size_t k = 0; k < count; k++)
                add_id(ids, &id_count, i->suspects->records[list[k]].id);
        if (id_count == 0)
                finish(i);
        else
                ask_records(i,
                        &(struct records_request){
                                .ids = ids, .id_count = id_count, .include = RECORDS_DOCUMENTS},
                        on_documents);
}

static void ask_metadata(struct lookup *i);
static void ask_filtered(struct lookup *i);

static const struct query *missing_query(const struct lookup *i)
{
        return &i->target->set->queries[i->suspects->missing[i->next].query];
}

/* The server refused to look one expected record up: only that one stays open, unless it is because
 * it knows no lists, and so holds none. */
static void note_refused(struct lookup *i, struct missing *m)
{
        error_done(&i->error);
        if (i->elements && !match_wants_lists(missing_query(i)->expect.metadata)) {
                i->knows_no_lists = true;
                finish_missing(m, i->target->set);
        } else
                m->refused = true;
}

/* Records that have the value itself are looked up first, then those with a list that contains it.
 */
static bool asks_for_elements(const struct lookup *i, const struct missing *m)
{
        return !m->exists && !m->refused && !i->elements && !i->knows_no_lists;
}

static void on_metadata(const struct http_response *response, void *userdata)
{
        static const char what[] = "looking up an expected record by its metadata";
        struct lookup *i = userdata;
        struct missing *m = &i->suspects->missing[i->next];
        _cleanup_(records_done) struct records records = {0};
        int code = receive_records(i, response, what, 0, &records);

        if (code == RULING_REFUSED || code == RULING_QUOTA)
                note_refused(i, m);
        else if (code < 0) {
                finish(i);
                return;
        }
        if (records.count > 0) {
                m->exists = true;
                i->found[i->next] = i->elements ? BY_ELEMENT : BY_VALUE;
                m->exists_id = take_ptr(records.ids[0]);
        }
        if (asks_for_elements(i, m))
                i->elements = true;
        else {
                if (!m->refused)
                        finish_missing(m, i->target->set);
                i->elements = false;
                i->next++;
        }
        ask_metadata(i);
}

static void ask_metadata(struct lookup *i)
{
        const struct suspects *q = i->suspects;
        _cleanup_free_ char *where = NULL;

        for (; i->next < q->missing_count; i->next++) {
                const json_t *metadata = missing_query(i)->expect.metadata;

                if (!metadata || q->missing[i->next].exists ||
                        (!i->elements && i->by_metadata == LOOKUP_BY_METADATA))
                        continue;
                i->by_metadata += !i->elements;
                i->elements |= match_wants_lists(metadata);
                where = match_build(metadata, i->elements, NULL);
                if (where)
                        ask_records(i, &(struct records_request){.where = where, .limit = 1},
                                on_metadata);
                else
                        ask(i, -ENOMEM, on_metadata);
                return;
        }
        i->next = 0;
        ask_filtered(i);
}

static void on_filtered(const struct http_response *response, void *userdata)
{
        static const char what[] = "looking up an expected record behind its query's filter";
        struct lookup *i = userdata;
        _cleanup_(records_done) struct records records = {0};
        int code = receive_records(i, response, what, 0, &records);

        if (code == RULING_REFUSED || code == RULING_QUOTA)
                error_done(&i->error);
        else if (code < 0) {
                ask_documents(i);
                return;
        } else
                i->suspects->missing[i->next].filtered_out = records.count == 0;
        i->next++;
        ask_filtered(i);
}

/* Whether what exists could be found by a query with this filter at all. */
static void ask_filtered(struct lookup *i)
{
        const struct suspects *q = i->suspects;
        _cleanup_free_ char *match = NULL;

        for (; i->next < q->missing_count; i->next++) {
                const struct missing *m = &q->missing[i->next];
                const struct query *query = missing_query(i);
                struct records_request request = {
                        .where = query->where, .where_document = query->where_document, .limit = 1};

                if (!m->exists || !m->exists_id || !(query->where || query->where_document))
                        continue;
                if (i->found[i->next] == BY_ID) {
                        request.ids = (const char *const *)query->expect.ids;
                        request.id_count = MIN(query->expect.id_count, (size_t)LOOKUP_EXPECTED_IDS);
                } else {
                        match = match_build(query->expect.metadata, i->found[i->next] == BY_ELEMENT,
                                query->where);
                        request.where = match;
                }
                ask_records(i, &request, on_filtered);
                return;
        }
        ask_documents(i);
}

static void find_expected(
        struct missing *m, const struct expectation *e, const struct records *records)
{
        for (size_t k = 0; k < MIN(e->id_count, (size_t)LOOKUP_EXPECTED_IDS); k++) {
                size_t found = records_find(records, e->ids[k]);

                if (found == SIZE_MAX)
                        continue;
                /* Without memory it exists all the same. */
                m->exists_id = strdup(records->ids[found]);
                m->exists = true;
                return;
        }
}

static void on_expected(const struct http_response *response, void *userdata)
{
        struct lookup *i = userdata;
        _cleanup_(records_done) struct records records = {0};

        if (!accept_records(i, response, "looking up expected records", 0, &records))
                return;
        for (size_t k = 0; k < i->suspects->missing_count; k++) {
                struct missing *m = &i->suspects->missing[k];
                const struct expectation *e = &i->target->set->queries[m->query].expect;

                find_expected(m, e, &records);
                if (!e->metadata || m->exists)
                        finish_missing(m, i->target->set);
        }
        ask_metadata(i);
}

static void ask_expected(struct lookup *i)
{
        const char *ids[SUSPECTS_EXPECTED * LOOKUP_EXPECTED_IDS];
        size_t count = 0;

        for (size_t k = 0; k < i->suspects->missing_count; k++) {
                const struct expectation *e =
                        &i->target->set->queries[i->suspects->missing[k].query].expect;

                for (size_t n = 0; n < MIN(e->id_count, (size_t)LOOKUP_EXPECTED_IDS); n++)
                        add_id(ids, &count, e->ids[n]);
        }
        if (count == 0)
                ask_metadata(i);
        else
                ask_records(
                        i, &(struct records_request){.ids = ids, .id_count = count}, on_expected);
}

static void ask_lists(struct lookup *i);

static void on_lists(const struct http_response *response, void *userdata)
{
        struct lookup *i = userdata;
        struct suspects *s = i->suspects;
        _cleanup_(records_done) struct records records = {0};

        if (!accept_records(
                    i, response, "looking up the answers' records", RECORDS_EMBEDDINGS, &records))
                return;
        twins_compare(s, i->page, i->page_end, &records);
        i->page = i->page_end;
        ask_lists(i);
}

static void ask_lists(struct lookup *i)
{
        const char *ids[LOOKUP_LISTS * TWINS_DEPTH + 1];
        const struct suspects *s = i->suspects;
        size_t count = 0;

        i->page_end = MIN(i->page + LOOKUP_LISTS, s->list_count);
        for (size_t k = i->page; k < i->page_end; k++) {
                const struct answer *a = s->lists[k].answer;

                for (unsigned n = 0; n < twins_depth(&s->lists[k]); n++)
                        add_id(ids, &count, a->ids[n]);
        }
        if (count == 0) {
                ask_expected(i);
                return;
        }
        if (s->baseline->epoch.newest)
                add_id(ids, &count, s->baseline->epoch.newest);
        ask_records(i,
                &(struct records_request){
                        .ids = ids, .id_count = count, .include = RECORDS_EMBEDDINGS},
                on_lists);
}

static bool by_inner_product(const struct lookup *i)
{
        return streq(i->target->space, "ip");
}

/* A twin at its place is as good: which of them comes first is chance. */
static bool finds_itself(const struct lookup *i, const char *id, const struct answer *answer)
{
        for (unsigned k = 0; k < answer->count; k++)
                if (streq(answer->ids[k], id) ||
                        (!by_inner_product(i) &&
                                !attribution_moved(i->target->space, 0, answer->distances[k])))
                        return true;
        return false;
}

static unsigned self_depth(const struct lookup *i)
{
        return by_inner_product(i) ? LOOKUP_SELF_DEPTH : 1;
}

static void on_selves(const struct http_response *response, void *userdata)
{
        static const char what[] = "asking for records with their own vectors";
        struct lookup *i = userdata;
        struct chroma_answer answers[SUSPECTS_SELF] = {};
        int code = exchange_accept(&i->exchange, response, what, &i->error);

        if (code >= 0) {
                code = chroma_parse_query(response->body, response->body_size, i->self_count,
                        self_depth(i), answers, &i->error);
                if (code < 0) {
                        error_prefix(&i->error, "%s", what);
                        (void)error_set(&i->error, code, "%s: %s", what, strerror(-code));
                }
        }
        if (code < 0) {
                finish(i);
                return;
        }
        for (size_t k = 0; k < i->self_count; k++) {
                struct suspect *r = &i->suspects->records[i->selves[k]];

                r->self_asked = answers[k].answer;
                r->self_found = r->self_asked && finds_itself(i, r->id, answers[k].answer);
                answer_unref(answers[k].answer);
        }
        ask_lists(i);
}

static void ask_selves(struct lookup *i)
{
        const struct lookup_target *t = i->target;
        const float *vectors[SUSPECTS_SELF];
        unsigned dimension = i->suspects->dimension;

        i->page = 0;
        for (size_t k = 0; k < i->self_count; k++)
                vectors[k] = i->vectors + k * dimension;
        if (i->self_count == 0)
                ask_lists(i);
        else
                ask(i,
                        chroma_build_query(t->tenant, t->database, t->collection_id, vectors,
                                i->self_count, dimension, self_depth(i), NULL, NULL,
                                CHROMA_DISTANCES, &i->exchange.request),
                        on_selves);
}

/* A record that is there as it was and should have been found: whether it finds itself. They come
 * in an order that spreads over the queries. */
static void choose_self(struct lookup *i, size_t suspect, const float *stored)
{
        unsigned dimension = i->suspects->dimension;

        if (i->self_count == SUSPECTS_SELF || !i->suspects->records[suspect].hole)
                return;
        if (!i->vectors)
                i->vectors = calloc(SUSPECTS_SELF, dimension * sizeof(*i->vectors));
        if (!i->vectors)
                return;
        memcpy(i->vectors + i->self_count * dimension, stored, dimension * sizeof(*stored));
        i->selves[i->self_count++] = suspect;
}

static void compare_stored(struct lookup *i, size_t suspect, const struct records *records)
{
        struct suspect *r = &i->suspects->records[suspect];
        unsigned dimension = i->suspects->dimension;
        size_t found = records_find(records, r->id);

        r->looked_up = true;
        r->exists = found != SIZE_MAX;
        if (!r->exists || !r->vector)
                return;
        r->compared = true;
        r->moved = records->dimension != dimension ||
                !distance_kept(i->target->space, r->distance, r->vector, vector_of(records, found),
                        dimension);
        if (!r->moved)
                choose_self(i, suspect, vector_of(records, found));
}

static void ask_wanted(struct lookup *i);

/* Takes whether the records of the page exist; false when the lookup is over. */
static bool accept_existence(
        struct lookup *i, const struct http_response *response, const char *what, bool unreadable)
{
        _cleanup_(records_done) struct records records = {0};

        if (!accept_records(i, response, what, 0, &records))
                return false;
        for (; i->page < i->page_end; i->page++) {
                struct suspect *r = &i->suspects->records[i->suspects->wanted[i->page]];

                r->looked_up = true;
                r->exists = records_find(&records, r->id) != SIZE_MAX;
                r->unreadable = unreadable && r->exists;
        }
        return true;
}

static void on_existence(const struct http_response *response, void *userdata)
{
        if (accept_existence(userdata, response, "looking up further missing records", false))
                ask_wanted(userdata);
}

static void on_unreadable(const struct http_response *response, void *userdata)
{
        if (accept_existence(
                    userdata, response, "looking up missing records without vectors", true))
                ask_wanted(userdata);
}

static void ask_page(struct lookup *i, unsigned include, http_done_t done)
{
        const char *ids[SUSPECTS_IDS];
        size_t count = 0;

        for (size_t k = i->page; k < i->page_end; k++)
                ids[count++] = i->suspects->records[i->suspects->wanted[k]].id;
        ask_records(i, &(struct records_request){.ids = ids, .id_count = count, .include = include},
                done);
}

static void on_wanted(const struct http_response *response, void *userdata)
{
        struct lookup *i = userdata;
        _cleanup_(records_done) struct records records = {0};

        if (exchange_unreadable(&i->exchange, response)) {
                ask_page(i, 0, on_unreadable);
                return;
        }
        if (!accept_records(
                    i, response, "looking up missing records", RECORDS_EMBEDDINGS, &records))
                return;
        for (; i->page < i->page_end; i->page++)
                compare_stored(i, i->suspects->wanted[i->page], &records);
        ask_wanted(i);
}

static void ask_wanted(struct lookup *i)
{
        size_t count = i->suspects->wanted_count, compared = MIN(count, (size_t)SUSPECTS_VECTORS);

        if (i->page < compared) {
                i->page_end = MIN(i->page + SUSPECTS_PAGE, compared);
                ask_page(i, RECORDS_EMBEDDINGS, on_wanted);
        } else if (i->page < count) {
                i->page_end = count;
                ask_page(i, 0, on_existence);
        } else
                ask_selves(i);
}

static int on_begin(sd_event_source *source, void *userdata)
{
        ask_wanted(userdata);
        return 0;
}

int lookup_start(struct http_client *client, const struct lookup_target *target,
        struct suspects *suspects, lookup_done_t done, lookup_exchange_t exchange, void *userdata,
        struct lookup **ret)
{
        _cleanup_(lookup_freep) struct lookup *i = calloc(1, sizeof(*i));
        int r;

        if (!i)
                return -ENOMEM;
        i->exchange = (struct exchange){
                .client = client, .peer = target->peer, .noted = exchange, .userdata = userdata};
        i->target = target;
        i->suspects = suspects;
        i->done = done;
        i->userdata = userdata;
        r = sd_event_add_defer(http_client_event(client), &i->defer, on_begin, i);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(i->defer, "lookup");
        *ret = take_ptr(i);
        return 0;
}

struct lookup *lookup_free(struct lookup *i)
{
        if (!i)
                return NULL;
        sd_event_source_disable_unref(i->defer);
        exchange_done(&i->exchange);
        error_done(&i->error);
        free(i->vectors);
        free(i);
        return NULL;
}

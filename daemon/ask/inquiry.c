/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/inquiry.h"

#include <errno.h>
#include <math.h>

#include "ask/exchange.h"
#include "ask/match.h"
#include "ask/records.h"
#include "ask/ruling.h"

struct inquiry {
        struct exchange exchange;
        sd_event_source *defer; /* begins: no step runs within inquiry_start() */
        const struct inquiry_target *target;
        struct inquest *inquest;
        inquiry_done_t done;
        void *userdata;
        size_t selves[INQUEST_SELF]; /* holes in the query under way */
        size_t self_count;
        size_t next; /* of `missing`: not yet looked up by metadata, or behind its filter */
        bool elements; /* it is looked up by the elements of lists */
        bool matched[INQUEST_EXPECTED]; /* of `missing`: exists by its metadata, not by its id */
        bool knows_no_lists; /* the server refuses to look into lists */
        struct error error;
};

static void finish(struct inquiry *i)
{
        error_prefix(&i->error, "%s at %s", i->target->label, i->target->peer->url);
        i->done(i->inquest, i->error.message, i->userdata);
}

/* Sends what was built with the result `code`. */
static void ask(struct inquiry *i, int code, http_done_t done)
{
        if (code >= 0)
                code = exchange_submit(&i->exchange, done, i);
        if (code >= 0)
                return;
        (void)error_set(&i->error, code, "a request cannot be sent: %s", strerror(-code));
        finish(i);
}

static void ask_records(struct inquiry *i, const struct records_request *request, http_done_t done)
{
        const struct inquiry_target *t = i->target;

        ask(i,
                records_build(
                        t->tenant, t->database, t->collection_id, request, &i->exchange.request),
                done);
}

static int receive_records(struct inquiry *i, const struct http_response *response,
        const char *what, unsigned include, struct records *ret)
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

/* False when the inquiry is over. */
static bool accept_records(struct inquiry *i, const struct http_response *response,
        const char *what, unsigned include, struct records *ret)
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

static double dot(const float *a, const float *b, unsigned dimension)
{
        double sum = 0;

        for (unsigned i = 0; i < dimension; i++)
                sum += (double)a[i] * b[i];
        return sum;
}

static double cosine(double ab, double aa, double bb)
{
        return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

static double distance_l2(double ab, double aa, double bb)
{
        return aa + bb - 2 * ab;
}

static double distance_cosine(double ab, double aa, double bb)
{
        return 1 - cosine(ab, aa, bb);
}

static double distance_ip(double ab, double aa, double bb)
{
        return 1 - ab;
}

/* As Chroma defines them, from the products of both vectors with each other and themselves. */
static const struct {
        const char *name;
        double (*distance)(double ab, double aa, double bb);
} spaces[] = {
        {"l2", distance_l2},
        {"cosine", distance_cosine},
        {"ip", distance_ip},
};

static bool has_moved(const struct inquiry *i, const struct hole *h, const float *stored)
{
        unsigned dimension = i->inquest->dimension;
        double ab = dot(h->vector, stored, dimension), bb = dot(stored, stored, dimension);
        double aa = dot(h->vector, h->vector, dimension);

        for (size_t k = 0; k < ARRAY_SIZE(spaces); k++)
                if ((!i->target->space || streq(i->target->space, spaces[k].name)) &&
                        !attribution_moved(
                                spaces[k].name, h->distance, spaces[k].distance(ab, aa, bb)))
                        return false;
        return true;
}

static void finish_missing(struct missing *m, const struct query_set *set)
{
        m->looked_up = m->exists || set->queries[m->query].expect.id_count <= INQUIRY_EXPECTED_IDS;
}

static void ask_metadata(struct inquiry *i);
static void ask_filtered(struct inquiry *i);

static const struct query *missing_query(const struct inquiry *i)
{
        return &i->target->set->queries[i->inquest->missing[i->next].query];
}

/* The server refused to look one expected record up: only that one stays open, unless it is because
 * it knows no lists, and so holds none. */
static void note_refused(struct inquiry *i, struct missing *m)
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
static bool asks_for_elements(const struct inquiry *i, const struct missing *m)
{
        return !m->exists && !m->refused && !i->elements && !i->knows_no_lists;
}

static void on_metadata(const struct http_response *response, void *userdata)
{
        static const char what[] = "looking up an expected record by its metadata";
        struct inquiry *i = userdata;
        struct missing *m = &i->inquest->missing[i->next];
        _cleanup_(records_done) struct records records = {0};
        int code = receive_records(i, response, what, 0, &records);

        if (code == RULING_REFUSED || code == RULING_QUOTA)
                note_refused(i, m);
        else if (code < 0) {
                finish(i);
                return;
        }
        if (records.count > 0) {
                m->exists = i->matched[i->next] = true;
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

static void ask_metadata(struct inquiry *i)
{
        const struct inquest *q = i->inquest;
        _cleanup_free_ char *where = NULL;

        for (; i->next < q->missing_count; i->next++) {
                const json_t *metadata = missing_query(i)->expect.metadata;

                if (!metadata || q->missing[i->next].exists)
                        continue;
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
        struct inquiry *i = userdata;
        _cleanup_(records_done) struct records records = {0};
        int code = receive_records(i, response, what, 0, &records);

        if (code == RULING_REFUSED || code == RULING_QUOTA)
                error_done(&i->error);
        else if (code < 0) {
                finish(i);
                return;
        } else
                i->inquest->missing[i->next].filtered_out = records.count == 0;
        i->next++;
        ask_filtered(i);
}

/* Whether what exists could be found by a query with this filter at all. */
static void ask_filtered(struct inquiry *i)
{
        const struct inquest *q = i->inquest;
        _cleanup_free_ char *match = NULL;

        for (; i->next < q->missing_count; i->next++) {
                const struct missing *m = &q->missing[i->next];
                const struct query *query = missing_query(i);
                struct records_request request = {
                        .where = query->where, .where_document = query->where_document, .limit = 1};

                if (!m->exists || !m->exists_id || !(query->where || query->where_document))
                        continue;
                if (!i->matched[i->next]) {
                        request.ids = (const char *const *)query->expect.ids;
                        request.id_count =
                                MIN(query->expect.id_count, (size_t)INQUIRY_EXPECTED_IDS);
                } else {
                        match = match_build(
                                query->expect.metadata, !i->knows_no_lists, query->where);
                        request.where = match;
                }
                ask_records(i, &request, on_filtered);
                return;
        }
        finish(i);
}

static void find_expected(
        struct missing *m, const struct expectation *e, const struct records *records)
{
        for (size_t k = 0; k < MIN(e->id_count, (size_t)INQUIRY_EXPECTED_IDS); k++) {
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
        struct inquiry *i = userdata;
        _cleanup_(records_done) struct records records = {0};

        if (!accept_records(i, response, "looking up expected records", 0, &records))
                return;
        for (size_t k = 0; k < i->inquest->missing_count; k++) {
                struct missing *m = &i->inquest->missing[k];
                const struct expectation *e = &i->target->set->queries[m->query].expect;

                find_expected(m, e, &records);
                if (!e->metadata || m->exists)
                        finish_missing(m, i->target->set);
        }
        ask_metadata(i);
}

static void ask_expected(struct inquiry *i)
{
        const char *ids[INQUEST_EXPECTED * INQUIRY_EXPECTED_IDS];
        size_t count = 0;

        for (size_t k = 0; k < i->inquest->missing_count; k++) {
                const struct expectation *e =
                        &i->target->set->queries[i->inquest->missing[k].query].expect;

                for (size_t n = 0; n < MIN(e->id_count, (size_t)INQUIRY_EXPECTED_IDS); n++)
                        add_id(ids, &count, e->ids[n]);
        }
        if (count == 0)
                ask_metadata(i);
        else
                ask_records(
                        i, &(struct records_request){.ids = ids, .id_count = count}, on_expected);
}

/* Which records the first of an answer are; SIZE_MAX where they are gone. */
static unsigned find_list(const struct twin_list *l, const struct records *records, size_t *ret)
{
        unsigned count = MIN(l->answer->count, (unsigned)INQUIRY_TWIN_DEPTH);

        for (unsigned i = 0; i < count; i++)
                ret[i] = records_find(records, l->answer->ids[i]);
        return count;
}

static bool are_twins(const struct records *r, size_t a, size_t b)
{
        const float *va, *vb;

        if (a == b || b == SIZE_MAX)
                return false;
        va = vector_of(r, a);
        vb = vector_of(r, b);
        return cosine(dot(va, vb, r->dimension), dot(va, va, r->dimension),
                       dot(vb, vb, r->dimension)) >= INQUIRY_TWIN_COSINE;
}

static bool was_listed(const struct twin_list *l, const char *id)
{
        for (unsigned i = 0; i < l->before->count; i++)
                if (streq(l->before->ids[i], id))
                        return true;
        return false;
}

static void compare_list(struct twin_list *l, const struct records *records)
{
        size_t found[INQUIRY_TWIN_DEPTH];
        unsigned count = find_list(l, records, found);

        for (unsigned i = 0; i < count; i++) {
                bool twin = false;

                if (found[i] == SIZE_MAX)
                        continue;
                l->looked_up++;
                if (was_listed(l, l->answer->ids[i]))
                        continue;
                for (unsigned k = 0; k < count && !twin; k++)
                        twin = are_twins(records, found[i], found[k]);
                l->near_duplicates += twin;
        }
}

static void on_lists(const struct http_response *response, void *userdata)
{
        struct inquiry *i = userdata;
        _cleanup_(records_done) struct records records = {0};

        if (!accept_records(
                    i, response, "looking up the answers' records", RECORDS_EMBEDDINGS, &records))
                return;
        for (size_t k = 0; k < i->inquest->list_count; k++)
                compare_list(&i->inquest->lists[k], &records);
        ask_expected(i);
}

static void ask_lists(struct inquiry *i)
{
        const char *ids[INQUEST_LISTS * INQUIRY_TWIN_DEPTH];
        size_t count = 0;

        for (size_t k = 0; k < i->inquest->list_count; k++) {
                const struct answer *a = i->inquest->lists[k].answer;

                for (unsigned n = 0; n < MIN(a->count, (unsigned)INQUIRY_TWIN_DEPTH); n++)
                        add_id(ids, &count, a->ids[n]);
        }
        if (count == 0)
                ask_expected(i);
        else
                ask_records(i,
                        &(struct records_request){
                                .ids = ids, .id_count = count, .include = RECORDS_EMBEDDINGS},
                        on_lists);
}

static bool by_inner_product(const struct inquiry *i)
{
        return streq(i->target->space, "ip");
}

/* A twin at its place is as good: which of them comes first is chance. */
static bool finds_itself(const struct inquiry *i, const struct hole *h, const struct answer *answer)
{
        for (unsigned k = 0; k < answer->count; k++)
                if (streq(answer->ids[k], h->id) ||
                        (!by_inner_product(i) &&
                                !attribution_moved(i->target->space, 0, answer->distances[k])))
                        return true;
        return false;
}

static unsigned self_depth(const struct inquiry *i)
{
        return by_inner_product(i) ? INQUIRY_SELF_DEPTH : 1;
}

static void on_selves(const struct http_response *response, void *userdata)
{
        static const char what[] = "asking for records with their own vectors";
        struct inquiry *i = userdata;
        struct chroma_answer answers[INQUEST_SELF] = {};
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
                struct hole *h = &i->inquest->holes[i->selves[k]];

                h->self_asked = answers[k].answer;
                h->self_found = h->self_asked && finds_itself(i, h, answers[k].answer);
                answer_unref(answers[k].answer);
        }
        ask_lists(i);
}

static bool is_chosen(const struct inquiry *i, const char *id)
{
        for (size_t k = 0; k < i->self_count; k++)
                if (streq(i->inquest->holes[i->selves[k]].id, id))
                        return true;
        return false;
}

/* Records that exist unmoved, each once; the holes come in an order that spreads over the queries.
 */
static void ask_selves(struct inquiry *i, const struct records *records)
{
        const struct inquiry_target *t = i->target;
        const float *vectors[INQUEST_SELF];

        for (size_t k = 0; k < i->inquest->hole_count && i->self_count < INQUEST_SELF; k++) {
                const struct hole *h = &i->inquest->holes[k];

                if (!h->exists || h->moved || is_chosen(i, h->id))
                        continue;
                vectors[i->self_count] = vector_of(records, records_find(records, h->id));
                i->selves[i->self_count++] = k;
        }
        if (i->self_count == 0)
                ask_lists(i);
        else
                ask(i,
                        chroma_build_query(t->tenant, t->database, t->collection_id, vectors,
                                i->self_count, records->dimension, self_depth(i), NULL, NULL,
                                CHROMA_DISTANCES, &i->exchange.request),
                        on_selves);
}

static void ask_holes(struct inquiry *i, unsigned include, http_done_t done)
{
        const char *ids[INQUEST_HOLES];
        size_t count = 0;

        for (size_t k = 0; k < i->inquest->hole_count; k++)
                add_id(ids, &count, i->inquest->holes[k].id);
        if (count == 0)
                ask_lists(i);
        else
                ask_records(i,
                        &(struct records_request){
                                .ids = ids, .id_count = count, .include = include},
                        done);
}

static void on_unreadable(const struct http_response *response, void *userdata)
{
        struct inquiry *i = userdata;
        _cleanup_(records_done) struct records records = {0};

        if (!accept_records(i, response, "looking up missing records without vectors", 0, &records))
                return;
        for (size_t k = 0; k < i->inquest->hole_count; k++) {
                struct hole *h = &i->inquest->holes[k];

                h->looked_up = true;
                h->exists = h->unreadable = records_find(&records, h->id) != SIZE_MAX;
        }
        ask_lists(i);
}

static void on_holes(const struct http_response *response, void *userdata)
{
        struct inquiry *i = userdata;
        _cleanup_(records_done) struct records records = {0};

        if (exchange_unreadable(&i->exchange, response)) {
                ask_holes(i, 0, on_unreadable);
                return;
        }
        if (!accept_records(
                    i, response, "looking up missing records", RECORDS_EMBEDDINGS, &records))
                return;
        for (size_t k = 0; k < i->inquest->hole_count; k++) {
                struct hole *h = &i->inquest->holes[k];
                size_t found = records_find(&records, h->id);

                h->looked_up = true;
                h->exists = found != SIZE_MAX;
                h->moved = h->exists &&
                        (records.dimension != i->inquest->dimension ||
                                has_moved(i, h, vector_of(&records, found)));
        }
        ask_selves(i, &records);
}

static int on_begin(sd_event_source *source, void *userdata)
{
        ask_holes(userdata, RECORDS_EMBEDDINGS, on_holes);
        return 0;
}

int inquiry_start(struct http_client *client, const struct inquiry_target *target,
        struct inquest *inquest, inquiry_done_t done, inquiry_exchange_t exchange, void *userdata,
        struct inquiry **ret)
{
        _cleanup_(inquiry_freep) struct inquiry *i = calloc(1, sizeof(*i));
        int r;

        if (!i)
                return -ENOMEM;
        i->exchange = (struct exchange){
                .client = client, .peer = target->peer, .noted = exchange, .userdata = userdata};
        i->target = target;
        i->inquest = inquest;
        i->done = done;
        i->userdata = userdata;
        r = sd_event_add_defer(http_client_event(client), &i->defer, on_begin, i);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(i->defer, "inquiry");
        *ret = take_ptr(i);
        return 0;
}

struct inquiry *inquiry_free(struct inquiry *i)
{
        if (!i)
                return NULL;
        sd_event_source_disable_unref(i->defer);
        exchange_done(&i->exchange);
        error_done(&i->error);
        free(i);
        return NULL;
}

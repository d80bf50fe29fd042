/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/lookup.h"

#include <errno.h>
#include <math.h>

#include "ask/exchange.h"
#include "ask/records.h"
#include "json.h"

struct lookup {
        struct exchange exchange;
        sd_event_source *defer; /* begins: no step runs within lookup_start() */
        const struct lookup_target *target;
        struct suspects *suspects;
        lookup_done_t done;
        void *userdata;
        size_t selves[SUSPECTS_SELF]; /* holes in the query under way */
        size_t self_count;
        size_t next; /* of `missing`: not yet looked up by metadata */
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

/* False when the lookup is over. */
static bool accept_records(struct lookup *i, const struct http_response *response, const char *what,
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

static bool has_moved(const struct lookup *i, const struct hole *h, const float *stored)
{
        unsigned dimension = i->suspects->dimension;
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
        m->looked_up = m->exists || set->queries[m->query].expect.id_count <= LOOKUP_EXPECTED_IDS;
}

/* Chroma's Python servers refuse $and and $or of fewer than two. Takes the reference to
 * `conditions`; NULL when memory was too short for all of them. */
static json_t *combine(const char *operator, json_t * conditions, size_t complete)
{
        _cleanup_json_ json_t *list = conditions;

        if (json_array_size(list) != complete)
                return NULL;
        return complete == 1 ? json_incref(json_array_get(list, 0))
                             : json_pack("{s:O}", operator, list);
}

static json_t *build_object(const json_t *object)
{
        json_t *all = json_array(), *value;
        const char *key;

        /* jansson's iterator wants a mutable object but only reads it. */
        json_object_foreach ((json_t *)object, key, value)
                (void)json_array_append_new(all, json_pack("{s:{s:O}}", key, "$eq", value));
        return combine("$and", all, json_object_size(object));
}

/* Any of the objects, each with all its members. */
static char *build_where(const json_t *metadata)
{
        _cleanup_json_ json_t *where = NULL;
        json_t *any = json_array();

        for (size_t i = 0; i < json_array_size(metadata); i++)
                (void)json_array_append_new(any, build_object(json_array_get(metadata, i)));
        where = combine("$or", any, json_array_size(metadata));
        return where ? json_text(where, JSON_COMPACT, NULL) : NULL;
}

static void ask_metadata(struct lookup *i);

static void on_metadata(const struct http_response *response, void *userdata)
{
        struct lookup *i = userdata;
        struct missing *m = &i->suspects->missing[i->next];
        _cleanup_(records_done) struct records records = {0};

        if (!accept_records(
                    i, response, "looking up an expected record by its metadata", 0, &records))
                return;
        if (records.count > 0) {
                m->exists = true;
                m->exists_id = take_ptr(records.ids[0]);
        }
        finish_missing(m, i->target->set);
        i->next++;
        ask_metadata(i);
}

static void ask_metadata(struct lookup *i)
{
        const struct suspects *q = i->suspects;
        _cleanup_free_ char *where = NULL;

        for (; i->next < q->missing_count; i->next++) {
                const struct missing *m = &q->missing[i->next];
                const struct expectation *e = &i->target->set->queries[m->query].expect;

                if (!e->metadata || m->exists)
                        continue;
                where = build_where(e->metadata);
                if (where)
                        ask_records(i, &(struct records_request){.where = where, .limit = 1},
                                on_metadata);
                else
                        ask(i, -ENOMEM, on_metadata);
                return;
        }
        finish(i);
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

/* Which records the first of an answer are; SIZE_MAX where they are gone. */
static unsigned find_list(const struct twin_list *l, const struct records *records, size_t *ret)
{
        unsigned count = MIN(l->answer->count, (unsigned)LOOKUP_TWIN_DEPTH);

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
                       dot(vb, vb, r->dimension)) >= LOOKUP_TWIN_COSINE;
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
        size_t found[LOOKUP_TWIN_DEPTH];
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
        struct lookup *i = userdata;
        _cleanup_(records_done) struct records records = {0};

        if (!accept_records(
                    i, response, "looking up the answers' records", RECORDS_EMBEDDINGS, &records))
                return;
        for (size_t k = 0; k < i->suspects->list_count; k++)
                compare_list(&i->suspects->lists[k], &records);
        ask_expected(i);
}

static void ask_lists(struct lookup *i)
{
        const char *ids[SUSPECTS_LISTS * LOOKUP_TWIN_DEPTH];
        size_t count = 0;

        for (size_t k = 0; k < i->suspects->list_count; k++) {
                const struct answer *a = i->suspects->lists[k].answer;

                for (unsigned n = 0; n < MIN(a->count, (unsigned)LOOKUP_TWIN_DEPTH); n++)
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

static bool by_inner_product(const struct lookup *i)
{
        return streq(i->target->space, "ip");
}

/* A twin at its place is as good: which of them comes first is chance. */
static bool finds_itself(const struct lookup *i, const struct hole *h, const struct answer *answer)
{
        for (unsigned k = 0; k < answer->count; k++)
                if (streq(answer->ids[k], h->id) ||
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
                struct hole *h = &i->suspects->holes[i->selves[k]];

                h->self_asked = answers[k].answer;
                h->self_found = h->self_asked && finds_itself(i, h, answers[k].answer);
                answer_unref(answers[k].answer);
        }
        ask_lists(i);
}

static bool is_chosen(const struct lookup *i, const char *id)
{
        for (size_t k = 0; k < i->self_count; k++)
                if (streq(i->suspects->holes[i->selves[k]].id, id))
                        return true;
        return false;
}

/* Records that exist unmoved, each once; the holes come in an order that spreads over the queries.
 */
static void ask_selves(struct lookup *i, const struct records *records)
{
        const struct lookup_target *t = i->target;
        const float *vectors[SUSPECTS_SELF];

        for (size_t k = 0; k < i->suspects->hole_count && i->self_count < SUSPECTS_SELF; k++) {
                const struct hole *h = &i->suspects->holes[k];

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

static void ask_holes(struct lookup *i, unsigned include, http_done_t done)
{
        const char *ids[SUSPECTS_HOLES];
        size_t count = 0;

        for (size_t k = 0; k < i->suspects->hole_count; k++)
                add_id(ids, &count, i->suspects->holes[k].id);
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
        struct lookup *i = userdata;
        _cleanup_(records_done) struct records records = {0};

        if (!accept_records(i, response, "looking up missing records without vectors", 0, &records))
                return;
        for (size_t k = 0; k < i->suspects->hole_count; k++) {
                struct hole *h = &i->suspects->holes[k];

                h->looked_up = true;
                h->exists = h->unreadable = records_find(&records, h->id) != SIZE_MAX;
        }
        ask_lists(i);
}

static void on_holes(const struct http_response *response, void *userdata)
{
        struct lookup *i = userdata;
        _cleanup_(records_done) struct records records = {0};

        if (exchange_unreadable(&i->exchange, response)) {
                ask_holes(i, 0, on_unreadable);
                return;
        }
        if (!accept_records(
                    i, response, "looking up missing records", RECORDS_EMBEDDINGS, &records))
                return;
        for (size_t k = 0; k < i->suspects->hole_count; k++) {
                struct hole *h = &i->suspects->holes[k];
                size_t found = records_find(&records, h->id);

                h->looked_up = true;
                h->exists = found != SIZE_MAX;
                h->moved = h->exists &&
                        (records.dimension != i->suspects->dimension ||
                                has_moved(i, h, vector_of(&records, found)));
        }
        ask_selves(i, &records);
}

static int on_begin(sd_event_source *source, void *userdata)
{
        ask_holes(userdata, RECORDS_EMBEDDINGS, on_holes);
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
        free(i);
        return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "ask/lookup_steps.h"
#include "ask/match.h"
#include "ask/ruling.h"

static void finish_missing(struct missing *m, const struct query_set *set)
{
        m->looked_up = m->exists || set->queries[m->query].expect.id_count <= LOOKUP_EXPECTED_IDS;
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

/* What the query found for its expectation when the baseline was recorded, if it is gone: what
 * meets the expectation now may be that record, under another id. NULL when it is not gone. */
static struct suspect *find_former(const struct lookup *i)
{
        const struct suspects *s = i->suspects;
        size_t query = s->missing[i->next].query;

        if (!s->starts)
                return NULL;
        for (size_t k = s->starts[query]; k < s->starts[query + 1]; k++) {
                const struct place *p = &s->places[k];
                struct suspect *r = p->suspect == SUSPECTS_MAX ? NULL : &s->records[p->suspect];

                if (r && p->expected && r->looked_up && !r->exists && r->vector)
                        return r;
        }
        return NULL;
}

/* One that meets it is enough, unless which one it is matters. */
static bool wants_vectors(const struct lookup *i)
{
        return !i->unreadable && find_former(i);
}

static void note_renamed(const struct lookup *i, const struct records *records)
{
        struct suspect *former = find_former(i);

        for (size_t k = 0; former && records->embeddings && k < records->count; k++)
                former->renamed |= lookup_has_vector(i, former, records, k);
}

static void on_metadata(const struct http_response *response, void *userdata)
{
        static const char what[] = "looking up an expected record by its metadata";
        struct lookup *i = userdata;
        struct missing *m = &i->suspects->missing[i->next];
        _cleanup_(records_done) struct records records = {0};
        int code;

        /* Asked again it counts once more, so that there are no more requests in all. */
        if (wants_vectors(i) && exchange_unreadable(&i->exchange, response)) {
                i->unreadable = true;
                ask_metadata(i);
                return;
        }
        code = lookup_receive_records(i, response, what, &records);
        if (ruling_refused(code))
                note_refused(i, m);
        else if (code < 0) {
                lookup_finish(i);
                return;
        }
        if (records.count > 0) {
                note_renamed(i, &records);
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

static void ask_matching(struct lookup *i, const char *where)
{
        bool vectors = wants_vectors(i);

        lookup_ask_records(i,
                &(struct records_request){.where = where,
                        .limit = vectors ? SUSPECTS_PAGE : 1,
                        .include = vectors ? RECORDS_EMBEDDINGS : 0},
                on_metadata);
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
                        ask_matching(i, where);
                else
                        lookup_ask(i, -ENOMEM, on_metadata);
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
        int code = lookup_receive_records(i, response, what, &records);

        if (ruling_refused(code))
                error_done(&i->error);
        else if (code < 0) {
                lookup_ask_documents(i);
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
                lookup_ask_records(i, &request, on_filtered);
                return;
        }
        lookup_ask_documents(i);
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

        if (!lookup_accept_records(i, response, "looking up expected records", &records))
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

void lookup_ask_expected(struct lookup *i)
{
        const char *ids[SUSPECTS_EXPECTED * LOOKUP_EXPECTED_IDS];
        size_t count = 0;

        for (size_t k = 0; k < i->suspects->missing_count; k++) {
                const struct expectation *e =
                        &i->target->set->queries[i->suspects->missing[k].query].expect;

                for (size_t n = 0; n < MIN(e->id_count, (size_t)LOOKUP_EXPECTED_IDS); n++)
                        lookup_add_id(ids, &count, e->ids[n]);
        }
        if (count == 0)
                ask_metadata(i);
        else
                lookup_ask_records(
                        i, &(struct records_request){.ids = ids, .id_count = count}, on_expected);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "ask/lookup_steps.h"
#include "ask/results.h"
#include "ask/ruling.h"
#include "ask/twins.h"
#include "json.h"
#include "judge/distance.h"
#include "judge/unfinished.h"

void lookup_finish(struct lookup *i)
{
        error_prefix(&i->error, "%s at %s", i->target->label, i->target->peer->url);
        i->done(i->suspects, i->error.message, i->userdata);
}

/* Sends what was built with the result `code`. */
void lookup_ask(struct lookup *i, int code, http_done_t done)
{
        if (code >= 0)
                code = exchange_submit(&i->exchange, done, i);
        if (code >= 0)
                return;
        (void)error_set(&i->error, code, "a request cannot be sent: %s", strerror(-code));
        lookup_finish(i);
}

void lookup_ask_records(struct lookup *i, const struct records_request *request, http_done_t done)
{
        const struct lookup_target *t = i->target;

        lookup_ask(i,
                records_build(
                        t->tenant, t->database, t->collection_id, request, &i->exchange.request),
                done);
}

int lookup_receive_records(struct lookup *i, const struct http_response *response, const char *what,
        struct records *ret)
{
        int code = exchange_accept(&i->exchange, response, what, &i->error);

        if (code >= 0) {
                code = records_read(response, ret, &i->error);
                if (code < 0) {
                        error_prefix(&i->error, "%s", what);
                        (void)error_set(&i->error, code, "%s: %s", what, strerror(-code));
                }
        }
        return code;
}

/* False when the lookup is over. */
bool lookup_accept_records(struct lookup *i, const struct http_response *response, const char *what,
        struct records *ret)
{
        int code = lookup_receive_records(i, response, what, ret);

        if (code < 0)
                lookup_finish(i);
        return code >= 0;
}

void lookup_add_id(const char **ids, size_t *count, const char *id)
{
        for (size_t i = 0; i < *count; i++)
                if (streq(ids[i], id))
                        return;
        ids[(*count)++] = id;
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
                records_read(response, &records, &ignored) >= 0) {
                take_excerpts(i->suspects, &records);
                unfinished_seek(i->suspects, (const char *const *)records.texts, records.count);
        }
        error_done(&ignored);
        lookup_finish(i);
}

/* Of records that people are shown, and of new ones that may hold the words of gone ones. */
void lookup_ask_documents(struct lookup *i)
{
        size_t list[SUSPECTS_SHOWN + UNFINISHED_TEXTS], count = 0, id_count = 0;
        const char *ids[ARRAY_SIZE(list)];

        if (suspects_settle(i->suspects) >= 0) {
                count = suspects_shown(i->suspects, list);
                count += unfinished_texts(i->suspects, list + count);
        }
        for (size_t k = 0; k < count; k++)
                lookup_add_id(ids, &id_count, i->suspects->records[list[k]].id);
        if (id_count == 0)
                lookup_finish(i);
        else
                lookup_ask_records(i,
                        &(struct records_request){
                                .ids = ids, .id_count = id_count, .include = RECORDS_DOCUMENTS},
                        on_documents);
}

static void ask_lists(struct lookup *i);

static void on_lists(const struct http_response *response, void *userdata)
{
        struct lookup *i = userdata;
        struct suspects *s = i->suspects;
        _cleanup_(records_done) struct records records = {0};

        if (!lookup_accept_records(i, response, "looking up the answers' records", &records))
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
                        lookup_add_id(ids, &count, a->ids[n]);
        }
        if (count == 0) {
                lookup_ask_expected(i);
                return;
        }
        if (s->baseline->epoch.newest)
                lookup_add_id(ids, &count, s->baseline->epoch.newest);
        lookup_ask_records(i,
                &(struct records_request){
                        .ids = ids, .id_count = count, .include = RECORDS_EMBEDDINGS},
                on_lists);
}

static bool same_filter(const struct query *a, const struct query *b)
{
        return streq(a->where, b->where) && streq(a->where_document, b->where_document);
}

/* Whether a record that is there as it was may have left the filter that is asked for: its metadata
 * or document may be others. */
static bool is_filtered(const struct lookup *i, const struct suspect *r)
{
        return r->hole && r->filtered && r->looked_up && r->exists && !r->moved &&
                !r->filter_asked && same_filter(&i->target->set->queries[r->query], i->filtering);
}

static void ask_filters(struct lookup *i);

static void on_filter(const struct http_response *response, void *userdata)
{
        static const char what[] = "looking up records behind a query's filter";
        struct lookup *i = userdata;
        struct suspects *s = i->suspects;
        _cleanup_(records_done) struct records records = {0};
        int code = lookup_receive_records(i, response, what, &records);

        if (ruling_refused(code)) {
                error_done(&i->error);
                ask_lists(i);
                return;
        }
        if (code < 0) {
                lookup_finish(i);
                return;
        }
        for (size_t k = 0; k < s->wanted_count; k++) {
                struct suspect *r = &s->records[s->wanted[k]];

                if (!is_filtered(i, r))
                        continue;
                r->filter_asked = true;
                r->filter_left = records_find(&records, r->id) == SIZE_MAX;
        }
        ask_filters(i);
}

/* The next filter behind which a record may be; NULL for none. */
static const struct query *next_filter(struct lookup *i)
{
        const struct suspects *s = i->suspects;

        for (size_t k = 0; k < s->wanted_count && i->filters < LOOKUP_FILTERS; k++) {
                const struct suspect *r = &s->records[s->wanted[k]];
                const struct query *q = &i->target->set->queries[r->query];

                i->filtering = q;
                if ((q->where || q->where_document) && is_filtered(i, r))
                        return q;
        }
        return NULL;
}

static void ask_filters(struct lookup *i)
{
        const char *ids[SUSPECTS_IDS];
        const struct suspects *s = i->suspects;
        const struct query *q = next_filter(i);
        size_t count = 0;

        if (!q) {
                ask_lists(i);
                return;
        }
        i->filters++;
        for (size_t k = 0; k < s->wanted_count; k++)
                if (is_filtered(i, &s->records[s->wanted[k]]))
                        ids[count++] = s->records[s->wanted[k]].id;
        lookup_ask_records(i,
                &(struct records_request){.ids = ids,
                        .id_count = count,
                        .where = q->where,
                        .where_document = q->where_document},
                on_filter);
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
        struct results_row answers[SUSPECTS_SELF] = {};
        int code = exchange_accept(&i->exchange, response, what, &i->error);

        if (code >= 0) {
                code = results_read(response, answers, &i->error);
                if (code < 0) {
                        error_prefix(&i->error, "%s", what);
                        (void)error_set(&i->error, code, "%s: %s", what, strerror(-code));
                }
        }
        if (code < 0) {
                lookup_finish(i);
                return;
        }
        for (size_t k = 0; k < i->self_count; k++) {
                struct suspect *r = &i->suspects->records[i->selves[k]];

                r->self_asked = answers[k].answer;
                r->self_found = r->self_asked && finds_itself(i, r->id, answers[k].answer);
                answer_unref(answers[k].answer);
        }
        ask_filters(i);
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
                ask_filters(i);
        else
                lookup_ask(i,
                        chroma_build_query(t->tenant, t->database, t->collection_id, vectors,
                                i->self_count, dimension, self_depth(i), NULL, NULL,
                                CHROMA_DISTANCES, &i->exchange.request),
                        on_selves);
}

bool lookup_has_vector(const struct lookup *i, const struct suspect *r,
        const struct records *records, size_t found)
{
        unsigned dimension = i->suspects->dimension;

        return records->dimension == dimension &&
                distance_kept(i->target->space, r->distance, r->vector,
                        records_vector(records, found), dimension);
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
        size_t found = records_find(records, r->id);

        r->looked_up = true;
        r->exists = found != SIZE_MAX;
        if (!r->exists || !r->vector)
                return;
        r->compared = true;
        r->moved = !lookup_has_vector(i, r, records, found);
        if (!r->moved)
                choose_self(i, suspect, records_vector(records, found));
}

static void ask_wanted(struct lookup *i);

/* Takes whether the records of the page exist; false when the lookup is over. */
static bool accept_existence(
        struct lookup *i, const struct http_response *response, const char *what, bool unreadable)
{
        _cleanup_(records_done) struct records records = {0};

        if (!lookup_accept_records(i, response, what, &records))
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
        lookup_ask_records(i,
                &(struct records_request){.ids = ids, .id_count = count, .include = include}, done);
}

static void on_wanted(const struct http_response *response, void *userdata)
{
        struct lookup *i = userdata;
        _cleanup_(records_done) struct records records = {0};

        if (exchange_unreadable(&i->exchange, response)) {
                ask_page(i, 0, on_unreadable);
                return;
        }
        if (!lookup_accept_records(i, response, "looking up missing records", &records))
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/audit.h"

#include <errno.h>
#include <math.h>

#include "ask/chroma.h"
#include "ask/exchange.h"
#include "ask/records.h"
#include "ask/ruling.h"

/* Pages asked for at one time: while one is read, the server makes the next. */
#define AHEAD 2
/* How much farther than the k-th neighbour a returned record may be by rounding: relative, to 1
 * where distances are differences to 1. */
#define TOLERANCE 1e-6
#define NOT_READ UINT32_MAX

/* A record that an answer has. */
struct returned {
        const char *id; /* the answer's */
        uint32_t record; /* its number in the order of reading */
};

/* One of the requests under way. */
struct page {
        struct audit *audit;
        struct exchange exchange;
        uint64_t next, end; /* records that it is still to ask for */
        size_t limit; /* of those before `next`, asked for */
};

struct audit {
        const struct audit_target *target;
        audit_done_t done;
        void *userdata;
        struct page pages[AHEAD];
        uint64_t count, asked; /* records to read; of them given to a page */
        size_t page_size; /* records of a request at most */

        struct knn *knn;
        size_t *queries; /* indices of those that are audited */
        float *vectors; /* theirs */
        struct returned *returned; /* ascending by id, each once */
        size_t returned_count;
        struct audit_result result;
};

static void ignore(const struct http_response *response, void *userdata)
{
}

static void end(struct audit *a)
{
        for (size_t i = 0; i < AHEAD; i++)
                a->pages[i].exchange.transfer = http_transfer_cancel(a->pages[i].exchange.transfer);
        a->done(&a->result, a->userdata);
}

static void fail(struct audit *a, const char *reason)
{
        a->result.failure = reason;
        error_prefix(&a->result.error, "%s at %s", a->target->label, a->target->peer->url);
        end(a);
}

/* False when the audit is over, because a request was built or sent with the result `code`. */
static bool accept_request(struct audit *a, int code)
{
        if (code >= 0)
                return true;
        (void)error_set(&a->result.error, code, "a request cannot be sent: %s", strerror(-code));
        fail(a, "other");
        return false;
}

static bool accept_response(struct page *p, const struct http_response *response, const char *what)
{
        int code = exchange_accept(&p->exchange, response, what, &p->audit->result.error);

        if (code < 0)
                fail(p->audit, exchange_reason(response, code));
        return code >= 0;
}

static int compare(const void *a, const void *b)
{
        return strcmp(((const struct returned *)a)->id, ((const struct returned *)b)->id);
}

static struct returned *find(const struct audit *a, const char *id)
{
        return bsearch(&(struct returned){.id = id}, a->returned, a->returned_count,
                sizeof(*a->returned), compare);
}

/* How far a record may be to count as near as the farthest of the true neighbours. */
static double reach(const struct audit *a, float farthest)
{
        double size = fabs((double)farthest);

        return (double)farthest +
                TOLERANCE * (streq(a->target->space, "l2") ? size : fmax(size, 1));
}

/* A record that an answer has twice counts twice, but no share is above 1. */
static double share(size_t found, size_t count)
{
        return (double)MIN(found, count) / (double)count;
}

static void judge_query(struct audit *a, size_t query)
{
        const struct answer *answer = a->target->answers[a->queries[query]];
        struct audit_result *result = &a->result;
        const uint32_t *records;
        const float *distances;
        size_t count = knn_result(a->knn, query, &records, &distances);
        double limit = reach(a, distances[count - 1]), recall;
        size_t same = 0, near = 0;

        for (unsigned n = 0; n < MIN(a->target->results, answer->count); n++) {
                uint32_t record = find(a, answer->ids[n])->record;
                size_t i = 0;

                if (record == NOT_READ)
                        continue;
                while (i < count && records[i] != record)
                        i++;
                same += i < count;
                near += (double)answer->distances[n] <= limit;
        }
        recall = share(same, count);
        result->recall += recall / (double)result->queries;
        result->recall_by_distance += share(near, count) / (double)result->queries;
        if (result->worst != SIZE_MAX && recall >= result->worst_recall)
                return;
        result->worst = a->queries[query];
        result->worst_recall = recall;
}

static void fail_changed(struct audit *a)
{
        (void)error_set(&a->result.error, -EAGAIN,
                "records were added or removed while the collection was read");
        fail(a, "changed");
}

static void on_last_count(const struct http_response *response, void *userdata)
{
        struct page *p = userdata;
        struct audit *a = p->audit;
        uint64_t count;

        if (!accept_response(p, response, "counting the records again"))
                return;
        if (chroma_parse_count(response->body, response->body_size, &count, &a->result.error) < 0) {
                fail(a, "bad_response");
                return;
        }
        if (count != a->count) {
                fail_changed(a);
                return;
        }
        a->result.recall = a->result.recall_by_distance = 0;
        for (size_t i = 0; i < a->result.queries; i++)
                judge_query(a, i);
        end(a);
}

static void ask_last_count(struct page *p)
{
        const struct audit_target *t = p->audit->target;
        int code =
                chroma_build_count(t->tenant, t->database, t->collection_id, &p->exchange.request);

        if (code >= 0)
                code = exchange_submit(&p->exchange, on_last_count, p);
        (void)accept_request(p->audit, code);
}

static void on_page(const struct http_response *response, void *userdata);

/* Nothing when all is asked for. */
static int ask_page(struct page *p)
{
        struct audit *a = p->audit;
        const struct audit_target *t = a->target;
        struct records_request request = {.include = RECORDS_EMBEDDINGS};
        int code;

        if (p->next == p->end) {
                p->next = a->asked;
                p->end = a->asked += MIN(a->count - a->asked, a->page_size);
        }
        p->limit = MIN(p->end - p->next, a->page_size);
        if (p->limit == 0)
                return 0;
        request.offset = p->next;
        request.limit = p->limit;
        p->next += p->limit;
        code = records_build(
                t->tenant, t->database, t->collection_id, &request, &p->exchange.request);
        return code >= 0 ? exchange_submit(&p->exchange, on_page, p) : code;
}

static void add(struct audit *a, const struct records *records)
{
        knn_add(a->knn, records->embeddings, records->count);
        for (size_t i = 0; i < records->count; i++) {
                struct returned *one = find(a, records->ids[i]);

                if (one)
                        one->record = (uint32_t)(a->result.records + i);
        }
        a->result.records += records->count;
        if (a->target->progress)
                a->target->progress(a->result.records, a->count, a->userdata);
}

/* False when there is nothing to read: the audit is over, or as many records were beyond a quota
 * and are asked for in smaller requests. */
static bool accept_page(struct page *p, const struct http_response *response)
{
        static const char what[] = "reading embeddings";
        struct audit *a = p->audit;
        _cleanup_error_ struct error error = {0};
        int code = exchange_accept(&p->exchange, response, what, &error);

        if (ruling_divisible(code) && p->limit > 1) {
                p->next -= p->limit;
                a->page_size = MIN(a->page_size, (p->limit + 1) / 2);
                (void)accept_request(a, ask_page(p));
                return false;
        }
        if (code >= 0)
                return true;
        (void)error_set(&a->result.error, code, "%s", error.message);
        fail(a, exchange_reason(response, code));
        return false;
}

static void on_page(const struct http_response *response, void *userdata)
{
        struct page *p = userdata;
        struct audit *a = p->audit;
        _cleanup_(records_done) struct records records = {0};
        size_t limit = p->limit;

        if (!accept_page(p, response) || !accept_request(a, ask_page(p)))
                return;
        if (records_read(response, &records, &a->result.error) < 0) {
                fail(a, "bad_response");
                return;
        }
        if (records.count != limit) {
                fail_changed(a);
                return;
        }
        if (records.dimension != a->target->vectors->dimension) {
                (void)error_set(&a->result.error, -EINVAL,
                        "the records have dimension %u, but the vectors in %s have %u",
                        records.dimension, a->target->vectors->path, a->target->vectors->dimension);
                fail(a, "dimension");
                return;
        }
        add(a, &records);
        if (a->result.records == a->count)
                ask_last_count(p);
}

/* False when the audit is over. */
static bool begin_search(struct audit *a)
{
        static const char *const spaces[] = {
                [KNN_L2] = "l2", [KNN_COSINE] = "cosine", [KNN_IP] = "ip"};
        const struct audit_target *t = a->target;
        size_t space = 0;
        int code;

        while (space < ARRAY_SIZE(spaces) && !streq(t->space, spaces[space]))
                space++;
        code = space == ARRAY_SIZE(spaces)
                ? -EOPNOTSUPP
                : knn_new((enum knn_space)space, a->vectors, a->result.queries,
                          t->vectors->dimension, t->results, &a->knn);
        if (code >= 0)
                return true;
        (void)error_set(&a->result.error, code, "cannot search by distance \"%s\": %s",
                t->space ? t->space : "unknown", strerror(-code));
        fail(a, "other");
        return false;
}

static void on_count(const struct http_response *response, void *userdata)
{
        struct page *p = userdata;
        struct audit *a = p->audit;
        bool asked = true;

        if (!accept_response(p, response, "counting the records"))
                return;
        if (chroma_parse_count(response->body, response->body_size, &a->count, &a->result.error) <
                0) {
                fail(a, "bad_response");
                return;
        }
        if (a->count == 0 || a->result.queries == 0)
                end(a);
        else if (begin_search(a))
                for (size_t i = 0; i < AHEAD && asked; i++)
                        asked = accept_request(a, ask_page(&a->pages[i]));
}

/* Those that compare with everything and got an answer, with copies of their vectors. */
static int choose_queries(struct audit *a)
{
        const struct audit_target *t = a->target;
        size_t *count = &a->result.queries;

        a->queries = calloc(t->queries->count, sizeof(*a->queries));
        a->vectors = calloc(t->queries->count, t->vectors->dimension * sizeof(*a->vectors));
        if (!a->queries || !a->vectors)
                return -ENOMEM;
        for (size_t i = 0; i < t->queries->count; i++) {
                const struct query *q = &t->queries->queries[i];
                const float *vector = vector_set_find(t->vectors, q->id);

                if (!vector || !t->answers[i] || q->where || q->where_document)
                        continue;
                memcpy(a->vectors + *count * t->vectors->dimension, vector,
                        t->vectors->dimension * sizeof(*vector));
                a->queries[(*count)++] = i;
        }
        return 0;
}

static int collect_returned(struct audit *a)
{
        size_t total = 0, kept = 0;

        for (size_t i = 0; i < a->result.queries; i++)
                total += a->target->answers[a->queries[i]]->count;
        a->returned = calloc(total + 1, sizeof(*a->returned));
        if (!a->returned)
                return -ENOMEM;
        for (size_t i = 0; i < a->result.queries; i++) {
                const struct answer *answer = a->target->answers[a->queries[i]];

                for (unsigned n = 0; n < answer->count; n++)
                        a->returned[a->returned_count++] =
                                (struct returned){answer->ids[n], NOT_READ};
        }
        qsort(a->returned, total, sizeof(*a->returned), compare);
        for (size_t i = 0; i < total; i++)
                if (kept == 0 || !streq(a->returned[kept - 1].id, a->returned[i].id))
                        a->returned[kept++] = a->returned[i];
        a->returned_count = kept;
        return 0;
}

int audit_start(struct http_client *client, const struct audit_target *target, audit_done_t done,
        void *userdata, struct audit **ret)
{
        _cleanup_(audit_freep) struct audit *a = calloc(1, sizeof(*a));
        struct page *first;
        int r;

        if (!a)
                return -ENOMEM;
        a->target = target;
        a->done = done;
        a->userdata = userdata;
        a->page_size =
                MAX(AUDIT_PAGE_BYTES / (target->vectors->dimension * sizeof(float)), (size_t)1);
        a->result.recall = a->result.recall_by_distance = a->result.worst_recall = NAN;
        a->result.worst = SIZE_MAX;
        for (size_t i = 0; i < AHEAD; i++)
                a->pages[i] = (struct page){
                        .audit = a,
                        .exchange = {.client = client, .peer = target->peer, .noted = ignore},
                };
        first = &a->pages[0];
        r = choose_queries(a);
        if (r >= 0)
                r = collect_returned(a);
        if (r >= 0)
                r = chroma_build_count(target->tenant, target->database, target->collection_id,
                        &first->exchange.request);
        if (r >= 0)
                r = exchange_submit(&first->exchange, on_count, first);
        if (r < 0)
                return r;
        *ret = take_ptr(a);
        return 0;
}

struct audit *audit_free(struct audit *a)
{
        if (!a)
                return NULL;
        for (size_t i = 0; i < AHEAD; i++)
                exchange_done(&a->pages[i].exchange);
        knn_free(a->knn);
        free(a->queries);
        free(a->vectors);
        free(a->returned);
        error_done(&a->result.error);
        free(a);
        return NULL;
}

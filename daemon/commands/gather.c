/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gather.h"

#include <assert.h>
#include <errno.h>
#include <systemd/sd-event.h>

#include "ask/closeup.h"
#include "hash.h"
#include "judge/candidate.h"
#include "judge/rank.h"
#include "revision.h"
#include "version.h"

/* Queries that are looked into more deeply because they fail; where more fail, they fail for one
 * reason. */
#define LOST_MAX 100

/* One of the first answers of a query. */
struct slot {
        const char *id; /* of the record */
        struct baseline_query *query;
        unsigned rank; /* from 0 */
};

struct gathering {
        const struct collection_config *config;
        struct baseline *baseline;
        bool beyond; /* what follows the answers is wanted, too */
        struct error *error;
        sd_event *event;
        struct slot *slots; /* by id */
        size_t slot_count;
        const char **ids; /* of the slots, each once; chance decides which are on the first page */
        struct closeup_question *questions;
        struct baseline_query **asked; /* whose the questions are */
        size_t id_count, question_count;
};

static int compare_slots(const void *a, const void *b)
{
        return strcmp(((const struct slot *)a)->id, ((const struct slot *)b)->id);
}

static int compare_hashes(const void *a, const void *b)
{
        uint64_t x = hash_text(HASH_INIT, *(const char *const *)a);
        uint64_t y = hash_text(HASH_INIT, *(const char *const *)b);

        return x < y ? -1 : x > y;
}

static const struct expectation *expectation_of(
        const struct gathering *g, const struct baseline_query *q)
{
        const struct query *query = query_set_find(g->config->queries, q->id);

        return query ? &query->expect : NULL;
}

static int list_records(struct gathering *g)
{
        struct baseline *b = g->baseline;

        g->slots = calloc(b->count * EXCERPTS_MAX + 1, sizeof(*g->slots));
        g->ids = calloc(b->count * EXCERPTS_MAX + 1, sizeof(*g->ids));
        if (!g->slots || !g->ids)
                return -ENOMEM;
        for (size_t i = 0; i < b->count; i++)
                for (unsigned k = 0; b->queries[i].answer && k < EXCERPTS_MAX; k++)
                        if (k < b->queries[i].answer->count)
                                g->slots[g->slot_count++] = (struct slot){
                                        b->queries[i].answer->ids[k], &b->queries[i], k};
        qsort(g->slots, g->slot_count, sizeof(*g->slots), compare_slots);
        for (size_t i = 0; i < g->slot_count; i++)
                if (i == 0 || !streq(g->slots[i].id, g->slots[i - 1].id))
                        g->ids[g->id_count++] = g->slots[i].id;
        qsort(g->ids, g->id_count, sizeof(*g->ids), compare_hashes);
        return 0;
}

static bool is_lost(const struct gathering *g, const struct baseline_query *q)
{
        const struct expectation *e = expectation_of(g, q);

        return q->outcome == OUTCOME_FAIL && q->expected_rank == 0 && q->answer && e &&
                expectation_names_records(e) && g->baseline->vectors &&
                vector_set_find(g->baseline->vectors, q->id);
}

/* Whether nobody knows what follows its answer, and it can be asked. */
static bool lacks_beyond(const struct gathering *g, const struct baseline_query *q)
{
        return g->beyond && q->answer && !q->beyond.records && g->baseline->vectors &&
                vector_set_find(g->baseline->vectors, q->id);
}

static void ask(struct gathering *g, struct baseline_query *b, unsigned results)
{
        const struct query *q = query_set_find(g->config->queries, b->id);

        g->asked[g->question_count] = b;
        g->questions[g->question_count++] = (struct closeup_question){
                vector_set_find(g->baseline->vectors, b->id), q->where, q->where_document, results};
}

/* Those that fail come first: what is asked as deeply stands side by side. */
static int list_questions(struct gathering *g)
{
        struct baseline *b = g->baseline;
        unsigned depth = b->results + beyond_size(b->results);
        size_t lost, next = 0;

        g->questions = calloc(b->count + 1, sizeof(*g->questions));
        g->asked = calloc(b->count + 1, sizeof(struct baseline_query *));
        if (!g->questions || !g->asked)
                return -ENOMEM;
        for (size_t i = 0; i < b->count; i++)
                if (is_lost(g, &b->queries[i]) && g->question_count < LOST_MAX)
                        ask(g, &b->queries[i], MAX((unsigned)CLOSEUP_RESULTS, depth));
        lost = g->question_count;
        for (size_t i = 0; i < b->count; i++)
                if (next < lost && g->asked[next] == &b->queries[i])
                        next++;
                else if (lacks_beyond(g, &b->queries[i]))
                        ask(g, &b->queries[i], depth);
        return 0;
}

/* Whether a record was asked for with the first page, and there is room for it. */
static bool is_on_first_page(const struct gathering *g, const char *id)
{
        static_assert(CLOSEUP_PAGE <= BASELINE_ORDER_MAX, "a page's order has room in a baseline");
        size_t page = MIN(g->id_count, (size_t)CLOSEUP_PAGE);

        return page > g->baseline->order_count && compare_hashes(&id, &g->ids[page - 1]) <= 0;
}

static int on_record(
        const char *id, const json_t *metadata, const char *document, size_t size, void *userdata)
{
        struct gathering *g = userdata;
        const struct slot key = {.id = id};
        struct slot *found = g->slot_count > 0
                ? bsearch(&key, g->slots, g->slot_count, sizeof(key), compare_slots)
                : NULL;
        int r = is_on_first_page(g, id) ? baseline_add_ordered(g->baseline, id) : 0;

        while (found && found > g->slots && streq(found[-1].id, id))
                found--;
        for (; found && r >= 0 && found < g->slots + g->slot_count && streq(found->id, id);
                found++) {
                struct excerpt *e = &found->query->excerpts[found->rank];

                excerpt_done(e);
                r = excerpt_make(metadata, document, size, expectation_of(g, found->query), e);
        }
        return r;
}

static int on_answer(size_t question, const struct answer *answer, void *userdata)
{
        struct gathering *g = userdata;
        struct baseline_query *q = g->asked[question];

        if (is_lost(g, q)) {
                q->deep_rank = rank_expected(expectation_of(g, q), answer);
                q->searched = answer->count;
        }
        return lacks_beyond(g, q) ? candidate_deepen(q, expectation_of(g, q), answer,
                                            beyond_size(g->baseline->results))
                                  : 0;
}

static void on_done(const char *error, void *userdata)
{
        struct gathering *g = userdata;

        if (error)
                (void)error_set(g->error, -EIO, "%s", error);
        (void)sd_event_exit(g->event, 0);
}

static int run(struct gathering *g)
{
        const struct closeup_target target = {
                .label = g->config->label,
                .tenant = g->config->server->tenant,
                .database = g->config->server->database,
                .collection_id = g->baseline->epoch.id,
                .peer = &g->config->peer,
                .ids = g->ids,
                .id_count = g->id_count,
                .questions = g->questions,
                .question_count = g->question_count,
                .dimension = g->baseline->vectors ? g->baseline->vectors->dimension : 0,
                .metadata = g->config->queries->wants_metadata,
        };
        const struct closeup_handler handler = {on_record, on_answer, on_done, g};
        _cleanup_(http_client_freep) struct http_client *client = NULL;
        _cleanup_(closeup_freep) struct closeup *closeup = NULL;
        int r = http_client_new(g->event, "driftwatch/" DRIFTWATCH_VERSION, &client);

        if (r >= 0)
                r = closeup_start(client, &target, &handler, &closeup);
        if (r >= 0)
                r = sd_event_loop(g->event);
        return r == -ENODATA ? 0 : r;
}

int gather(const struct collection_config *c, struct baseline *b, bool beyond, struct error *e)
{
        struct gathering g = {.config = c, .baseline = b, .beyond = beyond, .error = e};
        int r = list_records(&g);

        if (r >= 0)
                r = list_questions(&g);
        if (r >= 0 && b->epoch.id)
                r = sd_event_new(&g.event);
        if (r >= 0 && g.event)
                r = run(&g);
        sd_event_unref(g.event);
        free(g.slots);
        free(g.ids);
        free(g.questions);
        free(g.asked);
        return r;
}

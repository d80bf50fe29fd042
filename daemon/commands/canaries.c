/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/canaries.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "ask/pick.h"
#include "ask/survey.h"
#include "config/outline.h"
#include "judge/spread.h"

/* One collection, on its way. */
struct making {
        struct inquiry *inquiry;
        struct canaries *canaries;
        struct pick_result picked;
        enum canary *kinds; /* of each record */
};

static void making_done(struct making *m)
{
        pick_result_done(&m->picked);
        free(m->kinds);
}

int inquiry_wait(struct inquiry *i)
{
        int r = 0;

        while (!i->answered && r >= 0)
                r = sd_event_run(i->event, UINT64_MAX);
        i->answered = false;
        return r < 0 ? r : 0;
}

static void ignore(const struct http_response *response, void *userdata)
{
}

static void on_surveyed(struct survey_result *result, void *userdata)
{
        struct making *m = userdata;
        struct canaries *c = m->canaries;

        if (result->failure)
                (void)error_set(&c->left_out, -EIO, "%s", error_text(&result->error, -EIO));
        c->failed = result->failure;
        c->unreachable = result->failure && !result->reached;
        epoch_done(&c->epoch);
        c->epoch = result->epoch;
        epoch_init(&result->epoch);
        m->inquiry->answered = true;
}

static int survey(struct making *m)
{
        struct inquiry *i = m->inquiry;
        const struct survey_target target = {.label = m->canaries->name,
                .collection = m->canaries->name,
                .tenant = i->tenant,
                .database = i->database,
                .peer = &i->peer};
        _cleanup_(survey_freep) struct survey *survey = NULL;
        int r = survey_start(i->client, &target, on_surveyed, ignore, m, &survey);

        return r < 0 ? r : inquiry_wait(i);
}

/* Why records of such a collection cannot be picked. */
static void judge_epoch(struct canaries *c)
{
        const struct epoch *e = &c->epoch;

        if (c->left_out.message)
                return;
        if (e->records < 0)
                (void)error_set(
                        &c->left_out, -ENODATA, "the server does not say how many records it has");
        else if (e->records == 0)
                (void)error_set(&c->left_out, -ENODATA, "it has no records");
        else if (e->dimension == 0)
                (void)error_set(&c->left_out, -ENODATA,
                        "its %" PRId64 " records have no vectors: the server knows no dimension",
                        e->records);
        else if (!e->space)
                (void)error_set(
                        &c->left_out, -ENODATA, "its distance is none of l2, cosine and ip");
}

static void on_progress(uint64_t picked, uint64_t sample, void *userdata)
{
        struct making *m = userdata;

        progress_note(&m->inquiry->progress, picked, sample);
}

static void on_picked(struct pick_result *result, void *userdata)
{
        struct making *m = userdata;

        m->picked = *result;
        if (result->error.message)
                (void)error_set(&m->canaries->left_out, -EIO, "%s", result->error.message);
        m->canaries->failed = result->error.message;
        m->inquiry->answered = true;
}

static int pick(struct making *m, size_t sample, uint64_t seed)
{
        struct inquiry *i = m->inquiry;
        const struct pick_target target = {.label = m->canaries->name,
                .tenant = i->tenant,
                .database = i->database,
                .peer = &i->peer,
                .epoch = &m->canaries->epoch,
                .sample = sample,
                .seed = seed,
                .results = CANARIES_RESULTS,
                .progress = on_progress};
        _cleanup_(pick_freep) struct pick *pick = NULL;
        int r;

        progress_begin(&i->progress, m->canaries->name, "records picked");
        r = pick_start(i->client, &target, on_picked, m, &pick);
        if (r >= 0)
                r = inquiry_wait(i);
        progress_end(&i->progress);
        return r;
}

/* Which of its vector's neighbours are returned is chance, so that it says nothing; or search
 * misses the record, as every index does a few, and others when it is written anew. */
static bool is_of_use(enum canary kind)
{
        return kind == CANARY_FOUND || kind == CANARY_NEARER;
}

static int judge(struct making *m)
{
        struct canaries *c = m->canaries;

        m->kinds = calloc(m->picked.count + 1, sizeof(*m->kinds));
        if (!m->kinds)
                return -ENOMEM;
        for (size_t i = 0; i < m->picked.count; i++) {
                const struct picked *p = &m->picked.records[i];

                m->kinds[i] = canary_judge(c->epoch.space, p->vector, c->epoch.dimension, p->id,
                        p->answer, CANARIES_RESULTS);
                c->kinds[m->kinds[i]]++;
                c->count += is_of_use(m->kinds[i]);
        }
        c->lost = m->picked.lost;
        if (c->count > 0)
                return 0;
        return error_set(&c->left_out, 0,
                m->picked.count > 0
                        ? "each of the records that were picked has the vector of many others"
                        : "the index has lost the vectors of all records that were picked");
}

/* To the nearest record but itself; NaN: there is none. */
static float nearest_other(const struct picked *p)
{
        for (unsigned i = 0; i < p->answer->count; i++)
                if (!streq(p->answer->ids[i], p->id))
                        return p->answer->distances[i];
        return NAN;
}

/* Where a canary's own vector is gone, the nearest other record answers: bands tell these two
 * apart, however long vectors are. */
static int choose_bands(const struct making *m, struct canaries *c)
{
        _cleanup_free_ float *distances = calloc(m->picked.count + 1, sizeof(float));
        size_t odd = 0;
        int r;

        if (!distances)
                return -ENOMEM;
        for (size_t i = 0; i < m->picked.count; i++) {
                const struct picked *p = &m->picked.records[i];

                odd += !spread_is_unit(spread_length(p->vector, c->epoch.dimension));
                distances[i] = nearest_other(p);
        }
        if (odd == 0 || streq(c->epoch.space, "cosine"))
                return 0;
        r = spread_propose(distances, m->picked.count, c->epoch.space, &c->bands);
        return r == -ENODATA ? 0 : r;
}

/* What stands first is in the baseline, and has to be found as long as it is in the collection; who
 * stands behind a twin, or by inner products behind another one, has to be named. */
static bool stands_behind(const struct picked *p, enum canary kind)
{
        return kind == CANARY_FOUND && !streq(p->answer->ids[0], p->id);
}

static int add_query(const struct picked *p, enum canary kind, struct canaries *c, size_t at)
{
        _cleanup_text_ struct text words = {0};

        c->vectors->ids[at] = canary_id(p->id);
        if (p->words)
                text_append(&words, p->words);
        else
                text_appendf(&words, "record %s", p->id);
        if (!c->vectors->ids[at] || text_failed(&words))
                return -ENOMEM;
        memcpy(c->vectors->rows[at], p->vector, c->epoch.dimension * sizeof(float));
        outline_append_query(c->vectors->ids[at], text_string(&words),
                stands_behind(p, kind) ? p->id : NULL, &c->set);
        return 0;
}

static int build(const struct making *m, struct canaries *c)
{
        size_t n = 0;
        int r = 0;

        c->vectors = vector_set_new(c->name, NULL, c->epoch.dimension, c->count);
        if (!c->vectors)
                return -ENOMEM;
        outline_begin_set(&c->set);
        for (size_t i = 0; i < m->picked.count && r >= 0; i++)
                if (is_of_use(m->kinds[i]))
                        r = add_query(&m->picked.records[i], m->kinds[i], c, n++);
        if (r < 0)
                return r;
        return text_failed(&c->set) ? -ENOMEM : vector_set_sort(c->vectors);
}

int canaries_make(struct inquiry *i, size_t sample, uint64_t seed, struct canaries *ret)
{
        _cleanup_(making_done) struct making m = {.inquiry = i, .canaries = ret};
        int r = survey(&m);

        judge_epoch(ret);
        if (r >= 0 && !ret->left_out.message)
                r = pick(&m, sample, seed);
        if (r >= 0 && !ret->left_out.message)
                r = judge(&m);
        if (r >= 0 && !ret->left_out.message)
                r = choose_bands(&m, ret);
        if (r >= 0 && !ret->left_out.message)
                r = build(&m, ret);
        return r;
}

void canaries_done(struct canaries *c)
{
        free(c->name);
        error_done(&c->left_out);
        epoch_done(&c->epoch);
        text_done(&c->set);
        vector_set_unref(c->vectors);
        bands_done(&c->bands);
}

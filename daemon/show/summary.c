/* SPDX-License-Identifier: Apache-2.0 */
#include "show/summary.h"

#include <math.h>

#include "judge/ingest.h"
#include "text.h"

void summary_count(const struct collection_view *c, struct summary *ret)
{
        *ret = (struct summary){0};
        for (size_t i = 0; i < c->query_set->count; i++) {
                const struct judgement *v = &c->queries[i].judgement;
                int band = summary_band(v);

                ret->outcomes[v->outcome]++;
                ret->excused[v->outcome] += c->queries[i].excused;
                ret->known += c->queries[i].excused && v->outcome != OUTCOME_PASS;
                if (band >= 0 && band < BANDS_MAX)
                        ret->bands[band]++;
        }
}

int summary_band(const struct judgement *v)
{
        if (isnan(v->distance))
                return -1;
        return v->confirmed_band >= 0 ? v->confirmed_band : v->band;
}

void summary_waiting(const struct collection_view *c, struct text *t)
{
        usec_t end = ingest_excuse_ends(c, c->ingest_grace);
        char time[TIME_TEXT_MAX];
        size_t waiting = 0;

        for (size_t i = 0; c->findings && i < c->findings->count; i++)
                waiting += c->findings->findings[i].waiting;
        if (waiting == 0)
                return;
        text_appendf(t, "nobody is told of %zu %s yet: ", waiting,
                plural(waiting, "finding", "findings"));
        if (c->looking_up)
                text_append(t, "the records that are missing are being looked up");
        else if (!c->ingest_under_way)
                text_append(t, "the next replay confirms what an ingest has left");
        else
                text_append(t, "an ingest seems to be under way, which may still set it right");
        if (end > c->last_finished && end != USEC_INFINITY)
                text_appendf(t, "; until %s at the latest", time_format(time, sizeof(time), end));
}

size_t *summary_worst_first(const struct collection_view *c)
{
        static const enum outcome order[OUTCOME_COUNT] = {
                OUTCOME_FAIL, OUTCOME_DRIFT, OUTCOME_UNMEASURED, OUTCOME_UNJUDGED, OUTCOME_PASS};
        size_t count = c->query_set->count, n = 0;
        size_t *indices = calloc(MAX(count, (size_t)1), sizeof(*indices));

        for (size_t k = 0; indices && k < ARRAY_SIZE(order); k++)
                for (size_t i = 0; i < count; i++)
                        if (c->queries[i].judgement.outcome == order[k])
                                indices[n++] = i;
        return indices;
}

const char *summary_reason(const struct collection_view *c, const struct judgement *v)
{
        if (v->outcome == OUTCOME_PASS)
                return "";
        if (v->reason && v->reason[0])
                return v->reason;
        if (!c->replayed)
                return "not replayed yet";
        return c->last_error ? c->last_error : "no reason is known";
}

void summary_last_day(const struct query *q, char ret[TIME_TEXT_MAX])
{
        (void)time_format(ret, TIME_TEXT_MAX, q->known_failing.until - 1);
        ret[strcspn(ret, "T")] = '\0';
}

/* "known to fail until 2027-01-31: REASON". */
static void append_excuse(const struct query *q, struct text *t)
{
        char day[TIME_TEXT_MAX];

        if (!q->known_failing.reason)
                return;
        summary_last_day(q, day);
        text_appendf(t, "known to fail until %s: %s", day, q->known_failing.reason);
}

void summary_remark(const struct collection_view *c, size_t query, struct text *t)
{
        const struct query_view *q = &c->queries[query];
        const char *cause = q->judgement.outcome == OUTCOME_PASS ? NULL : cause_name(q->cause);

        text_append(t, summary_reason(c, &q->judgement));
        if (q->excused) {
                text_append(
                        t, q->judgement.outcome == OUTCOME_PASS ? "passes, although it is " : "; ");
                append_excuse(&c->query_set->queries[query], t);
        }
        if (cause)
                text_appendf(t, " (%s)", cause);
}

struct quality summary_quality(const struct collection_view *c)
{
        struct quality q;

        quality_init(&q);
        for (size_t i = 0; i < c->query_set->count; i++)
                quality_add(&q, &c->query_set->queries[i], &c->queries[i].judgement,
                        c->queries[i].answer, c->results);
        quality_finish(&q);
        return q;
}

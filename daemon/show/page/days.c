/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/days.h"

#include "show/words.h"

#define LOOK_EVERY (6 * USEC_PER_HOUR)
/* A run speaks for as many intervals after its last sample. */
#define SILENCE_MAX 2
/* The drawing's units. */
#define BAR_WIDTH 12
#define BAR_STEP 14
#define HEIGHT 24
/* Bars of some passing queries are at least as high, and never as high as when all pass. */
#define BAR_MIN 2

/* Whether anything was measured then; the run that holds `t`, or ended shortly before. By
 * bisection: where the clock stepped back, another run of that time may be found. */
static bool find_run(
        const struct history_snapshot *h, usec_t t, usec_t patience, struct history_run *ret)
{
        size_t low = 0, high = history_snapshot_runs(h);

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (history_snapshot_run(h, middle).first <= t)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == 0)
                return false;
        *ret = history_snapshot_run(h, low - 1);
        return t <= ret->last || t - ret->last <= patience;
}

static void look(const struct collection_view *c, usec_t t, struct portion *day)
{
        for (size_t i = 0; i < c->query_set->count; i++) {
                const struct query_view *q = &c->queries[i];
                struct history_run r;

                if (!q->history || !find_run(q->history, t, SILENCE_MAX * c->interval_usec, &r) ||
                        r.outcome == OUTCOME_UNMEASURED || r.outcome == OUTCOME_UNJUDGED ||
                        (q->excused && r.outcome != OUTCOME_PASS))
                        continue;
                day->all++;
                day->hit += r.outcome == OUTCOME_PASS;
        }
}

void days_count(const struct collection_view *c, usec_t now, struct portion ret[DAYS])
{
        usec_t today = now / USEC_PER_DAY;

        memset(ret, 0, DAYS * sizeof(*ret));
        for (size_t i = 0; i < DAYS && today + i >= DAYS - 1; i++) {
                usec_t start = (today + i - (DAYS - 1)) * USEC_PER_DAY;

                for (usec_t t = start; t < start + USEC_PER_DAY && t < now; t += LOOK_EVERY)
                        look(c, t, &ret[i]);
        }
        look(c, now, &ret[DAYS - 1]);
}

static unsigned bar_height(const struct portion *day)
{
        if (day->hit == day->all)
                return HEIGHT;
        return BAR_MIN + (unsigned)((uint64_t)day->hit * (HEIGHT - 2 * BAR_MIN) / day->all);
}

void days_append(struct text *text, const struct collection_view *c, usec_t now)
{
        struct portion days[DAYS];
        size_t known = 0;

        days_count(c, now, days);
        for (size_t i = 0; i < DAYS; i++)
                known += days[i].all > 0;
        if (known == 0)
                return;
        text_appendf(text,
                "<svg class=\"days\" viewBox=\"0 0 %d %d\" role=\"img\"><title>Share that passed, "
                "day by day until today:",
                DAYS * BAR_STEP, HEIGHT);
        for (size_t i = 0; i < DAYS; i++)
                text_appendf(text, "%s %s", i > 0 ? "," : "",
                        days[i].all > 0 ? words_share((double)days[i].hit / days[i].all).s
                                        : "unknown");
        text_append(text, "</title>");
        for (size_t i = 0; i < DAYS; i++)
                if (days[i].all > 0)
                        text_appendf(text,
                                "<rect class=\"%s\" x=\"%zu\" y=\"%u\" width=\"%d\" height=\"%u\"/>",
                                days[i].hit == days[i].all ? "pass" : "fail", i * BAR_STEP,
                                HEIGHT - bar_height(&days[i]), BAR_WIDTH, bar_height(&days[i]));
        text_append(text, "</svg>");
}

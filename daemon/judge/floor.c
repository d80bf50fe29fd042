/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/floor.h"

#include <math.h>

#include "judge/drift.h"
#include "judge/epoch.h"
#include "judge/proportion.h"
#include "judge/similarity.h"
#include "model/rule.h"
#include "text.h"

static struct index_floor probed(const struct collection_view *v)
{
        return (struct index_floor){
                .measured = 1,
                .recall = v->health.recall,
                .places = v->health.recall_places,
                .moved = NAN,
                .unreachable = v->health.unreachable,
        };
}

/* Of the places of all queries that both measured; NaN for none. */
static double share_moved(struct answer *const *sample, struct answer *const *last, size_t queries)
{
        double sum = 0;
        size_t n = 0;

        for (size_t i = 0; i < queries; i++)
                if (sample[i] && last[i]) {
                        sum += 1 - similarity_overlap(sample[i], last[i], 0, DRIFT_EQUAL);
                        n++;
                }
        return n > 0 ? sum / (double)n : NAN;
}

struct index_floor floor_of_replays(const struct collection_view *v,
        struct answer *const *const *samples, size_t count, size_t queries)
{
        struct index_floor f = probed(v);

        for (size_t s = 0; s + 1 < count; s++)
                f.moved = fmax(f.moved, share_moved(samples[s], samples[count - 1], queries));
        return f;
}

struct index_floor floor_of_view(const struct collection_view *v)
{
        const struct evidence *e = &v->attribution.evidence;
        struct index_floor f = probed(v);

        /* Negated so that a recall that was not probed gives way. */
        if (!(f.recall <= e->recall) && !isnan(e->recall)) {
                f.recall = e->recall;
                f.places = e->places;
        }
        f.moved = isnan(e->overlap) ? NAN : 1 - e->overlap;
        return f;
}

static bool is_asked_otherwise(const struct collection_view *v)
{
        return v->results != v->baseline->results || v->attribution.evidence.queries == 0;
}

static bool is_configured_otherwise(const struct collection_view *v)
{
        return epoch_compare(&v->baseline->epoch, &v->epoch) & (EPOCH_SPACE | EPOCH_CONFIGURATION);
}

static bool holds_others(const struct collection_view *v)
{
        const struct evidence *e = &v->attribution.evidence;

        return v->epoch.records < 0 || v->epoch.records != v->baseline->epoch.records ||
                e->gone + e->edited + e->renamed + e->changed > 0;
}

static bool is_written(const struct collection_view *v)
{
        return v->ingesting;
}

static bool is_unknown(const struct collection_view *v)
{
        return v->attribution.unfinished || v->attribution.evidence.unanswered > 0;
}

static bool is_lost(const struct collection_view *v)
{
        return v->attribution.cause == CAUSE_INDEX_LOSS;
}

/* Low recall is what is to be measured. */
static bool is_caused(const struct collection_view *v)
{
        return v->attribution.cause != CAUSE_NONE && v->attribution.cause != CAUSE_ANN_RECALL;
}

const char *floor_refusal(const struct collection_view *v)
{
        static const struct {
                bool (*applies)(const struct collection_view *v);
                const char *what;
        } refusals[] = {
                {is_asked_otherwise, "what is asked is not what the baseline was recorded with"},
                {is_configured_otherwise, "the collection is configured otherwise"},
                {is_written, "the collection is being written to"},
                {holds_others, "its records are not the baseline's"},
                {is_unknown, "not all that left the answers could be looked up"},
                {is_lost, "the index has lost records: it is to be mended, not measured"},
                {is_caused, "its answers differ for another reason than the index"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
                if (refusals[i].applies(v))
                        return refusals[i].what;
        return NULL;
}

void floor_keep_worst(struct index_floor *f, const struct index_floor *seen)
{
        if (f->measured == 0) {
                *f = *seen;
                return;
        }
        if (!isnan(seen->recall) && !(f->recall <= seen->recall)) {
                f->recall = seen->recall;
                f->places = seen->places;
        }
        f->moved = fmax(f->moved, seen->moved);
        f->unreachable = MAX(f->unreachable, seen->unreachable);
        f->measured += seen->measured;
}

/* Below which the next measurement hardly ever is; NaN: unknown. */
static double lowest(const struct index_floor *f)
{
        size_t found;

        if (f->measured == 0 || isnan(f->recall) || f->places == 0)
                return NAN;
        found = (size_t)lround(f->recall * (double)f->places);
        return proportion_clopper_pearson(found, f->places, FLOOR_CONFIDENCE).low;
}

double floor_recall_limit(const struct baseline *b, double configured)
{
        if (!isnan(configured) && configured > 0)
                return configured;
        return fmin(RULE_RECALL_LIMIT, b ? lowest(&b->floor) : NAN);
}

double floor_lost_limit(const struct baseline *b)
{
        return fmax(ATTRIBUTION_LOST, b && b->floor.measured > 0 ? b->floor.moved : NAN);
}

int64_t floor_unreachable(const struct baseline *b)
{
        if (!b)
                return -1;
        return b->floor.measured > 0 ? MAX(b->unreachable, b->floor.unreachable) : b->unreachable;
}

void floor_describe(const struct index_floor *f, struct text *t)
{
        if (f->measured == 0)
                return;
        if (!isnan(f->recall))
                text_appendf(t, "recall %.3f of %zu places, ", f->recall, f->places);
        if (!isnan(f->moved))
                text_appendf(t, "%.1f %% of the places in the answers moved, ", 100 * f->moved);
        if (f->unreachable >= 0)
                text_appendf(t, "%lld unreachable records, ", (long long)f->unreachable);
        text_appendf(t, "in %u %s", f->measured, f->measured == 1 ? "measurement" : "measurements");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/causes.h"

#include <errno.h>

#include "judge/pair.h"

/* One query: its records by their fates. */
struct tally {
        const struct causes_setting *setting;
        size_t fates[FATE_COUNT];
        size_t places;
        uint32_t lost; /* places */
        size_t nearer; /* records that came nearer and are not new */
        enum fate expected; /* of a record that it expects and does not find; FATE_COUNT: none */
        bool embedder; /* its fresh vector is another */
};

/* What an index misses by itself fails a query only where that names it and nothing is nearer. */
static bool fails_by(const struct causes_setting *setting, const struct query *query,
        const struct place *place, enum fate fate)
{
        return fate != FATE_UNREACHABLE || setting->index != CAUSE_NONE ||
                (place->rank == 0 && expectation_names_records(&query->expect));
}

static struct tally tally_of(const struct attribution_input *input, const struct suspects *s,
        const struct causes_setting *setting, size_t query)
{
        const struct query *q = &input->set->queries[query];
        struct tally t = {.setting = setting, .expected = FATE_COUNT};

        for (size_t k = s->starts[query]; k < s->starts[query + 1]; k++) {
                const struct place *place = &s->places[k];
                enum fate fate = suspects_fate(s, place);

                t.places++;
                t.lost += suspects_lost(s, place);
                if (fate == FATE_UNKNOWN && place->presence == PRESENCE_ENTERED) {
                        t.nearer++;
                        continue;
                }
                t.fates[fate]++;
                if (place->expected && input->outcomes[query] == OUTCOME_FAIL &&
                        fails_by(setting, q, place, fate))
                        t.expected = MIN(t.expected, fate);
        }
        t.embedder = setting->embedder &&
                input->embedder_distances[query] > input->embedder_limits[query];
        return t;
}

/* New records that are a flood's. */
static size_t copies(const struct tally *t)
{
        const struct causes_setting *s = t->setting;

        return (s->crowded || s->overrun ? t->fates[FATE_NEAR_COPY] : 0) +
                (s->overrun ? t->fates[FATE_NEW] : 0);
}

static bool is_index(const struct tally *t)
{
        size_t left = t->fates[FATE_GONE] + t->fates[FATE_EDITED] + t->fates[FATE_UNREACHABLE];

        return t->setting->index != CAUSE_NONE && t->fates[FATE_UNREACHABLE] * 2 > left;
}

static bool is_edit(const struct tally *t)
{
        size_t edited = t->fates[FATE_EDITED];

        return edited > 0 && edited >= t->fates[FATE_GONE] && edited >= copies(t);
}

static bool is_growth(const struct tally *t)
{
        return t->setting->added && t->fates[FATE_NEW] + t->fates[FATE_NEAR_COPY] > copies(t);
}

/* Records that were not looked up are taken for what most of the others were. */
static enum cause cause_of_unknown(const struct tally *t)
{
        switch (t->setting->label) {
        case CAUSE_REKEYED:
        case CAUSE_REPLACED:
        case CAUSE_MISPAIRED:
        case CAUSE_REEMBED:
        case CAUSE_EDIT:
        case CAUSE_REMOVED:
        case CAUSE_REMOVED_TOPIC:
        case CAUSE_UNFINISHED:
        case CAUSE_INDEX_LOSS:
        case CAUSE_ANN_RECALL:
                return t->setting->label;
        default:
                return CAUSE_UNKNOWN;
        }
}

/* The expected record says more than all others together. */
static enum cause cause_of_expected(const struct tally *t)
{
        switch (t->expected) {
        case FATE_GONE:
                return t->setting->gone;
        case FATE_REKEYED:
                return CAUSE_REKEYED;
        case FATE_EDITED:
                return t->setting->edited;
        case FATE_UNREACHABLE:
                return t->setting->index == CAUSE_NONE ? CAUSE_ANN_RECALL : t->setting->index;
        default:
                return CAUSE_NONE;
        }
}

/* In the order of the rules for the label. */
static enum cause first_cause(const struct tally *t)
{
        enum cause expected = cause_of_expected(t);

        if (expected != CAUSE_NONE)
                return expected;
        if (is_index(t))
                return t->setting->index;
        if (t->fates[FATE_REKEYED] > t->fates[FATE_GONE] + t->fates[FATE_EDITED])
                return CAUSE_REKEYED;
        if (is_edit(t))
                return t->setting->edited;
        if (t->fates[FATE_GONE] > 0 && t->fates[FATE_GONE] >= copies(t))
                return t->setting->gone;
        if (t->fates[FATE_UNKNOWN] > 0)
                return cause_of_unknown(t);
        if (copies(t) > 0)
                return CAUSE_FLOOD;
        if (t->embedder)
                return CAUSE_EMBEDDER;
        if (is_growth(t))
                return CAUSE_GROWTH;
        return t->nearer > 0 && t->setting->label == CAUSE_EDIT ? CAUSE_EDIT : CAUSE_NONE;
}

static void count_causes(const struct tally *t, enum cause first, size_t counts[CAUSE_COUNT])
{
        bool holds[CAUSE_COUNT] = {false};

        holds[first] = true;
        if (t->fates[FATE_UNREACHABLE] > 0 && t->setting->index != CAUSE_NONE)
                holds[t->setting->index] = true;
        if (t->fates[FATE_REKEYED] > 0)
                holds[CAUSE_REKEYED] = true;
        if (t->fates[FATE_EDITED] > 0)
                holds[t->setting->edited] = true;
        if (t->fates[FATE_GONE] > 0)
                holds[t->setting->gone] = true;
        if (copies(t) > 0)
                holds[CAUSE_FLOOD] = true;
        if (t->embedder)
                holds[CAUSE_EMBEDDER] = true;
        if (is_growth(t))
                holds[CAUSE_GROWTH] = true;
        for (enum cause c = 0; c < CAUSE_COUNT; c++)
                counts[c] += holds[c];
}

/* What holds for the whole collection leaves nothing to its records. */
static enum cause whole_cause(const struct tally *t, bool silent)
{
        enum cause label = t->setting->label;

        if (cause_is_distance(label))
                return silent || t->places > 0 ? label : CAUSE_NONE;
        return label == CAUSE_TRANSPORT ? CAUSE_TRANSPORT : CAUSE_UNKNOWN;
}

int causes_of_queries(const struct attribution_input *input, const struct suspects *suspects,
        const struct causes_setting *setting, enum cause *ret, struct fates *fates)
{
        bool counts = setting->label != CAUSE_REKEYED && !cause_is_distance(setting->label);

        if (counts && !fates->lost)
                fates->lost = calloc(input->set->count + 1, sizeof(*fates->lost));
        if (counts && !fates->lost)
                return -ENOMEM;
        for (size_t i = 0; i < input->set->count; i++) {
                enum cause cause = CAUSE_UNKNOWN;
                struct pair p;

                if (pair_get(input, i, &p)) {
                        struct tally t = tally_of(input, suspects, setting, i);

                        if (!p.now || cause_is_distance(setting->label)) {
                                cause = whole_cause(&t, !p.now);
                                fates->cause_queries[cause]++;
                        } else {
                                cause = first_cause(&t);
                                count_causes(&t, cause, fates->cause_queries);
                                if (counts)
                                        fates->lost[i] = (struct portion){t.lost, p.before_count};
                        }
                }
                if (ret)
                        ret[i] = cause;
        }
        return 0;
}

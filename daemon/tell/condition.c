/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/condition.h"

#include <errno.h>
#include <math.h>

#include "http.h"
#include "judge/attribution.h"
#include "judge/epoch.h"
#include "text.h"

/* A description is read on a telephone: longer query texts are cut. */
#define EXCERPT_MAX 160

static void append_excerpt(struct text *t, const char *s)
{
        size_t size = strlen(s), end = utf8_prefix(s, EXCERPT_MAX);
        _cleanup_free_ char *excerpt = http_body_excerpt(s, end, end);

        if (!excerpt) {
                t->failed = true;
                return;
        }
        text_append(t, excerpt);
        if (end < size)
                text_append(t, "…");
}

/* With a full stop, unless there is one. */
static void append_sentence(struct text *t, const char *s)
{
        size_t size = strlen(s);

        text_append(t, s);
        if (size == 0 || !strchr(".!?", s[size - 1]))
                text_append(t, ".");
}

static void append_query(struct text *t, const struct subject *s)
{
        text_appendf(t, "Query \"%s\" (", s->query->id);
        append_excerpt(t, s->query->text ? s->query->text : "");
        text_appendf(t, ") of collection %s", s->collection->label);
}

static void append_distance(struct text *t, float distance)
{
        if (isnan(distance))
                text_append(t, "unknown");
        else
                text_append_float(t, distance);
}

/* What is said of every fault whose cause is known: the label, its evidence, what to do. */
static void append_cause(struct text *t, const struct collection_view *c)
{
        const struct attribution *a = &c->attribution;

        if (!cause_name(a->cause))
                return;
        text_appendf(t, " Probable cause: %s. ", cause_name(a->cause));
        attribution_explain(a, c->fates, t);
}

/* The description, with the cause behind it and as an annotation of its own. */
static int set_description(struct labels *annotations, const struct subject *s, struct text *t)
{
        const struct attribution *a = &s->collection->attribution;
        int r;

        append_cause(t, s->collection);
        if (text_failed(t))
                return -ENOMEM;
        r = labels_set(annotations, "description", text_string(t));
        return r < 0 ? r : labels_set(annotations, "cause", cause_name(a->cause));
}

static int set_distance(struct labels *annotations, const char *name, float distance)
{
        char number[NUMBER_TEXT_MAX];

        if (isnan(distance))
                return 0;
        (void)float_format(number, distance);
        return labels_set(annotations, name, number);
}

static bool expected_result_missing(const struct subject *s)
{
        return s->state->judgement.outcome == OUTCOME_FAIL;
}

/* The reason names what was expected. */
static int describe_missing(const struct subject *s, struct labels *annotations)
{
        const struct judgement *v = &s->state->judgement;
        _cleanup_text_ struct text t = {0};

        append_query(&t, s);
        text_append(&t, ": ");
        append_sentence(&t, v->reason ? v->reason : "the expected result was not found");
        if (!isnan(v->home_distance)) {
                text_append(&t, " Its best answer was at distance ");
                append_distance(&t, v->home_distance);
                text_append(&t, " and is at ");
                append_distance(&t, v->distance);
                text_append(&t, " now.");
        }
        return set_description(annotations, s, &t);
}

static bool band_crossed(const struct subject *s)
{
        return s->state->judgement.crossed;
}

static int describe_crossing(const struct subject *s, struct labels *annotations)
{
        const struct judgement *v = &s->state->judgement;
        const char *band = bands_name(&s->collection->bands, v->confirmed_band);
        const char *home = bands_name(&s->collection->bands, v->home_band);
        _cleanup_text_ struct text t = {0};
        int r;

        append_query(&t, s);
        text_appendf(&t, " has moved from band %s to %s: its best answer was at distance ",
                home ? home : "unknown", band ? band : "unknown");
        append_distance(&t, v->home_distance);
        text_append(&t, " and is at ");
        append_distance(&t, v->distance);
        text_append(&t, " now.");
        r = set_description(annotations, s, &t);
        if (r >= 0)
                r = set_distance(annotations, "distance", v->distance);
        if (r >= 0)
                r = set_distance(annotations, "previous_distance", v->home_distance);
        if (r >= 0)
                r = labels_set(annotations, "band", band);
        if (r >= 0)
                r = labels_set(annotations, "previous_band", home);
        return r;
}

static bool replayed_well(const struct collection_view *c)
{
        return !c->last_error;
}

/* Farthest of the two signals, of those that are confirmed to have moved up; NaN for none. A replay
 * that is no sample leaves it as it was. */
static double shift_up(const struct query_drift *d)
{
        double shift = NAN;

        for (size_t i = 0; i < LEVEL_COUNT; i++)
                if (d->moved[i] == MOVED_UP)
                        shift = fmax(shift, d->judged[i]);
        return shift;
}

static bool distance_drifted(const struct subject *s)
{
        return shift_up(&s->state->drift) > s->limit;
}

static int describe_distance(const struct subject *s, struct labels *annotations)
{
        const struct query_drift *d = &s->state->drift;
        _cleanup_text_ struct text t = {0};
        int r;

        append_query(&t, s);
        text_appendf(&t,
                " answers from %.3g farther away than its baseline: its best answer was at ",
                shift_up(d));
        append_distance(&t, (float)d->baseline[LEVEL_TOP1]);
        text_append(&t, " and is at ");
        append_distance(&t, s->state->judgement.distance);
        if (!isnan(d->shift[LEVEL_TOPK]))
                text_appendf(&t, "; the mean of all answers moved by %+.3g", d->shift[LEVEL_TOPK]);
        text_append(&t, ".");
        r = set_description(annotations, s, &t);
        if (r >= 0)
                r = set_distance(annotations, "distance", s->state->judgement.distance);
        if (r >= 0)
                r = set_distance(annotations, "baseline_distance", (float)d->baseline[LEVEL_TOP1]);
        return r;
}

/* Without looking at the records nobody can say that no near-duplicates crowd them any more. */
static bool set_known(const struct collection_view *c)
{
        return replayed_well(c) &&
                (c->drift.set_shifted || c->drift.share_moved || !c->attribution.unfinished);
}

/* Near-duplicates bring answers nearer, so that no distance complains of them. */
static bool set_drifted(const struct subject *s)
{
        const struct collection_view *c = s->collection;

        return c->drift.set_shifted || c->drift.share_moved || c->attribution.cause == CAUSE_FLOOD;
}

static int describe_set(const struct subject *s, struct labels *annotations)
{
        const struct drift_view *d = &s->collection->drift;
        _cleanup_text_ struct text t = {0};

        text_appendf(&t,
                "The canonical queries of collection %s have moved from their baseline: %zu of %zu "
                "have moved up and %zu down",
                s->collection->label, d->moved_up, d->queries, d->moved_down);
        if (!isnan(d->set_shift))
                text_appendf(&t, "; the mean shift is %+.4g", d->set_shift);
        text_append(&t, ".");
        return set_description(annotations, s, &t);
}

static bool replay_failing(const struct subject *s)
{
        return s->collection->last_error != NULL;
}

static int describe_failure(const struct subject *s, struct labels *annotations)
{
        const struct collection_view *c = s->collection;
        _cleanup_text_ struct text t = {0};

        text_appendf(&t, "The replay of collection %s on server %s (%s) failed: ", c->label,
                c->server, c->url ? c->url : "no URL");
        append_sentence(&t, c->last_error);
        return set_description(annotations, s, &t);
}

static bool reachability_known(const struct collection_view *c)
{
        return c->health.unreachable >= 0;
}

static bool index_incomplete(const struct subject *s)
{
        const struct index_health *h = &s->collection->health;

        return h->records > 0 && (double)h->unreachable > s->limit * (double)h->records;
}

static int describe_incomplete(const struct subject *s, struct labels *annotations)
{
        const struct index_health *h = &s->collection->health;
        _cleanup_text_ struct text t = {0};
        char number[24];
        int r;

        text_appendf(&t,
                "%lld of the %lld records of collection %s cannot be found by any query, although "
                "the collection holds them; the server reports no error. A restart does not heal "
                "it: recreate the collection from its records.",
                (long long)h->unreachable, (long long)h->records, s->collection->label);
        (void)snprintf(number, sizeof(number), "%lld", (long long)h->unreachable);
        r = set_description(annotations, s, &t);
        return r < 0 ? r : labels_set(annotations, "unreachable_records", number);
}

static bool recall_known(const struct collection_view *c)
{
        return !isnan(c->health.recall);
}

static bool recall_low(const struct subject *s)
{
        return s->collection->health.recall < s->limit;
}

static int describe_recall(const struct subject *s, struct labels *annotations)
{
        _cleanup_text_ struct text t = {0};

        text_appendf(&t,
                "Search in collection %s returns %.3g of the records that a deeper search returns "
                "(%zu queries); less than %.3g is too little.",
                s->collection->label, s->collection->health.recall,
                s->collection->health.recall_queries, s->limit);
        return set_description(annotations, s, &t);
}

static bool collection_known(const struct collection_view *c)
{
        return c->up && c->epoch.id;
}

static bool collection_replaced(const struct subject *s)
{
        return s->collection->epoch_changes & EPOCH_REPLACED;
}

static int describe_replaced(const struct subject *s, struct labels *annotations)
{
        const struct collection_view *c = s->collection;
        _cleanup_text_ struct text t = {0};

        text_appendf(&t,
                "Collection %s was deleted and created again: its id is %s now. If that was meant, "
                "approve a new baseline.",
                c->label, c->epoch.id);
        return set_description(annotations, s, &t);
}

static bool configuration_changed(const struct subject *s)
{
        return s->collection->epoch_changes & (EPOCH_SPACE | EPOCH_CONFIGURATION);
}

static int describe_configuration(const struct subject *s, struct labels *annotations)
{
        const struct collection_view *c = s->collection;
        _cleanup_text_ struct text t = {0};

        text_appendf(&t, "Collection %s now has space %s, %u dimensions and the configuration ",
                c->label, c->epoch.space ? c->epoch.space : "unknown", c->epoch.dimension);
        append_excerpt(&t, c->epoch.configuration ? c->epoch.configuration : "unknown");
        if (c->baseline) {
                text_appendf(&t, "; its baseline was recorded with space %s, %u dimensions and ",
                        c->baseline->epoch.space ? c->baseline->epoch.space : "unknown",
                        c->baseline->epoch.dimension);
                append_excerpt(&t,
                        c->baseline->epoch.configuration ? c->baseline->epoch.configuration
                                                         : "an unknown configuration");
        }
        text_append(&t,
                ". A changed ef_search takes effect when the server loads the index anew, not "
                "before.");
        return set_description(annotations, s, &t);
}

static bool embedder_known(const struct collection_view *c)
{
        return c->embedder.at > 0 || !c->embedder.name;
}

static bool embedder_changed(const struct subject *s)
{
        return s->collection->embedder.changed || s->collection->embedder.partial;
}

static int describe_embedder(const struct subject *s, struct labels *annotations)
{
        const struct embedder_view *e = &s->collection->embedder;
        _cleanup_text_ struct text t = {0};
        int r;

        text_appendf(&t,
                "Embedder %s gives other vectors than the pinned ones for %zu of %zu canonical "
                "queries of collection %s (",
                e->name, e->moved, e->compared, s->collection->label);
        if (isfinite(e->median))
                text_appendf(&t, "median of 1 - cos: %.3g", e->median);
        else
                text_append(&t, "they have another length");
        text_appendf(&t, "). %s", cause_action(CAUSE_EMBEDDER));
        /* Whatever the collection's answers suffer from, this is the embedder. */
        r = text_failed(&t) ? -ENOMEM : labels_set(annotations, "description", text_string(&t));
        return r < 0 ? r : labels_set(annotations, "cause", cause_name(CAUSE_EMBEDDER));
}

const struct condition conditions[RULE_COUNT] = {
        [RULE_EXPECTED_RESULT_MISSING] = {true, NULL, expected_result_missing, describe_missing},
        [RULE_BAND_CROSSED] = {true, NULL, band_crossed, describe_crossing},
        [RULE_DISTANCE_DRIFT] = {true, replayed_well, distance_drifted, describe_distance},
        [RULE_SET_DRIFT] = {false, set_known, set_drifted, describe_set},
        [RULE_REPLAY_FAILING] = {false, NULL, replay_failing, describe_failure},
        [RULE_INDEX_INCOMPLETE] = {false, reachability_known, index_incomplete,
                describe_incomplete},
        [RULE_RECALL_LOW] = {false, recall_known, recall_low, describe_recall},
        [RULE_COLLECTION_REPLACED] = {false, collection_known, collection_replaced,
                describe_replaced},
        [RULE_CONFIGURATION_CHANGED] = {false, collection_known, configuration_changed,
                describe_configuration},
        [RULE_EMBEDDER_CHANGED] = {false, embedder_known, embedder_changed, describe_embedder},
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/sentence.h"
#include "judge/attribution.h"

#include <errno.h>
#include <math.h>

#include "http.h"
#include "judge/embedder.h"
#include "judge/epoch.h"
#include "judge/floor.h"
#include "judge/reachability.h"
#include "text.h"

/* A sentence is read on a telephone: longer texts of queries and servers are cut. */
#define EXCERPT_MAX 160
/* Distances that people are shown as equal. */
#define SHOWN_EQUAL 0.00005

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
static void append_stop(struct text *t)
{
        if (t->size > 0 && !strchr(".!?", t->data[t->size - 1]))
                text_append(t, ".");
}

void sentence_distance(struct text *t, double distance)
{
        if (isnan(distance))
                text_append(t, "unknown");
        else
                text_appendf(t, "%.4f", answer_shown(distance));
}

static const char *band_of(const struct collection_view *c, double distance)
{
        const char *name = bands_name(&c->bands, bands_index(&c->bands, (float)distance));

        return name ? name : "unknown";
}

static void say_replay_failed(
        const struct collection_view *c, const struct finding *f, struct text *t)
{
        text_appendf(t, "The replay of collection %s on server %s (%s) failed: ", c->label,
                c->server, c->url ? c->url : "no URL");
        text_append(t, c->last_error);
}

static void say_configuration(
        const struct collection_view *c, const struct finding *f, struct text *t)
{
        const struct epoch *b = c->baseline ? &c->baseline->epoch : NULL;
        unsigned changes = c->epoch_changes & (EPOCH_SPACE | EPOCH_CONFIGURATION);

        text_appendf(t, "Collection %s is not measured or searched as before", c->label);
        if (b && epoch_compare(b, &c->epoch) & changes) {
                text_append(t, ": ");
                epoch_describe(changes, b, &c->epoch, t);
        }
        text_appendf(t, ". It now has space %s, %u dimensions and the configuration ",
                c->epoch.space ? c->epoch.space : "unknown", c->epoch.dimension);
        append_excerpt(t, c->epoch.configuration ? c->epoch.configuration : "unknown");
        if (b) {
                text_appendf(t, "; its baseline was recorded with space %s, %u dimensions and ",
                        b->space ? b->space : "unknown", b->dimension);
                append_excerpt(t, b->configuration ? b->configuration : "an unknown configuration");
        }
        text_append(t,
                ". A changed ef_search takes effect when the server loads the index anew, not "
                "before");
}

static void say_embedder_changed(
        const struct collection_view *c, const struct finding *f, struct text *t)
{
        const struct embedder_view *e = &c->embedder;

        text_appendf(t,
                "Embedder %s gives other vectors than the pinned ones for %zu of %zu canonical "
                "queries of collection %s (",
                e->name, e->moved, e->compared, c->label);
        if (isfinite(e->median))
                text_appendf(t, "median of 1 - cos: %.3g)", e->median);
        else
                text_append(t, "they have another number of components)");
        if (fabs(e->length - 1) > EMBEDDER_LENGTH) {
                text_append(t, "; ");
                embedder_length_describe(e->length, t);
        }
        if (e->unanswered > 0)
                text_append(t, "; of those that it has no vector for now the one before counts");
}

static void say_embedder_unreachable(
        const struct collection_view *c, const struct finding *f, struct text *t)
{
        const struct embedder_view *e = &c->embedder;

        if (e->error)
                text_appendf(
                        t, "Embedder %s of collection %s could not be asked: ", e->name, c->label);
        else
                text_appendf(t,
                        "Embedder %s has no vector for %zu of %zu canonical queries of collection "
                        "%s; query \"%s\": ",
                        e->name, e->unanswered, c->query_set->count, c->label,
                        e->unanswered_query ? e->unanswered_query : "?");
        text_append(t, e->error ? e->error : e->unanswered_reason ? e->unanswered_reason : "?");
}

static void append_floor(const struct collection_view *c, struct text *t)
{
        if (!c->baseline || c->baseline->floor.measured == 0)
                return;
        text_append(t, "; at worst its index had by itself: ");
        floor_describe(&c->baseline->floor, t);
}

static void say_sampled(const struct collection_view *c, const struct finding *f, struct text *t)
{
        struct interval share = reachability_unreachable(&c->health);

        text_appendf(t,
                "Between %.2g %% and %.2g %% of the %lld records of collection %s cannot be found "
                "by any query, although the collection holds them (%zu of the %zu that were looked "
                "at); the limit is %.4g %%, and the server reports no error",
                100 * share.low, 100 * share.high, (long long)c->health.records, c->label,
                c->health.sample.missed, c->health.sample.looked, 100 * f->limit);
}

static void say_counted(const struct collection_view *c, const struct finding *f, struct text *t)
{
        text_appendf(t,
                "%lld of the %lld records of collection %s cannot be found by any query, although "
                "the collection holds them; the limit is %.4g %%, and the server reports no error",
                (long long)c->health.unreachable, (long long)c->health.records, c->label,
                100 * f->limit);
}

static void say_incomplete(const struct collection_view *c, const struct finding *f, struct text *t)
{
        if (c->health.sample.looked > 0)
                say_sampled(c, f, t);
        else
                say_counted(c, f, t);
        if (c->health.copies > 0)
                text_appendf(t, "; a near copy is found in place of some %lld of them",
                        (long long)c->health.copies);
        append_floor(c, t);
}

static void say_recall(const struct collection_view *c, const struct finding *f, struct text *t)
{
        bool exact = !(c->health.recall <= f->value);

        text_appendf(
                t, "Search in collection %s returns %.3f of the records that ", c->label, f->value);
        if (exact)
                text_appendf(
                        t, "by their exact distances still belong into the baseline's answers");
        else
                text_appendf(t, "a deeper search returns (%zu queries)", c->health.recall_queries);
        text_appendf(t, "; less than %.3g is too little", f->limit);
        append_floor(c, t);
}

static void say_replaced(const struct collection_view *c, const struct finding *f, struct text *t)
{
        text_appendf(t, "Collection %s was deleted and created again: its id is %s now", c->label,
                c->epoch.id);
        if (c->baseline)
                text_append(t, ", and its content is not the baseline's");
}

static void say_rebuilt(const struct collection_view *c, const struct finding *f, struct text *t)
{
        text_appendf(t,
                "Collection %s was deleted and created again with the content of its baseline: its "
                "id is %s now",
                c->label, c->epoch.id);
}

static void say_baseline_unreadable(
        const struct collection_view *c, const struct finding *f, struct text *t)
{
        text_appendf(t, "The approved baseline of collection %s cannot be read, ", c->label);
        if (c->baseline)
                text_appendf(t, "and baseline %u is compared with only until a restart: ",
                        c->baseline->number);
        else
                text_append(t, "so that nothing is compared with it: ");
        text_append(t, c->baseline_error);
}

static void say_not_compared(
        const struct collection_view *c, const struct finding *f, struct text *t)
{
        if (!c->baseline)
                text_appendf(t,
                        "Collection %s has no approved baseline; driftwatch baseline propose "
                        "records one",
                        c->label);
        else if (c->drift.compared == 0)
                text_appendf(t, "No query of collection %s could be compared with the baseline",
                        c->label);
        else if (c->results < c->baseline->results)
                text_appendf(t,
                        "The baseline of collection %s was recorded with %u results and %u are "
                        "asked for: the means of the answers cannot be compared; propose a new "
                        "baseline",
                        c->label, c->baseline->results, c->results);
        else
                text_appendf(t,
                        "Too few queries of collection %s have a mean that can be compared with "
                        "the baseline's",
                        c->label);
}

static void append_moved(const struct collection_view *c, struct text *t)
{
        text_appendf(t, "%zu of %zu queries moved up and %zu down", c->drift.moved_up,
                c->drift.queries, c->drift.moved_down);
}

static void say_shifted(const struct collection_view *c, const struct finding *f, struct text *t)
{
        if (f->value <= f->limit) {
                text_appendf(t,
                        "The canonical queries of collection %s as a set are back within %.4g of "
                        "their baseline, which more replays have to confirm",
                        c->label, f->limit);
                return;
        }
        text_appendf(t,
                "The canonical queries of collection %s as a set lie %.4f above their baseline; "
                "the limit is %.4g",
                c->label, f->value, f->limit);
        if (c->drift.moved_up + c->drift.moved_down > 0) {
                text_append(t, "; ");
                append_moved(c, t);
        }
}

static void say_moved(const struct collection_view *c, const struct finding *f, struct text *t)
{
        text_appendf(t,
                "%.0f of %zu canonical queries of collection %s moved up from their baseline",
                f->value, c->drift.compared > 0 ? c->drift.compared : c->drift.queries, c->label);
        if (!isnan(c->drift.set_shift))
                text_appendf(t, "; the mean shift of the set is %+.4f", c->drift.set_shift);
}

/* "5 of 6 queries tagged area=billing, 3 of 3 tagged area=tax and more of 2 other tags". */
static void append_topics(
        const struct collection_view *c, const struct finding *f, const char *what, struct text *t)
{
        size_t told = topic_list_told(&f->topics);

        for (size_t i = 0; i < told; i++) {
                const struct portion *p = &f->topics.told[i].portion;
                const struct tag *tag = c->query_set->topics.topics[f->topics.told[i].topic].tag;

                text_appendf(t, "%s%u of %u %stagged ", i > 0 ? ", " : "", p->hit, p->all,
                        i > 0 ? "" : what);
                append_excerpt(t, tag->key);
                text_append(t, "=");
                append_excerpt(t, tag->value);
        }
        if (f->topics.count > told)
                text_appendf(t, " and more of %zu other tags", f->topics.count - told);
}

static void say_topic_moved(
        const struct collection_view *c, const struct finding *f, struct text *t)
{
        append_topics(c, f, "canonical queries ", t);
        text_appendf(t, " of collection %s moved up from their baseline", c->label);
}

static void say_topic_lost(const struct collection_view *c, const struct finding *f, struct text *t)
{
        append_topics(c, f, "places in the answers to queries ", t);
        text_appendf(t,
                " of collection %s were held by records that are gone or hold something else now; "
                "the limit is %.3g %% of a tag's",
                c->label, 100 * f->limit);
}

static void say_answers_replaced(
        const struct collection_view *c, const struct finding *f, struct text *t)
{
        const struct evidence *e = &c->attribution.evidence;

        text_appendf(t,
                "%zu of the %zu places in the answers of collection %s were held by records that "
                "are gone or hold something else now; the limit is %.3g %%",
                e->lost, e->places, c->label, 100 * f->limit);
}

static void say_rekeyed(const struct collection_view *c, const struct finding *f, struct text *t)
{
        text_appendf(t,
                "The records of collection %s have other ids than in its baseline; they are found "
                "as before",
                c->label);
}

static void say_crowded(const struct collection_view *c, const struct finding *f, struct text *t)
{
        const struct evidence *e = &c->attribution.evidence;

        text_appendf(t,
                "New records crowd the answers of collection %s: %zu of %zu looked at are new and "
                "have a near-duplicate beside them, and %zu of %zu queries have a new first answer",
                c->label, e->near_duplicates, e->entries, e->firsts, e->queries);
}

static void say_unfinished(const struct collection_view *c, const struct finding *f, struct text *t)
{
        text_appendf(t, "An ingest of collection %s stopped half-way: ", c->label);
        attribution_describe(&c->attribution, t);
}

/* The judgement's reason says what is missing. */
static void say_missing(const struct collection_view *c, const struct finding *f, struct text *t)
{
        const char *reason = c->queries[f->query].judgement.reason;

        text_append(t, reason ? reason : "the expected result was not found");
        if (!(fabs(f->value - f->before) >= SHOWN_EQUAL))
                return;
        text_append(t, "; its best answer was at distance ");
        sentence_distance(t, f->before);
        text_append(t, " and is at ");
        sentence_distance(t, f->value);
}

static void say_out_of_range(
        const struct collection_view *c, const struct finding *f, struct text *t)
{
        const char *reason = c->queries[f->query].judgement.reason;

        text_append(t, reason ? reason : "the distance lies outside of the expected range");
}

static void say_crossed(const struct collection_view *c, const struct finding *f, struct text *t)
{
        const struct judgement *j = &c->queries[f->query].judgement;
        const char *band = j->crossed ? bands_name(&c->bands, j->confirmed_band) : NULL;
        const char *home = j->crossed ? bands_name(&c->bands, j->home_band) : NULL;

        if (j->crossed && j->band >= 0 && j->band <= j->home_band) {
                text_appendf(t, "the best answer is back from band \"%s\" in \"%s\" (",
                        band ? band : "unknown", band_of(c, f->value));
                sentence_distance(t, f->value);
                text_append(t, "), which more replays have to confirm");
                return;
        }
        text_appendf(
                t, "the best answer moved from band \"%s\" (", home ? home : band_of(c, f->before));
        sentence_distance(t, f->before);
        text_appendf(t, ") to \"%s\" (", band ? band : band_of(c, f->value));
        sentence_distance(t, f->value);
        text_append(t, ")");
}

static void say_distant(const struct collection_view *c, const struct finding *f, struct text *t)
{
        const struct query_drift *d = &c->queries[f->query].drift;
        enum level_signal s = d->judged[LEVEL_TOPK] >= f->value || d->shift[LEVEL_TOPK] >= f->value
                ? LEVEL_TOPK
                : LEVEL_TOP1;

        text_appendf(t, "the %s lies at ", s == LEVEL_TOP1 ? "best answer" : "mean of the answers");
        sentence_distance(t, d->baseline[s] + f->value);
        text_appendf(t, ", %.4f above its baseline ", f->value);
        sentence_distance(t, d->baseline[s]);
        text_appendf(t, "; the limit is %.4g", f->limit);
}

static void (*const say[FINDING_COUNT])(
        const struct collection_view *c, const struct finding *f, struct text *t) = {
        [FINDING_REPLAY_FAILED] = say_replay_failed,
        [FINDING_CONFIGURATION] = say_configuration,
        [FINDING_EMBEDDER_CHANGED] = say_embedder_changed,
        [FINDING_EMBEDDER_UNREACHABLE] = say_embedder_unreachable,
        [FINDING_INDEX_INCOMPLETE] = say_incomplete,
        [FINDING_RECALL_LOW] = say_recall,
        [FINDING_REPLACED] = say_replaced,
        [FINDING_REBUILT] = say_rebuilt,
        [FINDING_BASELINE_UNREADABLE] = say_baseline_unreadable,
        [FINDING_NOT_COMPARED] = say_not_compared,
        [FINDING_TOPIC_LOST] = say_topic_lost,
        [FINDING_TOPIC_MOVED] = say_topic_moved,
        [FINDING_SET_SHIFTED] = say_shifted,
        [FINDING_SET_MOVED] = say_moved,
        [FINDING_REPLACED_ANSWERS] = say_answers_replaced,
        [FINDING_REKEYED] = say_rekeyed,
        [FINDING_UNFINISHED] = say_unfinished,
        [FINDING_CROWDED] = say_crowded,
        [FINDING_MISSING] = say_missing,
        [FINDING_OUT_OF_RANGE] = say_out_of_range,
        [FINDING_BAND_CROSSED] = say_crossed,
        [FINDING_DISTANT] = say_distant,
};

int sentence_build(const struct collection_view *c, const struct finding *f, char **ret)
{
        _cleanup_text_ struct text t = {0};
        char *sentence;

        say[f->kind](c, f, &t);
        if (f->query == FINDING_COLLECTION)
                append_stop(&t);
        sentence = text_failed(&t) ? NULL : text_take(&t, NULL);
        if (!sentence)
                return -ENOMEM;
        *ret = sentence;
        return 0;
}

void sentence_append(const struct collection_view *c, const struct finding *f, struct text *t)
{
        const struct query *q;

        if (f->query == FINDING_COLLECTION) {
                text_append(t, f->sentence);
                return;
        }
        q = &c->query_set->queries[f->query];
        text_appendf(t, "Query \"%s\" (", q->id);
        append_excerpt(t, q->text ? q->text : "");
        text_appendf(t, ") of collection %s: %s", c->label, f->sentence);
        append_stop(t);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>

#include "judge/embedder.h"
#include "judge/incident.h"
#include "judge/verdict.h"
#include "log.h"
#include "watch/state.h"

static int state_init(struct query_state *s)
{
        band_state_init(&s->band);
        judgement_init(&s->judgement);
        query_drift_init(&s->drift);
        s->embedder_distance = s->embedder_limit = s->embedder_length = s->embedder_noise = NAN;
        s->history = history_new();
        return s->history ? 0 : -ENOMEM;
}

static void state_done(struct query_state *s)
{
        history_free(s->history);
        answer_unref(s->answer);
        answer_unref(s->missed);
        answer_unref(s->exact);
        judgement_done(&s->judgement);
        free(s->refused);
        free(s->no_vector);
}

/* The part of a view that does not change between results. */
static int view_describe(const struct dossier *d, struct collection_view *v)
{
        const struct collection_config *c = d->config;
        int r = strdup_to(&v->label, c->label);

        v->query_set = query_set_ref(c->queries);
        v->baseline = baseline_ref(d->baseline);
        v->interval_usec = c->replay.interval;
        v->ingest_grace = d->policy.grace;
        v->results = c->replay.results;
        memcpy(v->limits, c->policy.limits, sizeof(v->limits));
        if (r >= 0)
                r = strdup_to(&v->name, c->name);
        if (r >= 0)
                r = strdup_to(&v->server, c->server->name);
        if (r >= 0)
                r = strdup_to(&v->url, c->peer.url);
        if (r >= 0)
                r = bands_copy(&d->bands, &v->bands);
        return r;
}

static int view_queries(const struct dossier *d, struct collection_view *v)
{
        for (size_t i = 0; i < query_count(d); i++) {
                const struct query_state *s = &d->queries[i];
                struct query_view *q = &v->queries[i];
                int r = judgement_copy(&s->judgement, &q->judgement);

                if (r >= 0)
                        r = judgement_explain(&q->judgement);
                if (r < 0)
                        return r;
                q->drift = s->drift;
                q->cause = s->cause;
                q->embedder_distance = s->embedder_distance;
                q->embedder_limit = s->embedder_limit;
                q->embedder_noise = s->embedder_noise;
                q->answer = answer_ref(s->answer);
                q->history = history_snapshot(s->history);
                if (!q->history)
                        return -ENOMEM;
        }
        return 0;
}

/* What an embedder said that the collection has no more is no longer true of it. */
static int view_embedder(const struct dossier *d, struct collection_view *v)
{
        struct embedder_view *e = &v->embedder;

        free(e->name);
        e->name = NULL;
        if (d->config->embedder)
                return strdup_to(&e->name, d->config->embedder->name);
        embedder_view_done(e);
        return 0;
}

/* A new view of the dossier as it is, with the facts of `old` (NULL: none yet). */
static int view_build(
        const struct dossier *d, const struct collection_view *old, struct collection_view **ret)
{
        _cleanup_(collection_view_unrefp) struct collection_view *v =
                collection_view_new(query_count(d));
        int r = v ? view_describe(d, v) : -ENOMEM;

        if (r >= 0 && old)
                r = collection_view_continue(old, v);
        if (r >= 0)
                r = view_embedder(d, v);
        if (r >= 0)
                r = view_queries(d, v);
        if (r >= 0)
                *ret = take_ptr(v);
        return r;
}

struct collection_view *dossier_next_view(const struct dossier *d)
{
        struct collection_view *v = NULL;

        if (view_build(d, d->view, &v) < 0)
                log_error("%s: out of memory: the last result is not shown", d->config->label);
        return v;
}

void dossier_show(struct dossier *d, struct collection_view *v)
{
        episodes_note(d->view, v);
        collection_view_unref(d->view);
        d->view = v;
}

static void restart_band(
        struct query_state *s, const struct bands *before, const struct bands *bands)
{
        int home = bands_find(bands, bands_name(before, s->band.home));

        band_state_restore(&s->band, home, home < 0 ? NAN : s->band.home_distance);
        s->judgement.band = bands_index(bands, s->judgement.distance);
        s->judgement.confirmed_band = -1;
        s->judgement.home_band = home;
        s->judgement.crossed = false;
}

/* A baseline's homes are of its own space, whatever the collection is in by now. */
int dossier_choose_bands(struct dossier *d, const char *space)
{
        static const struct bands none;
        const struct baseline *b = d->baseline;
        struct bands bands;
        int r = bands_choose(d->config->bands_source, &d->config->bands, b ? &b->bands : &none,
                b && b->epoch.space ? b->epoch.space : space, &bands);

        if (r < 0)
                return r;
        if (bands_equal(&bands, &d->bands)) {
                bands_done(&bands);
                return 0;
        }
        for (size_t i = 0; i < query_count(d); i++)
                restart_band(&d->queries[i], &d->bands, &bands);
        bands_done(&d->bands);
        d->bands = bands;
        return 0;
}

/* From one look at a collection to the next. */
static usec_t look_interval(const struct collection_config *c)
{
        usec_t survey = c->replay.survey_interval;

        return survey > 0 ? MIN(survey, c->replay.interval) : c->replay.interval;
}

int dossier_new(const struct collection_config *config, struct dossier **ret)
{
        _cleanup_(dossier_freep) struct dossier *d = calloc(1, sizeof(*d));
        int r = 0;

        if (!d)
                return -ENOMEM;
        d->config = config;
        d->query_count = config->queries->count;
        d->policy = config->policy;
        ingest_init(&d->ingest, look_interval(config), config->policy.grace);
        epoch_init(&d->reference);
        d->queries = calloc(query_count(d) + 1, sizeof(*d->queries));
        d->drift = drift_new(config->queries);
        if (!d->queries || !d->drift)
                return -ENOMEM;
        for (size_t i = 0; i < query_count(d) && r >= 0; i++)
                r = state_init(&d->queries[i]);
        if (r >= 0)
                r = dossier_merge_vectors(d);
        if (r >= 0)
                r = dossier_choose_bands(d, NULL);
        drift_set_baseline(d->drift, NULL, NULL, config->policy.limits[RULE_SET_DRIFT]);
        if (r >= 0)
                r = view_build(d, NULL, &d->view);
        if (r >= 0)
                *ret = take_ptr(d);
        return r;
}

void dossier_forget_sentinels(struct dossier *d)
{
        for (size_t i = 0; i < d->sentinel_count; i++)
                free(d->sentinels[i]);
        d->sentinel_count = 0;
        d->ingest.seen.sentinels = 0; /* of those */
}

struct dossier *dossier_free(struct dossier *d)
{
        if (!d)
                return NULL;
        for (size_t i = 0; d->queries && i < query_count(d); i++)
                state_done(&d->queries[i]);
        free(d->queries);
        drift_free(d->drift);
        baseline_unref(d->baseline);
        bands_done(&d->bands);
        vector_set_unref(d->pinned);
        vector_set_unref(d->fresh);
        vector_set_unref(d->given);
        vector_set_unref(d->vectors);
        epoch_done(&d->reference);
        ingest_done(&d->ingest);
        free(d->rebuilt);
        dossier_forget_sentinels(d);
        investigation_done(&d->investigation);
        collection_view_unref(d->view);
        free(d);
        return NULL;
}

/* Query ids of a set, sorted, so that carrying state over stays cheap with many queries. */
struct id_index {
        const char *id;
        size_t i;
};

static int compare_ids(const void *a, const void *b)
{
        return strcmp(((const struct id_index *)a)->id, ((const struct id_index *)b)->id);
}

static struct id_index *index_ids(const struct query_set *set)
{
        struct id_index *index = calloc(set->count + 1, sizeof(*index));

        for (size_t i = 0; index && i < set->count; i++)
                index[i] = (struct id_index){set->queries[i].id, i};
        if (index)
                qsort(index, set->count, sizeof(*index), compare_ids);
        return index;
}

static void adopt_state(struct query_state *to, struct query_state *from, bool same_bands)
{
        struct query_state swap = *to;

        *to = *from;
        *from = swap;
        if (!same_bands)
                band_state_init(&to->band);
        to->judgement.expected_record = EXPECTED_UNKNOWN; /* something else may be expected now */
}

/* Another text is another question: of what is known, its past alone stays. */
static void adopt_past(struct query_state *to, struct query_state *from)
{
        struct history *swap = to->history;

        to->history = from->history;
        from->history = swap;
}

static bool same_embedder(const struct embedder_config *a, const struct embedder_config *b)
{
        return a && b && streq(a->name, b->name) && a->dialect == b->dialect &&
                streq(a->peer.url, b->peer.url) && streq(a->model, b->model) &&
                streq(a->query_prefix, b->query_prefix) &&
                (a->body ? json_equal(a->body, b->body) : !b->body);
}

/* What an embedder gave for other texts, or another one gave, is not what this one gives. */
static int adopt_fresh(struct dossier *d, struct dossier *old, struct names *changed)
{
        int r = 0;

        if (same_embedder(d->config->embedder, old->config->embedder))
                r = dossier_adopt_given(d, old, changed);
        for (size_t i = 0; i < query_count(d); i++) {
                struct query_state *s = &d->queries[i];

                if (d->given && vector_set_find(d->given, d->config->queries->queries[i].id))
                        continue;
                s->embedder_distance = s->embedder_length = NAN;
                free(s->refused);
                s->refused = NULL;
        }
        return r;
}

/* What belongs to the collection as a whole. */
static void adopt_facts(struct dossier *d, struct dossier *old)
{
        ingest_adopt(&d->ingest, &old->ingest);
        d->held = old->held;
        d->reference = old->reference;
        d->reference_changed = old->reference_changed;
        epoch_init(&old->reference);
        d->rebuilt = take_ptr(old->rebuilt);
        memcpy(d->sentinels, old->sentinels, sizeof(d->sentinels));
        d->sentinel_count = old->sentinel_count;
        old->sentinel_count = 0;
        /* Its suspects belong to the old query set; the next replay begins another. */
        d->investigation.asked = old->investigation.asked;
}

/* In the baseline's space; another one now is reported, not computed with. */
static void compare_with_baseline(struct dossier *d, const char *space)
{
        drift_set_baseline(d->drift, d->baseline, d->baseline ? d->baseline->epoch.space : space,
                d->config->policy.limits[RULE_SET_DRIFT]);
}

static void set_home(struct dossier *d, size_t i, int band, float distance)
{
        struct judgement *shown = &d->view->queries[i].judgement;
        struct query_state *s = &d->queries[i];

        if (s->band.home == band)
                s->band.home_distance = distance; /* and where it is by now stays confirmed */
        else
                band_state_restore(&s->band, band, distance);
        s->judgement.home_band = shown->home_band = band;
        s->judgement.home_distance = shown->home_distance = distance;
}

/* An approved answer's band is home, whichever band was called so before. */
static void restore_homes(struct dossier *d)
{
        for (size_t i = 0; d->baseline && i < query_count(d); i++) {
                const struct baseline_query *q = dossier_known(d, &d->config->queries->queries[i]);
                double distance = q ? q->levels[LEVEL_TOP1].location : NAN;

                if (!isnan(distance))
                        set_home(d, i, bands_index(&d->bands, (float)distance), (float)distance);
        }
}

/* What became of records is told by indices of queries, and against a baseline. */
static void forget_records(struct dossier *d, struct collection_view *v)
{
        v->fates = fates_unref(v->fates);
        for (size_t i = 0; i < query_count(d); i++)
                d->queries[i].cause = v->queries[i].cause = CAUSE_UNKNOWN;
}

/* `ret`: those whose text is another now. */
static int adopt_queries(struct dossier *d, struct dossier *old, struct names *ret)
{
        const struct query_set *old_set = old->config->queries;
        _cleanup_free_ struct id_index *index = index_ids(old_set);
        bool same_bands;
        int r;

        ret->ids = calloc(query_count(d) + 1, sizeof(char *));
        if (!index || !ret->ids)
                return -ENOMEM;
        d->baseline = baseline_ref(old->baseline);
        r = dossier_choose_bands(d, old->view->epoch.space);
        if (r < 0)
                return r;
        same_bands = bands_equal(&d->bands, &old->bands);
        for (size_t i = 0; i < query_count(d); i++) {
                const struct query *q = &d->config->queries->queries[i];
                struct id_index key = {q->id, 0};
                struct id_index *found =
                        bsearch(&key, index, old_set->count, sizeof(key), compare_ids);

                if (!found)
                        continue;
                if (streq(q->text, old_set->queries[found->i].text)) {
                        adopt_state(&d->queries[i], &old->queries[found->i], same_bands);
                        continue;
                }
                adopt_past(&d->queries[i], &old->queries[found->i]);
                ret->ids[ret->count++] = q->id;
        }
        names_sort(ret);
        return 0;
}

/* Its name aside: it was not asked yet. */
static void forget_embedder(struct collection_view *v)
{
        char *name = take_ptr(v->embedder.name);

        embedder_view_done(&v->embedder);
        v->embedder.name = name;
}

static void excuse(const struct dossier *d, struct collection_view *v)
{
        for (size_t i = 0; i < query_count(d); i++)
                v->queries[i].excused =
                        d->config->queries->queries[i].known_failing.until > v->judged;
}

int dossier_adopt(struct dossier *d, struct dossier *old)
{
        _cleanup_(names_done) struct names changed = {0};
        struct collection_view *view;
        int r = adopt_queries(d, old, &changed);

        if (r >= 0)
                r = adopt_fresh(d, old, &changed);
        if (r < 0)
                return r;
        adopt_facts(d, old);
        compare_with_baseline(d, old->view->epoch.space);
        r = drift_adopt(d->drift, old->drift);
        if (r >= 0)
                r = dossier_merge_vectors(d);
        if (r >= 0)
                r = view_build(d, old->view, &view);
        if (r < 0)
                return r;
        findings_unref(view->findings);
        view->findings =
                findings_rebase(old->view->findings, old->config->queries, d->config->queries);
        for (enum topic_look look = 0; look < TOPIC_LOOKS; look++)
                topic_list_rebase(&view->drift.topics[look].list, &old->config->queries->topics,
                        &d->config->queries->topics);
        if (d->config->embedder && !same_embedder(d->config->embedder, old->config->embedder))
                forget_embedder(view);
        forget_records(d, view);
        excuse(d, view);
        r = findings_apply(view);
        dossier_show(d, view);
        restore_homes(d);
        return r < 0 ? r : changed.count > 0;
}

void dossier_restore_home(
        struct dossier *d, const char *query_id, const char *band, float home_distance)
{
        const struct bands *bands = &d->bands;
        const struct query *q = query_set_find(d->config->queries, query_id);

        /* An approved answer's band is home, whatever was measured once. */
        if (d->baseline && baseline_find(d->baseline, query_id))
                return;
        for (size_t i = 0; q && i < bands->count; i++)
                if (streq(bands->bands[i].name, band))
                        set_home(d, (size_t)(q - d->config->queries->queries), (int)i,
                                home_distance);
}

int dossier_set_baseline(struct dossier *d, struct baseline *baseline)
{
        struct collection_view *view;
        int r;

        baseline_ref(baseline);
        baseline_unref(d->baseline);
        d->baseline = baseline;
        compare_with_baseline(d, d->view->epoch.space);
        dossier_forget_sentinels(d);
        dossier_forget_missed(d);
        r = dossier_choose_bands(d, d->view->epoch.space);
        if (r >= 0)
                r = dossier_merge_vectors(d);
        if (r >= 0 && d->given)
                dossier_measure_embedder(d);
        if (r >= 0)
                r = view_build(d, d->view, &view);
        if (r < 0)
                return r;
        free(view->baseline_error);
        view->baseline_error = NULL;
        if (d->given)
                dossier_note_embedder(d, view->epoch.space, &view->embedder);
        dossier_show(d, view);
        investigation_reset(&d->investigation);
        /* Against another baseline, another cause. */
        attribution_init(&d->view->attribution);
        d->view->attributed = 0;
        forget_records(d, d->view);
        restore_homes(d);
        return 0;
}

void dossier_judge_at_once(struct dossier *d, bool demands_baseline)
{
        d->policy.at_once = true;
        d->policy.demands_baseline = demands_baseline;
        d->policy.grace = d->ingest.grace = 0;
}

void dossier_conclude(struct dossier *d, usec_t now)
{
        struct collection_view *v = d->view;
        usec_t since = v->incident_since;

        v->looking_up = d->investigation.asking;
        v->judged = now;
        excuse(d, v);
        if (findings_judge(v, &d->policy, v->findings, now) < 0)
                log_error("%s: out of memory: its findings stay as they were", d->config->label);
        v->verdict = verdict_judge(v, NULL);
        incident_update(v, since, now);
}

struct collection_view *dossier_same_view(const struct dossier *d)
{
        struct collection_view *v = dossier_next_view(d);
        const struct collection_view *old = d->view;
        int r = 0;

        if (v)
                v->looking_up = old->looking_up;
        for (size_t i = 0; v && i < v->query_set->count && r >= 0; i++) {
                judgement_done(&v->queries[i].judgement);
                r = judgement_copy(&old->queries[i].judgement, &v->queries[i].judgement);
                v->queries[i].excused = old->queries[i].excused;
        }
        if (r < 0)
                log_error("%s: out of memory: some of its queries are shown without their findings",
                        d->config->label);
        return v;
}

void dossier_jump(struct dossier *d, int64_t by)
{
        struct collection_view *v;
        int r;

        for (size_t i = 0; i < query_count(d); i++)
                history_jump(d->queries[i].history, by);
        ingest_jump(&d->ingest, by);
        investigation_jump(&d->investigation, by);
        time_jump(&d->reference_changed, by);
        v = dossier_same_view(d);
        if (!v)
                return;
        r = collection_view_jump(v, by);
        if (r < 0)
                log_error("%s: out of memory: what is known of it keeps the times of before",
                        d->config->label);
        dossier_show(d, v);
}

void dossier_repeat(struct dossier *d)
{
        d->repeating = true;
}

int dossier_prefer_fresh(struct dossier *d)
{
        d->prefer_fresh = true;
        return dossier_merge_vectors(d);
}

bool dossier_prefers_fresh(const struct dossier *d)
{
        return d->prefer_fresh;
}

struct vector_set *dossier_vectors(const struct dossier *d)
{
        return d->vectors;
}

struct vector_set *dossier_fresh_vectors(const struct dossier *d)
{
        return d->fresh;
}

const char *const *dossier_sentinels(const struct dossier *d, size_t *ret_count)
{
        *ret_count = d->sentinel_count;
        return (const char *const *)d->sentinels;
}

struct answer **dossier_answers(const struct dossier *d)
{
        struct answer **answers = calloc(query_count(d) + 1, sizeof(struct answer *));

        for (size_t i = 0; answers && i < query_count(d); i++)
                answers[i] = d->queries[i].answer;
        return answers;
}

struct collection_view *dossier_view(const struct dossier *d)
{
        return d->view;
}

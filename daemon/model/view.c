/* SPDX-License-Identifier: Apache-2.0 */
#include "model/view.h"

#include <errno.h>
#include <math.h>

#include "macro.h"

struct view *view_new(void)
{
        struct view *v = calloc(1, sizeof(*v));

        if (v)
                atomic_init(&v->references, 1);
        return v;
}

struct view *view_ref(struct view *v)
{
        if (v)
                atomic_fetch_add_explicit(&v->references, 1, memory_order_relaxed);
        return v;
}

static void view_free(struct view *v)
{
        for (size_t i = 0; i < v->collection_count; i++)
                collection_view_unref(v->collections[i]);
        for (size_t i = 0; i < v->server_count; i++) {
                free(v->servers[i].name);
                free(v->servers[i].url);
                unwatched_done(&v->servers[i].unwatched);
        }
        for (size_t i = 0; i < v->rule_count; i++)
                free(v->rules[i].severity);
        alert_list_unref(v->alert_list);
        incident_list_unref(v->incident_list);
        standing_unref(v->standing);
        channel_views_free(v->channels, v->channel_count);
        loss_views_free(v->losses, v->loss_count);
        free(v->rules);
        free(v->collections);
        free(v->servers);
        free(v->reload_error);
        free(v->storage_error);
        free(v->lease_holder);
        free(v->lease_error);
        free(v->config_path);
        free(v->external_url);
        free(v->runbook_url);
        for (size_t i = 0; i < v->host_count; i++)
                free(v->hosts[i]);
        free(v->hosts);
        free(v);
}

struct view *view_unref(struct view *v)
{
        if (v && atomic_fetch_sub_explicit(&v->references, 1, memory_order_acq_rel) == 1)
                view_free(v);
        return NULL;
}

struct alert_list *alert_list_new(size_t most)
{
        struct alert_list *l = calloc(1, sizeof(*l));

        if (!l)
                return NULL;
        atomic_init(&l->references, 1);
        l->alerts = calloc(MAX(most, (size_t)1), sizeof(*l->alerts));
        return l->alerts ? l : alert_list_unref(l);
}

struct alert_list *alert_list_unref(struct alert_list *l)
{
        if (!l || atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) > 1)
                return NULL;
        for (size_t i = 0; i < l->count; i++)
                alert_done(&l->alerts[i]);
        free(l->alerts);
        free(l);
        return NULL;
}

void view_show_alerts(struct view *v, struct alert_list *l)
{
        atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
        v->alert_list = l;
        v->alerts = l->alerts;
        v->alert_count = l->count;
}

struct incident_list *incident_list_new(size_t most)
{
        struct incident_list *l = calloc(1, sizeof(*l));

        if (!l)
                return NULL;
        atomic_init(&l->references, 1);
        l->incidents = calloc(MAX(most, (size_t)1), sizeof(*l->incidents));
        return l->incidents ? l : incident_list_unref(l);
}

struct incident_list *incident_list_unref(struct incident_list *l)
{
        if (!l || atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) > 1)
                return NULL;
        for (size_t i = 0; i < l->count; i++)
                incident_view_done(&l->incidents[i]);
        free(l->incidents);
        free(l);
        return NULL;
}

void view_show_incidents(struct view *v, struct incident_list *l)
{
        atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
        v->incident_list = l;
        v->incidents = l->incidents;
        v->incident_count = l->count;
}

void incident_view_done(struct incident_view *i)
{
        free(i->id);
        free(i->collection);
        for (size_t k = 0; k < i->worst_count; k++)
                free(i->worst[k]);
        free(i->summary);
        free(i->explanation);
        *i = (struct incident_view){0};
}

int incident_view_copy(const struct incident_view *from, struct incident_view *ret)
{
        struct incident_view copy = *from;
        int r;

        copy.id = copy.collection = copy.summary = copy.explanation = NULL;
        copy.worst_count = 0;
        r = strdup_to(&copy.id, from->id);
        if (r >= 0)
                r = strdup_to(&copy.collection, from->collection);
        if (r >= 0)
                r = strdup_to(&copy.summary, from->summary);
        if (r >= 0)
                r = strdup_to(&copy.explanation, from->explanation);
        for (size_t i = 0; i < from->worst_count && r >= 0; i++) {
                r = strdup_to(&copy.worst[i], from->worst[i]);
                copy.worst_count += r >= 0;
        }
        if (r < 0) {
                incident_view_done(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}

void channel_views_free(struct channel_view *channels, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                free(channels[i].receiver);
                free(channels[i].address);
                free(channels[i].peer);
                free(channels[i].last_error);
        }
        free(channels);
}

int loss_view_copy(const struct loss_view *from, struct loss_view *ret)
{
        struct loss_view copy = {.at = from->at,
                .channel = from->channel,
                .kind = from->kind,
                .reason = from->reason};

        if (strdup_to(&copy.receiver, from->receiver) < 0 ||
                strdup_to(&copy.peer, from->peer) < 0 ||
                strdup_to(&copy.incident, from->incident) < 0 ||
                strdup_to(&copy.sentence, from->sentence) < 0) {
                loss_view_done(&copy);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

void loss_view_done(struct loss_view *l)
{
        free(l->receiver);
        free(l->peer);
        free(l->incident);
        free(l->sentence);
        *l = (struct loss_view){0};
}

void loss_views_free(struct loss_view *losses, size_t count)
{
        for (size_t i = 0; i < count; i++)
                loss_view_done(&losses[i]);
        free(losses);
}

void incident_view_jump(struct incident_view *i, int64_t by)
{
        time_jump(&i->since, by);
        time_jump(&i->resolved_at, by);
}

struct collection_view *collection_view_new(size_t query_count)
{
        struct collection_view *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        atomic_init(&c->references, 1);
        c->verdict = VERDICT_UNMEASURED;
        epoch_init(&c->epoch);
        drift_view_init(&c->drift);
        attribution_init(&c->attribution);
        index_health_init(&c->health);
        c->embedder.median = c->embedder.length = NAN;
        for (size_t i = 0; i < RULE_COUNT; i++)
                c->limits[i] = NAN;
        c->queries = calloc(MAX(query_count, (size_t)1), sizeof(*c->queries));
        if (!c->queries) {
                free(c);
                return NULL;
        }
        for (size_t i = 0; i < query_count; i++) {
                judgement_init(&c->queries[i].judgement);
                query_drift_init(&c->queries[i].drift);
                c->queries[i].embedder_distance = c->queries[i].embedder_limit = NAN;
                c->queries[i].embedder_noise = NAN;
        }
        return c;
}

static int embedder_view_copy(const struct embedder_view *from, struct embedder_view *ret)
{
        int r;

        *ret = *from;
        ret->name = ret->error = ret->unanswered_query = ret->unanswered_reason = NULL;
        r = strdup_to(&ret->name, from->name);
        if (r >= 0)
                r = strdup_to(&ret->error, from->error);
        if (r >= 0)
                r = strdup_to(&ret->unanswered_query, from->unanswered_query);
        if (r >= 0)
                r = strdup_to(&ret->unanswered_reason, from->unanswered_reason);
        return r;
}

void embedder_view_done(struct embedder_view *e)
{
        free(e->name);
        free(e->error);
        free(e->unanswered_query);
        free(e->unanswered_reason);
        *e = (struct embedder_view){.median = NAN, .length = NAN};
}

int collection_view_continue(const struct collection_view *old, struct collection_view *v)
{
        int r = epoch_copy(&old->epoch, &v->epoch);

        if (r >= 0)
                r = index_health_copy(&old->health, &v->health);
        if (r < 0)
                return r;
        r = embedder_view_copy(&old->embedder, &v->embedder);
        if (r >= 0)
                r = strdup_to(&v->last_error, old->last_error);
        if (r >= 0)
                r = strdup_to(&v->baseline_error, old->baseline_error);
        if (r >= 0)
                r = strdup_to(&v->note, old->note);
        v->refused = old->refused;
        v->replays = old->replays;
        v->failed_replays = old->failed_replays;
        v->failed_probes = old->failed_probes;
        memcpy(v->failures, old->failures, sizeof(v->failures));
        v->replayed = old->replayed;
        v->up = old->up;
        v->last_started = old->last_started;
        v->last_finished = old->last_finished;
        v->last_success = old->last_success;
        v->last_duration = old->last_duration;
        v->next_due = old->next_due;
        v->canonical_total = old->canonical_total;
        v->canonical_good_total = old->canonical_good_total;
        v->epoch_since = old->epoch_since;
        v->ingesting = old->ingesting;
        v->epoch_changes = old->epoch_changes;
        v->drift = old->drift;
        v->unprovoked_at = old->unprovoked_at;
        v->attribution = old->attribution;
        v->fates = fates_ref(old->fates);
        v->findings = findings_ref(old->findings);
        v->judged = old->judged;
        v->verdict = old->verdict;
        v->incident_since = old->incident_since;
        v->ingest_under_way = old->ingest_under_way;
        v->attributed = old->attributed;
        v->replaced = old->replaced;
        v->replaced_at = old->replaced_at;
        v->episodes = old->episodes;
        return r;
}

int collection_view_jump(struct collection_view *v, int64_t by)
{
        usec_t *const times[] = {&v->last_started, &v->last_finished, &v->last_success,
                &v->next_due, &v->unprovoked_at, &v->attributed, &v->judged, &v->incident_since,
                &v->replaced_at, &v->epoch_since, &v->health.at, &v->embedder.at,
                &v->embedder.failing_since};
        struct findings *findings = v->findings ? findings_jump(v->findings, by) : NULL;

        for (size_t i = 0; i < ARRAY_SIZE(times); i++)
                time_jump(times[i], by);
        episodes_jump(&v->episodes, by);
        if (v->findings && !findings)
                return -ENOMEM;
        findings_unref(v->findings);
        v->findings = findings;
        return 0;
}

struct collection_view *collection_view_ref(struct collection_view *c)
{
        if (c)
                atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
        return c;
}

static void collection_view_free(struct collection_view *c)
{
        for (size_t i = 0; c->query_set && i < c->query_set->count; i++) {
                judgement_done(&c->queries[i].judgement);
                answer_unref(c->queries[i].answer);
                history_snapshot_unref(c->queries[i].history);
        }
        free(c->queries);
        query_set_unref(c->query_set);
        bands_done(&c->bands);
        free(c->label);
        free(c->name);
        free(c->server);
        free(c->url);
        free(c->last_error);
        free(c->baseline_error);
        free(c->note);
        epoch_done(&c->epoch);
        baseline_unref(c->baseline);
        fates_unref(c->fates);
        findings_unref(c->findings);
        index_health_done(&c->health);
        embedder_view_done(&c->embedder);
        free(c);
}

struct collection_view *collection_view_unref(struct collection_view *c)
{
        if (c && atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) == 1)
                collection_view_free(c);
        return NULL;
}

const struct collection_view *view_find_collection(const struct view *v, const char *label)
{
        for (size_t i = 0; i < v->collection_count; i++)
                if (streq(v->collections[i]->label, label))
                        return v->collections[i];
        return NULL;
}

enum verdict view_verdict(const struct view *v)
{
        enum verdict worst = v->collection_count > 0 ? VERDICT_PASS : VERDICT_UNMEASURED;

        for (size_t i = 0; i < v->collection_count; i++)
                worst = MAX(worst, v->collections[i]->verdict);
        return worst;
}

void reason_count_add(struct reason_count *counts, const char *reason)
{
        size_t i = 0;

        while (i < REASONS_MAX - 1 && counts[i].reason && !streq(counts[i].reason, reason))
                i++;
        if (i == REASONS_MAX - 1)
                reason = "other";
        counts[i].reason = reason;
        counts[i].count++;
}

void latency_observe(struct latency *l, usec_t duration)
{
        static const double bounds[LATENCY_BUCKET_COUNT] = LATENCY_BUCKETS;
        double seconds = (double)duration / (double)USEC_PER_SEC;
        size_t i = 0;

        while (i < LATENCY_BUCKET_COUNT && seconds > bounds[i])
                i++;
        l->buckets[i]++;
        l->sum_seconds += seconds;
}

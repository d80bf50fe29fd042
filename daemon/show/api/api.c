/* SPDX-License-Identifier: Apache-2.0 */
#include "show/api/api.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "json.h"
#include "judge/epoch.h"
#include "revision.h"
#include "show/api/delivery.h"
#include "show/api/incidents.h"
#include "show/api/weight.h"
#include "show/envelope.h"
#include "show/facts.h"
#include "show/gate/check.h"
#include "show/report/report.h"
#include "show/standing.h"
#include "show/summary.h"
#include "show/values.h"
#include "version.h"

static json_t *band_or_null(const struct collection_view *c, int band)
{
        return value_string(bands_name(&c->bands, band));
}

static unsigned missing_parameter(struct text *body, const char *name)
{
        envelope_error(body, 400, "the parameter \"%s\" is missing", name);
        return 400;
}

/* The collection that the request names; NULL when the answer is an error, whose status is in
 * *ret_status. */
static const struct collection_view *find_collection(const struct view *view,
        const struct api_query *query, struct text *body, unsigned *ret_status)
{
        const struct collection_view *c;

        if (!query->collection) {
                *ret_status = missing_parameter(body, "collection");
                return NULL;
        }
        c = view_find_collection(view, query->collection);
        if (!c) {
                envelope_error(body, 404, "there is no collection \"%.200s\"", query->collection);
                *ret_status = 404;
        }
        return c;
}

static json_t *outcome_counts(const struct summary *s)
{
        _cleanup_json_ json_t *object = json_object();

        for (enum outcome o = 0; object && o < OUTCOME_COUNT; o++)
                if (json_put(object, outcome_name(o), value_count(s->outcomes[o])) < 0)
                        return NULL;
        return take_ptr(object);
}

static json_t *alert_counts(const struct view *view)
{
        uint64_t counts[ALERT_STATE_COUNT] = {0};
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; i < view->alert_count; i++)
                counts[view->alerts[i].state]++;
        for (unsigned s = 0; object && s < ALERT_STATE_COUNT; s++)
                if (json_put(object, alert_state_name(s), value_count(counts[s])) < 0)
                        return NULL;
        return take_ptr(object);
}

static unsigned get_status(
        const struct view *view, const struct api_query *query, struct text *body)
{
        struct summary sum = {0};
        size_t queries = 0, up = 0, queued = 0;

        for (size_t i = 0; i < view->collection_count; i++) {
                const struct collection_view *c = view->collections[i];
                struct summary s;

                summary_count(c, &s);
                for (unsigned o = 0; o < OUTCOME_COUNT; o++)
                        sum.outcomes[o] += s.outcomes[o];
                queries += c->query_set->count;
                up += c->replayed && c->up;
        }
        for (size_t i = 0; i < view->channel_count; i++)
                queued += view->channels[i].queue_length;
        return envelope_success(body,
                json_pack(
                        "{s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:{s:o, s:b, s:o, s:o}, s:{s:b, s:o}, s:o, s:o, "
                        "s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                        "verdict", verdict_name(view_verdict(view)), "version", DRIFTWATCH_VERSION,
                        "revision", DRIFTWATCH_REVISION, "started", value_time(view->started),
                        "time", value_time(view->published), "ready", view->ready, "external_url",
                        value_string(view->external_url), "config", "path",
                        value_string(view->config_path), "last_reload_successful",
                        view->reload_successful, "last_reload_success",
                        value_time(view->reload_success_at), "error",
                        value_string(view->reload_error), "storage", "failing",
                        view->storage_failing, "error", value_string(view->storage_error), "shard",
                        facts_shard(view), "lease", facts_lease(view), "collections",
                        value_count(view->collection_count), "collections_up", value_count(up),
                        "queries", value_count(queries), "outcomes", outcome_counts(&sum), "alerts",
                        alert_counts(view), "notifications_queued", value_count(queued), "servers",
                        facts_servers(view)));
}

static json_t *band_list(const struct collection_view *c, const struct summary *s)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < c->bands.count; i++)
                if (json_array_append_new(list,
                            json_pack("{s:o, s:o, s:o}", "name",
                                    value_string(c->bands.bands[i].name), "below",
                                    json_from_float(c->bands.bands[i].below), "queries",
                                    value_count(s->bands[i]))) < 0)
                        return NULL;
        return take_ptr(list);
}

static json_t *failure_counts(const struct collection_view *c)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; object && i < REASONS_MAX && c->failures[i].reason; i++) {
                const char *reason = c->failures[i].reason;
                json_int_t before = json_integer_value(json_object_get(object, reason));

                if (json_put(object, reason, value_count((uint64_t)before + c->failures[i].count)) <
                        0)
                        return NULL;
        }
        return take_ptr(object);
}

/* What the last replay found out about the collection. */
static json_t *collection_replayed(const struct collection_view *c)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "up",
                c->replayed ? json_boolean(c->up) : json_null(), "last_started",
                value_time(c->last_started), "last_finished", value_time(c->last_finished),
                "last_success", value_time(c->last_success), "last_duration_seconds",
                c->replayed ? value_seconds(c->last_duration) : json_null(), "last_error",
                value_string(c->last_error), "collection_id", value_string(c->epoch.id), "space",
                value_string(c->epoch.space), "dimension", value_count_or_null(c->epoch.dimension),
                "records", value_known(c->epoch.records), "replaced_at",
                value_time(c->replaced_at));
}

static json_t *epoch_json(const struct collection_view *c)
{
        const struct epoch *e = &c->epoch;

        return json_pack("{s:o, s:o, s:b, s:b, s:b, s:o}", "configuration",
                value_string(e->configuration), "newest_record", value_string(e->newest),
                "ingesting", c->ingesting, "replaced", (c->epoch_changes & EPOCH_REPLACED) != 0,
                "reconfigured", (c->epoch_changes & (EPOCH_SPACE | EPOCH_CONFIGURATION)) != 0,
                "unprovoked_change", value_time(c->unprovoked_at));
}

static int add_findings(json_t *object, const struct collection_view *c)
{
        int r = json_put(object, "verdict", json_string(verdict_name(c->verdict)));

        if (r >= 0)
                r = json_put(object, "incident", facts_incident(c));
        if (r >= 0)
                r = json_put(object, "causes", facts_causes(c));
        if (r >= 0)
                r = json_put(object, "findings", facts_findings(c));
        if (r >= 0)
                r = json_put(object, "waiting", facts_waiting(c));
        if (r >= 0)
                r = json_put(object, "epoch", epoch_json(c));

        if (r >= 0)
                r = json_put(object, "baseline", facts_baseline(c->baseline));
        if (r >= 0)
                r = json_put(object, "drift", facts_drift(c));
        if (r >= 0)
                r = json_put(object, "cause", facts_cause(&c->attribution, c->fates));
        if (r >= 0)
                r = json_put(object, "index", facts_index(&c->health));
        if (r >= 0)
                r = json_put(object, "embedder", facts_embedder(&c->embedder));
        return r < 0 ? r : json_put(object, "quality", facts_quality(c));
}

static json_t *collection_json(const struct collection_view *c)
{
        _cleanup_json_ json_t *facts = collection_replayed(c), *object = NULL;
        struct summary s;

        summary_count(c, &s);
        object = json_pack(
                "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                "collection", value_string(c->label), "name", value_string(c->name), "server",
                value_string(c->server), "url", value_string(c->url), "interval_seconds",
                value_seconds(c->interval_usec), "results", value_count(c->results), "next_due",
                value_time(c->next_due), "replays", value_count(c->replays), "replays_failed",
                value_count(c->failed_replays), "failures", failure_counts(c), "canonical_total",
                value_count(c->canonical_total), "canonical_good_total",
                value_count(c->canonical_good_total), "replaced", value_count(c->replaced),
                "queries", value_count(c->query_set->count), "outcomes", outcome_counts(&s),
                "bands", band_list(c, &s));
        if (!facts || !object || json_object_update(object, facts) < 0 ||
                add_findings(object, c) < 0)
                return NULL;
        return take_ptr(object);
}

/* Its incident also says how that stands. */
static json_t *told_collection(const struct view *view, const struct collection_view *c, usec_t now)
{
        _cleanup_json_ json_t *object = collection_json(c);
        json_t *incident = json_object_get(object, "incident");

        if (!object ||
                (json_is_object(incident) &&
                        json_put(incident, "escalation", incidents_standing(view, c->label, now)) <
                                0))
                return NULL;
        return take_ptr(object);
}

static unsigned get_collections(
        const struct view *view, const struct api_query *query, struct text *body)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < view->collection_count; i++)
                if (json_array_append_new(list,
                            told_collection(view, view->collections[i], api_now(view, query))) < 0)
                        return envelope_success(body, NULL);
        return envelope_success(body,
                json_pack("{s:s, s:o, s:o, s:o, s:o}", "verdict", verdict_name(view_verdict(view)),
                        "lease", facts_lease(view), "collections", take_ptr(list), "shard",
                        facts_shard(view), "servers", facts_servers(view)));
}

static unsigned get_verdict(
        const struct view *replayed, const struct api_query *query, struct text *body)
{
        struct check check;
        usec_t end = 0;

        check_init(&check);
        check.collections = (const struct collection_view *const *)replayed->collections;
        check.count = replayed->collection_count;
        check.started = USEC_INFINITY;
        for (size_t i = 0; i < check.count; i++) {
                check.started = MIN(check.started, check.collections[i]->last_started);
                end = MAX(end, check.collections[i]->last_finished);
        }
        check.duration = end > check.started ? end - check.started : 0;
        return envelope_success(body, check_json(&check));
}

const struct api_route api_verdict = {.get = get_verdict, .weigh = weight_of_verdict};

static json_t *tags_json(const struct query *q)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; object && i < q->tag_count; i++)
                if (json_put(object, q->tags[i].key, value_string(q->tags[i].value)) < 0)
                        return NULL;
        return take_ptr(object);
}

static json_t *strings_json(char *const *strings, size_t n)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < n; i++)
                if (json_array_append_new(list, value_string(strings[i])) < 0)
                        return NULL;
        return take_ptr(list);
}

static json_t *expectation_json(const struct expectation *e)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o}", "ids", strings_json(e->ids, e->id_count),
                "metadata", e->metadata ? json_incref(e->metadata) : json_array(), "within",
                value_count_or_null(e->within), "distance_min", json_from_float(e->distance_min),
                "distance_max", json_from_float(e->distance_max));
}

/* The filter as the JSON that it is. */
static json_t *filter_json(const char *filter)
{
        json_t *value = filter ? json_loads(filter, JSON_DECODE_ANY, NULL) : json_null();

        return value ? value : value_string(filter);
}

static json_t *query_json(const struct collection_view *c, size_t i)
{
        const struct query *q = &c->query_set->queries[i];
        const struct query_view *view = &c->queries[i];
        const struct judgement *v = &view->judgement;

        return json_pack(
                "{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, "
                "s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                "id", value_string(q->id), "text", value_string(q->text), "tags", tags_json(q),
                "where", filter_json(q->where), "where_document", filter_json(q->where_document),
                "expect", expectation_json(&q->expect), "outcome", outcome_name(v->outcome),
                "cause", value_string(cause_name(view->cause)), "known_failing",
                facts_known_failing(q), "reason", value_string(summary_reason(c, v)), "band",
                band_or_null(c, v->band), "confirmed_band", band_or_null(c, v->confirmed_band),
                "home_band", band_or_null(c, v->home_band), "crossed", v->crossed, "home_distance",
                json_from_float(v->home_distance), "distance", json_from_float(v->distance),
                "expected_distance", json_from_float(v->expected_distance), "expected_rank",
                value_count_or_null(v->expected_rank), "baseline_distance",
                json_from_float((float)view->drift.baseline[LEVEL_TOP1]), "drift",
                facts_query(&view->drift), "embedder_distance",
                json_from_double(view->embedder_distance), "ids", value_ids(view->answer),
                "distances", value_distances(view->answer));
}

static unsigned get_queries(
        const struct view *view, const struct api_query *query, struct text *body)
{
        _cleanup_json_ json_t *list = json_array();
        unsigned status;
        const struct collection_view *c = find_collection(view, query, body, &status);

        if (!c)
                return status;
        for (size_t i = 0; list && i < c->query_set->count; i++)
                if (json_array_append_new(list, query_json(c, i)) < 0)
                        return envelope_success(body, NULL);
        return envelope_success(body,
                json_pack("{s:o, s:o, s:o}", "collection", value_string(c->label), "last_finished",
                        value_time(c->last_finished), "queries", take_ptr(list)));
}

static json_t *run_json(const struct collection_view *c, const struct history_run *r)
{
        return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "first", value_time(r->first),
                "last", value_time(r->last), "samples", value_count(r->samples), "outcome",
                outcome_name(r->outcome), "band", band_or_null(c, r->band), "distance",
                json_from_float(r->distance), "expected_distance",
                json_from_float(r->expected_distance), "expected_rank",
                value_count_or_null(r->expected_rank));
}

static int parse_time(
        const char *name, const char *value, usec_t fallback, usec_t *ret, struct text *body)
{
        *ret = fallback;
        if (!value || time_parse(value, ret) >= 0)
                return 0;
        envelope_error(body, 400,
                "the parameter \"%s\" is \"%.100s\", not a time such as 2026-11-23T02:00:00Z or "
                "seconds since 1970",
                name, value);
        return -EINVAL;
}

/* Runs that touch [start, end]; -E2BIG when they are too many for one answer, -ENOMEM. */
static int history_json(const struct collection_view *c, const struct history_snapshot *h,
        usec_t start, usec_t end, json_t **ret)
{
        _cleanup_json_ json_t *list = json_array();
        size_t runs = h ? history_snapshot_runs(h) : 0;

        for (size_t i = h ? history_snapshot_find(h, start) : 0; list && i < runs; i++) {
                struct history_run r = history_snapshot_run(h, i);

                if (r.last < start || r.first > end)
                        continue;
                if (json_array_size(list) >= API_RUNS_MAX)
                        return -E2BIG;
                if (json_array_append_new(list, run_json(c, &r)) < 0)
                        return -ENOMEM;
        }
        *ret = take_ptr(list);
        return 0;
}

static unsigned history_found(
        const struct collection_view *c, size_t i, usec_t start, usec_t end, struct text *body)
{
        json_t *runs = NULL;
        int r = history_json(c, c->queries[i].history, start, end, &runs);

        if (r == -E2BIG) {
                envelope_error(body, 400,
                        "the query has more than %d runs in that time: ask for a shorter one with "
                        "\"start\" and \"end\"",
                        API_RUNS_MAX);
                return 400;
        }
        if (r < 0)
                return envelope_success(body, NULL);
        return envelope_success(body,
                json_pack("{s:o, s:o, s:o}", "collection", value_string(c->label), "query",
                        value_string(c->query_set->queries[i].id), "runs", runs));
}

static unsigned get_history(
        const struct view *view, const struct api_query *query, struct text *body)
{
        unsigned status;
        const struct collection_view *c = find_collection(view, query, body, &status);
        const struct query *q;
        usec_t start, end;

        if (!c)
                return status;
        if (!query->query)
                return missing_parameter(body, "query");
        q = query_set_find(c->query_set, query->query);
        if (!q) {
                envelope_error(body, 404, "collection \"%.200s\" has no query \"%.200s\"", c->label,
                        query->query);
                return 404;
        }
        if (parse_time("start", query->start, 0, &start, body) < 0 ||
                parse_time("end", query->end, USEC_INFINITY, &end, body) < 0)
                return 400;
        if (end < start) {
                envelope_error(body, 400, "the parameter \"end\" lies before \"start\"");
                return 400;
        }
        return history_found(c, (size_t)(q - c->query_set->queries), start, end, body);
}

static json_t *labels_json(const struct labels *l)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; object && i < l->count; i++)
                if (json_put(object, l->labels[i].name, value_string(l->labels[i].value)) < 0)
                        return NULL;
        return take_ptr(object);
}

static json_t *flapping_json(const struct alert *a)
{
        _cleanup_text_ struct text t = {0};

        if (a->flaps == 0)
                return json_null();
        alert_append_flapping(a, &t);
        return text_failed(&t)
                ? NULL
                : json_pack("{s:o, s:o, s:o, s:o}", "times", value_count(a->flaps), "since",
                          value_time(a->flapping_since), "last", value_time(a->flapped_at),
                          "sentence", value_string(text_string(&t)));
}

static json_t *alert_json(const struct view *view, const struct alert *a)
{
        char fingerprint[17];

        (void)snprintf(fingerprint, sizeof(fingerprint), "%016" PRIx64, a->fingerprint);
        return json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:b, s:o, s:o}", "fingerprint",
                fingerprint, "labels", labels_json(&a->labels), "annotations",
                labels_json(&a->annotations), "state", alert_state_name(a->state), "activeAt",
                value_time(a->active_at), "firedAt", value_time(a->fired_at), "resolvedAt",
                value_time(a->resolved_at), "inhibited", a->inhibited, "flapping", flapping_json(a),
                "acknowledged", standing_alert(view->standing, a->fingerprint));
}

static bool alert_state_known(const char *name)
{
        for (unsigned s = 0; s < ALERT_STATE_COUNT; s++)
                if (streq(alert_state_name(s), name))
                        return true;
        return false;
}

static unsigned get_alerts(
        const struct view *view, const struct api_query *query, struct text *body)
{
        _cleanup_json_ json_t *list = json_array();

        if (query->state && !alert_state_known(query->state)) {
                envelope_error(body, 400,
                        "the parameter \"state\" is \"%.100s\", not pending, firing or resolved",
                        query->state);
                return 400;
        }
        for (size_t i = 0; list && i < view->alert_count; i++) {
                const struct alert *a = &view->alerts[i];

                if (query->state && !streq(query->state, alert_state_name(a->state)))
                        continue;
                if (json_array_append_new(list, alert_json(view, a)) < 0)
                        return envelope_success(body, NULL);
        }
        return envelope_success(body, json_pack("{s:o}", "alerts", take_ptr(list)));
}

static unsigned get_baseline(
        const struct view *view, const struct api_query *query, struct text *body)
{
        unsigned status;
        const struct collection_view *c = find_collection(view, query, body, &status);

        if (!c)
                return status;
        if (!c->baseline && c->baseline_error) {
                envelope_error(body, 500, "%s", c->baseline_error);
                return 500;
        }
        if (!c->baseline) {
                envelope_error(body, 404, "no baseline of collection \"%s\" is approved", c->label);
                return 404;
        }
        return envelope_success(body,
                json_pack("{s:o, s:o, s:o}", "baseline", facts_baseline(c->baseline), "drift",
                        facts_drift(c), "cause", facts_cause(&c->attribution, c->fates)));
}

/* Of the moment the view was published, so that the same view gives the same report. */
static unsigned get_report(
        const struct view *view, const struct api_query *query, struct text *body)
{
        unsigned status;
        const struct collection_view *c = find_collection(view, query, body, &status);

        return c ? report_answer(c, query->format, view->published, body) : status;
}

static unsigned get_notifications(
        const struct view *view, const struct api_query *query, struct text *body)
{
        return envelope_success(body, delivery_json(view));
}

const struct api_route api_routes[] = {
        {"/api/v1/status", get_status, "version, readiness, configuration and totals", NULL, NULL,
                false},
        {"/api/v1/collections", get_collections, "every watched collection with its last replay",
                NULL, weight_of_collections, true},
        {"/api/v1/queries", get_queries,
                "the canonical queries of a collection with their last answers", NULL,
                weight_of_queries, false},
        {"/api/v1/history", get_history, "the rolling history of one query as runs", NULL,
                weight_of_history, false},
        {"/api/v1/baseline", get_baseline,
                "the approved baseline of a collection, and the shift from it", NULL, NULL, false},
        {"/api/v1/incidents", incidents_get,
                "open and lately resolved incidents, each with its causes and alerts", NULL, NULL,
                false},
        {"/api/v1/silences", incidents_get_silences,
                "what nobody is told of, until when, by whom and why", NULL, NULL, false},
        {"/api/v1/alerts", get_alerts, "pending, firing and lately resolved alerts", NULL, NULL,
                false},
        {"/api/v1/notifications", get_notifications,
                "where people are told, whether that works, and what was given up", NULL, NULL,
                false},
        {"/api/v1/report", get_report,
                "the threshold confidence report of a collection, as JSON, Markdown or HTML",
                report_content_type, weight_of_report, false},
};
const size_t api_route_count = ARRAY_SIZE(api_routes);

/* SPDX-License-Identifier: Apache-2.0 */
#include "show/metrics/metrics.h"

#include <math.h>

#include "show/metrics/alerts.h"
#include "show/metrics/collections.h"
#include "show/metrics/delivery.h"
#include "show/metrics/house.h"
#include "show/metrics/queries.h"
#include "show/summary.h"

/* Failures that any exchange over HTTP may end with (http_failure_reason()), and those of a replay
 * beside them: exported as 0 before they happen, so that increase() sees the first one. */
static const char *const exchange_reasons[] = {"other", "connect", "timeout", "resolve", "tls",
        "reset", "too_large", "client_error", "auth", "rate_limited", "server_error", "unexpected"};
static const char *const replay_reasons[] = {"bad_response", "not_found", "dimension",
        "invalid_answers", "no_vectors", "refused", "quota", "index"};
static const char *const delivery_reasons[] = {"queue_full", "expired", "not_sent", "gone"};

/* The known reasons and as many unknown ones as one counter array has. */
#define REASON_SUMS (ARRAY_SIZE(exchange_reasons) + ARRAY_SIZE(replay_reasons) + REASONS_MAX)

struct reason_sums {
        struct reason_count sums[REASON_SUMS];
        size_t count;
};

static void reason_sums_add(struct reason_sums *s, const char *reason, uint64_t count)
{
        size_t i = 0;

        while (i < s->count && !streq(s->sums[i].reason, reason))
                i++;
        if (i == REASON_SUMS)
                i = 0; /* "other", the first known one */
        if (i == s->count)
                s->sums[s->count++].reason = reason;
        s->sums[i].count += count;
}

static void reason_sums_init(struct reason_sums *s, const char *const *more, size_t more_count)
{
        *s = (struct reason_sums){0};
        for (size_t i = 0; i < ARRAY_SIZE(exchange_reasons); i++)
                reason_sums_add(s, exchange_reasons[i], 0);
        for (size_t i = 0; i < more_count; i++)
                reason_sums_add(s, more[i], 0);
}

static void reason_sums_add_all(struct reason_sums *s, const struct reason_count *counts)
{
        for (size_t i = 0; i < REASONS_MAX && counts[i].reason; i++)
                reason_sums_add(s, counts[i].reason, counts[i].count);
}

static double collection_up(const struct collection_view *c)
{
        return c->replayed ? c->up : NAN;
}

static double collection_replays(const struct collection_view *c)
{
        return (double)c->replays;
}

static double collection_interval(const struct collection_view *c)
{
        return (double)c->interval_usec / (double)USEC_PER_SEC;
}

static double collection_duration(const struct collection_view *c)
{
        return c->replayed ? (double)c->last_duration / (double)USEC_PER_SEC : NAN;
}

static double collection_last_success(const struct collection_view *c)
{
        return exposition_timestamp(c->last_success);
}

static double collection_canonical(const struct collection_view *c)
{
        return (double)c->canonical_total;
}

static double collection_canonical_good(const struct collection_view *c)
{
        return (double)c->canonical_good_total;
}

static double collection_records(const struct collection_view *c)
{
        return c->epoch.records >= 0 ? (double)c->epoch.records : NAN;
}

static void write_replays_failed(struct exposition *x, const struct collection_view *c)
{
        struct reason_sums s;

        reason_sums_init(&s, replay_reasons, ARRAY_SIZE(replay_reasons));
        reason_sums_add_all(&s, c->failures);
        for (size_t k = 0; k < s.count; k++)
                exposition_sample(x, "",
                        metric_labels({"collection", c->label}, {"reason", s.sums[k].reason}),
                        (double)s.sums[k].count);
}

static void write_queries(struct exposition *x, const struct collection_view *c)
{
        struct summary s;

        summary_count(c, &s);
        for (unsigned o = 0; o < OUTCOME_COUNT; o++)
                exposition_sample(x, "",
                        metric_labels({"collection", c->label}, {"outcome", outcome_name(o)}),
                        (double)s.outcomes[o]);
}

static void write_band_queries(struct exposition *x, const struct collection_view *c)
{
        struct summary s;

        summary_count(c, &s);
        for (size_t b = 0; b < c->bands.count; b++)
                exposition_sample(x, "",
                        metric_labels({"collection", c->label}, {"band", c->bands.bands[b].name}),
                        (double)s.bands[b]);
}

static void write_band_bounds(struct exposition *x, const struct collection_view *c)
{
        for (size_t b = 0; b < c->bands.count; b++)
                exposition_sample_float(x,
                        metric_labels({"collection", c->label}, {"band", c->bands.bands[b].name}),
                        c->bands.bands[b].below);
}

/* A bound as a float that looks like one: 1.0, because 1 and 1.0 are different series to
 * Prometheus 2. */
static void bound_format(char *buffer, size_t size, double bound)
{
        size_t n = double_format(buffer, bound);

        if (isfinite(bound) && strcspn(buffer, ".e") == n && n + 3 <= size)
                memcpy(buffer + n, ".0", 3);
}

/* Of one server; NULL: of none. */
static void write_latency(struct exposition *x, const struct latency *l, const char *server)
{
        static const double bounds[LATENCY_BUCKET_COUNT] = LATENCY_BUCKETS;
        const struct metric_label of = {server ? "server" : NULL, server};
        uint64_t count = 0;

        for (size_t b = 0; b <= LATENCY_BUCKET_COUNT; b++) {
                char text[NUMBER_TEXT_MAX + 2];
                const struct metric_label le = {"le", text};

                bound_format(text, sizeof(text), b < LATENCY_BUCKET_COUNT ? bounds[b] : INFINITY);
                count += l->buckets[b];
                exposition_sample(x, "_bucket", server ? metric_labels(of, le) : metric_labels(le),
                        (double)count);
        }
        exposition_sample(x, "_sum", metric_labels(of), l->sum_seconds);
        exposition_sample(x, "_count", metric_labels(of), (double)count);
}

static void write_request_duration(struct exposition *x, const struct view *view)
{
        for (size_t i = 0; i < view->server_count; i++)
                write_latency(x, &view->servers[i].latency, view->servers[i].name);
}

static void write_storage_duration(struct exposition *x, const struct view *view)
{
        write_latency(x, &view->storage_writes, NULL);
}

static void write_busy(struct exposition *x, const struct view *view)
{
        for (size_t i = 0; i < view->server_count; i++)
                for (enum task t = 0; t < TASK_COUNT; t++)
                        exposition_sample(x, "",
                                metric_labels(
                                        {"server", view->servers[i].name}, {"task", task_name(t)}),
                                (double)view->servers[i].busy[t] / (double)USEC_PER_SEC);
}

static void write_unwatched(struct exposition *x, const struct view *view)
{
        for (size_t i = 0; i < view->server_count; i++)
                if (view->servers[i].unwatched.known)
                        exposition_sample(x, "", metric_labels({"server", view->servers[i].name}),
                                (double)view->servers[i].unwatched.count);
}

/* A receiver may have several channels of one kind to one peer: their sum. */
static void write_notifications_failed(struct exposition *x, const struct view *view)
{
        for (size_t i = 0; i < view->channel_count; i++) {
                const struct channel_view *c = &view->channels[i];
                struct reason_sums s;

                if (delivery_seen_before(view, i))
                        continue;
                reason_sums_init(&s, delivery_reasons, ARRAY_SIZE(delivery_reasons));
                for (size_t k = i; k < view->channel_count; k++)
                        if (delivery_same(&view->channels[k], c))
                                reason_sums_add_all(&s, view->channels[k].failures);
                for (size_t k = 0; k < s.count; k++)
                        exposition_sample(x, "",
                                metric_labels({"receiver", c->receiver}, {"channel", c->channel},
                                        {"peer", c->peer}, {"reason", s.sums[k].reason}),
                                (double)s.sums[k].count);
        }
}

#define PROCESS(member) (1 + offsetof(struct process_metrics, member))

/* clang-format off */
const struct metric metrics[] = {
        {{"driftwatch_build", METRIC_INFO, NULL,
          "Version and revision of the running program."},
         .write = house_build},
        {{"driftwatch_runbook", METRIC_INFO, NULL,
          "What the names of alerts, in lower case, are appended to for their page of the runbook."},
         .write = house_runbook},
        {{"driftwatch_shard", METRIC_INFO, NULL,
          "Which of how many daemons this one is, counted from 0."},
         .write = house_shard},
        {{"driftwatch_collections_elsewhere", METRIC_GAUGE, NULL,
          "Collections of the configuration that other daemons watch."},
         .single = house_elsewhere},
        {{"driftwatch_up", METRIC_GAUGE, NULL,
          "Whether the last replay of the collection reached its server (1) or not (0)."},
         .collection = collection_up},
        {{"driftwatch_replays", METRIC_COUNTER, NULL,
          "Replays of the collection that ended, failed ones included."},
         .collection = collection_replays},
        {{"driftwatch_replays_failed", METRIC_COUNTER, NULL,
          "Replays of the collection that failed, by reason."},
         .each = write_replays_failed},
        {{"driftwatch_replay_duration_seconds", METRIC_GAUGE, "seconds",
          "How long the last replay of the collection took."},
         .collection = collection_duration},
        {{"driftwatch_replay_interval_seconds", METRIC_GAUGE, "seconds",
          "How far apart the replays of the collection are meant to begin."},
         .collection = collection_interval},
        {{"driftwatch_replay_last_success_timestamp_seconds", METRIC_GAUGE, "seconds",
          "When the last successful replay of the collection ended, in seconds since 1970."},
         .collection = collection_last_success},
        {{"driftwatch_queries", METRIC_GAUGE, NULL,
          "Canonical queries of the collection by the outcome of the last replay."},
         .each = write_queries},
        {{"driftwatch_canonical", METRIC_COUNTER, NULL,
          "Canonical queries that were replayed and measured."},
         .collection = collection_canonical},
        {{"driftwatch_canonical_good", METRIC_COUNTER, NULL,
          "Canonical queries that were replayed, measured and passed."},
         .collection = collection_canonical_good},
        {{"driftwatch_band_queries", METRIC_GAUGE, NULL,
          "Canonical queries of the collection by the band they are in."},
         .each = write_band_queries},
        {{"driftwatch_band_upper_bound", METRIC_GAUGE, NULL,
          "Distance at which the band ends, exclusive; +Inf for the last."},
         .each = write_band_bounds},
        {{"driftwatch_collection_records", METRIC_GAUGE, NULL,
          "Records in the collection."},
         .collection = collection_records},
        {{"driftwatch_collection_unreachable_records", METRIC_GAUGE, NULL,
          "Records that the collection holds but no query can find, by the last index probe."},
         .collection = judged_unreachable},
        {{"driftwatch_collection_recall_ratio", METRIC_GAUGE, "ratio",
          "Share of the answers of a deeper search that a normal one returns, by the last probe."},
         .collection = judged_recall},
        {{"driftwatch_probes_failed", METRIC_COUNTER, NULL,
          "Probes of the collection's index that could not be finished."},
         .collection = judged_probes_failed},
        {{"driftwatch_index_probe_timestamp_seconds", METRIC_GAUGE, "seconds",
          "When the collection's index was probed last, in seconds since 1970."},
         .collection = judged_probe_time},
        {{"driftwatch_baseline_approved_timestamp_seconds", METRIC_GAUGE, "seconds",
          "When the baseline that the collection is compared with was approved, since 1970."},
         .collection = judged_approval_time},
        {{"driftwatch_set_shift", METRIC_GAUGE, NULL,
          "Winsorised mean shift of the queries' mean distance from the baseline."},
         .collection = judged_set_shift},
        {{"driftwatch_moved_queries", METRIC_GAUGE, NULL,
          "Canonical queries confirmed to have moved from the baseline, by direction."},
         .each = judged_moved},
        {{"driftwatch_collection_changed", METRIC_GAUGE, NULL,
          "Whether the collection was replaced or configured anew since its baseline (1) or not."},
         .each = judged_changed},
        {{"driftwatch_collection_ingesting", METRIC_GAUGE, NULL,
          "Whether the collection is being written to, as far as looks at it can tell (1) or not (0)."},
         .collection = judged_ingesting},
        {{"driftwatch_epoch_start_timestamp_seconds", METRIC_GAUGE, "seconds",
          "When a look at the collection last saw that it had changed, in seconds since 1970."},
         .collection = judged_epoch_start},
        {{"driftwatch_verdict", METRIC_GAUGE, NULL,
          "1 for the verdict of the collection: pass, unjudged, unmeasured or fail."},
         .each = judged_verdict},
        {{"driftwatch_incidents", METRIC_GAUGE, NULL,
          "Incidents of the collection, by severity and state."},
         .each = judged_incidents},
        {{"driftwatch_cause", METRIC_INFO, NULL,
          "The probable causes of what differs from the baseline."},
         .each = judged_cause},
        {{"driftwatch_hit_ratio", METRIC_GAUGE, "ratio",
          "Share of the queries that expect a record whose answers hold one (hit@k)."},
         .collection = judged_hit},
        {{"driftwatch_mean_reciprocal_rank", METRIC_GAUGE, NULL,
          "Mean of 1 / rank of the first expected record, 0 where there is none."},
         .collection = judged_mrr},
        {{"driftwatch_ndcg_ratio", METRIC_GAUGE, "ratio",
          "Mean nDCG@k of the queries with graded expectations."},
         .collection = judged_ndcg},
        {{"driftwatch_embedder_up", METRIC_GAUGE, NULL,
          "Whether the collection's embedder answered when it was asked last (1) or not (0)."},
         .collection = judged_embedder_up},
        {{"driftwatch_embedder_moved_queries", METRIC_GAUGE, NULL,
          "Canonical queries whose fresh vector differs from the pinned one."},
         .collection = judged_embedder_moved},
        {{"driftwatch_embedder_distance", METRIC_GAUGE, NULL,
          "Median of 1 - cos between the fresh and the pinned vectors."},
         .collection = judged_embedder_distance},
        {{"driftwatch_query_distance", METRIC_GAUGE, NULL,
          "Distance of the best answer to the canonical query."},
         .query = per_query_distance},
        {{"driftwatch_query_expected_distance", METRIC_GAUGE, NULL,
          "Distance of the best placed record that the canonical query expects."},
         .query = per_query_expected_distance},
        {{"driftwatch_query_expected_rank", METRIC_GAUGE, NULL,
          "Rank of the best placed record that the canonical query expects, from 1."},
         .query = per_query_expected_rank},
        {{"driftwatch_query_baseline_distance", METRIC_GAUGE, NULL,
          "Distance of the best answer in the approved baseline."},
         .query = per_query_baseline_distance},
        {{"driftwatch_query_band", METRIC_INFO, NULL,
          "The band that the canonical query is in."},
         .query = per_query_band, .each = per_query_bands},
        {{"driftwatch_query_tag", METRIC_INFO, NULL,
          "A tag of the canonical query, as key=value; one without for a query that has none."},
         .query = per_query_constant, .each = per_query_tags},
        {{"driftwatch_request_duration_seconds", METRIC_HISTOGRAM, "seconds",
          "Duration of requests to the server."},
         .write = write_request_duration},
        {{"driftwatch_server_busy_seconds", METRIC_COUNTER, "seconds",
          "Duration of requests to the server, summed, by what they were for."},
         .write = write_busy},
        {{"driftwatch_collections_unwatched", METRIC_GAUGE, NULL,
          "Collections of the server's tenant and database that no daemon is to watch."},
         .write = write_unwatched},
        {{"driftwatch_alerts", METRIC_GAUGE, NULL,
          "Alerts by rule, collection, severity and state."},
         .write = alerts_counts},
        {{"driftwatch_notifications", METRIC_COUNTER, NULL,
          "Notifications for the receiver's channel, failed ones included."},
         .write = delivery_notifications},
        {{"driftwatch_notifications_failed", METRIC_COUNTER, NULL,
          "Notifications that will not be delivered, by reason."},
         .write = write_notifications_failed},
        {{"driftwatch_notification_queue_length", METRIC_GAUGE, NULL,
          "Notifications that wait for their delivery."},
         .write = delivery_queue_length},
        {{"driftwatch_notification_oldest_timestamp_seconds", METRIC_GAUGE, "seconds",
          "When the notification that waits longest was queued, in seconds since 1970."},
         .write = delivery_oldest},
        {{"driftwatch_notification_failing", METRIC_GAUGE, NULL,
          "Whether people cannot rely on the receiver's channel (1) or can (0)."},
         .write = delivery_failing},
        {{"driftwatch_notification_disabled", METRIC_GAUGE, NULL,
          "Whether nothing is sent to the receiver's channel any more (1) or not (0)."},
         .write = delivery_disabled},
        {{"driftwatch_lease_held", METRIC_GAUGE, NULL,
          "Whether this daemon is the one that tells receivers (1) or not (0)."},
         .single = house_lease_held},
        {{"driftwatch_config_reloads", METRIC_COUNTER, NULL,
          "Reloads of the configuration, by what came of them."},
         .write = house_reloads},
        {{"driftwatch_config_last_reload_successful", METRIC_GAUGE, NULL,
          "Whether the last reload of the configuration succeeded (1) or not (0)."},
         .single = house_reload_successful},
        {{"driftwatch_config_last_reload_success_timestamp_seconds", METRIC_GAUGE, "seconds",
          "When the configuration in use was read last, in seconds since 1970."},
         .single = house_reload_success_at},
        {{"driftwatch_storage_failing", METRIC_GAUGE, NULL,
          "Whether what must survive a restart cannot be written (1) or can (0)."},
         .single = house_storage_failing},
        {{"driftwatch_storage_write_duration_seconds", METRIC_HISTOGRAM, "seconds",
          "How long each write of what must survive a restart kept the loop."},
         .write = write_storage_duration},
        {{"process_cpu_seconds", METRIC_COUNTER, "seconds",
          "Total user and system CPU time spent."},
         .process = PROCESS(cpu_seconds)},
        {{"process_start_time_seconds", METRIC_GAUGE, "seconds",
          "Start time of the process in seconds since 1970."},
         .process = PROCESS(start_time_seconds)},
        {{"process_resident_memory_bytes", METRIC_GAUGE, "bytes",
          "Resident memory size."},
         .process = PROCESS(resident_bytes)},
        {{"process_virtual_memory_bytes", METRIC_GAUGE, "bytes",
          "Virtual memory size."},
         .process = PROCESS(virtual_bytes)},
        {{"process_open_fds", METRIC_GAUGE, NULL,
          "Open file descriptors."},
         .process = PROCESS(open_fds)},
        {{"process_max_fds", METRIC_GAUGE, NULL,
          "Most file descriptors that may be open."},
         .process = PROCESS(max_fds)},
        {{"process_threads", METRIC_GAUGE, NULL,
          "Threads of the process."},
         .process = PROCESS(threads)},
};
/* clang-format on */
const size_t metric_count = ARRAY_SIZE(metrics);

static void write_known(struct exposition *x, const struct metric_label *labels, double value)
{
        if (!isnan(value))
                exposition_sample(x, "", labels, value);
}

static void write_process(
        struct exposition *x, const struct metric *m, const struct process_metrics *p)
{
        double value = NAN;

        if (p)
                memcpy(&value, (const char *)p + m->process - 1, sizeof(value));
        write_known(x, &(struct metric_label){NULL, NULL}, value >= 0 ? value : NAN);
}

static void write_per_query(
        struct exposition *x, const struct metric *m, const struct collection_view *c)
{
        struct metric_label labels[] = {{"collection", c->label}, {"query", NULL}, {NULL, NULL}};

        for (size_t q = 0; q < c->query_set->count; q++) {
                float value = m->query(&c->queries[q]);

                labels[1].value = c->query_set->queries[q].id;
                if (!isnan(value))
                        exposition_sample_float(x, labels, value);
        }
}

void metrics_render_collection(
        struct text *text, const struct metric *m, const struct collection_view *c, unsigned limit)
{
        struct exposition x = {.text = text, .family = &m->family};

        if (m->collection)
                write_known(&x, metric_labels({"collection", c->label}), m->collection(c));
        if (m->query && c->query_set->count > limit)
                return;
        if (m->each)
                m->each(&x, c);
        else if (m->query)
                write_per_query(&x, m, c);
}

bool metrics_same_queries(
        const struct metric *m, const struct collection_view *a, const struct collection_view *b)
{
        if (!m->query || a->query_set != b->query_set || !streq(a->label, b->label) ||
                !bands_equal(&a->bands, &b->bands))
                return false;
        for (size_t q = 0; q < a->query_set->count; q++) {
                float x = m->query(&a->queries[q]), y = m->query(&b->queries[q]);

                /* By its bits: NaN is NaN. */
                if (memcmp(&x, &y, sizeof(x)) != 0)
                        return false;
        }
        return true;
}

void metrics_render_family(struct text *text, enum exposition_format format, const struct metric *m)
{
        struct exposition x = {.text = text, .format = format};

        exposition_family(&x, &m->family);
}

void metrics_render_whole(struct text *text, const struct metric *m, const struct view *view)
{
        struct exposition x = {.text = text, .family = &m->family};

        if (m->single)
                write_known(&x, &(struct metric_label){NULL, NULL}, m->single(view));
        if (m->write)
                m->write(&x, view);
}

void metrics_render_process(
        struct text *text, enum exposition_format format, const struct process_metrics *process)
{
        struct exposition x = {.text = text, .format = format};

        for (size_t i = 0; i < metric_count; i++)
                if (metrics[i].process) {
                        exposition_family(&x, &metrics[i].family);
                        write_process(&x, &metrics[i], process);
                }
        exposition_end(&x);
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Everything that is shown, as it was at one moment. The loop thread builds a view after each
 * change and publishes it; any thread may read it, nobody changes it after that. Parts that did not
 * change are shared between views by reference. A view holds no secret. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "duration.h"
#include "model/alert.h"
#include "model/answer.h"
#include "model/bands.h"
#include "model/baseline.h"
#include "model/episode.h"
#include "model/fate.h"
#include "model/finding.h"
#include "model/health.h"
#include "model/history.h"
#include "model/judgement.h"
#include "model/query_set.h"
#include "model/rule.h"
#include "model/shard.h"
#include "model/shift.h"
#include "model/standing.h"
#include "model/task.h"
#include "model/unwatched.h"
#include "model/verdict.h"

/* Upper bounds, in seconds, of request_duration_seconds and storage_write_duration_seconds. Up to
 * the default timeout of 10 s and one beyond. */
#define LATENCY_BUCKETS \
        { \
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30 \
        }
#define LATENCY_BUCKET_COUNT 14

struct latency {
        uint64_t buckets[LATENCY_BUCKET_COUNT +
                1]; /* not cumulative; the last is above all bounds */
        double sum_seconds;
};

struct query_view {
        struct judgement judgement; /* of the last replay */
        struct answer *answer; /* the last valid one; NULL while there is none */
        struct history_snapshot *history; /* NULL before the first replay */
        struct query_drift drift; /* against the baseline */
        enum cause cause; /* of what differs in its own answer */
        bool excused; /* it is known to fail: shown, and no more */
        double embedder_distance; /* 1 - cos of the pinned and the fresh vector; infinite when
                                     they have another length; NaN */
        double embedder_limit; /* above which it is another vector; NaN */
        double embedder_noise; /* 1 - cos among fresh vectors of a row, where they were asked for
                                  to measure it; NaN */
};

/* A collection's embedder as it was asked last. */
struct embedder_view {
        char *name; /* NULL: the collection has none */
        usec_t at; /* wall clock of the last answer; 0: never */
        size_t compared, moved; /* queries; of them, those with another vector than the pinned */
        double median; /* 1 - cos; as embedder_distance */
        double length; /* median of the fresh vectors' length over that of the pinned, where the
                          collection's distance depends on it; NaN */
        bool changed; /* at least half of the queries moved */
        bool partial; /* at least two did */
        size_t outcomes[OUTCOME_COUNT]; /* of a replay with the fresh vectors */
        bool replayed; /* there was one */
        char *error; /* a sentence when it could not be asked last time; NULL */
        usec_t failing_since; /* wall clock since when it could not be asked; 0: it answers */
        size_t unanswered; /* queries that it gave no vector for last time it answered */
        char *unanswered_query, *unanswered_reason; /* id of the first, and the server's words */
};

/* Of no embedder. */
void embedder_view_done(struct embedder_view *e);

/* A counter by reason, e.g. replays_failed_total. */
struct reason_count {
        const char *reason; /* static string */
        uint64_t count;
};
#define REASONS_MAX 16

struct collection_view {
        atomic_uint references;
        char *label; /* its name in metrics and alerts */
        char *name; /* Chroma's */
        char *server; /* configured name */
        char *url; /* of the server, without user information */
        struct bands bands;
        struct query_set *query_set;
        struct query_view *queries; /* query_set->count, same order */
        usec_t interval_usec;
        usec_t ingest_grace; /* how long what is found waits for the end of an ingest; 0: not at all
                              */
        unsigned results;
        double limits[RULE_COUNT]; /* of the rules, as configured; NaN: their default */

        uint64_t replays, failed_replays, failed_probes; /* since start */
        struct reason_count failures[REASONS_MAX]; /* unused ones have a NULL reason */
        bool replayed; /* at least one replay ended; else what follows is unknown */
        bool up; /* the last one reached the server */
        usec_t last_started, last_finished; /* of the last ended replay, wall clock; 0: never */
        usec_t last_success; /* end of the last successful replay, wall clock; 0: never */
        usec_t last_duration;
        usec_t next_due; /* wall clock; 0: at once */
        bool looking_up; /* what is missing is being looked up: it may be there after all */
        char *last_error; /* a sentence; NULL when the last replay succeeded */
        char *note; /* what the last replay left unknown although it was measured; NULL */
        size_t refused; /* queries that the server did not take in the last replay */
        uint64_t canonical_total,
                canonical_good_total; /* measured query replays, and those that passed */

        struct epoch epoch; /* as the last replay that reached the server saw the collection */
        usec_t epoch_since; /* wall clock of the last look that saw it change; 0: none did */
        bool ingesting; /* it changed during the last replay */
        bool ingest_under_way; /* it is being written to, as far as the last looks can tell */
        unsigned epoch_changes; /* enum epoch_change against the baseline, or else against how the
                                   collection was first seen */
        struct baseline *baseline; /* approved, a reference; NULL: none */
        char *baseline_error; /* why the approved one cannot be read; NULL */
        struct drift_view drift;
        usec_t unprovoked_at; /* wall clock of the last unprovoked change; 0: none since start */
        struct attribution attribution;
        struct fates *fates; /* of the records behind it, a reference; NULL: none looked at */
        usec_t attributed; /* wall clock of the lookups behind it; 0: none */
        struct index_health health;
        struct embedder_view embedder;
        struct findings *findings; /* a reference; NULL before the first replay */
        usec_t judged; /* wall clock, when they were; of a finding seen earlier nothing is known now
                        */
        enum verdict verdict;
        usec_t incident_since; /* wall clock; 0: nothing that people are told of */
        uint64_t replaced; /* times the collection was seen under another id since start */
        usec_t replaced_at; /* last of them, 0: never */
        struct episodes episodes; /* since start */
};

struct server_view {
        char *name, *url;
        struct latency latency;
        usec_t busy[TASK_COUNT]; /* duration of requests, summed */
        struct unwatched unwatched;
};

struct channel_view {
        char *receiver; /* "alertmanager" for the peers */
        const char *channel; /* static string: "alertmanager", "webhook" */
        char *address; /* URL without user information, path or query: those may be secret */
        char *peer; /* host:port of it: which of several of the same kind */
        uint64_t notifications, failed;
        struct reason_count failures[REASONS_MAX];
        size_t queue_length;
        uint64_t dropped; /* because the queue was full */
        char *last_error; /* NULL when the last attempt succeeded */
        /* Whether people cannot rely on it: the last attempt failed, or something was lost lately.
         * Page, API, metrics and alerts all say so by this. */
        bool failing;
        bool disabled; /* the peer said that it is gone: nothing is sent there any more */
        usec_t failing_since; /* wall clock, as the next two; 0: it is not failing */
        usec_t lost_at; /* the last loss that matters to people; 0: none */
        usec_t oldest_at; /* since when the oldest waits to be delivered; 0: none does */
};

/* A notification that was given up. */
struct loss_view {
        usec_t at; /* wall clock */
        char *receiver, *peer; /* as the channel's */
        const char *channel, *kind; /* static strings; "opened", "closed", … */
        char *incident; /* NULL: of none */
        const char *reason; /* a metric's; static string */
        char *sentence;
};

/* Queries that people are shown; the API has all of them. */
#define INCIDENT_WORST 5
/* Incidents that are over and still shown, at most: more in so short a time are one that flaps. */
#define INCIDENTS_RESOLVED_MAX 100

/* An incident with its words, so that it outlives the findings that it was read off. */
struct incident_view {
        char *id, *collection; /* the label of both; the latter NULL: driftwatch's own */
        usec_t since, resolved_at; /* wall clock; the latter 0 while it is open */
        enum severity severity; /* of its worst finding */
        size_t findings, queries;
        enum cause causes[CAUSE_COUNT]; /* the main one first */
        size_t cause_count;
        char *worst[INCIDENT_WORST]; /* ids of queries */
        size_t worst_count;
        char *summary, *explanation;
};

/* A rule that is switched on, as configured, so that what never fired is shown as 0. */
struct rule_view {
        const char *name; /* alertname; static string */
        char *severity;
};

/* How a reload ended. */
enum reload { RELOAD_CHANGED, RELOAD_UNCHANGED, RELOAD_REFUSED, RELOAD_COUNT };

/* What views have in common until it changes. */
struct alert_list {
        atomic_uint references;
        struct alert *alerts; /* pending, firing, then resolved ones still kept */
        size_t count;
};

struct incident_list {
        atomic_uint references;
        struct incident_view *incidents; /* open ones, then lately resolved ones */
        size_t count;
};

struct view {
        atomic_uint references;
        usec_t published; /* wall clock */
        usec_t started; /* of the daemon */
        bool ready; /* configuration loaded and state restored */
        bool reload_successful;
        usec_t reload_success_at;
        uint64_t reloads[RELOAD_COUNT]; /* since the start, which is none */
        char *reload_error; /* of the last reload, NULL when it succeeded */
        bool storage_failing; /* what must survive a restart cannot be written */
        char *storage_error; /* why; NULL when it can, or when memory was short */
        struct latency storage_writes; /* how long each kept the loop */
        char *config_path;
        char *external_url; /* NULL when not given */
        char *runbook_url; /* what the names of alerts are appended to; NULL: nothing is known */
        unsigned per_query_limit;
        bool ack_links; /* messages have links that acknowledge; they are proven by the key */
        unsigned char ack_key[ACK_KEY_SIZE];
        bool loopback_distrusted; /* local clients may change nothing */
        char **hosts; /* other names of this machine, for browsers */
        size_t host_count;
        bool leased,
                lease_held; /* whether one of several daemons tells receivers, and this is it */
        char *lease_holder; /* who it is, "" for nobody; NULL without a lease */
        char *lease_error; /* why its file could not be looked at last; NULL */
        struct shard shard; /* of the collections that are configured, these are watched here */
        size_t elsewhere; /* those that other daemons watch */
        struct collection_view **collections; /* references */
        size_t collection_count;
        struct server_view *servers;
        size_t server_count;
        struct alert_list *alert_list; /* a reference; NULL: none */
        struct alert *alerts; /* its own, as the next */
        size_t alert_count;
        struct incident_list *incident_list; /* a reference; NULL: none */
        struct incident_view *incidents;
        size_t incident_count;
        struct standing *standing; /* a reference; NULL: nothing is known */
        struct rule_view *rules;
        size_t rule_count;
        struct channel_view *channels;
        size_t channel_count;
        struct loss_view *losses; /* the last one first */
        size_t loss_count;
};

/* Zeroed, one reference. NULL when memory is short. */
struct view *view_new(void);
struct view *view_ref(struct view *v);
struct view *view_unref(struct view *v);
DEFINE_CLEANUP(struct view *, view_unref)
/* Lists with room for `most`, empty and with one reference. NULL when memory is short. */
struct alert_list *alert_list_new(size_t most);
struct alert_list *alert_list_unref(struct alert_list *l);
DEFINE_CLEANUP(struct alert_list *, alert_list_unref)
struct incident_list *incident_list_new(size_t most);
struct incident_list *incident_list_unref(struct incident_list *l);
DEFINE_CLEANUP(struct incident_list *, incident_list_unref)
/* Shows this list; takes a reference of its own. Once, before the view is shared. */
void view_show_alerts(struct view *v, struct alert_list *l);
void view_show_incidents(struct view *v, struct incident_list *l);
struct collection_view *collection_view_new(size_t query_count);
/* Counters and facts that go on from one view of a collection to the next, until something newer is
 * noted; not what belongs to a query. `v` is new. -ENOMEM. */
_must_check_ int collection_view_continue(
        const struct collection_view *old, struct collection_view *v);
/* The clock was set: moves all times by as much, those of its histories aside. `v` is not shared.
 * -ENOMEM: those of its findings stay. */
_must_check_ int collection_view_jump(struct collection_view *v, int64_t by);
struct collection_view *collection_view_ref(struct collection_view *c);
struct collection_view *collection_view_unref(struct collection_view *c);
DEFINE_CLEANUP(struct collection_view *, collection_view_unref)
/* The worst verdict of its collections; unmeasured without any. */
enum verdict view_verdict(const struct view *v);
_must_check_ int incident_view_copy(const struct incident_view *from, struct incident_view *ret);
void incident_view_done(struct incident_view *i);
/* As collection_view_jump(). */
void incident_view_jump(struct incident_view *i, int64_t by);
/* Frees an array of channel views and what they own. */
void channel_views_free(struct channel_view *channels, size_t count);
_must_check_ int loss_view_copy(const struct loss_view *from, struct loss_view *ret);
void loss_view_done(struct loss_view *l);
void loss_views_free(struct loss_view *losses, size_t count);
/* The collection with this label, NULL when there is none. */
const struct collection_view *view_find_collection(const struct view *v, const char *label);
/* Counts one event under `reason` (a static string); a reason beyond REASONS_MAX is counted as
 * "other". */
void reason_count_add(struct reason_count *counts, const char *reason);
void latency_observe(struct latency *l, usec_t duration);

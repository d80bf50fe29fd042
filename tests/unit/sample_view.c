/* SPDX-License-Identifier: Apache-2.0 */
#include "sample_view.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "judge/finding.h"
#include "judge/incident.h"
#include "judge/verdict.h"
#include "text.h"

static const char queries_text[] =
        "queries:\n"
        "  - id: react-hooks\n"
        "    text: How do I compose React hooks and keep the dependency array honest?\n"
        "    tags: {category: frontend, kind: typical}\n"
        "    expect: {metadata: {filename: frontend-architect.md}, within: 1}\n"
        "  - id: bundle-budget\n"
        "    text: Our JavaScript bundle is too big, where should we split the code?\n"
        "    tags: {category: frontend}\n"
        "    expect: {metadata: {filename: frontend-architect.md}, within: 3}\n"
        "  - id: dialog-focus\n"
        "    text: keyboard focus in a dialog\n"
        "    tags: {category: frontend, kind: short}\n"
        "    expect: {ids: [accessibility-specialist.md#2], within: 1,\n"
        "      distance: {min: 0.5, max: 1.0}}\n"
        "  - id: slow-query\n"
        "    text: The report takes forty seconds since we added the second join, what should\n"
        "      I look at?\n"
        "    tags: {category: data}\n"
        "    where: {lang: en}\n"
        "    expect: {ids: [database-tuner.md#1]}\n"
        "  - id: cooking\n"
        "    text: How long do I boil an egg?\n"
        "    tags: {category: control}\n"
        "    expect: {distance: {min: 1.2}}\n"
        "  - id: 'quo\"te\\back </td><script>alert(''1'')</script> ü'\n"
        "    text: '<img src=x onerror=alert(1)> & \"friends\"'\n"
        "    tags: {'<i>': '\"&'}\n"
        "    expect: {metadata: {filename: sre.md}}\n"
        "  - id: threat-model\n"
        "    text: Which threats does a public upload form add?\n"
        "    tags: {category: security}\n"
        "    expect: {metadata: {filename: security-auditor.md}, within: 2,\n"
        "      grades: {frontend-architect.md#1: 2, sre.md#4: 1}}\n";

/* The test cannot go on without it. */
static void *need(void *p)
{
        if (!p)
                abort();
        return p;
}

static void done(int r)
{
        if (r < 0)
                abort();
}

static char *copy(const char *s)
{
        return need(strdup(s));
}

static struct query_set *parse_queries(const char *text)
{
        _cleanup_errors_ struct errors errors = {0};
        struct query_set *set = NULL;

        if (query_set_parse("queries.yaml", text, strlen(text), &set, &errors) < 0) {
                for (size_t i = 0; i < errors.count; i++)
                        fprintf(stderr, "%s\n", errors.messages[i]);
                abort();
        }
        return set;
}

static struct collection_view *new_collection(
        const char *label, const char *name, const char *server, const char *queries)
{
        struct query_set *set = parse_queries(queries);
        struct collection_view *c = need(collection_view_new(set->count));

        c->query_set = set;
        c->label = copy(label);
        c->name = copy(name);
        c->server = copy(server);
        c->url = copy("http://127.0.0.1:8000");
        c->interval_usec = USEC_PER_MINUTE;
        c->results = 10;
        done(bands_default(NULL, &c->bands));
        return c;
}

/* A valid answer: its best distance, then every 0.05. */
static struct answer *new_answer(float distance)
{
        const char *const ids[] = {"frontend-architect.md#1", "sre.md#4", "tab\there\x1b[31m"};
        const float distances[] = {distance, distance + 0.05f, distance + 0.1f};

        return need(answer_new(ARRAY_SIZE(ids), ids, distances, NULL));
}

static void set_measured(struct collection_view *c, size_t i, enum outcome outcome, float distance,
        unsigned rank, int home, const char *reason)
{
        struct query_view *q = &c->queries[i];
        struct judgement *v = &q->judgement;

        v->outcome = outcome;
        v->expected = outcome == OUTCOME_DRIFT ? OUTCOME_PASS : outcome;
        v->distance = distance;
        v->expected_rank = rank;
        v->expected_distance = rank > 0 ? distance + 0.05f * (float)(rank - 1) : NAN;
        v->band = bands_index(&c->bands, distance);
        v->confirmed_band = v->band;
        v->home_band = home;
        v->home_distance = home == v->band ? distance : 0.91f;
        v->crossed = v->band > home;
        v->reason = reason ? copy(reason) : NULL;
        q->answer = new_answer(distance);
}

/* `runs` runs of a distance that ends at the query's own, a gap in their middle. */
static void set_history(struct query_view *q, size_t runs)
{
        _cleanup_(history_freep) struct history *h = need(history_new());

        for (size_t k = runs; k-- > 0;) {
                struct judgement v = q->judgement;
                usec_t now = SAMPLE_NOW - 12 * USEC_PER_SEC - k * 10 * USEC_PER_MINUTE;

                v.reason = NULL;
                v.distance =
                        q->judgement.distance - 0.004f * (float)((k * 7) % 11) - 0.001f * (float)k;
                if (runs > 10 && k == runs / 2)
                        v.distance = NAN;
                done(history_add(h, now, &v, false, 365 * USEC_PER_DAY));
                if (k > 0)
                        done(history_add(
                                h, now + 5 * USEC_PER_MINUTE, &v, true, 365 * USEC_PER_DAY));
        }
        q->history = need(history_snapshot(h));
}

static void set_replayed(struct collection_view *c)
{
        c->replayed = true;
        c->up = true;
        c->replays = 120;
        c->last_started = SAMPLE_NOW - 12 * USEC_PER_SEC - 31250;
        c->last_finished = SAMPLE_NOW - 12 * USEC_PER_SEC;
        c->last_success = c->last_finished;
        c->last_duration = 31250;
        c->next_due = SAMPLE_NOW + 48 * USEC_PER_SEC;
        c->canonical_total = 838;
        c->canonical_good_total = 712;
        c->epoch.id = copy("6a2f41a3-c54c-fce8-32d2-0324e1c32e22");
        c->epoch.space = copy("l2");
        c->epoch.dimension = 384;
        c->epoch.records = 311;
}

/* A baseline, and everything that judging against it, probing and embedding can find. */
static void set_judged(struct collection_view *c)
{
        struct baseline *b = need(baseline_new(1));
        struct query_drift *d = &c->queries[0].drift;

        b->number = 3;
        b->recorded = SAMPLE_NOW - 50 * USEC_PER_HOUR;
        b->approved = SAMPLE_NOW - 49 * USEC_PER_HOUR;
        b->approved_by = copy("Ada <ada@example.org>");
        b->reason = copy("after the ingest");
        b->results = 10;
        b->samples = 3;
        b->epoch.records = 306;
        b->queries[0].id = copy("react-hooks");
        c->baseline = b;
        d->compared = d->armed = true;
        d->baseline[LEVEL_TOP1] = 0.764;
        d->baseline[LEVEL_TOPK] = 0.95;
        d->shift[LEVEL_TOP1] = 0.15568507;
        d->shift[LEVEL_TOPK] = 0.05;
        d->moved[LEVEL_TOP1] = MOVED_UP;
        d->overlap = 0.9;
        d->rbo = 0.95;
        c->drift = (struct drift_view){.queries = 7,
                .valid = 6,
                .compared = 1,
                .set_shift = 0.0123,
                .moved_up = 1,
                .overlap = 0.9};
        c->attribution.cause = CAUSE_REMOVED;
        c->attribution.evidence.holes = 5;
        c->attribution.evidence.sampled = c->attribution.evidence.gone = 5;
        c->attributed = SAMPLE_NOW - 12 * USEC_PER_SEC;
        c->health.at = SAMPLE_NOW - 30 * USEC_PER_MINUTE;
        c->health.records = 311;
        c->health.unreachable = 2;
        c->health.recall = 0.985;
        c->health.recall_queries = 7;
        c->health.recall_places = 70;
        c->embedder.name = copy("minilm");
        c->embedder.at = SAMPLE_NOW - 20 * USEC_PER_MINUTE;
        c->embedder.compared = 7;
        c->embedder.median = 1.5e-7;
}

static struct collection_view *collection_of_everything(void)
{
        struct collection_view *c =
                new_collection("original_agents", "original_agents", "main", queries_text);

        set_replayed(c);
        set_judged(c);
        c->replays = 121;
        c->failed_replays = 2;
        reason_count_add(c->failures, "timeout");
        reason_count_add(c->failures, "cosmic_rays");
        c->replaced = 1;
        c->replaced_at = SAMPLE_NOW - 3 * USEC_PER_HOUR;
        c->unprovoked_at = SAMPLE_NOW - 2 * USEC_PER_HOUR;
        c->epoch_since = SAMPLE_NOW - 2 * USEC_PER_HOUR;
        set_measured(c, 0, OUTCOME_PASS, 0.91968507f, 1, 1, NULL);
        set_measured(c, 1, OUTCOME_FAIL, 1.0312f, 0, 1,
                "expected a record with {\"filename\":\"frontend-architect.md\"}, but none of the "
                "10 answers is "
                "it; the best is \"sre.md#4\" at distance 1.0312");
        set_measured(c, 2, OUTCOME_DRIFT, 1.1407f, 1, 1, NULL);
        c->queries[3].judgement.confirmed_band = 1;
        c->queries[3].judgement.home_band = 1;
        c->queries[3].judgement.reason =
                copy("the answer to this query holds a distance that is null");
        c->queries[3].answer = new_answer(0.93f);
        set_measured(c, 4, OUTCOME_PASS, 1.3125f, 0, 3, NULL);
        set_measured(c, 5, OUTCOME_FAIL, -0.25f, 2, 0, "<b>\"reason\"</b> & \x1b[31mmore");
        set_measured(c, 6, OUTCOME_PASS, 0.75f, 1, 0, NULL);
        for (size_t i = 0; i < c->query_set->count; i++)
                if (i != 3)
                        set_history(&c->queries[i], i == 6 ? 1 : 40);
        return c;
}

static struct collection_view *collection_down(void)
{
        struct collection_view *c = new_collection("tickets", "support_tickets", "spare",
                "queries:\n  - {id: refund, text: How do I get my money back?, "
                "expect: {ids: [faq-7]}}\n");

        c->replayed = true;
        c->replays = 12;
        c->failed_replays = 3;
        for (int i = 0; i < 3; i++)
                reason_count_add(c->failures, "connect");
        c->last_started = SAMPLE_NOW - 40 * USEC_PER_SEC;
        c->last_finished = c->last_started + 2 * USEC_PER_MSEC;
        c->last_duration = 2 * USEC_PER_MSEC;
        c->last_success = SAMPLE_NOW - 4 * USEC_PER_MINUTE;
        c->last_error =
                copy("tickets: cannot connect to http://127.0.0.1:8001: connection refused");
        c->queries[0].judgement.reason = copy("the request failed");
        return c;
}

static void add_alert(struct view *v, enum alert_state state, const char *name,
        const char *severity, const char *collection, const char *query, const char *summary)
{
        struct alert *a = &v->alerts[v->alert_count++];

        v->alert_list->count = v->alert_count;
        *a = (struct alert){.state = state, .active_at = SAMPLE_NOW - 20 * USEC_PER_MINUTE};
        done(labels_set(&a->labels, "alertname", name));
        done(labels_set(&a->labels, "severity", severity));
        done(labels_set(&a->labels, "collection", collection));
        done(labels_set(&a->labels, "incident", collection));
        done(labels_set(&a->labels, "query", query));
        done(labels_set(&a->annotations, "summary", summary));
        done(labels_set(
                &a->annotations, "runbook_url", "https://runbooks.example.org/driftwatch?a=1&b=2"));
        a->fingerprint = labels_fingerprint(&a->labels);
        if (state != ALERT_PENDING)
                a->fired_at = SAMPLE_NOW - 10 * USEC_PER_MINUTE;
        if (state == ALERT_RESOLVED)
                a->resolved_at = SAMPLE_NOW - 2 * USEC_PER_MINUTE;
}

static void add_alerts(struct view *v)
{
        _cleanup_(alert_list_unrefp) struct alert_list *list = need(alert_list_new(5));

        view_show_alerts(v, list);
        add_alert(v, ALERT_FIRING, "RetrievalReplayFailing", "critical", "tickets", NULL,
                "The replay of tickets fails: connection refused");
        add_alert(v, ALERT_FIRING, "RetrievalExpectedResultMissing", "critical", "original_agents",
                "bundle-budget",
                "No expected record among the answers to \"bundle-budget\" <script>");
        v->alerts[v->alert_count - 1].flaps = 4;
        v->alerts[v->alert_count - 1].flapping_since = SAMPLE_NOW - 45 * USEC_PER_MINUTE;
        v->alerts[v->alert_count - 1].flapped_at = SAMPLE_NOW - 10 * USEC_PER_MINUTE;
        add_alert(v, ALERT_FIRING, "RetrievalExpectedResultMissing", "critical", "original_agents",
                SAMPLE_NASTY_QUERY, "No expected record among the first answers");
        v->alerts[v->alert_count - 1].inhibited = true;
        add_alert(v, ALERT_PENDING, "RetrievalBandCrossed", "warning", "original_agents",
                "dialog-focus", "The answer to \"dialog-focus\" moved from good to okay");
        /* From before its rule was given another severity. */
        add_alert(v, ALERT_RESOLVED, "RetrievalBandCrossed", "page", "original_agents",
                "react-hooks", "The answer to \"react-hooks\" moved from good to okay");
        done(labels_set(
                &v->alerts[v->alert_count - 1].annotations, "runbook_url", "javascript:alert(1)"));
}

/* Those that are open, and one of before. */
static void add_incidents(struct view *v)
{
        _cleanup_(incident_list_unrefp) struct incident_list *list =
                need(incident_list_new(v->collection_count + 1));
        struct incident_view *last;

        for (size_t i = 0; i < v->collection_count; i++)
                if (v->collections[i]->incident_since > 0)
                        done(incident_show(v->collections[i], &list->incidents[list->count++]));
        last = &list->incidents[list->count++];
        done(incident_view_copy(&list->incidents[0], last));
        last->since = SAMPLE_NOW - 50 * USEC_PER_MINUTE;
        last->resolved_at = SAMPLE_NOW - USEC_PER_MINUTE;
        view_show_incidents(v, list);
}

/* One is taken, and something is silenced. */
static void add_standing(struct view *v)
{
        _cleanup_error_ struct error e = {0};
        struct standing *s = need(standing_new(1, 0, 1));
        struct standing_incident *i = &s->incidents[s->incident_count++];
        struct standing_silence *q = &s->silences[s->silence_count++];

        i->incident = need(strdup("original_agents"));
        i->status = (struct escalation_status){.policy = need(strdup("critical, high")),
                .told = 1,
                .steps = 3,
                .round = 1,
                .rounds = 2,
                .next_at = SAMPLE_NOW + 25 * USEC_PER_MINUTE,
                .ack_until = SAMPLE_NOW + 25 * USEC_PER_MINUTE,
                .why = need(strdup("acknowledged by <anna>"))};
        done(roster_add(&i->status.next, "search-team"));
        done(roster_add(&i->status.receivers, "search-team"));
        done(ack_set(
                &i->status.ack, "<anna>", "looking into it", SAMPLE_NOW - 5 * USEC_PER_MINUTE));
        q->id = need(strdup("0f8fad5b-d9cb-469f-a165-70867728950e"));
        q->state = "active";
        q->created_by = need(strdup("ben"));
        q->comment = need(strdup("re-ingest"));
        q->starts_at = q->created_at = SAMPLE_NOW - USEC_PER_HOUR;
        q->ends_at = SAMPLE_NOW + USEC_PER_HOUR;
        done(matchers_parse(&q->matchers, "collection=tickets", &e));
        v->standing = s;
}

static void add_rules(struct view *v)
{
        static const struct {
                const char *name, *severity;
        } rules[] = {
                {"RetrievalExpectedResultMissing", "critical"},
                {"RetrievalBandCrossed", "warning"},
                {"RetrievalReplayFailing", "critical"},
        };

        v->rules = need(calloc(ARRAY_SIZE(rules), sizeof(*v->rules)));
        for (; v->rule_count < ARRAY_SIZE(rules); v->rule_count++) {
                v->rules[v->rule_count].name = rules[v->rule_count].name;
                v->rules[v->rule_count].severity = copy(rules[v->rule_count].severity);
        }
}

static void add_channel(struct view *v, const char *receiver, const char *channel,
        uint64_t notifications, uint64_t failed, size_t queue_length, const char *last_error)
{
        struct channel_view *c;

        v->channels = need(reallocarray(v->channels, v->channel_count + 1, sizeof(*v->channels)));
        c = &v->channels[v->channel_count++];
        *c = (struct channel_view){
                .receiver = copy(receiver),
                .channel = channel,
                .address = copy("https://hooks.example.org"),
                .peer = copy("hooks.example.org:443"),
                .notifications = notifications,
                .failed = failed,
                .queue_length = queue_length,
                .last_error = last_error ? copy(last_error) : NULL,
                .failing = last_error != NULL,
                .failing_since = last_error ? SAMPLE_NOW - 20 * USEC_PER_MINUTE : 0,
                .oldest_at = queue_length > 0 ? SAMPLE_NOW - queue_length * USEC_PER_MINUTE : 0,
        };
        for (uint64_t i = 0; i < failed; i++)
                reason_count_add(c->failures, "server_error");
}

static void add_loss(struct view *v)
{
        v->losses = need(calloc(1, sizeof(*v->losses)));
        v->losses[v->loss_count++] = (struct loss_view){
                .at = SAMPLE_NOW - 30 * USEC_PER_SEC,
                .receiver = copy("search-team"),
                .channel = "webhook",
                .peer = copy("hooks.example.org:443"),
                .kind = "closed",
                .incident = copy("tickets"),
                .reason = "server_error",
                .sentence = copy("the answer was status 400: <what?>; refused for good"),
        };
}

/* As a daemon does after each replay. */
static void judge(struct collection_view *c)
{
        struct finding_policy policy;

        finding_policy_init(&policy);
        done(findings_judge(c, &policy, NULL, SAMPLE_NOW - 12 * USEC_PER_SEC));
        c->judged = SAMPLE_NOW - 12 * USEC_PER_SEC;
        c->verdict = verdict_judge(c, NULL);
        incident_update(c, 0, SAMPLE_NOW - 20 * USEC_PER_MINUTE);
}

static void add_collection(struct view *v, struct collection_view *c)
{
        judge(c);
        v->collections = need(reallocarray(
                v->collections, v->collection_count + 1, sizeof(struct collection_view *)));
        v->collections[v->collection_count++] = c;
}

static void add_server(struct view *v, const char *name, const char *url, unsigned requests)
{
        struct server_view *s;

        v->servers = need(reallocarray(v->servers, v->server_count + 1, sizeof(*v->servers)));
        s = &v->servers[v->server_count++];
        *s = (struct server_view){.name = copy(name), .url = copy(url)};
        for (unsigned i = 0; i < requests; i++)
                latency_observe(&s->latency, (i + 1) * 900);
        if (requests > 0)
                s->busy[TASK_SURVEY] = 3 * USEC_PER_SEC / 2;
}

/* Of the first, more than are named; of the second it is unknown. */
static void add_unwatched(struct view *v)
{
        struct unwatched *u = &v->servers[0].unwatched;
        char name[] = "tenant-00";

        for (unsigned i = 0; i < UNWATCHED_NAMED_MAX; i++) {
                (void)snprintf(name, sizeof(name), "tenant-%02u", i % 100);
                done(unwatched_add(u, name));
        }
        done(unwatched_add(u, "all <b>&amp;</b>"));
        u->known = true;
        u->listed = SAMPLE_NOW - 3 * USEC_PER_MINUTE;
        v->servers[1].unwatched.error = copy("listing the collections: HTTP 403: <no>");
}

struct view *sample_view_empty(void)
{
        struct view *v = need(view_new());

        v->published = SAMPLE_NOW;
        v->started = SAMPLE_NOW - 5 * USEC_PER_SEC;
        v->per_query_limit = 200;
        return v;
}

struct view *sample_view(void)
{
        struct view *v = sample_view_empty();

        v->started = SAMPLE_NOW - 26 * USEC_PER_HOUR;
        v->ready = true;
        v->reload_success_at = SAMPLE_NOW - 26 * USEC_PER_HOUR + 1500;
        v->reload_error =
                copy("/etc/driftwatch/driftwatch.yaml:14:13: replay.interval: \"soon\" is not a "
                     "duration "
                     "such as 30s");
        v->storage_failing = true;
        v->storage_error =
                copy("/var/lib/driftwatch/snapshot.json: cannot write: No space left on device");
        v->leased = true;
        v->lease_holder = copy("a<b>/1/0");
        v->lease_error = copy("Permission denied");
        v->shard = (struct shard){1, 3};
        v->elsewhere = 5;
        v->config_path = copy("/etc/driftwatch/driftwatch.yaml");
        v->external_url = copy("https://driftwatch.example.org/");
        v->runbook_url = copy("https://runbooks.example.org/driftwatch/");
        add_collection(v, collection_of_everything());
        add_collection(v,
                new_collection(SAMPLE_NASTY, "docs_v2", "spare",
                        "queries:\n  - {id: a, text: What is new?, expect: {ids: [x]}}\n"
                        "  - {id: b, text: What is old?, expect: {ids: [y]}}\n"));
        add_collection(v, collection_down());
        add_server(v, "main", "http://127.0.0.1:8000", 30);
        add_server(v, "spare", "http://127.0.0.1:8001", 0);
        add_unwatched(v);
        add_alerts(v);
        add_incidents(v);
        add_standing(v);
        add_rules(v);
        add_channel(v, "alertmanager", "alertmanager", 44, 0, 0, NULL);
        add_channel(v, "search-team", "webhook", 7, 1, 2,
                "https://hooks.example.org answered 503: <busy>");
        add_channel(v, "search-team", "webhook", 5, 2, 1, NULL);
        add_loss(v);
        return v;
}

struct view *sample_view_large(size_t queries, size_t runs)
{
        _cleanup_text_ struct text yaml = {0};
        struct view *v = sample_view_empty();
        struct collection_view *c;

        text_append(&yaml, "queries:\n");
        for (size_t i = 0; i < queries; i++)
                text_appendf(&yaml,
                        "  - id: category-%zu.query-%05zu\n    text: How do I keep the answer to "
                        "question %zu as "
                        "near as it was when the set was reviewed?\n"
                        "    tags: {category: number-%zu}\n"
                        "    expect: {ids: [record-%zu]}\n",
                        i % 7, i, i, i % 7, i);
        c = new_collection("large", "large", "main", text_string(&yaml));
        set_replayed(c);
        for (size_t i = 0; i < queries; i++) {
                bool fails = i % 10 == 9;

                set_measured(c, i, fails ? OUTCOME_FAIL : OUTCOME_PASS,
                        0.7f + 0.0005137f * (float)(i % 1000), fails ? 0 : 1, 1,
                        fails ? "expected record \"record-9\", but none of the 10 answers is "
                                "it; the best is "
                                "\"record-77\" at distance 0.81234"
                              : NULL);
                set_history(&c->queries[i], runs);
        }
        v->ready = true;
        v->reload_successful = true;
        v->reloads[RELOAD_CHANGED] = 3;
        v->reloads[RELOAD_UNCHANGED] = 12;
        v->per_query_limit = (unsigned)queries;
        add_collection(v, c);
        add_server(v, "main", "http://127.0.0.1:8000", 10);
        return v;
}

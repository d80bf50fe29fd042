/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "json.h"
#include "judge/finding.h"
#include "sample_view.h"
#include "show/api/api.h"
#include "show/envelope.h"
#include "show/gate/check.h"

/* Asks one endpoint and parses what it says; the status is checked. New reference. */
static json_t *ask(
        const struct view *view, const char *path, const struct api_query *query, unsigned status)
{
        _cleanup_text_ struct text body = {0};
        json_t *parsed = NULL;

        for (size_t i = 0; i < api_route_count; i++)
                if (streq(api_routes[i].path, path)) {
                        assert_int_equal(api_routes[i].get(view, query, &body), status);
                        assert_false(text_failed(&body));
                        assert_int_equal(json_parse(path, body.data, body.size, &parsed, NULL), 0);
                        return parsed;
                }
        fail_msg("no route %s", path);
        return NULL;
}

/* The data of a successful answer; borrowed from `envelope`. */
static const json_t *data_of(const json_t *envelope)
{
        assert_string_equal(json_string_value(json_object_get(envelope, "status")), "success");
        return json_object_get(envelope, "data");
}

static void assert_error(const struct view *view, const char *path, const struct api_query *query,
        unsigned status, const char *type, const char *part)
{
        _cleanup_json_ json_t *envelope = ask(view, path, query, status);
        const char *sentence = json_string_value(json_object_get(envelope, "error"));

        assert_string_equal(json_string_value(json_object_get(envelope, "status")), "error");
        assert_string_equal(json_string_value(json_object_get(envelope, "errorType")), type);
        if (!strstr(sentence, part))
                fail_msg("\"%s\" does not mention \"%s\"", sentence, part);
}

/* `object` has these members, as JSON text in which ' stands for "; what it has besides does not
 * matter. */
static void assert_members(const json_t *object, const char *expected)
{
        _cleanup_json_ json_t *wanted = NULL;
        _cleanup_free_ char *text = strdup(expected);
        const char *key;
        json_t *value;

        for (char *p = text; (p = strchr(p, '\'')); p++)
                *p = '"';
        assert_int_equal(json_parse("expected", text, strlen(text), &wanted, NULL), 0);
        json_object_foreach (wanted, key, value) {
                const json_t *found = json_object_get(object, key);
                _cleanup_free_ char *a =
                        found ? json_text(found, JSON_SORT_KEYS, NULL) : strdup("absent");
                _cleanup_free_ char *b = json_text(value, JSON_SORT_KEYS, NULL);

                if (!streq(a, b))
                        fail_msg("%s is %s, not %s", key, a, b);
        }
}

static void status(void **state)
{
        _cleanup_view_ struct view *view = sample_view(), *empty = sample_view_empty();
        _cleanup_json_ json_t *full = ask(view, "/api/v1/status", &(struct api_query){0}, 200);
        _cleanup_json_ json_t *bare = ask(empty, "/api/v1/status", &(struct api_query){0}, 200);

        assert_members(data_of(full),
                "{'started':'2026-11-22T00:00:00Z','time':'2026-11-23T02:00:00Z','ready':true,"
                "'external_url':'https://driftwatch.example.org/',"
                "'config':{'path':'/etc/driftwatch/driftwatch.yaml',"
                "'last_reload_successful':false,"
                "'last_reload_success':'2026-11-22T00:00:00.001Z',"
                "'error':'/etc/driftwatch/driftwatch.yaml:14:13: replay.interval: \\'soon\\' "
                "is not a duration such as 30s'},"
                "'shard':{'index':1,'of':3,'elsewhere':5},"
                "'lease':{'held':false,'holder':'a<b>/1/0','error':'Permission denied'},"
                "'collections':3,'collections_up':1,'queries':10,'outcomes':{'pass':3,"
                "'drift':1,'fail':2,'unjudged':0,'unmeasured':4},'alerts':{'pending':1,'firing':3,"
                "'resolved':1},'notifications_queued':3}");
        assert_members(json_array_get(json_object_get(data_of(full), "servers"), 1),
                "{'server':'spare','url':'http://127.0.0.1:8001','unwatched':null,"
                "'error':'listing the collections: HTTP 403: <no>'}");
        assert_true(json_is_string(json_object_get(data_of(full), "version")));
        assert_true(json_is_string(json_object_get(data_of(full), "revision")));
        assert_members(data_of(bare),
                "{'lease':null,'ready':false,'external_url':null,'queries':0,'config':{'path':null,"
                "'last_reload_successful':false,'last_reload_success':null,'error':null}}");
}

static void collections(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_json_ json_t *envelope =
                ask(view, "/api/v1/collections", &(struct api_query){0}, 200);
        const json_t *list = json_object_get(data_of(envelope), "collections");

        const json_t *server = json_array_get(json_object_get(data_of(envelope), "servers"), 0);
        const json_t *unwatched = json_object_get(server, "unwatched");

        assert_members(server, "{'server':'main','url':'http://127.0.0.1:8000','error':null}");
        assert_members(unwatched, "{'count':21,'listed':'2026-11-23T01:57:00Z'}");
        assert_int_equal(json_array_size(json_object_get(unwatched, "names")), 20);
        assert_int_equal(json_array_size(list), 3);
        assert_members(json_array_get(list, 0),
                "{'collection':'original_agents','name':'original_agents','server':'main',"
                "'url':'http://127.0.0.1:8000','interval_seconds':60.0,'results':10,"
                "'next_due':'2026-11-23T02:00:48Z','replays':121,'replays_failed':2,"
                "'failures':{'timeout':1,'cosmic_rays':1},'canonical_total':838,"
                "'canonical_good_total':712,'replaced':1,'replaced_at':'2026-11-22T23:00:00Z',"
                "'queries':7,'outcomes':{'pass':3,'drift':1,'fail':2,'unjudged':0,'unmeasured':1},"
                "'bands':[{'name':'excellent','below':0.8,'queries':2},{'name':'good',"
                "'below':1.0,'queries':1},{'name':'okay','below':1.2,'queries':2},"
                "{'name':'poor','below':null,'queries':1}],'up':true,"
                "'last_started':'2026-11-23T01:59:47.968Z',"
                "'last_finished':'2026-11-23T01:59:48Z','last_success':'2026-11-23T01:59:48Z',"
                "'last_duration_seconds':0.03125,'last_error':null,"
                "'collection_id':'6a2f41a3-c54c-fce8-32d2-0324e1c32e22','space':'l2',"
                "'dimension':384,'records':311}");
        assert_members(json_object_get(json_array_get(list, 0), "epoch"),
                "{'unprovoked_change':'2026-11-23T00:00:00Z'}");
        assert_members(
                json_object_get(json_array_get(list, 1), "epoch"), "{'unprovoked_change':null}");
        assert_string_equal(
                json_string_value(json_object_get(json_array_get(list, 1), "collection")),
                SAMPLE_NASTY);
        assert_members(json_array_get(list, 1),
                "{'up':null,'last_started':null,'last_finished':null,'last_success':null,"
                "'last_duration_seconds':null,'next_due':null,'last_error':null,"
                "'collection_id':null,'space':null,'dimension':null,'records':null,"
                "'replaced_at':null,'replays':0}");
        assert_members(json_array_get(list, 2),
                "{'up':false,'failures':{'connect':3},"
                "'last_duration_seconds':0.002,"
                "'last_error':'tickets: cannot connect to http://127.0.0.1:8001: "
                "connection refused'}");
}

static void collections_say_what_judging_found(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_json_ json_t *envelope =
                ask(view, "/api/v1/collections", &(struct api_query){0}, 200);
        const json_t *list = json_object_get(data_of(envelope), "collections");
        const json_t *judged = json_array_get(list, 0), *bare = json_array_get(list, 2);
        const json_t *quality = json_object_get(judged, "quality");

        assert_members(json_object_get(judged, "baseline"),
                "{'number':3,'approved':'2026-11-21T01:00:00Z','approved_by':'Ada "
                "<ada@example.org>','reason':'after the ingest','forced':false,'queries':1}");
        assert_members(json_object_get(judged, "drift"),
                "{'compared':1,'set_shift':0.0123,'set_shifted':false,'moved_up':1,"
                "'moved_down':0,'overlap':0.9}");
        assert_members(json_object_get(judged, "cause"),
                "{'cause':'REMOVED','evidence':'5 baseline records are missing: 5 of 5 looked up "
                "no longer exist'}");
        assert_members(json_object_get(json_object_get(judged, "cause"), "counts"),
                "{'missing':5,'gone':5,'fit_rms':null,'records_before':null}");
        assert_members(json_object_get(judged, "index"),
                "{'records':311,'unreachable_records':2,'recall':0.985,'error':null}");
        assert_members(json_object_get(judged, "embedder"),
                "{'embedder':'minilm','compared':7,'moved':0,'changed':false,'outcomes':null}");
        assert_members(quality, "{'queries':7,'measured':6,'ranked':5,'hit_rate':0.8}");
        assert_members(
                json_object_get(
                        json_object_get(json_object_get(quality, "tags"), "category"), "control"),
                "{'queries':1,'pass_share':1.0,'hit_rate':null}");
        assert_members(bare, "{'baseline':null,'drift':null,'cause':null,'embedder':null}");
        assert_members(json_object_get(bare, "index"),
                "{'probed':null,'unreachable_records':null,'recall':null}");
}

/* That of all three queries of a tag, or of none. */
static void findings_name_their_tags(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = view->collections[0];
        _cleanup_json_ json_t *envelope = NULL;
        struct finding_policy policy;
        size_t i, named = 0;
        json_t *one;

        finding_policy_init(&policy);
        c->drift.topics[TOPIC_CONFIRMED].list =
                (struct topic_list){.count = 1, .told = {{.topic = 0, .portion = {2, 3}}}};
        assert_int_equal(findings_judge(c, &policy, NULL, SAMPLE_NOW), 0);
        envelope = ask(view, "/api/v1/collections", &(struct api_query){0}, 200);
        json_array_foreach (
                json_object_get(
                        json_array_get(json_object_get(data_of(envelope), "collections"), 0),
                        "findings"),
                i, one)
                if (streq(json_string_value(json_object_get(one, "kind")), "topic-moved")) {
                        named++;
                        assert_members(one, "{'query':null,'effect':'drift'}");
                        assert_members(json_array_get(json_object_get(one, "tags"), 0),
                                "{'key':'category','value':'frontend','count':2,'of':3}");
                } else
                        assert_int_equal(json_array_size(json_object_get(one, "tags")), 0);
        assert_int_equal(named, 1);
        assert_true(i > 1);
}

static void queries_say_how_far_they_moved(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_json_ json_t *envelope = ask(
                view, "/api/v1/queries", &(struct api_query){.collection = "original_agents"}, 200);
        const json_t *list = json_object_get(data_of(envelope), "queries");

        assert_members(json_array_get(list, 0),
                "{'id':'react-hooks','baseline_distance':0.764,'embedder_distance':null}");
        assert_members(json_object_get(json_array_get(list, 0), "drift"),
                "{'baseline_distance':0.764,'shift':0.15568507,'mean_shift':0.05,'moved':'up',"
                "'overlap':0.9,'armed':true}");
        assert_members(json_array_get(list, 1), "{'baseline_distance':null,'drift':null}");
}

static void baselines(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_json_ json_t *found = ask(view, "/api/v1/baseline",
                &(struct api_query){.collection = "original_agents"}, 200);
        _cleanup_json_ json_t *none =
                ask(view, "/api/v1/baseline", &(struct api_query){.collection = "tickets"}, 404);

        assert_members(json_object_get(data_of(found), "baseline"), "{'number':3}");
        assert_members(json_object_get(data_of(found), "drift"), "{'moved_up':1}");
        assert_members(none, "{'errorType':'not_found'}");
}

static void queries(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_json_ json_t *envelope = ask(
                view, "/api/v1/queries", &(struct api_query){.collection = "original_agents"}, 200);
        const json_t *list = json_object_get(data_of(envelope), "queries");

        assert_members(data_of(envelope), "{'collection':'original_agents'}");
        assert_int_equal(json_array_size(list), 7);
        assert_members(json_array_get(list, 2),
                "{'id':'dialog-focus','text':'keyboard focus in a dialog',"
                "'tags':{'category':'frontend','kind':'short'},'where':null,"
                "'where_document':null,'expect':{'ids':['accessibility-specialist.md#2'],"
                "'metadata':[],'within':1,'distance_min':0.5,'distance_max':1.0},"
                "'outcome':'drift',"
                "'reason':'the best answer moved from band \\'good\\' (0.9100) to \\'okay\\' (1.1407)',"
                "'band':'okay','confirmed_band':'okay','home_band':'good','crossed':true,"
                "'home_distance':0.91,'distance':1.1407,'expected_distance':1.1407,"
                "'expected_rank':1,'baseline_distance':null,'distances':[1.1407,1.1906999,"
                "1.2407]}");
        /* An earlier answer stays visible; the numbers of the last replay are unknown. */
        assert_members(json_array_get(list, 3),
                "{'id':'slow-query','where':{'lang':'en'},'outcome':'unmeasured','band':null,"
                "'confirmed_band':'good','distance':null,'expected_distance':null,"
                "'expected_rank':null,'distances':[0.93,0.98,1.03]}");
        assert_members(json_array_get(list, 4),
                "{'id':'cooking','expect':{'ids':[],'metadata':[],'within':null,"
                "'distance_min':1.2,'distance_max':null},'outcome':'pass','reason':''}");
        assert_string_equal(json_string_value(json_object_get(json_array_get(list, 5), "id")),
                SAMPLE_NASTY_QUERY);
}

static void history(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct api_query query = {.collection = "original_agents", .query = "threat-model"};
        _cleanup_json_ json_t *all = ask(view, "/api/v1/history", &query, 200), *some = NULL,
                              *none = NULL;
        const json_t *runs = json_object_get(data_of(all), "runs");

        assert_members(data_of(all), "{'collection':'original_agents','query':'threat-model'}");
        assert_int_equal(json_array_size(runs), 1);
        assert_members(json_array_get(runs, 0),
                "{'first':'2026-11-23T01:59:48Z','last':'2026-11-23T01:59:48Z','samples':1,"
                "'outcome':'pass','band':'excellent','distance':0.75,'expected_distance':0.75,"
                "'expected_rank':1}");
        /* Runs of five minutes that begin every ten: those that touch 01:35:00 … 01:50:00. */
        query = (struct api_query){.collection = "original_agents",
                .query = "react-hooks",
                .start = "2026-11-23T01:35:00Z",
                .end = "1795398600"};
        some = ask(view, "/api/v1/history", &query, 200);
        runs = json_object_get(data_of(some), "runs");
        assert_int_equal(json_array_size(runs), 2);
        assert_members(json_array_get(runs, 0),
                "{'first':'2026-11-23T01:39:48Z','samples':2,'last':'2026-11-23T01:44:48Z'}");
        query = (struct api_query){.collection = "original_agents", .query = "slow-query"};
        none = ask(view, "/api/v1/history", &query, 200);
        assert_int_equal(json_array_size(json_object_get(data_of(none), "runs")), 0);
}

static void history_is_limited(void **state)
{
        _cleanup_view_ struct view *view = sample_view_large(1, API_RUNS_MAX / 2);
        struct api_query query = {.collection = "large", .query = "category-0.query-00000"};
        _cleanup_json_ json_t *all = ask(view, "/api/v1/history", &query, 200);
        struct query_view *q = &view->collections[0]->queries[0];
        _cleanup_(history_freep) struct history *h = history_new();

        assert_int_equal(json_array_size(json_object_get(data_of(all), "runs")), API_RUNS_MAX / 2);
        for (int i = 0; i <= API_RUNS_MAX; i++) {
                usec_t now = SAMPLE_NOW + (usec_t)i * USEC_PER_SEC;

                assert_int_equal(history_add(h, now, &q->judgement, false, 7 * USEC_PER_DAY), 0);
        }
        history_snapshot_unref(q->history);
        q->history = history_snapshot(h);
        assert_error(view, "/api/v1/history", &query, 400, "bad_data", "more than 11000 runs");
        query.start = "2026-11-23T02:00:01Z";
        json_decref(all);
        all = ask(view, "/api/v1/history", &query, 200);
        assert_int_equal(json_array_size(json_object_get(data_of(all), "runs")), API_RUNS_MAX);
}

static void alerts(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_json_ json_t *all = ask(view, "/api/v1/alerts", &(struct api_query){0}, 200);
        _cleanup_json_ json_t *firing =
                ask(view, "/api/v1/alerts", &(struct api_query){.state = "firing"}, 200);
        const json_t *list = json_object_get(data_of(all), "alerts");

        assert_int_equal(json_array_size(list), 5);
        assert_int_equal(json_array_size(json_object_get(data_of(firing), "alerts")), 3);
        assert_members(json_array_get(list, 0),
                "{'labels':{'alertname':'RetrievalReplayFailing','severity':'critical',"
                "'collection':'tickets','incident':'tickets'},"
                "'annotations':{'summary':'The replay of tickets fails: connection refused',"
                "'runbook_url':'https://runbooks.example.org/driftwatch?a=1&b=2'},"
                "'state':'firing','activeAt':'2026-11-23T01:40:00Z',"
                "'firedAt':'2026-11-23T01:50:00Z','resolvedAt':null,'inhibited':false,'flapping':null}");
        assert_members(json_array_get(list, 1),
                "{'flapping':{'times':4,'since':'2026-11-23T01:15:00Z',"
                "'last':'2026-11-23T01:50:00Z','sentence':'flapping: it came 4 times within 35m'}}");
        assert_members(json_array_get(list, 3), "{'state':'pending','firedAt':null}");
        assert_members(json_array_get(list, 4),
                "{'state':'resolved','resolvedAt':'2026-11-23T01:58:00Z'}");
        view->alerts[0].fingerprint = 0xab;
        json_decref(all);
        all = ask(view, "/api/v1/alerts", &(struct api_query){0}, 200);
        assert_members(json_array_get(json_object_get(data_of(all), "alerts"), 0),
                "{'fingerprint':'00000000000000ab'}");
}

static void notifications_say_where_people_are_told(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_json_ json_t *all =
                ask(view, "/api/v1/notifications", &(struct api_query){0}, 200);
        const json_t *list = json_object_get(data_of(all), "destinations");
        const json_t *lost = json_object_get(data_of(all), "lost");

        assert_int_equal(json_array_size(list), 3);
        assert_members(json_array_get(list, 0),
                "{'receiver':'alertmanager','channel':'alertmanager','failing':false,"
                "'failing_since':null,'oldest':null,'last_error':null,'queued':0}");
        assert_members(json_array_get(list, 1),
                "{'receiver':'search-team','channel':'webhook','address':"
                "'https://hooks.example.org','peer':'hooks.example.org:443','notifications':7,"
                "'failed':1,'queued':2,'failing':true,'disabled':false,'lost_at':null,"
                "'failing_since':'2026-11-23T01:40:00Z','oldest':'2026-11-23T01:58:00Z',"
                "'last_error':'https://hooks.example.org answered 503: <busy>'}");
        assert_int_equal(json_array_size(lost), 1);
        assert_members(json_array_get(lost, 0),
                "{'time':'2026-11-23T01:59:30Z','receiver':'search-team','channel':'webhook',"
                "'peer':'hooks.example.org:443','kind':'closed','incident':'tickets',"
                "'reason':'server_error',"
                "'sentence':'the answer was status 400: <what?>; refused for good'}");
}

static void incidents(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_json_ json_t *all = ask(view, "/api/v1/incidents", &(struct api_query){0}, 200);
        const json_t *list = json_object_get(data_of(all), "incidents");

        assert_int_equal(json_array_size(list), 3);
        assert_members(json_array_get(list, 0),
                "{'id':'original_agents','collection':'original_agents','state':'open',"
                "'since':'2026-11-23T01:40:00Z','resolved_at':null,'severity':'critical'}");
        assert_int_equal(json_array_size(json_object_get(json_array_get(list, 0), "alerts")), 2);
        assert_members(json_object_get(json_array_get(list, 0), "escalation"),
                "{'policy':'critical, high','step':1,'steps':3,'round':1,'rounds':2,"
                "'next_at':'2026-11-23T02:25:00Z','next':['search-team'],'told':['search-team'],"
                "'acknowledged':{'by':'<anna>','comment':'looking into it',"
                "'at':'2026-11-23T01:55:00Z','until':'2026-11-23T02:25:00Z'},"
                "'quiet':'acknowledged by <anna>','sentence':"
                "'acknowledged by <anna> 5m ago: looking into it; next: search-team in 25m'}");
        assert_true(json_is_null(json_object_get(json_array_get(list, 1), "escalation")));
        assert_true(json_is_null(json_object_get(json_array_get(list, 2), "escalation")));
        assert_members(json_array_get(list, 1), "{'collection':'tickets','state':'open'}");
        assert_members(json_array_get(list, 2),
                "{'collection':'original_agents','state':'resolved',"
                "'since':'2026-11-23T01:10:00Z','resolved_at':'2026-11-23T01:59:00Z'}");
        assert_int_equal(json_array_size(json_object_get(json_array_get(list, 2), "alerts")), 1);
}

static void how_long_ago_is_said_of_the_request(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        const struct api_query later = {.now = SAMPLE_NOW + USEC_PER_MINUTE};
        _cleanup_json_ json_t *all = ask(view, "/api/v1/collections", &later, 200);
        const json_t *first = json_array_get(json_object_get(data_of(all), "collections"), 0);

        assert_members(json_object_get(json_object_get(first, "incident"), "escalation"),
                "{'sentence':"
                "'acknowledged by <anna> 6m ago: looking into it; next: search-team in 24m'}");
}

static void silences(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_json_ json_t *all = ask(view, "/api/v1/silences", &(struct api_query){0}, 200);
        const json_t *list = json_object_get(data_of(all), "silences");

        assert_int_equal(json_array_size(list), 1);
        assert_members(json_array_get(list, 0),
                "{'id':'0f8fad5b-d9cb-469f-a165-70867728950e','status':{'state':'active'},"
                "'matchers':[{'name':'collection','value':'tickets','isRegex':false,"
                "'isEqual':true}],'createdBy':'ben','comment':'re-ingest',"
                "'startsAt':'2026-11-23T01:00:00Z','endsAt':'2026-11-23T03:00:00Z'}");
}

static void refuses_bad_parameters(void **state)
{
        static const struct {
                const char *path;
                struct api_query query;
                unsigned status;
                const char *type, *part;
        } cases[] = {
                {"/api/v1/queries", {.collection = NULL}, 400, "bad_data",
                        "\"collection\" is missing"},
                {"/api/v1/queries", {.collection = "nope"}, 404, "not_found", "\"nope\""},
                {"/api/v1/queries", {.collection = "\xff\n\""}, 404, "not_found", "no collection"},
                {"/api/v1/history", {.query = "a"}, 400, "bad_data", "\"collection\" is missing"},
                {"/api/v1/history", {.collection = "tickets"}, 400, "bad_data",
                        "\"query\" is missing"},
                {"/api/v1/history", {.collection = "tickets", .query = "x"}, 404, "not_found",
                        "no query \"x\""},
                {"/api/v1/history", {.collection = "tickets", .query = "refund", .start = "soon"},
                        400, "bad_data", "\"start\" is \"soon\""},
                {"/api/v1/history", {.collection = "tickets", .query = "refund", .end = ""}, 400,
                        "bad_data", "\"end\""},
                {"/api/v1/history",
                        {.collection = "tickets", .query = "refund", .start = "20", .end = "10"},
                        400, "bad_data", "before"},
                {"/api/v1/alerts", {.state = "burning"}, 400, "bad_data", "\"burning\""},
        };
        _cleanup_view_ struct view *view = sample_view();

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_error(view, cases[i].path, &cases[i].query, cases[i].status, cases[i].type,
                        cases[i].part);
}

static void errors_have_a_type(void **state)
{
        static const struct {
                unsigned status;
                const char *type;
        } cases[] = {{400, "bad_data"}, {401, "unauthorized"}, {403, "forbidden"},
                {404, "not_found"}, {405, "method_not_allowed"}, {413, "bad_data"},
                {500, "internal"}, {503, "unavailable"}, {504, "timeout"}};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text body = {0};
                char expected[200];

                envelope_error(&body, cases[i].status, "a \"%s\"", "b\xff");
                (void)snprintf(expected, sizeof(expected),
                        "{\"status\":\"error\",\"errorType\":\"%s\","
                        "\"error\":\"a \\\"b\xef\xbf\xbd\\\"\"}\n",
                        cases[i].type);
                assert_string_equal(text_string(&body), expected);
        }
}

static void a_warning_is_no_error(void **state)
{
        _cleanup_text_ struct text body = {0};

        assert_int_equal(
                envelope_warning(&body, json_pack("{s:i}", "a", 1), "not \"%s\"", "written\xff"),
                202);
        assert_string_equal(text_string(&body),
                "{\"status\":\"success\",\"data\":{\"a\":1},"
                "\"warnings\":[\"not \\\"written\xef\xbf\xbd\\\"\"]}\n");
}

static void success_has_data(void **state)
{
        _cleanup_text_ struct text body = {0};

        assert_int_equal(envelope_success(&body, json_null()), 200);
        assert_string_equal(text_string(&body), "{\"status\":\"success\",\"data\":null}\n");
        text_clear(&body);
        assert_int_equal(envelope_success(&body, NULL), 500);
        assert_string_equal(text_string(&body),
                "{\"status\":\"error\",\"errorType\":\"internal\",\"error\":\"out of memory\"}\n");
}

static json_t *gated(const struct view *view)
{
        struct check check;

        check_init(&check);
        check.collections = (const struct collection_view *const *)view->collections;
        check.count = view->collection_count;
        return check_json(&check);
}

/* Each cause with its queries and distinct records, and the records by what became of them. */
static void causes_name_their_records(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = view->collections[0];
        struct fates *f = c->fates = fates_new();
        _cleanup_json_ json_t *run = NULL;
        const json_t *object, *cause;

        f->count = 2;
        f->records = calloc(f->count, sizeof(*f->records));
        f->records[0] = (struct touched_record){.id = strdup("r12"), .fate = FATE_GONE};
        f->records[1] = (struct touched_record){
                .id = strdup("r\xff"), .excerpt = strdup("How do I"), .fate = FATE_EDITED};
        f->totals[FATE_GONE] = 5;
        f->totals[FATE_EDITED] = 1;
        f->cause_queries[CAUSE_REMOVED] = 3;
        f->cause_queries[CAUSE_EDIT] = 2;
        f->cause_queries[CAUSE_UNKNOWN] = f->cause_queries[CAUSE_NONE] = 1;
        c->queries[1].cause = CAUSE_EDIT;
        run = gated(view);
        object = json_array_get(json_object_get(run, "collections"), 0);
        cause = json_object_get(object, "evidence");
        assert_members(cause,
                "{'action':'Find out who deleted the records; if that was meant, approve a new "
                "baseline.','causes':[{'cause':'REMOVED','queries':3,'records':5},"
                "{'cause':'EDIT','queries':2,'records':1}],"
                "'records':{'gone':{'count':5,'ids':['r12'],'excerpts':[null]},"
                "'edited':{'count':1,'ids':['r\xef\xbf\xbd'],'excerpts':['How do I']}}}");
        assert_members(json_array_get(json_object_get(object, "queries"), 0), "{'cause':null}");
        assert_members(json_array_get(json_object_get(object, "queries"), 1), "{'cause':'EDIT'}");
        json_decref(run);
        c->fates = fates_unref(c->fates);
        run = gated(view);
        object = json_array_get(json_object_get(run, "collections"), 0);
        assert_null(json_object_get(json_object_get(object, "evidence"), "causes"));
}

/* The shape that `check --format json` promises. */
static void replay(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_json_ json_t *run = gated(view);
        json_t *object = json_array_get(json_object_get(run, "collections"), 0);
        json_t *down = json_array_get(json_object_get(run, "collections"), 2);
        const json_t *list = json_object_get(object, "queries");

        assert_members(object,
                "{'collection':'original_agents','server':'main','verdict':'fail',"
                "'cause':'REMOVED','records':311,'unreachable_records':2,'recall':0.985,'audit':null,"
                "'error':null}");
        assert_int_equal(json_object_size(json_array_get(list, 0)), 14);
        assert_members(json_array_get(list, 0),
                "{'id':'react-hooks','outcome':'pass','band':'good','distance':0.91968507,"
                "'expected_distance':0.91968507,'expected_rank':1,'baseline_distance':0.764,"
                "'ids':['frontend-architect.md#1','sre.md#4','tab\\there\\u001b[31m'],"
                "'distances':[0.91968507,0.9696851,1.019685],'answers':null,'reason':''}");
        assert_members(json_array_get(list, 1),
                "{'id':'bundle-budget','outcome':'fail','expected_distance':null,"
                "'expected_rank':null}");
        /* The answer of an earlier replay is not this one's. */
        assert_members(json_array_get(list, 3),
                "{'id':'slow-query','outcome':'unmeasured','band':null,'distance':null,"
                "'ids':null,'distances':null,"
                "'reason':'the answer to this query holds a distance that is null'}");
        assert_members(down,
                "{'verdict':'unmeasured','records':null,"
                "'error':'tickets: cannot connect to http://127.0.0.1:8001: connection refused'}");
}

/* From the first replay's begin to the last one's end. */
static void who_waited_reads_the_verdict(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text body = {0};
        _cleanup_json_ json_t *envelope = NULL;
        const json_t *data, *first;

        view->collections[0]->last_started = 1795399100 * USEC_PER_SEC;
        view->collections[0]->last_finished = 1795399102 * USEC_PER_SEC;
        view->collections[1]->last_started = 1795399101 * USEC_PER_SEC;
        view->collections[1]->last_finished = 1795399105 * USEC_PER_SEC;
        view->collections[2]->last_started = 1795399103 * USEC_PER_SEC;
        view->collections[2]->last_finished = 1795399104 * USEC_PER_SEC;
        assert_int_equal(view->collection_count, 3);
        assert_int_equal(api_verdict.get(view, &(struct api_query){0}, &body), 200);
        assert_int_equal(json_parse("answer", body.data, body.size, &envelope, NULL), 0);
        data = data_of(envelope);
        assert_members(data, "{'started':'2026-11-23T01:58:20Z','duration_seconds':5.0}");
        assert_int_equal(json_array_size(json_object_get(data, "collections")), 3);
        first = json_array_get(json_object_get(data, "collections"), 0);
        assert_members(first, "{'collection':'original_agents','records':311}");
        assert_int_equal(json_array_size(json_object_get(first, "queries")),
                view->collections[0]->query_set->count);
}

/* What comes from a server may be any bytes. */
static void survives_invalid_utf8(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_json_ json_t *run = NULL;
        json_t *object;

        free(view->collections[0]->queries[0].judgement.reason);
        view->collections[0]->queries[0].judgement.outcome = OUTCOME_FAIL;
        view->collections[0]->queries[0].judgement.reason = strdup("bad \xc3 byte");
        run = gated(view);
        object = json_array_get(json_object_get(run, "collections"), 0);
        assert_members(json_array_get(json_object_get(object, "queries"), 0),
                "{'reason':'bad \xef\xbf\xbd byte'}");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(status),
                cmocka_unit_test(collections),
                cmocka_unit_test(collections_say_what_judging_found),
                cmocka_unit_test(baselines),
                cmocka_unit_test(findings_name_their_tags),
                cmocka_unit_test(queries_say_how_far_they_moved),
                cmocka_unit_test(queries),
                cmocka_unit_test(history),
                cmocka_unit_test(history_is_limited),
                cmocka_unit_test(alerts),
                cmocka_unit_test(incidents),
                cmocka_unit_test(notifications_say_where_people_are_told),
                cmocka_unit_test(how_long_ago_is_said_of_the_request),
                cmocka_unit_test(silences),
                cmocka_unit_test(refuses_bad_parameters),
                cmocka_unit_test(errors_have_a_type),
                cmocka_unit_test(a_warning_is_no_error),
                cmocka_unit_test(success_has_data),
                cmocka_unit_test(causes_name_their_records),
                cmocka_unit_test(replay),
                cmocka_unit_test(who_waited_reads_the_verdict),
                cmocka_unit_test(survives_invalid_utf8),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

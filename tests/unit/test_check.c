/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>
#include <stdio.h>

#include "json.h"
#include "judge/epoch.h"
#include "judge/finding.h"
#include "judge/incident.h"
#include "sample_view.h"
#include "show/gate/formats.h"

static struct check check_of(const struct view *view, size_t count)
{
        struct check check;

        check_init(&check);
        check.collections = (const struct collection_view *const *)view->collections;
        check.count = count;
        check.started = SAMPLE_NOW;
        check.duration = 31250;
        return check;
}

/* As a gate does: one replay counts. */
static void judge(struct collection_view *c, bool embedder_counts)
{
        struct finding_policy policy;

        finding_policy_init(&policy);
        policy.at_once = true;
        policy.embedder_counts = embedder_counts;
        assert_int_equal(findings_judge(c, &policy, NULL, SAMPLE_NOW), 0);
        incident_update(c, 0, SAMPLE_NOW);
}

static void set_outcome(struct collection_view *c, size_t i, enum outcome outcome)
{
        struct judgement *j = &c->queries[i].judgement;

        free(take_ptr(j->reason));
        j->expected = j->outcome = outcome;
        j->crossed = false;
        if (outcome != OUTCOME_PASS)
                j->reason = strdup("for a reason");
}

/* The sample's first collection, all passing, compared with a baseline that it equals. */
static struct collection_view *with_baseline(struct view *view)
{
        struct collection_view *c = view->collections[0];

        baseline_unref(c->baseline);
        c->baseline = baseline_new(c->query_set->count);
        assert_non_null(c->baseline);
        c->baseline->number = 3;
        c->baseline->results = c->results;
        c->baseline->epoch.space = strdup("l2");
        c->baseline->epoch.dimension = 384;
        c->drift = (struct drift_view){
                .queries = c->query_set->count, .compared = c->query_set->count};
        c->attribution.cause = CAUSE_NONE;
        c->replaced = 0;
        for (size_t i = 0; i < c->query_set->count; i++) {
                struct query_view *q = &c->queries[i];
                struct query_drift *d = &q->drift;
                struct baseline_query *b = &c->baseline->queries[i];

                set_outcome(c, i, OUTCOME_PASS);
                q->judgement.distance = 0.9f;
                b->id = strdup(c->query_set->queries[i].id);
                b->text = strdup(c->query_set->queries[i].text);
                b->answer = answer_ref(q->answer);
                b->outcome = OUTCOME_PASS;
                *d = (struct query_drift){.compared = true, .armed = true};
                for (unsigned l = 0; l < LEVEL_COUNT; l++) {
                        d->baseline[l] = 0.9;
                        d->tau[l] = 0.005;
                }
        }
        baseline_sort(c->baseline);
        return c;
}

static struct baseline_query *before(struct collection_view *c, size_t query)
{
        return (struct baseline_query *)baseline_find(c->baseline, c->query_set->queries[query].id);
}

static void render(const char *format, const struct check *check, struct text *text)
{
        text_clear(text);
        check_find_format(format)->render(check, text);
        assert_false(text_failed(text));
}

/* What formats write for characters that would be markup. */
static void unescape(char *s)
{
        static const char *const escapes[][2] = {
                {"&#58;", ":"}, {"&quot;", "\""}, {"%25", "%"}, {"\\_", "_"}, {"\\*", "*"}};

        for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
                for (char *p = s; (p = strstr(p, escapes[i][0]));) {
                        size_t size = strlen(escapes[i][0]);

                        *p++ = escapes[i][1][0];
                        memmove(p, p + size - 1, strlen(p + size - 1) + 1);
                }
}

static void assert_says(const char *format, const struct check *check, const char *words)
{
        _cleanup_text_ struct text text = {0};

        render(format, check, &text);
        if (text.data && !streq(format, "json"))
                unescape(text.data);
        if (!text.data || !strstr(text.data, words))
                fail_msg("%s does not say \"%s\":\n%s", format, words, text_string(&text));
}

static void assert_silent(const char *format, const struct check *check, const char *words)
{
        _cleanup_text_ struct text text = {0};

        render(format, check, &text);
        if (text.data && strstr(text.data, words))
                fail_msg("%s says \"%s\":\n%s", format, words, text.data);
}

static void says_what_it_lets_through(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        struct check check = check_of(view, 1);

        set_outcome(c, 2, OUTCOME_DRIFT);
        judge(c, true);
        assert_int_equal(check_verdict(&check), VERDICT_FAIL);
        assert_int_equal(check_exit_status(&check), 1);
        check.policy.drift_passes = true;
        assert_int_equal(check_verdict(&check), VERDICT_PASS);
        set_outcome(c, 0, OUTCOME_FAIL);
        judge(c, true);
        assert_int_equal(check_verdict(&check), VERDICT_FAIL);
        check.policy.pass_share = 0.8;
        assert_int_equal(check_verdict(&check), VERDICT_PASS); /* 6 of 7 */
        check.policy.pass_share = 0.9;
        assert_int_equal(check_verdict(&check), VERDICT_FAIL);
        check.override_reason = "the old index is <worse>";
        check.override_by = "Ada";
        assert_int_equal(check_verdict(&check), VERDICT_FAIL);
        assert_int_equal(check_exit_status(&check), 0);
        for (size_t i = 0; i < check_format_count; i++) {
                const char *format = check_formats[i].name;
                bool json = streq(format, "json");

                assert_says(
                        format, &check, json ? "\"fail_on\": \"fail\"" : "Drift is let through");
                assert_says(format, &check, json ? "\"min_pass\": 0.9" : "when 90 % of the judged");
                assert_says(format, &check, json ? "\"by\": \"Ada\"" : "by Ada");
                assert_says(format, &check, "the old index is ");
                assert_says(format, &check, "fail");
        }
        assert_silent("junit", &check, "<worse>");
        assert_silent("markdown", &check, "<worse>");
}

enum damage {
        NOTHING,
        TOPK,
        TOP1,
        BAND,
        SET,
        SHARE,
        FLOOD,
        SPACE,
        EMBEDDER,
        EMBEDDER_DOWN,
        INDEX,
        BASELINE_LOST,
};

static void damage(struct collection_view *c, enum damage what)
{
        if (what == TOPK || what == TOP1)
                c->queries[1].drift.shift[what == TOPK ? LEVEL_TOPK : LEVEL_TOP1] = 0.21;
        if (what == BAND) {
                c->queries[1].drift.baseline[LEVEL_TOP1] = 0.995;
                c->queries[1].judgement.distance = 1.02f;
        }
        if (what == SET)
                c->drift.set_shift = 0.011;
        for (size_t k = 0; what == SHARE && k < 3; k++)
                c->queries[k].drift.shift[LEVEL_TOPK] = 0.006;
        if (what == FLOOD)
                c->attribution.cause = CAUSE_FLOOD;
        if (what == SPACE)
                c->epoch_changes |= EPOCH_SPACE;
        c->embedder.changed = what == EMBEDDER;
        if (what == EMBEDDER_DOWN)
                c->embedder.error = strdup("connection refused");
        if (what == INDEX)
                c->health.unreachable = 20;
        if (what == BASELINE_LOST) {
                c->baseline = baseline_unref(c->baseline);
                c->baseline_error = strdup("3.json does not match its sha256");
        }
}

/* What the gate finds is in every format, with its verdict, and stops the release. */
static void every_format_tells_what_was_found(void **state)
{
        static const struct {
                enum damage what;
                enum verdict verdict, drift_passes;
                const char *words;
        } cases[] = {
                {NOTHING, VERDICT_PASS, VERDICT_PASS, ""},
                {TOPK, VERDICT_FAIL, VERDICT_PASS, "the mean of the answers lies at 1.1100"},
                {TOP1, VERDICT_FAIL, VERDICT_PASS, "the best answer lies at 1.1100"},
                {BAND, VERDICT_FAIL, VERDICT_PASS, "the best answer moved from band"},
                {SET, VERDICT_FAIL, VERDICT_PASS, "as a set lie 0.0110 above their baseline"},
                {SHARE, VERDICT_FAIL, VERDICT_PASS, "3 of 7 canonical queries"},
                {FLOOD, VERDICT_FAIL, VERDICT_PASS, "New records crowd the answers"},
                {SPACE, VERDICT_FAIL, VERDICT_FAIL, "is not measured or searched as before"},
                {EMBEDDER, VERDICT_FAIL, VERDICT_FAIL, "gives other vectors than the pinned ones"},
                {EMBEDDER_DOWN, VERDICT_UNMEASURED, VERDICT_UNMEASURED,
                        "could not be asked: connection refused"},
                {INDEX, VERDICT_FAIL, VERDICT_FAIL, "20 of the 311 records"},
                {BASELINE_LOST, VERDICT_UNMEASURED, VERDICT_UNMEASURED,
                        "cannot be read, so that nothing is compared with it: 3.json does not"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_view_ struct view *view = sample_view();
                struct collection_view *c = with_baseline(view);
                struct check check = check_of(view, 1);

                damage(c, cases[i].what);
                judge(c, true);
                assert_int_equal(check_verdict(&check), cases[i].verdict);
                for (size_t k = 0; k < check_format_count; k++) {
                        bool silent = streq(check_formats[k].name, "github") &&
                                cases[i].verdict == VERDICT_PASS;

                        if (silent)
                                continue;
                        assert_says(check_formats[k].name, &check, cases[i].words);
                        assert_says(check_formats[k].name, &check, verdict_name(cases[i].verdict));
                }
                check.policy.drift_passes = true;
                assert_int_equal(check_verdict(&check), cases[i].drift_passes);
        }
}

/* Whatever an audit failed by, nobody knows what it would have found. */
static void an_audit_that_failed_is_no_pass(void **state)
{
        static const struct {
                struct check_audit audit;
                const char *words;
        } cases[] = {
                {{.error = (char *)"reading embeddings: HTTP 500", .recall = NAN, .queries = 7},
                        "reading embeddings: HTTP 500"},
                {{.error = (char *)"records were added", .recall = 1, .queries = 7},
                        "records were added"},
                {{.recall = NAN, .queries = 7}, "the collection holds no records"},
                {{.recall = NAN}, "no query without a filter got an answer"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_view_ struct view *view = sample_view();
                struct collection_view *c = with_baseline(view);
                struct check check = check_of(view, 1);

                judge(c, true);
                assert_int_equal(check_verdict(&check), VERDICT_PASS);
                check.audits = &cases[i].audit;
                assert_int_equal(check_verdict(&check), VERDICT_UNMEASURED);
                assert_int_equal(check_exit_status(&check), 3);
                for (size_t k = 0; k < check_format_count; k++) {
                        assert_says(check_formats[k].name, &check, cases[i].words);
                        assert_says(check_formats[k].name, &check, "unmeasured");
                }
                assert_says("junit", &check, "errors=\"1\"");
                set_outcome(c, 0, OUTCOME_FAIL);
                judge(c, true);
                assert_int_equal(check_verdict(&check), VERDICT_FAIL);
                for (size_t k = 0; k < check_format_count; k++)
                        assert_says(check_formats[k].name, &check, cases[i].words);
        }
}

static void an_audit_is_in_every_report(void **state)
{
        const struct check_audit audit = {
                .recall = 0.75, .recall_by_distance = 0.875, .queries = 7, .records = 311};
        _cleanup_view_ struct view *view = sample_view();
        struct check check = check_of(view, 1);

        judge(with_baseline(view), true);
        check.audits = &audit;
        assert_int_equal(check_verdict(&check), VERDICT_PASS);
        assert_says("text", &check, "0.7500 by id, 0.8750 by distance (7 queries, 311 records)");
        assert_says("junit", &check, "0.7500 by id, 0.8750 by distance");
        assert_says("markdown", &check, "0.7500 by id, 0.8750 by distance");
        assert_says("json", &check, "\"recall\": 0.75");
        assert_says("json", &check, "\"error\": null");
}

static void an_embedder_may_count_for_nothing(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        struct check check = check_of(view, 1);

        damage(c, EMBEDDER_DOWN);
        judge(c, false);
        assert_int_equal(check_verdict(&check), VERDICT_PASS);
        for (size_t i = 0; i < check_format_count; i++)
                if (!streq(check_formats[i].name, "github"))
                        assert_says(check_formats[i].name, &check, "could not be asked");
}

static void lists_what_changed_apart_from_what_is_new(void **state)
{
        static const struct {
                const char *title, *key, *id;
        } lists[] = {
                {"passes no more", "pass_to_fail", "react-hooks"},
                {"passes again", "fail_to_pass", "bundle-budget"},
                {"newly expected", "newly_expected", "dialog-focus, cooking"},
                {"new since the baseline", "new", "slow-query"},
                {"known to fail", "known_failing", "threat-model"},
        };
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        struct check check = check_of(view, 1);
        _cleanup_(answer_unrefp) struct answer *other = NULL;
        const char *ids[] = {"frontend-architect.md#2"};
        const float distances[] = {1.1f};

        other = answer_new(1, ids, distances, NULL);
        assert_non_null(other);
        set_outcome(c, 0, OUTCOME_FAIL); /* another answer */
        answer_unref(before(c, 0)->answer);
        before(c, 0)->answer = answer_ref(other);
        before(c, 1)->outcome = OUTCOME_FAIL;
        set_outcome(c, 2, OUTCOME_DRIFT); /* the same answer, out of a new range */
        set_outcome(c, 4, OUTCOME_FAIL); /* nothing was expected of it, and the same answer */
        before(c, 4)->outcome = OUTCOME_UNJUDGED;
        set_outcome(c, 3, OUTCOME_FAIL); /* another question under its id */
        (void)memcpy(before(c, 3)->text, "X", 1);
        before(c, 5)->outcome = OUTCOME_UNJUDGED; /* passes by its baseline: no news */
        set_outcome(c, 6, OUTCOME_FAIL);
        c->queries[6].excused = true;
        judge(c, true);
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
                _cleanup_free_ char *text = NULL, *junit = NULL;
                _cleanup_json_ json_t *object = check_json(&check);
                json_t *ids_of = json_object_get(
                        json_object_get(
                                json_array_get(json_object_get(object, "collections"), 0), "lists"),
                        lists[i].key);

                assert_return_code(asprintf(&text, "  %s: %s", lists[i].title, lists[i].id), 0);
                assert_return_code(asprintf(&junit, "<property name=\"%s\" value=\"%s\"/>",
                                           lists[i].key, lists[i].id),
                        0);
                assert_says("text", &check, text);
                assert_says("junit", &check, junit);
                assert_int_equal(json_array_size(ids_of), strchr(lists[i].id, ',') ? 2 : 1);
        }
        assert_says("markdown", &check, "\n**newly expected**: dialog-focus, cooking\n");
}

static void set_known(struct collection_view *c, size_t i)
{
        struct query *q = &c->query_set->queries[i];

        q->known_failing.reason = strdup("page moved");
        /* The first moment after 2027-01-31. */
        q->known_failing.until = 1801440000 * USEC_PER_SEC;
        c->queries[i].excused = true;
}

static void what_is_known_to_fail_stops_nothing_and_is_shown(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        struct check check = check_of(view, 1);

        set_outcome(c, 0, OUTCOME_FAIL);
        set_known(c, 0);
        judge(c, true);
        assert_int_equal(check_verdict(&check), VERDICT_PASS);
        for (size_t i = 0; i < check_format_count; i++)
                if (!streq(check_formats[i].name, "json"))
                        assert_says(check_formats[i].name, &check,
                                "known to fail until 2027-01-31: page moved");
        assert_says("json", &check, "\"until\": \"2027-01-31\"");
        assert_says("junit", &check, "failures=\"0\" errors=\"0\" skipped=\"1\"");
        assert_says("github", &check, "::warning file=queries.yaml,line=2,");
        assert_silent("github", &check, "::error");
        c->queries[0].excused = false;
        judge(c, true);
        assert_int_equal(check_verdict(&check), VERDICT_FAIL);
        assert_says("junit", &check, "failures=\"1\" errors=\"0\" skipped=\"0\"");
}

static void what_passes_again_is_told(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        struct check check = check_of(view, 1);

        set_known(c, 0);
        judge(c, true);
        assert_says("text", &check, "  known to fail, but passes: react-hooks; take");
        assert_says("json", &check, "\"passing_again\": [\n");
        assert_says("junit", &check, "<property name=\"passing_again\" value=\"react-hooks\"/>");
        assert_says("markdown", &check, "**known to fail, but passes**: react-hooks");
        assert_says("github", &check, "react-hooks::passes, although it is known to fail until");
}

static void what_fails_has_its_place_and_its_cause(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        struct check check = check_of(view, 1);

        set_outcome(c, 1, OUTCOME_FAIL);
        c->queries[1].cause = CAUSE_REMOVED;
        judge(c, true);
        for (size_t i = 0; i < check_format_count; i++)
                assert_says(check_formats[i].name, &check, "REMOVED");
        assert_says("junit", &check, ">queries.yaml:6: for a reason (REMOVED)</failure>");
        assert_says("github", &check, "::error file=queries.yaml,line=6,title=");
        free(c->query_set->path);
        c->query_set->path = strdup("/home/runner/repo/search/queries.yaml");
        check.workspace = "/home/runner/repo/";
        assert_says("github", &check, "file=search/queries.yaml,");
        check.workspace = "/home/runner/re";
        assert_says("github", &check, "file=/home/runner/repo/search/queries.yaml,");
}

/* What a replay left unknown although it was measured. */
static void every_format_has_the_note(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        struct check check = check_of(view, 1);

        c->note = strdup("the count is unknown");
        judge(c, true);
        for (size_t i = 0; i < check_format_count; i++)
                assert_says(check_formats[i].name, &check, "the count is unknown");
}

static void times_of_cases_add_up(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        struct check check = check_of(view, 1);
        _cleanup_text_ struct text text = {0};
        double sum = 0;
        size_t cases = 0;

        c->last_duration = 31900;
        judge(c, true);
        render("junit", &check, &text);
        for (const char *p = text.data; (p = strstr(p, "<testcase ")); p++) {
                sum += strtod(strstr(p, "time=\"") + 6, NULL);
                cases++;
        }
        assert_int_equal(cases, c->query_set->count);
        assert_float_equal(sum, 0.031, 1e-9);
}

static struct answer *answer_of(const char *id)
{
        const char *ids[] = {id};
        const float distances[] = {0.9f};

        return answer_new(1, ids, distances, NULL);
}

/* Below a query that does not pass: what it found, and what the baseline had where that differs. */
static void what_was_found_stands_below(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        struct baseline *found = baseline_new(1);
        struct check check = check_of(view, 1);
        struct baseline_query *q = found->queries, *then = before(c, 1);

        set_outcome(c, 1, OUTCOME_FAIL);
        judge(c, true);
        q->id = strdup(c->query_set->queries[1].id);
        q->text = strdup(c->query_set->queries[1].text);
        q->outcome = OUTCOME_FAIL;
        q->searched = 100;
        q->answer = answer_of("sre.md#4");
        q->excerpts[0] = (struct excerpt){strdup("file: sre.md"), strdup("Alerts wake people")};
        answer_unref(then->answer);
        then->answer = answer_of("web.md#1");
        then->excerpts[0] = (struct excerpt){NULL, strdup("Hooks compose")};
        assert_silent("text", &check, "sre.md#4");
        assert_says("json", &check, "\"answers\": null");
        check.found = &found;
        assert_says("text", &check,
                "  for a reason\n"
                "      expected record: not among the first 100\n"
                "      was 1. web.md#1 Hooks compose\n"
                "      now 1. sre.md#4 (file: sre.md) Alerts wake people\n");
        assert_says("json", &check, "\"words\": \"Alerts wake people\"");
        free(then->text); /* was another question, so that nothing is known of it */
        then->text = strdup("other");
        assert_silent("text", &check, "was 1.");
        assert_says("text", &check, "      1. sre.md#4 (file: sre.md) Alerts wake people\n");
        baseline_unref(found);
}

static void writes_text(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        struct check check = check_of(view, 3);

        render("text", &check, &text);
        assert_string_equal(text_string(&text),
                "original_agents on main: fail, 311 records, replayed in 31ms\n"
                "  Probable cause: REMOVED: Records that used to answer have been deleted.\n"
                "  5 baseline records are missing: 5 of 5 looked up no longer exist.\n"
                "  Restore the deleted records, or change the expectations of the queries that asked for them.\n"
                "  new since the baseline: react-hooks, bundle-budget, dialog-focus, cooking, "
                "quo\"te\\back </td><script>alert('1')</script> ü, threat-model; driftwatch "
                "baseline propose --new-only records what is new\n"
                "  OUTCOME     QUERY                                           BAND       "
                "DISTANCE  EXPECTED  RANK  REASON\n"
                "  fail        bundle-budget                                   okay       "
                "1.0312    -         -     expected a record with "
                "{\"filename\":\"frontend-architect.md\"}, but none of the 10 answers is it; "
                "the best is \"sre.md#4\" at distance 1.0312\n"
                "  fail        quo\"te\\back </td><script>alert('1')</script> ü  excellent  "
                "-0.2500   -0.2000   2     <b>\"reason\"</b> &  [31mmore\n"
                "  drift       dialog-focus                                    okay       "
                "1.1407    1.1407    1     the best answer moved from band \"good\" (0.9100) to "
                "\"okay\" (1.1407)\n"
                "  unmeasured  slow-query                                      -          -     "
                "    -         -     the answer to this query holds a distance that is null\n"
                "  pass        react-hooks                                     good       "
                "0.9197    0.9197    1\n"
                "  pass        cooking                                         poor       "
                "1.3125    -         -\n"
                "  pass        threat-model                                    excellent  "
                "0.7500    0.7500    1\n"
                "  with 6 queries, a fault that touches less than 23.5 % of questions would be "
                "missed with a probability of more than 20 %\n"
                "\n"
                "we\"ird\\la bel <b>&amp;</b> 日本 on spare: unmeasured\n"
                "  OUTCOME     QUERY  BAND  DISTANCE  EXPECTED  RANK  REASON\n"
                "  unmeasured  a      -     -         -         -     not replayed yet\n"
                "  unmeasured  b      -     -         -         -     not replayed yet\n"
                "\n"
                "tickets on spare: unmeasured, replayed in 2ms\n"
                "  The replay of collection tickets on server spare (http://127.0.0.1:8000) "
                "failed: tickets: cannot connect to http://127.0.0.1:8001: connection refused.\n"
                "  OUTCOME     QUERY   BAND  DISTANCE  EXPECTED  RANK  REASON\n"
                "  unmeasured  refund  -     -         -         -     the request failed\n"
                "\n"
                "verdict: fail (10 queries: 3 pass, 1 drift, 2 fail, 4 unmeasured, 0 unjudged)\n");
}

/* C0, C1 and invalid bytes, as a server may put them into record ids that reasons quote. */
static void text_moves_no_cursor(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        struct judgement *v = &view->collections[0]->queries[0].judgement;
        struct check check = check_of(view, 1);

        v->outcome = OUTCOME_FAIL;
        v->reason = strdup("a\x1b[2J\r\n\tb\xc2\x9b"
                           "31mc\xff\x7f é");
        render("text", &check, &text);
        assert_non_null(strstr(text.data, "a [2J   b 31mc\xef\xbf\xbd  é\n"));
        for (size_t i = 0; i < text.size; i++)
                assert_true(text.data[i] == '\n' || (unsigned char)text.data[i] >= ' ');
}

static void writes_json(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        _cleanup_json_ json_t *object = NULL;
        struct check check = check_of(view, 3);
        const json_t *list;

        render("json", &check, &text);
        assert_int_equal(text.data[text.size - 1], '\n');
        assert_int_equal(json_parse("json", text.data, text.size, &object, NULL), 0);
        assert_string_equal(json_string_value(json_object_get(object, "verdict")), "fail");
        assert_int_equal(json_integer_value(json_object_get(object, "exit_status")), 1);
        assert_string_equal(
                json_string_value(json_object_get(object, "started")), "2026-11-23T02:00:00Z");
        assert_float_equal(
                json_real_value(json_object_get(object, "duration_seconds")), 0.03125, 0);
        list = json_object_get(object, "collections");
        assert_int_equal(json_array_size(list), 3);
        assert_string_equal(json_string_value(json_object_get(json_array_get(list, 2), "verdict")),
                "unmeasured");
        /* A float keeps its shortest decimal, what is unknown is null. */
        assert_non_null(strstr(text.data, "\"distance\": 0.91968507,"));
        assert_non_null(strstr(text.data, "\"cause\": null,"));
        assert_non_null(strstr(text.data, "\"override\": null,"));
}

/* The JSON's collections are judged by the gate that was asked for. */
static void json_knows_the_gate(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        struct check check = check_of(view, 1);

        set_outcome(c, 0, OUTCOME_DRIFT);
        judge(c, true);
        for (int lets = 0; lets < 2; lets++) {
                const char *expected = lets ? "pass" : "fail";
                _cleanup_json_ json_t *object = NULL;
                const json_t *one;

                check.policy.drift_passes = lets;
                object = check_json(&check);
                one = json_array_get(json_object_get(object, "collections"), 0);
                assert_string_equal(
                        json_string_value(json_object_get(object, "verdict")), expected);
                assert_string_equal(json_string_value(json_object_get(one, "verdict")), expected);
        }
}

static void knows_what_it_could_not_have_seen(void **state)
{
        _cleanup_view_ struct view *view = sample_view_large(45, 1);
        struct collection_view *c = view->collections[0];
        char sentence[CHECK_SENTENCE_MAX];
        struct check_sensitivity s;

        set_outcome(c, 0, OUTCOME_UNJUDGED);
        s = check_sensitivity(c);
        assert_int_equal(s.queries, 44);
        assert_true(fabs(s.detectable - (1 - pow(0.2, 1.0 / 44))) < 1e-9);
        assert_true(fabs(s.excluded - (1 - pow(0.05, 1.0 / 44))) < 1e-9);
        assert_true(check_sensitivity_text(s, sentence));
        assert_string_equal(sentence,
                "with 44 queries, a fault that touches less than 3.6 % of questions would be "
                "missed with a probability of more than 20 %");
        assert_false(check_sensitivity_text((struct check_sensitivity){0}, sentence));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(says_what_it_lets_through),
                cmocka_unit_test(every_format_tells_what_was_found),
                cmocka_unit_test(an_audit_that_failed_is_no_pass),
                cmocka_unit_test(an_audit_is_in_every_report),
                cmocka_unit_test(an_embedder_may_count_for_nothing),
                cmocka_unit_test(lists_what_changed_apart_from_what_is_new),
                cmocka_unit_test(what_is_known_to_fail_stops_nothing_and_is_shown),
                cmocka_unit_test(what_passes_again_is_told),
                cmocka_unit_test(what_fails_has_its_place_and_its_cause),
                cmocka_unit_test(every_format_has_the_note),
                cmocka_unit_test(times_of_cases_add_up),
                cmocka_unit_test(what_was_found_stands_below),
                cmocka_unit_test(writes_text),
                cmocka_unit_test(text_moves_no_cursor),
                cmocka_unit_test(writes_json),
                cmocka_unit_test(json_knows_the_gate),
                cmocka_unit_test(knows_what_it_could_not_have_seen),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

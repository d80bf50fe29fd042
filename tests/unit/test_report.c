/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>
#include <stdio.h>

#include "expect.h"
#include "json.h"
#include "judge/bootstrap.h"
#include "sample_view.h"
#include "show/report/report.h"
#include "show/report/series.h"
#include "show/words.h"

/* The test cannot go on without it. */
static void *need(void *p)
{
        assert_non_null(p);
        return p;
}

static char *copy(const char *s)
{
        return need(strdup(s));
}

static struct query_set *parse_queries(size_t count)
{
        static const char *const kinds[] = {"typical", "short", "domain-specific"};
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_text_ struct text yaml = {0};
        struct query_set *set = NULL;

        text_append(&yaml, "queries:\n");
        for (size_t i = 0; i < count; i++)
                if (i % 9 == 8)
                        text_appendf(&yaml,
                                "  - {id: control-%zu, text: boil an egg, tags: {kind: "
                                "negative-control},"
                                " expect: {distance: {min: 1.2}}}\n",
                                i);
                else
                        text_appendf(&yaml,
                                "  - {id: query-%zu, text: how, tags: {kind: %s, category: "
                                "c%zu}, expect: {ids: [r%zu]}}\n",
                                i, kinds[i % 3], i % 2, i);
        assert_return_code(
                query_set_parse("q.yaml", text_string(&yaml), yaml.size, &set, &errors), 0);
        return set;
}

/* In [0, 1). */
static double draw(uint64_t *state)
{
        return (double)bootstrap_index(state, 1000000) / 1e6;
}

static void set_history(struct query_view *q, double spread, uint64_t *state)
{
        _cleanup_(history_freep) struct history *h = need(history_new());

        for (usec_t k = 40; k-- > 0;) {
                struct judgement v = q->judgement;

                v.reason = NULL;
                if (k > 0)
                        v.distance += (float)(spread * (draw(state) - 0.5));
                assert_return_code(history_add(h, SAMPLE_NOW - k * USEC_PER_HOUR, &v, false,
                                           365 * USEC_PER_DAY),
                        0);
        }
        q->history = need(history_snapshot(h));
}

static void set_query(struct collection_view *c, size_t i, uint64_t *state)
{
        struct query_view *q = &c->queries[i];
        struct judgement *v = &q->judgement;
        bool control = report_is_control(&c->query_set->queries[i].expect);
        /* A product of two, so that distances crowd in the middle. */
        double distance = control ? 1.25 + 0.15 * draw(state)
                                  : 0.55 + 0.35 * draw(state) + 0.35 * draw(state);
        double shift = i % 11 == 3 ? 0.06 * draw(state) : 0.002 * (draw(state) - 0.5);

        v->distance = (float)distance;
        v->band = bands_index(&c->bands, v->distance);
        v->outcome = i % 20 == 13 ? OUTCOME_FAIL : i % 11 == 3 ? OUTCOME_DRIFT : OUTCOME_PASS;
        v->expected_rank = control || v->outcome == OUTCOME_FAIL ? 0 : 1;
        v->expected_distance = v->expected_rank > 0 ? v->distance : NAN;
        if (v->outcome != OUTCOME_PASS)
                v->reason = copy("the expected record is <gone> | *not* found");
        q->answer = need(answer_new(1, (const char *[]){"r"}, &v->distance, NULL));
        q->drift.compared = true;
        q->drift.armed = true;
        for (size_t k = 0; k < LEVEL_COUNT; k++) {
                q->drift.baseline[k] = distance - shift;
                q->drift.tau[k] = i % 7 == 2 ? 0.02 : 0.005;
                q->drift.shift[k] = shift;
                q->drift.moved[k] = shift > q->drift.tau[k] ? MOVED_UP : MOVED_NOT;
        }
        q->drift.overlap = 0.9;
        set_history(q, 0.03, state);
}

/* As approved each query found its record, and another one follows. */
static void set_baseline_query(const struct collection_view *c, size_t i, struct baseline_query *b)
{
        const float distance = c->queries[i].judgement.distance, next = distance + 0.3f;
        char id[24], follower[24];

        (void)snprintf(id, sizeof(id), "r%zu", i);
        (void)snprintf(follower, sizeof(follower), "s%zu", i);
        b->id = copy(c->query_set->queries[i].id);
        b->text = copy(c->query_set->queries[i].text);
        b->answer = need(answer_new(1, (const char *[]){id}, &distance, NULL));
        b->beyond.records = need(answer_new(1, (const char *[]){follower}, &next, NULL));
}

static void set_baseline(struct collection_view *c)
{
        struct baseline *b = need(baseline_new(c->query_set->count));

        for (size_t i = 0; i < b->count; i++)
                set_baseline_query(c, i, &b->queries[i]);
        baseline_sort(b);
        b->number = 4;
        b->collection = copy(c->label);
        b->name = copy(c->name);
        b->recorded = SAMPLE_NOW - 4 * USEC_PER_DAY;
        b->approved = SAMPLE_NOW - 3 * USEC_PER_DAY;
        b->approved_by = copy("Ada <ada@example.org>");
        b->reason = copy("after the spring ingest");
        b->results = 10;
        b->samples = 3;
        b->epoch.records = 300;
        c->baseline = b;
        c->drift.compared = c->query_set->count;
        c->drift.set_shift = 0.0021;
        c->drift.moved_up = 2;
        c->drift.overlap = 0.9;
}

/* Nothing is known of it yet. */
static struct collection_view *new_view(size_t count)
{
        struct query_set *set = parse_queries(count);
        struct collection_view *c = need(collection_view_new(set->count));

        c->query_set = set;
        c->label = copy("original_agents");
        c->name = copy("original_agents");
        c->server = copy("main");
        c->url = copy("http://127.0.0.1:8000");
        c->results = 10;
        assert_return_code(bands_default(NULL, &c->bands), 0);
        return c;
}

/* Replayed and compared with a baseline. */
static struct collection_view *full_view(size_t count)
{
        struct collection_view *c = new_view(count);
        uint64_t state = 7;

        c->replayed = c->up = true;
        c->last_finished = SAMPLE_NOW - 12 * USEC_PER_SEC;
        c->epoch.space = copy("l2");
        c->epoch.records = 311;
        c->attribution.cause = CAUSE_GROWTH;
        c->attribution.evidence.queries = count;
        c->attribution.evidence.intruders = 3;
        c->attributed = SAMPLE_NOW - USEC_PER_MINUTE;
        c->health.at = SAMPLE_NOW - USEC_PER_MINUTE;
        c->health.records = 311;
        c->health.unreachable = 0;
        c->health.recall = 0.998;
        for (size_t i = 0; i < count; i++)
                set_query(c, i, &state);
        set_baseline(c);
        return c;
}

static struct report compute(const struct collection_view *c)
{
        struct report r;

        assert_return_code(report_compute(c, SAMPLE_NOW, &r), 0);
        return r;
}

static void render(const struct collection_view *c, const char *format, struct text *t)
{
        _cleanup_(report_done) struct report r = compute(c);

        report_format_find(format)->render(&r, 1, t);
        assert_false(text_failed(t));
}

static void assert_lacks(const struct text *t, const char *part)
{
        if (strstr(text_string(t), part))
                fail_msg("\"%s\" is there", part);
}

/* "bands.0.hits": NULL when there is no such member. */
static const json_t *at(const json_t *value, const char *path)
{
        char key[64];

        for (; value && *path; path += *path == '.') {
                size_t n = strcspn(path, ".");

                assert_true(n < sizeof(key));
                memcpy(key, path, n);
                key[n] = '\0';
                path += n;
                value = json_is_array(value) ? json_array_get(value, strtoul(key, NULL, 10))
                                             : json_object_get(value, key);
        }
        return value;
}

static void assert_number(const json_t *report, const char *path, double expected)
{
        double value = NAN;

        if (json_to_double(at(report, path), &value) < 0 || fabs(value - expected) > 1e-9)
                fail_msg("%s is %.12g, not %.12g", path, value, expected);
}

static void expect_null(const json_t *report, const char *path)
{
        if (!json_is_null(at(report, path)))
                fail_msg("%s is not null", path);
}

/* Against what is counted here by other means. */
static void counts(void **state)
{
        struct collection_view *c = full_view(44);
        _cleanup_(report_done) struct report r = compute(c);
        _cleanup_json_ json_t *report = need(report_json(&r));
        size_t excellent = 0, controls = 0, found = 0, passed = 0;
        double sum = 0;

        for (size_t i = 0; i < 44; i++) {
                const struct judgement *v = &c->queries[i].judgement;

                excellent += v->distance < 0.8f;
                found += v->expected_rank > 0;
                passed += v->outcome == OUTCOME_PASS;
                controls += strncmp(c->query_set->queries[i].id, "control", 7) == 0;
                sum += (double)v->distance;
        }
        assert_true(excellent > 3 && controls > 3 && passed < 44 && passed > 30);
        assert_number(report, "measured", 44);
        assert_number(report, "bands.0.hits", (double)excellent);
        assert_number(report, "bands.0.of", 44);
        expect_null(report, "bands.0.from");
        assert_number(report, "bands.1.from", 0.8);
        expect_null(report, "bands.3.below");
        assert_number(report, "calibration.relevant", (double)found);
        assert_number(report, "calibration.irrelevant", (double)controls);
        assert_number(report, "passed.hits", (double)passed);
        assert_number(report, "passed.kinds.negative-control.of", (double)controls);
        assert_number(report, "distances.mean", sum / 44);
        assert_number(report, "sensitivity.zero_event_bound", 1 - pow(0.05, 1 / 44.0));
        assert_number(report, "shift.compared", 44);
        assert_number(report, "shift.dead_zone", 0.005);
        assert_number(report, "baseline.number", 4);
        assert_string_equal(
                json_string_value(at(report, "baseline.approved_by")), "Ada <ada@example.org>");
        assert_string_equal(json_string_value(at(report, "cause.cause")), "GROWTH");
        assert_int_equal(json_array_size(at(report, "queries")), 44);
        assert_true(json_is_true(at(report, "calibration.border_uncertain")));
        collection_view_unref(c);
}

/* 40 of the 300 records are expected, and the loss of any of them fails the gate. */
static void tells_how_small_a_loss_is_seen(void **state)
{
        struct collection_view *c = full_view(44);
        _cleanup_(report_done) struct report r = compute(c), old = {0};
        _cleanup_json_ json_t *report = need(report_json(&r));
        _cleanup_text_ struct text t = {0}, blind = {0};
        double share = NAN;

        expect_null(report, "sensitivity.gate_unknown");
        assert_number(report, "sensitivity.followed", 44);
        assert_number(report, "sensitivity.watched_records", 44);
        assert_number(report, "sensitivity.losses.0.records", 0);
        expect_null(report, "sensitivity.losses.0.gate_fails");
        assert_number(report, "sensitivity.losses.2.records", 3);
        assert_number(report, "sensitivity.losses.2.answer_changes",
                1 - 256. * 255 * 254 / (300. * 299 * 298));
        assert_number(report, "sensitivity.losses.2.gate_fails.of", 400);
        assert_int_equal(
                json_to_double(at(report, "sensitivity.losses.2.gate_fails.share"), &share), 0);
        assert_true(fabs(share - (1 - 260. * 259 * 258 / (300. * 299 * 298))) < 0.08);
        report_markdown(&r, 1, &t);
        assert_has(&t, "| 1.0 % | 3 | 38.0 % |");
        assert_lacks(&t, "| 0.1 % |");
        for (size_t i = 0; i < 44; i++)
                beyond_done(&c->baseline->queries[i].beyond);
        old = compute(c);
        report_markdown(&old, 1, &blind);
        assert_has(&blind, "does not know which records follow its answers");
        assert_has(&blind, "| 1.0 % | 3 | 38.0 % | unknown |");
        collection_view_unref(c);
}

/* Each fact stands in both texts; Markdown is compared without its escapes. */
static void formats_agree(void **state)
{
        static const char *const facts[] = {
                "random sample of them",
                "44 of 44 canonical queries measured",
                "fewer than 6.6 % of what users ask moved",
                "It moves at least 5 of them",
                "How small a loss of records would be seen",
                "44 different records stand in the answers",
                "not estimable (n ",
                "Wilson (to show)",
                "Clopper-Pearson (to decide)",
                "kind negative-control",
                "hit@k",
                "Hodges-Lehmann",
                "McNemar",
                "approved 3 days ago",
                "Reason: after the spring ingest.",
                "by ±0.1",
                "GROWTH. ",
                "What to do: ",
                "Recall@k by a larger k: 0.9980",
                "No embedder is configured",
                "2026-11-21T11:00:00Z",
                "Too small a margin",
                "Intervals are 95 % and two-sided",
        };
        struct collection_view *c = full_view(44);
        _cleanup_(report_done) struct report r = compute(c);
        _cleanup_text_ struct text markdown = {0}, html = {0};

        report_markdown(&r, 1, &markdown);
        report_html(&r, 1, &html);
        for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
                assert_has(&markdown, facts[i]);
                assert_has(&html, facts[i]);
        }
        for (size_t i = 0; i < 44; i++) {
                assert_has(&markdown, c->query_set->queries[i].id);
                assert_has(&html, c->query_set->queries[i].id);
        }
        assert_has(&html, "<title>Each query against its baseline</title>");
        assert_has(&html, "<title>Best distances over the bands</title>");
        assert_has(&html, "<title>Median and worst distance over time</title>");
        collection_view_unref(c);
}

/* What so few queries cannot tell is said to be so. */
static void knows_its_limits(void **state)
{
        static const struct {
                size_t count;
                bool p95_above, p95_one_sided, bootstrap;
        } cases[] = {
                {1, false, false, false},
                {10, false, false, false},
                {49, false, false, false},
                {50, false, false, true},
                {58, false, false, true},
                {59, false, true, true},
                {71, false, true, true},
                {72, true, true, true},
                {200, true, true, true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct collection_view *c = full_view(cases[i].count);
                _cleanup_(report_done) struct report r = compute(c);
                _cleanup_json_ json_t *report = need(report_json(&r));
                _cleanup_text_ struct text t = {0};

                report_markdown(&r, 1, &t);
                assert_int_equal(json_is_number(at(report, "distances.p95.interval.high")),
                        cases[i].p95_above);
                assert_int_equal(json_is_number(at(report, "distances.p95_at_most")),
                        cases[i].p95_one_sided);
                assert_int_equal(
                        json_is_number(at(report, "distances.mean_bca.low")), cases[i].bootstrap);
                assert_int_equal(
                        strstr(text_string(&t),
                                "not estimable (n \\< 59 one-sided, \\< 72 two-sided)") != NULL,
                        !cases[i].p95_one_sided);
                assert_int_equal(
                        strstr(text_string(&t), "BCa bootstrap") != NULL, cases[i].bootstrap);
                collection_view_unref(c);
        }
}

/* A collection that nobody replayed yet: null in JSON, never 0. */
static void tells_unknown(void **state)
{
        static const char *const nulls[] = {"replayed", "space", "records", "distances.mean",
                "distances.p95.estimate", "distances.p95_at_least", "bands.0.share",
                "bands.0.wilson.low", "sensitivity.zero_event_bound",
                "sensitivity.detectable_share_set", "passed.share", "quality.hit_rate", "baseline",
                "drift", "shift", "calibration.border", "cause", "index.recall",
                "index.unreachable_records", "embedder", "queries.0.distance", "queries.0.band",
                "queries.0.expected_rank", "queries.0.margin_above", "queries.0.limit",
                "queries.0.drift"};
        static const char *const sentences[] = {"No replay has ended yet", "nothing can be said",
                "No baseline is approved", "no border can be proposed",
                "Unknown: there is no baseline", "The index was not probed",
                "There are no two replays"};
        struct collection_view *c = new_view(5);
        _cleanup_(report_done) struct report r = compute(c);
        _cleanup_json_ json_t *report = need(report_json(&r));
        _cleanup_text_ struct text markdown = {0}, html = {0};

        for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
                expect_null(report, nulls[i]);
        assert_number(report, "measured", 0);
        assert_int_equal(json_array_size(at(report, "history")), 0);
        assert_string_equal(json_string_value(at(report, "verdict")), "unmeasured");
        render(c, "markdown", &markdown);
        render(c, "html", &html);
        for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
                assert_has(&markdown, sentences[i]);
                assert_has(&html, sentences[i]);
        }
        assert_lacks(&markdown, "0.0000");
        assert_lacks(&markdown, "nan");
        assert_lacks(&html, "<svg");
        collection_view_unref(c);
}

static void goes_without_a_baseline(void **state)
{
        struct collection_view *c = full_view(12);
        _cleanup_text_ struct text t = {0};
        _cleanup_json_ json_t *report = NULL;
        struct report r;

        c->baseline = baseline_unref(c->baseline);
        r = compute(c);
        report = need(report_json(&r));
        expect_null(report, "shift");
        expect_null(report, "queries.3.drift");
        assert_number(report, "measured", 12);
        assert_string_equal(
                json_string_value(at(report, "sensitivity.gate_unknown")), "no_baseline");
        expect_null(report, "sensitivity.losses.2.gate_fails");
        report_html(&r, 1, &t);
        assert_has(&t, "no baseline</text>");
        assert_has(&t, "How often the gate would fail is unknown: no baseline is approved.");
        report_done(&r);
        collection_view_unref(c);
}

/* Floors, assumptions and doubts are written in squared L2. */
static void halves_for_other_spaces(void **state)
{
        static const char *const spaces[] = {"cosine", "ip"};

        for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
                struct collection_view *c = full_view(12);
                _cleanup_text_ struct text t = {0};
                struct report r;

                free(c->epoch.space);
                c->epoch.space = copy(spaces[i]);
                r = compute(c);
                assert_true(r.numbers.shift.dead_zone == 0.0025);
                render(c, "markdown", &t);
                assert_has(&t, "by ±0.05");
                assert_has(&t, "| each shift cut off at 0.05: what the set alarm compares |");
                report_done(&r);
                collection_view_unref(c);
        }
}

/* An unmeasured query keeps its last answer, which is none of this replay's. */
static void leaves_out_the_unmeasured(void **state)
{
        struct collection_view *c = full_view(12);
        struct report r;

        c->queries[0].judgement.outcome = OUTCOME_UNMEASURED;
        c->queries[8].judgement.outcome = OUTCOME_UNMEASURED;
        r = compute(c);
        assert_int_equal(r.numbers.measured, 10);
        assert_int_equal(r.numbers.shift.n, 10);
        assert_int_equal(r.numbers.passed.of, 10);
        assert_int_equal(r.labels.irrelevant_count, 0);
        assert_true(isnan(r.numbers.margins[0].above));
        report_done(&r);
        collection_view_unref(c);
}

/* Rounding is no shift. */
static void ignores_rounding(void **state)
{
        struct collection_view *c = full_view(20);
        _cleanup_text_ struct text t = {0};
        struct report r;

        for (size_t i = 0; i < 20; i++)
                for (size_t k = 0; k < LEVEL_COUNT; k++)
                        c->queries[i].drift.shift[k] = i % 2 ? 1e-7 : -1e-16;
        r = compute(c);
        assert_true(r.numbers.shift.mean == 0);
        render(c, "markdown", &t);
        assert_has(&t, "No distance differs from the baseline's;");
        /* Not even that the mean of other queries is 0: 20 of them may have missed a change. */
        assert_has(&t, "| mean | 0.0000 | not estimable | Student's t |");
        assert_false(interval_known(r.numbers.shift.mean_interval));
        report_done(&r);
        collection_view_unref(c);
}

/* One replay shows a shift and confirms none. */
static void tells_what_is_not_confirmed(void **state)
{
        struct collection_view *c = full_view(12);
        _cleanup_text_ struct text t = {0};

        for (size_t i = 0; i < 12; i++)
                for (size_t k = 0; k < LEVEL_COUNT; k++) {
                        c->queries[i].drift.shift[k] = 0;
                        c->queries[i].drift.moved[k] = MOVED_NOT;
                }
        c->queries[4].drift.shift[LEVEL_TOP1] = 0.3;
        c->queries[5].drift.shift[LEVEL_TOPK] = -0.1;
        render(c, "markdown", &t);
        assert_has(&t, "| +0.3000 | 0.0000 | unconfirmed |");
        assert_has(&t, "| 0.0000 | -0.1000 | unconfirmed |");
        c->queries[4].drift.moved[LEVEL_TOP1] = MOVED_UP;
        text_clear(&t);
        render(c, "markdown", &t);
        assert_has(&t, "| +0.3000 | 0.0000 | up |");
        collection_view_unref(c);
}

/* Three queries answered by r1, r2, r3 at 0.5, 0.7, 0.9. */
static struct collection_view *graded_view(void)
{
        static const char yaml[] =
                "queries:\n"
                "- {id: a, text: t, expect: {grades: {r1: 2, r2: 0, r3: 0, r4: 0}}}\n"
                "- {id: b, text: t, expect: {grades: {r2: 1, r3: 0}}}\n"
                "- {id: c, text: t, expect: {ids: [r3], grades: {r1: 1}}}\n";
        static const float distances[] = {0.5f, 0.7f, 0.9f};
        _cleanup_errors_ struct errors errors = {0};
        struct collection_view *c = new_view(3);

        c->query_set = query_set_unref(c->query_set);
        assert_return_code(
                query_set_parse("q.yaml", yaml, strlen(yaml), &c->query_set, &errors), 0);
        c->replayed = c->up = true;
        for (size_t i = 0; i < 3; i++) {
                struct query_view *q = &c->queries[i];

                q->judgement.outcome = OUTCOME_PASS;
                q->judgement.distance = 0.5f;
                q->judgement.expected_rank = (unsigned)i + 1;
                q->judgement.expected_distance = distances[i];
                q->answer =
                        need(answer_new(3, (const char *[]){"r1", "r2", "r3"}, distances, NULL));
        }
        return c;
}

/* Of each query one distance a class, so that the sample stays the queries. */
static void grades_label_distances(void **state)
{
        struct collection_view *c = graded_view();
        struct report r = compute(c);
        _cleanup_text_ struct text t = {0};

        assert_int_equal(r.labels.relevant_count, 3);
        assert_int_equal(r.labels.irrelevant_count, 2);
        assert_true(r.labels.irrelevant[0] == (double)0.7f);
        assert_true(r.labels.irrelevant[1] == (double)0.9f);
        assert_true(r.numbers.calibrated);
        report_done(&r);
        c->queries[0].judgement.outcome = OUTCOME_UNMEASURED;
        r = compute(c);
        assert_int_equal(r.labels.relevant_count, 2);
        assert_int_equal(r.labels.irrelevant_count, 1);
        report_markdown(&r, 1, &t);
        /* Of the two that are left: nDCG@k 1/log2(3), and 1 of one record in the first place. */
        assert_has(&t, "| all | 2 of 3 | 1.000 | 1.000 | 0.417 | 0.815 |");
        report_done(&r);
        collection_view_unref(c);
}

/* Half of the controls nearer than all that is expected, half farther: an area of 0.5. */
static void tells_when_distance_does_not_separate(void **state)
{
        struct collection_view *c = full_view(44);
        _cleanup_text_ struct text apart = {0}, mixed = {0};

        render(c, "markdown", &apart);
        assert_lacks(&apart, "That may be chance");
        for (size_t i = 8; i < 44; i += 9)
                c->queries[i].judgement.distance = i % 2 ? 0.3f : 1.5f;
        render(c, "markdown", &mixed);
        assert_has(&mixed, "That may be chance");
        collection_view_unref(c);
}

/* What cannot be asked of any query is not unknown. */
static void tells_none_from_unknown(void **state)
{
        struct collection_view *c = full_view(9);
        _cleanup_text_ struct text t = {0};

        render(c, "markdown", &t);
        assert_has(&t, "| kind negative-control | 1 of 1 | 1.000 | none | none | none |");
        collection_view_unref(c);
}

/* A tag that is different for each query is no category, and must not crowd out in silence. */
static void tells_of_tags_it_leaves_out(void **state)
{
        struct collection_view *c = full_view(260);
        _cleanup_(report_done) struct report r = {0};
        _cleanup_json_ json_t *report = NULL;
        _cleanup_text_ struct text t = {0};

        for (size_t i = 0; i < 260; i++) {
                struct tag *tag = &c->query_set->queries[i].tags[0];

                free(tag->value);
                assert_return_code(asprintf(&tag->value, "agent-%zu", i), 0);
        }
        r = compute(c);
        report = need(report_json(&r));
        /* 200 values, two of which are categories'; 28 of the queries are controls without one. */
        assert_number(report, "quality.unlisted_tags", 62);
        report_markdown(&r, 1, &t);
        assert_has(&t, "62 tags of queries have further values, which are not listed.");
        collection_view_unref(c);
}

static void counts_transitions(void **state)
{
        struct collection_view *c = full_view(10);
        struct report r;

        for (size_t i = 0; i < 10; i++) {
                c->queries[i].judgement.distance = 0.9f;
                c->queries[i].drift.baseline[LEVEL_TOP1] = i < 3 ? 0.7 : i == 3 ? 1.1 : 0.9;
        }
        r = compute(c);
        assert_int_equal(r.transitions[0][1], 3);
        assert_int_equal(r.transitions[2][1], 1);
        assert_int_equal(r.transitions[1][1], 6);
        assert_int_equal(r.numbers.band_worse, 3);
        assert_int_equal(r.numbers.band_better, 1);
        report_done(&r);
        collection_view_unref(c);
}

static void find(struct collection_view *c, enum finding_kind kind, const char *sentence)
{
        struct finding f = {.kind = kind,
                .query = FINDING_COLLECTION,
                .effect = finding_types[kind].effect,
                .explained = SIZE_MAX,
                .sentence = (char *)sentence};

        if (!c->findings)
                c->findings = findings_new();
        assert_int_equal(findings_add(c->findings, &f), 0);
        c->incident_since = 1;
}

/* As gate and page do: the findings, and all causes with one advice. */
static void tells_what_was_found(void **state)
{
        struct collection_view *c = full_view(44);
        const char *formats[] = {"markdown", "html"};

        find(c, FINDING_SET_SHIFTED, "The set lies 0.0210 above its baseline.");
        c->attribution.cause = CAUSE_REMOVED;
        c->fates = fates_new();
        c->fates->cause_queries[CAUSE_REMOVED] = 5;
        c->fates->cause_queries[CAUSE_EDIT] = 2;
        c->queries[0].judgement.outcome = OUTCOME_UNJUDGED;
        for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
                _cleanup_text_ struct text text = {0};

                render(c, formats[i], &text);
                assert_has(&text, "The set lies 0.0210 above its baseline.");
                assert_has(&text, "Probable causes: REMOVED (5 queries): ");
                assert_has(&text, "EDIT (2 queries): ");
                assert_has(&text, "unjudged");
        }
        collection_view_unref(c);
}

/* What to do stands before what the figures are worth. */
static void reads_from_the_top(void **state)
{
        static const char *const order[] = {
                ": fail",
                "The set lies 0.0210 above its baseline.",
                "Probable causes: REMOVED (5 queries): ",
                "Queries that did not pass",
                "Query by query",
                "Distances over the bands",
                "Over time",
                "What was measured",
                "The assumption.",
                "What this sample can and cannot say",
                "Shift against the baseline",
        };
        struct collection_view *c = full_view(44);
        _cleanup_text_ struct text text = {0};
        const char *at;

        find(c, FINDING_SET_SHIFTED, "The set lies 0.0210 above its baseline.");
        c->verdict = VERDICT_FAIL;
        c->attribution.cause = CAUSE_REMOVED;
        c->fates = fates_new();
        c->fates->cause_queries[CAUSE_REMOVED] = 5;
        c->fates->cause_queries[CAUSE_EDIT] = 2;
        c->queries[0].judgement.outcome = OUTCOME_FAIL;
        render(c, "markdown", &text);
        at = text_string(&text);
        for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
                const char *next = strstr(at, order[i]);

                if (!next)
                        fail_msg("\"%s\" does not stand behind what comes before it", order[i]);
                at = next;
        }
        collection_view_unref(c);
}

/* Whatever came from outside stays text, in one line. */
static void escapes(void **state)
{
        struct collection_view *c = full_view(44);
        _cleanup_text_ struct text markdown = {0}, html = {0};

        free(c->label);
        c->label = copy(SAMPLE_NASTY);
        find(c, FINDING_REPLAY_FAILED,
                "<script>alert(1)</script>\x1b[31m\n# heading | [a](javascript:b)\u202e\u2067ten");
        render(c, "html", &html);
        assert_has(&html, "&lt;gone&gt; | *not* found");
        assert_has(&html, "&lt;script&gt;alert(1)&lt;/script&gt; [31m # heading");
        assert_has(&html, "(javascript:b)  ten");
        assert_lacks(&html, "<gone>");
        assert_lacks(&html, "<script");
        assert_lacks(&html, "http-equiv");
        assert_lacks(&html, "src=");
        assert_lacks(&html, "url(");
        render(c, "markdown", &markdown);
        assert_has(&markdown, "\\<gone\\> \\| \\*not\\* found");
        assert_has(&markdown, "\\<script\\>alert(1)\\</script\\> \\[31m \\# heading \\| \\[a\\]");
        assert_lacks(&markdown, "\n# heading");
        assert_lacks(&markdown, "\x1b");
        collection_view_unref(c);
}

static void orders_rows(void **state)
{
        struct collection_view *c = full_view(100);
        _cleanup_(report_done) struct report r = {0};
        _cleanup_free_ struct plot_row *rows = NULL;
        size_t count;

        c->queries[50].drift.shift[LEVEL_TOP1] = -0.5;
        c->queries[51].drift.shift[LEVEL_TOP1] = 0.5;
        c->queries[52].drift.compared = false;
        r = compute(c);
        rows = need(series_rows(&r, &count));
        assert_int_equal(count, PLOT_ROWS_MAX);
        assert_string_equal(rows[0].name, c->query_set->queries[51].id);
        assert_string_equal(rows[PLOT_ROWS_MAX - 1].name, c->query_set->queries[50].id);
        for (size_t i = 1; i < count; i++)
                assert_true(rows[i].shift <= rows[i - 1].shift);
        assert_true(rows[0].low < rows[0].high);
        collection_view_unref(c);
}

static void add_sample(struct history *h, usec_t at, float distance)
{
        struct judgement v;

        judgement_init(&v);
        v.distance = distance;
        v.outcome = isnan(distance) ? OUTCOME_UNMEASURED : OUTCOME_PASS;
        assert_return_code(history_add(h, at, &v, false, 365 * USEC_PER_DAY), 0);
}

static void set_course(struct query_view *q, const float *distances, size_t count)
{
        _cleanup_(history_freep) struct history *h = need(history_new());

        for (size_t k = 0; k < count; k++)
                add_sample(h, SAMPLE_NOW + k * USEC_PER_MINUTE, distances[k]);
        q->history = history_snapshot_unref(q->history);
        q->history = need(history_snapshot(h));
}

/* Nine queries, of which the last is a control and counts in the median only. */
static void follows_the_course(void **state)
{
        struct collection_view *c = new_view(9);
        float distances[1000];
        struct plot_moment moments[PLOT_MOMENTS_MAX];
        _cleanup_(report_done) struct report r = compute(c);
        size_t count = 7, spikes = 0, gaps = 0;

        assert_return_code(series_course(&r, moments, &count), 0);
        assert_int_equal(count, 0);
        for (size_t k = 0; k < 1000; k++)
                distances[k] = k < 500 ? 0.8f : k < 600 ? NAN : 0.9f;
        for (size_t i = 0; i < 9; i++)
                set_course(&c->queries[i], distances, 1);
        assert_return_code(series_course(&r, moments, &count), 0);
        assert_int_equal(count, 0);
        for (size_t i = 0; i < 9; i++)
                set_course(&c->queries[i], distances, 1000);
        /* A single sample, shorter than the time between two moments. */
        distances[333] = 1.4f;
        set_course(&c->queries[2], distances, 1000);
        distances[700] = 1.9f;
        set_course(&c->queries[8], distances, 1000);
        assert_return_code(series_course(&r, moments, &count), 0);
        assert_int_equal(count, PLOT_MOMENTS_MAX);
        assert_true(moments[0].at == SAMPLE_NOW);
        assert_true(moments[count - 1].at == SAMPLE_NOW + 999 * USEC_PER_MINUTE);
        assert_true(fabs(moments[0].median - 0.8) < 1e-6);
        assert_true(fabs(moments[count - 1].median - 0.9) < 1e-6);
        assert_true(fabs(moments[count - 1].worst - 0.9) < 1e-6);
        for (size_t k = 0; k < count; k++) {
                spikes += moments[k].worst > 1.3;
                gaps += isnan(moments[k].median) ? 1 : 0;
        }
        assert_int_equal(spikes, 1);
        assert_in_range(gaps, 22, 26);
        collection_view_unref(c);
}

static void answers_the_api(void **state)
{
        struct collection_view *c = full_view(10);
        _cleanup_text_ struct text envelope = {0}, html = {0}, wrong = {0};

        assert_int_equal(report_answer(c, NULL, SAMPLE_NOW, &envelope), 200);
        assert_has(
                &envelope, "{\"status\":\"success\",\"data\":{\"collection\":\"original_agents\"");
        assert_int_equal(report_answer(c, "html", SAMPLE_NOW, &html), 200);
        assert_true(strncmp(html.data, "<!doctype html>", 15) == 0);
        assert_int_equal(report_answer(c, "pdf", SAMPLE_NOW, &wrong), 400);
        assert_has(&wrong, "\\\"pdf\\\", not json, markdown or html");
        collection_view_unref(c);
}

static void words_numbers(void **state)
{
        assert_string_equal(words_distance(0.91968507).s, "0.9197");
        assert_string_equal(words_distance(NAN).s, "unknown");
        assert_string_equal(words_distance(-1e-7).s, "0.0000");
        assert_string_equal(words_shift(-0.00001).s, "0.0000");
        assert_string_equal(words_shift(-0.012).s, "-0.0120");
        assert_string_equal(words_share(0).s, "0.0 %");
        assert_string_equal(words_share(0.0001).s, "< 0.1 %");
        assert_string_equal(words_share(0.9999).s, "> 99.9 %");
        assert_string_equal(words_share(1).s, "100.0 %");
        assert_string_equal(
                words_interval((struct interval){0.5, NAN}).s, "0.5000 to not estimable");
        assert_string_equal(words_interval(INTERVAL_NONE).s, "not estimable");
        assert_string_equal(words_probability(1e-9).s, "< 0.001");
        assert_string_equal(words_probability(0.0314).s, "= 0.031");
        assert_string_equal(words_probability(NAN).s, "unknown");
        assert_string_equal(words_age(SAMPLE_NOW - USEC_PER_DAY, SAMPLE_NOW).s, "1 day");
        assert_string_equal(words_age(SAMPLE_NOW + USEC_PER_DAY, SAMPLE_NOW).s, "0 seconds");
        assert_string_equal(words_time(0).s, "never");
        assert_string_equal(words_count(-1).s, "unknown");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(counts),
                cmocka_unit_test(tells_how_small_a_loss_is_seen),
                cmocka_unit_test(formats_agree),
                cmocka_unit_test(knows_its_limits),
                cmocka_unit_test(tells_unknown),
                cmocka_unit_test(goes_without_a_baseline),
                cmocka_unit_test(halves_for_other_spaces),
                cmocka_unit_test(leaves_out_the_unmeasured),
                cmocka_unit_test(ignores_rounding),
                cmocka_unit_test(tells_what_is_not_confirmed),
                cmocka_unit_test(grades_label_distances),
                cmocka_unit_test(tells_when_distance_does_not_separate),
                cmocka_unit_test(tells_none_from_unknown),
                cmocka_unit_test(tells_of_tags_it_leaves_out),
                cmocka_unit_test(counts_transitions),
                cmocka_unit_test(tells_what_was_found),
                cmocka_unit_test(reads_from_the_top),
                cmocka_unit_test(escapes),
                cmocka_unit_test(orders_rows),
                cmocka_unit_test(follows_the_course),
                cmocka_unit_test(answers_the_api),
                cmocka_unit_test(words_numbers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

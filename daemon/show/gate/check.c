/* SPDX-License-Identifier: Apache-2.0 */
#include "show/gate/check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "json.h"
#include "judge/band.h"
#include "judge/drift.h"
#include "judge/epoch.h"
#include "judge/power.h"
#include "judge/proportion.h"
#include "show/api/api.h"
#include "show/gate/formats.h"
#include "show/summary.h"

#define SENSITIVITY_CONFIDENCE 0.95
#define SENSITIVITY_POWER 0.8

static struct check_limits limits_of(const struct check *check, const struct collection_view *c)
{
        const char *space = c->baseline ? c->baseline->epoch.space : NULL;
        const struct check_limits *l = check->limits;

        return (struct check_limits){
                .distance = drift_limit(l ? l->distance : NAN, DRIFT_DISTANCE, space),
                .set_shift = drift_limit(l ? l->set_shift : NAN, DRIFT_SHIFT, space),
                .index = drift_limit(l ? l->index : NAN, INDEX_UNREACHABLE_MAX, NULL),
        };
}

static void _printf_(2, 3) sentence(char *ret, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(ret, CHECK_SENTENCE_MAX, format, arguments);
        va_end(arguments);
        ret[utf8_prefix(ret, CHECK_SENTENCE_MAX - 1)] = '\0';
}

/* A worse band than the baseline's, by more than a distance at the border varies. */
static bool band_is_worse(const struct collection_view *c, const struct query_view *q)
{
        return bands_index(&c->bands, q->judgement.distance - band_hysteresis(&c->bands)) >
                bands_index(&c->bands, (float)q->drift.baseline[LEVEL_TOP1]) &&
                !isnan(q->drift.baseline[LEVEL_TOP1]);
}

/* The sentence about what differs from the query's baseline; false when nothing does. */
static bool differs(const struct check *check, const struct collection_view *c,
        const struct query_view *q, char *ret)
{
        static const char *const names[] = {"best answer", "mean of the answers"};
        double limit = limits_of(check, c).distance;

        if (!check->baseline || !q->drift.compared)
                return false;
        for (unsigned l = 0; l < LEVEL_COUNT; l++)
                if (q->drift.shift[l] > limit) {
                        sentence(ret,
                                "the %s lies at %.6g, %.4g above its baseline %.6g; the limit is "
                                "%.4g",
                                names[l], q->drift.baseline[l] + q->drift.shift[l],
                                q->drift.shift[l], q->drift.baseline[l], limit);
                        return true;
                }
        if (!band_is_worse(c, q))
                return false;
        sentence(ret,
                "the best answer lies at %.6g, in band \"%s\"; its baseline %.6g is in \"%s\"",
                (double)q->judgement.distance, bands_name(&c->bands, q->judgement.band),
                q->drift.baseline[LEVEL_TOP1],
                bands_name(
                        &c->bands, bands_index(&c->bands, (float)q->drift.baseline[LEVEL_TOP1])));
        return true;
}

enum outcome check_outcome(const struct check *check, const struct collection_view *c, size_t query)
{
        const struct query_view *q = &c->queries[query];
        char ignored[CHECK_SENTENCE_MAX];

        if (q->judgement.outcome == OUTCOME_PASS && differs(check, c, q, ignored))
                return OUTCOME_DRIFT;
        return q->judgement.outcome;
}

void check_reason(
        const struct check *check, const struct collection_view *c, size_t query, char *ret)
{
        const struct query_view *q = &c->queries[query];

        if (q->judgement.outcome == OUTCOME_PASS && differs(check, c, q, ret))
                return;
        sentence(ret, "%s", summary_reason(c, &q->judgement));
}

void check_count(const struct check *check, const struct collection_view *c, size_t *outcomes)
{
        for (size_t i = 0; i < c->query_set->count; i++)
                outcomes[check_outcome(check, c, i)]++;
}

size_t *check_worst_first(const struct check *check, const struct collection_view *c)
{
        static const enum outcome order[OUTCOME_COUNT] = {
                OUTCOME_FAIL, OUTCOME_DRIFT, OUTCOME_UNMEASURED, OUTCOME_PASS};
        size_t count = c->query_set->count, n = 0;
        size_t *indices = calloc(MAX(count, (size_t)1), sizeof(*indices));

        for (size_t k = 0; indices && k < ARRAY_SIZE(order); k++)
                for (size_t i = 0; i < count; i++)
                        if (check_outcome(check, c, i) == order[k])
                                indices[n++] = i;
        return indices;
}

static bool fails_gate(const struct check *check, enum outcome o)
{
        return o == OUTCOME_FAIL || (o == OUTCOME_DRIFT && !check->fail_only);
}

enum transition check_transition(
        const struct check *check, const struct collection_view *c, size_t query)
{
        const struct baseline_query *before = check->baseline && c->baseline
                ? baseline_find(c->baseline, c->query_set->queries[query].id)
                : NULL;
        enum outcome now = check_outcome(check, c, query);

        if (!before || now == OUTCOME_UNMEASURED)
                return TRANSITION_NONE;
        if (before->outcome == OUTCOME_PASS && fails_gate(check, now))
                return TRANSITION_BROKEN;
        if (fails_gate(check, before->outcome) && now == OUTCOME_PASS)
                return TRANSITION_MENDED;
        return TRANSITION_NONE;
}

static char *add_finding(struct check_findings *f, bool fails)
{
        f->fails |= fails;
        return f->sentences[f->count++];
}

static void find_unreachable(
        const struct check *check, const struct collection_view *c, struct check_findings *f)
{
        const struct index_health *h = &c->health;
        double limit = limits_of(check, c).index;

        if (h->unreachable > 0 && h->records > 0 &&
                (double)h->unreachable > limit * (double)h->records)
                sentence(add_finding(f, true),
                        "search cannot reach %lld of %lld records; the limit is %.4g %%",
                        (long long)h->unreachable, (long long)h->records, 100 * limit);
}

static void find_moved(
        const struct check *check, const struct collection_view *c, struct check_findings *f)
{
        double limit = limits_of(check, c).set_shift;
        size_t compared = 0, up = 0;

        if (c->drift.set_shift > limit)
                sentence(add_finding(f, !check->fail_only),
                        "the whole set lies %.4g above its baseline; the limit is %.4g",
                        c->drift.set_shift, limit);
        for (size_t i = 0; i < c->query_set->count; i++) {
                const struct query_drift *d = &c->queries[i].drift;

                compared += d->compared;
                up += d->compared && d->shift[LEVEL_TOPK] > d->tau[LEVEL_TOPK];
        }
        f->blind = compared == 0 || isnan(c->drift.set_shift);
        if (compared == 0)
                sentence(add_finding(f, false), "no query could be compared with the baseline");
        else if (c->results < c->baseline->results)
                sentence(add_finding(f, false),
                        "the baseline was recorded with %u results and %u are asked for: the means "
                        "of the answers cannot be compared; propose a new baseline",
                        c->baseline->results, c->results);
        else if (f->blind)
                sentence(add_finding(f, false),
                        "too few queries have a mean that can be compared with the baseline's");
        if (up >= DRIFT_SHARE_MIN && (double)up >= DRIFT_SHARE * (double)compared)
                sentence(add_finding(f, !check->fail_only),
                        "%zu of %zu queries moved up from their baseline", up, compared);
}

/* They bring answers nearer, so that no distance complains of them. */
static void find_flood(
        const struct check *check, const struct collection_view *c, struct check_findings *f)
{
        const struct evidence *e = &c->attribution.evidence;

        if (c->attribution.cause == CAUSE_FLOOD)
                sentence(add_finding(f, !check->fail_only),
                        "near-duplicates crowd the answers: %zu of %zu records looked at are new "
                        "and have one beside them",
                        e->near_duplicates, e->entries);
}

static void find_changed(const struct collection_view *c, struct check_findings *f)
{
        _cleanup_text_ struct text what = {0};
        unsigned changes =
                epoch_compare(&c->baseline->epoch, &c->epoch) & (EPOCH_SPACE | EPOCH_CONFIGURATION);

        if (changes) {
                epoch_describe(changes, &c->baseline->epoch, &c->epoch, &what);
                sentence(add_finding(f, true), "the collection is not the baseline's: %s",
                        text_string(&what));
        }
        if (c->embedder.changed)
                sentence(add_finding(f, true),
                        "the embedder gives other vectors than the pinned ones for %zu of %zu "
                        "queries",
                        c->embedder.moved, c->embedder.compared);
}

void check_find(
        const struct check *check, const struct collection_view *c, struct check_findings *ret)
{
        *ret = (struct check_findings){0};
        find_unreachable(check, c, ret);
        if (!check->baseline)
                return;
        if (!c->baseline) {
                ret->blind = true;
                sentence(add_finding(ret, false),
                        "there is no approved baseline; driftwatch baseline propose records one");
                return;
        }
        find_moved(check, c, ret);
        find_flood(check, c, ret);
        find_changed(c, ret);
}

struct check_sensitivity check_sensitivity(const struct collection_view *c)
{
        struct check_sensitivity s = {0};

        for (size_t i = 0; i < c->query_set->count; i++)
                s.queries += c->queries[i].judgement.outcome != OUTCOME_UNMEASURED;
        s.excluded = proportion_zero_event_bound(s.queries, SENSITIVITY_CONFIDENCE);
        s.detectable = power_detectable_share(s.queries, 1, SENSITIVITY_POWER);
        return s;
}

bool check_sensitivity_text(struct check_sensitivity s, char *ret)
{
        if (s.queries == 0)
                return false;
        sentence(ret,
                "with %zu quer%s, a fault that touches less than %.1f %% of questions would be "
                "missed with a probability of more than %.0f %%",
                s.queries, s.queries == 1 ? "y" : "ies", 100 * s.detectable,
                100 * (1 - SENSITIVITY_POWER));
        return true;
}

enum check_verdict check_collection(const struct check *check, const struct collection_view *c)
{
        size_t outcomes[OUTCOME_COUNT] = {0};
        struct check_findings findings;

        if (!c->replayed || c->last_error || c->query_set->count == 0)
                return CHECK_UNMEASURED;
        check_find(check, c, &findings);
        check_count(check, c, outcomes);
        if (findings.fails || outcomes[OUTCOME_FAIL] > 0 ||
                (outcomes[OUTCOME_DRIFT] > 0 && !check->fail_only))
                return CHECK_FAIL;
        return findings.blind || outcomes[OUTCOME_UNMEASURED] > 0 ? CHECK_UNMEASURED : CHECK_PASS;
}

enum check_verdict check_verdict(const struct check *check)
{
        enum check_verdict worst = check->count > 0 ? CHECK_PASS : CHECK_UNMEASURED;

        for (size_t i = 0; i < check->count; i++) {
                enum check_verdict v = check_collection(check, check->collections[i]);

                if (v == CHECK_FAIL)
                        return CHECK_FAIL;
                if (v == CHECK_UNMEASURED)
                        worst = CHECK_UNMEASURED;
        }
        return worst;
}

int check_exit_status(enum check_verdict verdict)
{
        static const int statuses[] = {[CHECK_PASS] = 0, [CHECK_FAIL] = 1, [CHECK_UNMEASURED] = 3};

        return statuses[verdict];
}

const char *check_verdict_name(enum check_verdict verdict)
{
        static const char *const names[] = {
                [CHECK_PASS] = "pass", [CHECK_FAIL] = "fail", [CHECK_UNMEASURED] = "unmeasured"};

        return names[verdict];
}

json_t *check_json(const struct check *check)
{
        enum check_verdict verdict = check_verdict(check);
        _cleanup_json_ json_t *list = json_array();
        char started[TIME_TEXT_MAX];

        for (size_t i = 0; list && i < check->count; i++)
                if (json_array_append_new(list, api_gated(check, check->collections[i])) < 0)
                        return NULL;
        return json_pack("{s:s, s:i, s:s, s:o, s:o}", "verdict", check_verdict_name(verdict),
                "exit_status", check_exit_status(verdict), "started",
                time_format(started, sizeof(started), check->started), "duration_seconds",
                json_from_double((double)check->duration / (double)USEC_PER_SEC), "collections",
                take_ptr(list));
}

static void format_json(const struct check *check, struct text *text)
{
        _cleanup_json_ json_t *object = check_json(check);
        _cleanup_free_ char *out = NULL;
        size_t size;

        if (object)
                out = json_text(object, JSON_INDENT(2), &size);
        if (!out) {
                text->failed = true;
                return;
        }
        text_append_bytes(text, out, size);
        text_append(text, "\n");
}

const struct check_format check_formats[] = {
        {"text", NULL, "# ", format_text},
        {"json", ".json", "\\u0023", format_json},
        {"junit", ".xml", "&#35;", format_junit},
        {"markdown", ".md", "&#35;", format_markdown},
        {"github", NULL, "# ", format_github},
};
const size_t check_format_count = ARRAY_SIZE(check_formats);

const struct check_format *check_find_format(const char *name)
{
        for (size_t i = 0; i < check_format_count; i++)
                if (streq(check_formats[i].name, name))
                        return &check_formats[i];
        return NULL;
}

const struct check_format *check_find_extension(const char *path)
{
        const char *dot = strrchr(path, '.');

        for (size_t i = 0; dot && i < check_format_count; i++)
                if (check_formats[i].extension && streq(check_formats[i].extension, dot))
                        return &check_formats[i];
        return NULL;
}

const struct check_audit *check_audit(const struct check *check, const struct collection_view *c)
{
        for (size_t i = 0; check->audits && i < check->count; i++)
                if (check->collections[i] == c)
                        return &check->audits[i];
        return NULL;
}

void check_audit_text(const struct check_audit *audit, const struct collection_view *c, char *ret)
{
        if (audit->error || isnan(audit->recall))
                (void)snprintf(ret, CHECK_SENTENCE_MAX, "exact audit: %s",
                        audit->error ? audit->error : "no query could be audited");
        else
                (void)snprintf(ret, CHECK_SENTENCE_MAX,
                        "exact audit: recall@%u %.4f by id, %.4f by distance (%zu queries, %llu "
                        "records); worst %.4f of %s",
                        c->results, audit->recall, audit->recall_by_distance, audit->queries,
                        (unsigned long long)audit->records, audit->worst_recall,
                        audit->worst < c->query_set->count ? c->query_set->queries[audit->worst].id
                                                           : "none");
}

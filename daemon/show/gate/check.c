/* SPDX-License-Identifier: Apache-2.0 */
#include "show/gate/check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "judge/drift.h"
#include "judge/incident.h"
#include "judge/power.h"
#include "judge/proportion.h"
#include "judge/rank.h"
#include "show/gate/formats.h"
#include "show/summary.h"

#define SENSITIVITY_CONFIDENCE 0.95
#define SENSITIVITY_POWER 0.8

static void _printf_(2, 3) sentence(char *ret, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(ret, CHECK_SENTENCE_MAX, format, arguments);
        va_end(arguments);
        ret[utf8_prefix(ret, CHECK_SENTENCE_MAX - 1)] = '\0';
}

void check_init(struct check *check)
{
        *check = (struct check){.policy = {.pass_share = 1}};
}

bool check_fails(const struct check *check, const struct collection_view *c, size_t query)
{
        enum outcome o = c->queries[query].judgement.outcome;

        return !c->queries[query].excused &&
                (o == OUTCOME_FAIL || (o == OUTCOME_DRIFT && !check->policy.drift_passes));
}

/* Whether the records that the expectation names by id stood where it wants them before, too. */
static bool met_before(const struct query *q, const struct answer *before)
{
        unsigned rank = q->expect.id_count > 0 ? rank_expected(&q->expect, before) : 1;

        return rank > 0 && (q->expect.within == 0 || rank <= q->expect.within);
}

/* What nothing was expected of when it was approved has become the expectation itself. */
static bool passed(enum outcome o)
{
        return o == OUTCOME_PASS || o == OUTCOME_UNJUDGED;
}

static bool failed(enum outcome o)
{
        return o == OUTCOME_FAIL || o == OUTCOME_DRIFT;
}

/* The answer is what it was, or was never what is expected now. */
static bool is_newly_expected(
        const struct query *q, const struct baseline_query *before, const struct query_view *state)
{
        if (!before->answer)
                return false;
        return !met_before(q, before->answer) ||
                (state->answer && drift_same(before->answer, state->answer));
}

const struct baseline_query *check_before(const struct collection_view *c, size_t query)
{
        const struct query *q = &c->query_set->queries[query];
        const struct baseline_query *before =
                c->baseline ? baseline_find(c->baseline, q->id) : NULL;

        return before && streq(before->text, q->text) ? before : NULL;
}

const struct baseline_query *check_found(
        const struct check *check, const struct collection_view *c, size_t query)
{
        for (size_t i = 0; check->found && i < check->count; i++)
                if (check->collections[i] == c)
                        return check->found[i]
                                ? baseline_find(check->found[i], c->query_set->queries[query].id)
                                : NULL;
        return NULL;
}

enum transition check_transition(
        const struct check *check, const struct collection_view *c, size_t query)
{
        const struct query *q = &c->query_set->queries[query];
        const struct query_view *state = &c->queries[query];
        const struct baseline_query *before = check_before(c, query);
        enum outcome now = state->judgement.outcome;

        if (state->excused)
                return now == OUTCOME_PASS ? TRANSITION_PASSING : TRANSITION_KNOWN;
        if (!c->baseline || now == OUTCOME_UNMEASURED)
                return TRANSITION_NONE;
        if (!before)
                return TRANSITION_NEW;
        if (passed(before->outcome) && check_fails(check, c, query))
                return is_newly_expected(q, before, state) ? TRANSITION_EXPECTED
                                                           : TRANSITION_BROKEN;
        return failed(before->outcome) && now == OUTCOME_PASS ? TRANSITION_MENDED : TRANSITION_NONE;
}

const struct transition_name transition_names[] = {
        {TRANSITION_BROKEN, "passes no more", "pass_to_fail", NULL},
        {TRANSITION_MENDED, "passes again", "fail_to_pass", NULL},
        {TRANSITION_EXPECTED, "newly expected", "newly_expected", NULL},
        {TRANSITION_NEW, "new since the baseline", "new",
                "driftwatch baseline propose --new-only records what is new"},
        {TRANSITION_KNOWN, "known to fail", "known_failing", NULL},
        {TRANSITION_PASSING, "known to fail, but passes", "passing_again",
                "take known_failing out of the query set"},
};
const size_t transition_name_count = ARRAY_SIZE(transition_names);

void check_list(const struct check *check, const struct collection_view *c, enum transition t,
        void (*append)(struct text *text, const char *s), struct text *text)
{
        const char *separator = "";

        for (size_t i = 0; i < c->query_set->count; i++) {
                if (check_transition(check, c, i) != t)
                        continue;
                text_append(text, separator);
                append(text, c->query_set->queries[i].id);
                separator = ", ";
        }
}

void check_counts_text(const struct check *check, char *ret)
{
        size_t outcomes[OUTCOME_COUNT] = {0}, queries = 0, known = 0;
        char known_text[64] = "";

        for (size_t i = 0; i < check->count; i++) {
                struct summary s;

                summary_count(check->collections[i], &s);
                for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
                        outcomes[o] += s.outcomes[o];
                queries += check->collections[i]->query_set->count;
                known += s.known;
        }
        if (known > 0)
                (void)snprintf(known_text, sizeof(known_text), "; %zu known to fail", known);
        sentence(ret, "%zu quer%s: %zu pass, %zu drift, %zu fail, %zu unmeasured, %zu unjudged%s",
                queries, queries == 1 ? "y" : "ies", outcomes[OUTCOME_PASS],
                outcomes[OUTCOME_DRIFT], outcomes[OUTCOME_FAIL], outcomes[OUTCOME_UNMEASURED],
                outcomes[OUTCOME_UNJUDGED], known_text);
}

bool check_lenience_text(const struct check *check, char *ret)
{
        _cleanup_text_ struct text t = {0};

        if (check->policy.drift_passes)
                text_append(&t, "Drift is let through. ");
        if (check->policy.pass_share < 1)
                text_appendf(&t, "It suffices when %g %% of the judged queries pass. ",
                        100 * check->policy.pass_share);
        if (check->override_reason)
                text_appendf(&t, "Let through whatever the verdict, by %s: %s ", check->override_by,
                        check->override_reason);
        if (t.size == 0)
                return false;
        sentence(ret, "%.*s", (int)MIN(t.size - 1, (size_t)CHECK_SENTENCE_MAX), t.data);
        return true;
}

void check_causes_text(const struct collection_view *c, char *ret)
{
        enum cause causes[CAUSE_COUNT];
        size_t count = incident_causes(c, causes);
        _cleanup_text_ struct text t = {0};

        for (size_t i = 0; i < count; i++)
                text_appendf(&t, "%s%s", i > 0 ? ", " : "", cause_name(causes[i]));
        sentence(ret, "%s", count > 0 ? text_string(&t) : "unknown");
}

void check_reason_text(const struct collection_view *c, size_t query, char *ret)
{
        _cleanup_text_ struct text t = {0};

        summary_remark(c, query, &t);
        sentence(ret, "%s", text_string(&t));
}

const char *check_file(const struct check *check, const struct collection_view *c)
{
        const char *path = c->query_set->path ? c->query_set->path : "";
        size_t size = check->workspace ? strlen(check->workspace) : 0;

        while (size > 0 && check->workspace[size - 1] == '/')
                size--;
        return size > 0 && strncmp(path, check->workspace, size) == 0 && path[size] == '/'
                ? path + size + 1
                : path;
}

struct check_sensitivity check_sensitivity(const struct collection_view *c)
{
        struct check_sensitivity s = {0};

        for (size_t i = 0; i < c->query_set->count; i++)
                s.queries += c->queries[i].judgement.outcome != OUTCOME_UNMEASURED &&
                        c->queries[i].judgement.outcome != OUTCOME_UNJUDGED;
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

enum verdict check_collection(const struct check *check, const struct collection_view *c)
{
        enum verdict verdict = verdict_judge(c, &check->policy);

        return check_audit_reason(check, c) ? MAX(verdict, VERDICT_UNMEASURED) : verdict;
}

enum verdict check_verdict(const struct check *check)
{
        enum verdict worst = check->count > 0 ? VERDICT_PASS : VERDICT_UNMEASURED;

        for (size_t i = 0; i < check->count; i++)
                worst = MAX(worst, check_collection(check, check->collections[i]));
        return worst;
}

int check_exit_status(const struct check *check)
{
        return check->override_reason ? 0 : verdict_exit_status(check_verdict(check));
}

const struct check_format check_formats[] = {
        {"text", NULL, "# ", format_text},
        {"json", ".json", "\\u0023", format_json},
        {"junit", ".xml", "&#35;", format_junit},
        {"markdown", ".md", "&#35;", format_markdown},
        {"html", ".html", "&#35;", format_html},
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

const char *check_audit_reason(const struct check *check, const struct collection_view *c)
{
        const struct check_audit *audit = check_audit(check, c);

        if (!audit || audit->error)
                return audit ? audit->error : NULL;
        if (!isnan(audit->recall))
                return NULL;
        return audit->queries == 0 ? "no query without a filter got an answer"
                                   : "the collection holds no records";
}

bool check_audit_text(const struct check *check, const struct collection_view *c, char *ret)
{
        const struct check_audit *audit = check_audit(check, c);
        const char *reason = check_audit_reason(check, c);

        if (!audit)
                return false;
        if (reason)
                sentence(ret, "exact audit: it could not be made: %s", reason);
        else
                sentence(ret,
                        "exact audit: recall@%u %.4f by id, %.4f by distance (%zu queries, %llu "
                        "records); worst %.4f of %s",
                        c->results, audit->recall, audit->recall_by_distance, audit->queries,
                        (unsigned long long)audit->records, audit->worst_recall,
                        audit->worst < c->query_set->count ? c->query_set->queries[audit->worst].id
                                                           : "none");
        return true;
}

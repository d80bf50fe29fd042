/* SPDX-License-Identifier: Apache-2.0 */
#include "show/gate/check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "judge/drift.h"
#include "judge/power.h"
#include "judge/proportion.h"
#include "judge/rank.h"
#include "show/gate/formats.h"

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

enum transition check_transition(
        const struct check *check, const struct collection_view *c, size_t query)
{
        const struct query *q = &c->query_set->queries[query];
        const struct query_view *state = &c->queries[query];
        const struct baseline_query *before =
                c->baseline ? baseline_find(c->baseline, q->id) : NULL;
        bool fails = check_fails(check, c, query);

        if (!c->baseline || state->judgement.outcome == OUTCOME_UNMEASURED)
                return TRANSITION_NONE;
        if (!before || !streq(before->text, q->text))
                return TRANSITION_NEW;
        if (before->outcome == OUTCOME_PASS && fails) {
                bool same = before->answer && state->answer &&
                        drift_same(before->answer, state->answer);

                return same || (before->answer && !met_before(q, before->answer))
                        ? TRANSITION_EXPECTED
                        : TRANSITION_BROKEN;
        }
        if (before->outcome != OUTCOME_PASS && before->outcome != OUTCOME_UNMEASURED &&
                state->judgement.outcome == OUTCOME_PASS)
                return TRANSITION_MENDED;
        return TRANSITION_NONE;
}

const struct transition_name transition_names[] = {
        {TRANSITION_BROKEN, "pass -> fail", "pass_to_fail"},
        {TRANSITION_MENDED, "fail -> pass", "fail_to_pass"},
        {TRANSITION_EXPECTED, "newly expected", "newly_expected"},
        {TRANSITION_NEW, "new since the baseline", "new"},
};
const size_t transition_name_count = ARRAY_SIZE(transition_names);

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

/* What was asked for and not found out is no pass. */
static bool audit_failed(const struct check *check, const struct collection_view *c)
{
        const struct check_audit *audit = check_audit(check, c);

        return audit && audit->error;
}

enum verdict check_collection(const struct check *check, const struct collection_view *c)
{
        enum verdict verdict = verdict_judge(c, &check->policy);

        return audit_failed(check, c) ? MAX(verdict, VERDICT_UNMEASURED) : verdict;
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

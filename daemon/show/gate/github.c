/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/incident.h"
#include "show/gate/formats.h"

/* The runner undoes these escapes; ':' and ',' only end properties. Line ends are a message's. */
static void escape(struct text *text, const char *s, bool property)
{
        _cleanup_free_ char *shown = property ? utf8_line(s, strlen(s)) : utf8_lines(s, strlen(s));

        text->failed |= !shown;
        for (const char *p = shown; p && *p; p++)
                if (*p == '%' || *p == '\n' || (property && (*p == ':' || *p == ',')))
                        text_appendf(text, "%%%02X", (unsigned)*p);
                else
                        text_append_bytes(text, p, 1);
}

/* Where in the repository a query stands. */
static void place(
        struct text *text, const struct check *check, const struct collection_view *c, size_t query)
{
        text_append(text, "file=");
        escape(text, check_file(check, c), true);
        if (c->query_set->queries[query].line > 0)
                text_appendf(text, ",line=%u", c->query_set->queries[query].line);
        text_append(text, ",");
}

/* `about` follows the collection's label in the title. */
static void annotate(struct text *text, const struct collection_view *c, const char *separator,
        const char *about, const char *message)
{
        text_append(text, "title=");
        escape(text, c->label, true);
        text_append(text, separator);
        escape(text, about, true);
        text_append(text, "::");
        escape(text, message, false);
        text_append(text, "\n");
}

struct budget {
        size_t written, left_out;
};

static bool spend(struct budget *b)
{
        /* The tenth is kept for "N more". */
        if (b->written + 1 < GITHUB_ERRORS_MAX) {
                b->written++;
                return true;
        }
        b->left_out++;
        return false;
}

/* What is to be known first: the verdict, and why. */
static void annotate_verdict(const struct check *check, const struct collection_view *c,
        struct budget *budget, struct text *text)
{
        enum verdict v = check_collection(check, c);
        _cleanup_text_ struct text why = {0};
        char audit[CHECK_SENTENCE_MAX];

        if (v == VERDICT_PASS || !spend(budget))
                return;
        incident_summarise(c, &why);
        text_append(&why, ". ");
        if (verdict_void(c))
                text_appendf(&why, "%s. ", verdict_void(c));
        if (check_audit_reason(check, c) && check_audit_text(check, c, audit))
                text_appendf(&why, "%s. ", audit);
        if (c->incident_since > 0)
                incident_explain(c, " ", &why);
        text_append(text, "::error ");
        annotate(text, c, ": ", verdict_name(v), text_string(&why));
        text->failed |= text_failed(&why);
}

static void annotate_note(const struct collection_view *c, struct budget *budget, struct text *text)
{
        if (!c->note || !spend(budget))
                return;
        text_append(text, "::notice ");
        annotate(text, c, "", "", c->note);
}

static void annotate_findings(const struct check *check, const struct collection_view *c,
        enum effect effect, struct budget *budget, struct text *text)
{
        for (size_t i = 0; c->findings && i < c->findings->count; i++) {
                const struct finding *f = &c->findings->findings[i];
                bool fails = verdict_fails_by(f, &check->policy) || f->effect == EFFECT_UNMEASURED;

                if (f->query != FINDING_COLLECTION || f->effect != effect ||
                        f->explained != SIZE_MAX || !spend(budget))
                        continue;
                text_append(text, fails ? "::error " : "::warning ");
                annotate(text, c, " / ", finding_types[f->kind].name, f->sentence);
        }
}

static void annotate_queries(const struct check *check, const struct collection_view *c,
        enum outcome outcome, bool excused, struct budget *budget, struct text *text)
{
        for (size_t i = 0; i < c->query_set->count; i++) {
                const struct query_view *q = &c->queries[i];
                bool drops = outcome == OUTCOME_DRIFT && check->policy.drift_passes;
                char reason[CHECK_SENTENCE_MAX];

                if (q->excused != excused || (!excused && q->judgement.outcome != outcome) ||
                        !spend(budget))
                        continue;
                check_reason_text(c, i, reason);
                text_append(text, drops || excused ? "::warning " : "::error ");
                place(text, check, c, i);
                annotate(text, c, " / ", c->query_set->queries[i].id, reason);
        }
}

/* What an effect is called where it is a query's. */
static const struct {
        enum effect effect;
        enum outcome outcome;
} worst_first[] = {
        {EFFECT_FAIL, OUTCOME_FAIL},
        {EFFECT_DRIFT, OUTCOME_DRIFT},
        {EFFECT_UNMEASURED, OUTCOME_UNMEASURED},
        {EFFECT_NONE, OUTCOME_UNJUDGED},
};

void format_github(const struct check *check, struct text *text)
{
        struct budget budget = {0};
        char sentence[CHECK_SENTENCE_MAX];

        if (check_lenience_text(check, sentence) && spend(&budget)) {
                text_append(text, "::warning title=driftwatch::");
                escape(text, sentence, false);
                text_append(text, "\n");
        }
        for (size_t i = 0; i < check->count; i++)
                annotate_verdict(check, check->collections[i], &budget, text);
        for (size_t k = 0; k < ARRAY_SIZE(worst_first); k++)
                for (size_t i = 0; i < check->count; i++) {
                        const struct collection_view *c = check->collections[i];

                        if (worst_first[k].effect != EFFECT_NONE)
                                annotate_findings(check, c, worst_first[k].effect, &budget, text);
                        annotate_queries(check, c, worst_first[k].outcome, false, &budget, text);
                }
        for (size_t i = 0; i < check->count; i++)
                annotate_note(check->collections[i], &budget, text);
        /* What is known to fail is told even when it passes, but not before anything else. */
        for (size_t i = 0; i < check->count; i++)
                annotate_queries(check, check->collections[i], OUTCOME_COUNT, true, &budget, text);
        if (budget.left_out > 0)
                text_appendf(text, "::error title=driftwatch::%zu more\n", budget.left_out);
}

void github_defuse(const char *output, const char *hash, struct text *text)
{
        bool begins = true; /* only blanks so far in this line */

        for (const char *p = output; *p; p++) {
                if (begins && p[0] == ':' && p[1] == ':')
                        text_append(text, ".");
                if (p[0] == '#' && p[1] == '#' && p[2] == '[') {
                        text_append(text, hash);
                        begins = false;
                        continue;
                }
                text_append_bytes(text, p, 1);
                if (*p == '\n' || *p == '\r')
                        begins = true;
                else if (*p != ' ' && *p != '\t')
                        begins = false;
        }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "show/gate/formats.h"
#include "show/summary.h"

/* The runner undoes these escapes; ':' and ',' only end properties. */
static void escape(struct text *text, const char *s, bool property)
{
        for (; *s; s++)
                if (*s == '%' || *s == '\r' || *s == '\n' || (property && (*s == ':' || *s == ',')))
                        text_appendf(text, "%%%02X", (unsigned)*s);
                else
                        text_append_bytes(text, s, 1);
}

static void annotate(struct text *text, const char *level, const char *collection,
        const char *query, const char *message)
{
        text_appendf(text, "::%s title=", level);
        escape(text, collection, true);
        if (query) {
                text_append(text, " / ");
                escape(text, query, true);
        }
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

static void annotate_collection(const struct check *check, const struct collection_view *c,
        struct budget *budget, struct text *text)
{
        for (size_t i = 0; c->findings && i < c->findings->count; i++) {
                const struct finding *f = &c->findings->findings[i];
                bool fails = verdict_fails_by(f, &check->policy) || f->effect == EFFECT_UNMEASURED;

                if (f->query == FINDING_COLLECTION && fails && spend(budget))
                        annotate(text, "error", c->label, NULL, f->sentence);
        }
}

static void annotate_queries(const struct check *check, const struct collection_view *c,
        enum outcome outcome, struct budget *budget, struct text *text)
{
        for (size_t i = 0; i < c->query_set->count; i++) {
                const struct judgement *j = &c->queries[i].judgement;
                bool drops = outcome == OUTCOME_DRIFT && check->policy.drift_passes;

                if (j->outcome != outcome || !spend(budget))
                        continue;
                annotate(text, drops || c->queries[i].excused ? "warning" : "error", c->label,
                        c->query_set->queries[i].id, summary_reason(c, j));
        }
}

void format_github(const struct check *check, struct text *text)
{
        static const enum outcome order[] = {
                OUTCOME_FAIL, OUTCOME_DRIFT, OUTCOME_UNMEASURED, OUTCOME_UNJUDGED};
        struct budget budget = {0};

        for (size_t i = 0; i < check->count; i++)
                annotate_collection(check, check->collections[i], &budget, text);
        for (size_t k = 0; k < ARRAY_SIZE(order); k++)
                for (size_t i = 0; i < check->count; i++)
                        annotate_queries(check, check->collections[i], order[k], &budget, text);
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

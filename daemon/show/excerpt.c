/* SPDX-License-Identifier: Apache-2.0 */
#include "show/excerpt.h"

#include <stdio.h>

#include "json.h"
#include "show/values.h"

/* Longer ids tell no more. */
#define ID_MAX 100

void excerpt_append(struct text *t, unsigned rank, const char *id, const struct excerpt *excerpt)
{
        _cleanup_free_ char *line = excerpt_line(id, strlen(id), ID_MAX);

        if (!line) {
                t->failed = true;
                return;
        }
        text_appendf(t, "%u. %s", rank, line);
        if (excerpt && excerpt->about) {
                text_append(t, " (");
                text_append_line(t, excerpt->about);
                text_append(t, ")");
        }
        if (excerpt && excerpt->words && *excerpt->words) {
                text_append(t, " ");
                text_append_line(t, excerpt->words);
        }
}

static unsigned shown(const struct baseline_query *q)
{
        return q->answer ? MIN(q->answer->count, (unsigned)EXCERPTS_MAX) : 0;
}

void excerpt_append_answers(struct text *t, const char *indent, const struct baseline_query *q)
{
        for (unsigned i = 0; i < shown(q); i++) {
                text_append(t, indent);
                excerpt_append(t, i + 1, q->answer->ids[i], &q->excerpts[i]);
                text_append(t, "\n");
        }
}

/* Whether the first records are others than before. */
static bool found_others(const struct answer *before, const struct answer *after)
{
        for (unsigned i = 0; before && after && i < EXCERPTS_MAX; i++)
                if (i < before->count && i < after->count && !streq(before->ids[i], after->ids[i]))
                        return true;
        return !before != !after;
}

void excerpt_append_change(struct text *t, const char *indent, const struct baseline_query *before,
        const struct baseline_query *after)
{
        bool others = before && found_others(before->answer, after->answer);
        char was[32], now[32];

        (void)snprintf(was, sizeof(was), "%swas ", indent);
        (void)snprintf(now, sizeof(now), "%s%s", indent, others ? "now " : "");
        if (others)
                excerpt_append_answers(t, was, before);
        excerpt_append_answers(t, now, after);
}

const char *excerpt_rank(const struct baseline_query *q, char *buffer, size_t size)
{
        unsigned rank = q->expected_rank > 0 ? q->expected_rank : q->deep_rank;

        buffer[0] = '\0';
        if (q->outcome != OUTCOME_FAIL)
                return buffer;
        if (rank > 0)
                (void)snprintf(buffer, size, "rank %u", rank);
        else if (q->searched > 0)
                (void)snprintf(buffer, size, "not among the first %u", q->searched);
        return buffer;
}

json_t *excerpt_json(const struct baseline_query *q)
{
        _cleanup_json_ json_t *list = json_array();

        for (unsigned i = 0; i < shown(q); i++) {
                json_t *row =
                        json_pack("{s:o, s:o, s:o, s:o}", "id", value_string(q->answer->ids[i]),
                                "distance", json_from_float(q->answer->distances[i]), "metadata",
                                value_string(q->excerpts[i].about), "words",
                                value_string(q->excerpts[i].words));

                if (json_array_append_new(list, row) < 0)
                        return NULL;
        }
        return take_ptr(list);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/weakness.h"

#include <errno.h>
#include <math.h>

#include "judge/proportion.h"
#include "text.h"

/* A share of questions that a set ought not to miss when all of it passes, with this confidence. */
#define MISSED_SHARE 0.1
#define MISSED_CONFIDENCE 0.95
/* Of a kind that may be as many as queries, so many are named. */
#define NAMED_MAX 3

static bool is_control(const struct query *q)
{
        return !expectation_names_records(&q->expect) && isfinite(q->expect.distance_min);
}

static void find_no_control(const struct query_set *set, struct errors *warnings)
{
        for (size_t i = 0; i < set->count; i++)
                if (is_control(&set->queries[i]))
                        return;
        errors_add(warnings,
                "%s: no negative control: nothing shows when everything moves closer; add a question that the collection cannot answer, with expect.distance.min",
                set->path);
}

static const char *tag_value(const struct query *q, const char *key)
{
        for (size_t i = 0; i < q->tag_count; i++)
                if (streq(q->tags[i].key, key))
                        return q->tags[i].value;
        return NULL;
}

static bool tagged_alike(const struct query *a, const struct query *b)
{
        for (size_t i = 0; i < a->tag_count; i++)
                if (!streq(tag_value(b, a->tags[i].key), a->tags[i].value))
                        return false;
        return a->tag_count == b->tag_count;
}

static void find_one_area(const struct query_set *set, struct errors *warnings)
{
        const struct query *first = &set->queries[0];

        for (size_t i = 1; i < set->count; i++)
                if (!tagged_alike(first, &set->queries[i]))
                        return;
        if (first->tag_count == 0)
                errors_add(warnings,
                        "%s: no query has tags: what goes wrong in one area is not seen as such",
                        set->path);
        else
                errors_add(warnings, "%s: one area only: every query has %s: %s", set->path,
                        first->tags[0].key, first->tags[0].value);
}

static void find_few(const struct query_set *set, struct errors *warnings)
{
        double missed = proportion_zero_event_bound(set->count, MISSED_CONFIDENCE);

        if (missed > MISSED_SHARE)
                errors_add(warnings,
                        "%s: %zu %s: as long as all pass, up to %.0f %% of users' questions may fail (%.0f %% confidence)",
                        set->path, set->count, plural(set->count, "query", "queries"), 100 * missed,
                        100 * MISSED_CONFIDENCE);
}

static void find_unexpecting(const struct query_set *set, struct errors *warnings)
{
        size_t silent = 0;

        for (size_t i = 0; i < set->count; i++) {
                const struct expectation *e = &set->queries[i].expect;

                silent += !expectation_names_records(e) && !isfinite(e->distance_min) &&
                        !isfinite(e->distance_max);
        }
        if (silent == set->count)
                errors_add(warnings,
                        "%s: no query expects anything: without an approved baseline nothing is judged",
                        set->path);
}

static void find_within(
        const struct query_set *set, const struct query *q, unsigned results, struct errors *w)
{
        if (q->expect.within >= results)
                errors_add(w,
                        "%s:%u: expect.within: %u is no narrower than the %u results that are asked for",
                        set->path, q->line, q->expect.within, results);
}

static int by_question(const void *a, const void *b)
{
        const struct query *x = *(const struct query *const *)a;
        const struct query *y = *(const struct query *const *)b;
        const char *const pairs[][2] = {
                {x->text, y->text}, {x->where, y->where}, {x->where_document, y->where_document}};

        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
                const char *left = pairs[i][0] ? pairs[i][0] : "";
                const char *right = pairs[i][1] ? pairs[i][1] : "";
                int order = strcmp(left, right);

                if (order != 0)
                        return order;
        }
        return 0;
}

static int by_question_and_line(const void *a, const void *b)
{
        const struct query *x = *(const struct query *const *)a;
        const struct query *y = *(const struct query *const *)b;
        int order = by_question(a, b);

        return order != 0 ? order : (x > y) - (x < y);
}

/* The same question, through the same filters, asked twice counts twice. */
static void find_twice(const struct query_set *set, struct errors *warnings)
{
        _cleanup_free_ const struct query **sorted = calloc(set->count, sizeof(*sorted));
        size_t found = 0;

        if (!sorted) {
                errors_add(warnings, "%s: out of memory", set->path);
                return;
        }
        for (size_t i = 0; i < set->count; i++)
                sorted[i] = &set->queries[i];
        qsort(sorted, set->count, sizeof(*sorted), by_question_and_line);
        for (size_t i = 1; i < set->count; i++) {
                if (by_question(&sorted[i - 1], &sorted[i]) != 0)
                        continue;
                if (++found <= NAMED_MAX)
                        errors_add(warnings, "%s:%u: \"%s\" asks what \"%s\" asks in line %u",
                                set->path, sorted[i]->line, sorted[i]->id, sorted[i - 1]->id,
                                sorted[i - 1]->line);
        }
        if (found > NAMED_MAX)
                errors_add(warnings, "%s: %zu more %s what others ask", set->path,
                        found - NAMED_MAX, plural(found - NAMED_MAX, "query asks", "queries ask"));
}

void weakness_find(const struct query_set *set, unsigned results, struct errors *warnings)
{
        find_few(set, warnings);
        find_no_control(set, warnings);
        find_one_area(set, warnings);
        find_unexpecting(set, warnings);
        find_twice(set, warnings);
        for (size_t i = 0; i < set->count; i++)
                find_within(set, &set->queries[i], results, warnings);
}

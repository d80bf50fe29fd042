/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/expected.h"

#include <errno.h>
#include <stdlib.h>

size_t expected_spread(size_t i, size_t chosen, size_t total)
{
        return i * total / chosen;
}

static bool answer_has(const struct answer *answer, const char *id)
{
        for (unsigned i = 0; i < answer->count; i++)
                if (streq(answer->ids[i], id))
                        return true;
        return false;
}

/* Whether an answer has none of the records that its query expects; any of them would do. */
static bool misses_all(const struct expectation *e, const struct answer *answer)
{
        for (size_t i = 0; i < e->id_count; i++)
                if (!answer || answer_has(answer, e->ids[i]))
                        return false;
        return true;
}

static int compare(const void *a, const void *b)
{
        return strcmp(((const struct expected *)a)->id, ((const struct expected *)b)->id);
}

/* One of each id; missed when one of them is. */
static size_t merge(struct expected *all, size_t count)
{
        size_t kept = 0;

        qsort(all, count, sizeof(*all), compare);
        for (size_t i = 0; i < count; i++)
                if (kept > 0 && streq(all[kept - 1].id, all[i].id))
                        all[kept - 1].missed |= all[i].missed;
                else
                        all[kept++] = all[i];
        return kept;
}

int expected_choose(const struct query_set *set, struct answer *const *answers, size_t max,
        struct expected **ret, size_t *ret_count)
{
        size_t total = 0, found = 0, count;
        struct expected *all;

        for (size_t i = 0; i < set->count; i++)
                total += set->queries[i].expect.id_count;
        all = calloc(total + 1, sizeof(*all));
        if (!all)
                return -ENOMEM;
        for (size_t i = 0; i < set->count; i++) {
                const struct expectation *e = &set->queries[i].expect;
                bool missed = misses_all(e, answers ? answers[i] : NULL);

                for (size_t k = 0; k < e->id_count; k++)
                        all[found++] = (struct expected){.id = e->ids[k], .missed = missed};
        }
        found = merge(all, found);
        count = MIN(found, max);
        for (size_t i = 0; i < count; i++)
                all[i] = all[expected_spread(i, count, found)];
        *ret = all;
        *ret_count = count;
        return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/similarity.h"

/* The first records of an answer, always whole groups of ties. */
struct prefix {
        const struct answer *answer;
        unsigned size;
};

static bool has(const struct answer *a, unsigned size, const char *id)
{
        for (unsigned i = 0; i < size; i++)
                if (streq(a->ids[i], id))
                        return true;
        return false;
}

static unsigned group_end(const struct answer *a, unsigned start, double tie)
{
        unsigned end = start + 1;

        while (end < a->count && (double)a->distances[end] - a->distances[end - 1] <= tie)
                end++;
        return end;
}

/* Extends `p` by all groups whose first rank is at most `depth`; how many of the new records are
 * among the first of `other`. A server that repeats an id must not get two hits for it. */
static unsigned extend(struct prefix *p, unsigned depth, double tie, const struct prefix *other)
{
        unsigned common = 0;

        while (p->size < MIN(depth, p->answer->count)) {
                unsigned end = group_end(p->answer, p->size, tie);

                for (; p->size < end; p->size++)
                        common += has(other->answer, other->size, p->answer->ids[p->size]) &&
                                !has(p->answer, p->size, p->answer->ids[p->size]);
        }
        return common;
}

static unsigned extend_both(struct prefix *s, struct prefix *t, unsigned depth, double tie)
{
        unsigned common = extend(s, depth, tie, t);

        return common + extend(t, depth, tie, s);
}

double similarity_overlap(const struct answer *a, const struct answer *b, unsigned k, double tie)
{
        struct prefix s = {a, 0}, t = {b, 0};
        unsigned longer = MAX(a->count, b->count), common;

        k = k == 0 ? longer : MIN(k, longer);
        if (k == 0)
                return 1;
        common = extend_both(&s, &t, k, tie);
        return 2.0 * common / ((double)MAX(s.size, k) + MAX(t.size, k));
}

/* Agreement at each depth is 2|S ∩ T| / (|S| + |T|), which without ties is X_d / d. Beyond its end
 * the shorter list is taken to go on agreeing as it did there, equation 32 of the paper. */
double similarity_rbo(const struct answer *a, const struct answer *b, double p, double tie)
{
        struct prefix s = {a->count <= b->count ? a : b, 0};
        struct prefix t = {a->count <= b->count ? b : a, 0};
        unsigned shorter = s.answer->count, longer = t.answer->count, common = 0;
        double sum = 0, weight = 1, agreement = 0, at_end = 0;

        if (longer == 0)
                return 1;
        for (unsigned depth = 1; depth <= longer; depth++) {
                unsigned beyond = depth > shorter ? depth - shorter : 0;

                common += extend_both(&s, &t, depth, tie);
                agreement = 2 * (common + at_end * beyond) / ((double)s.size + beyond + t.size);
                if (depth == shorter)
                        at_end = agreement;
                sum += weight * agreement;
                weight *= p;
        }
        return (1 - p) * sum + weight * agreement;
}

double similarity_recall(const struct answer *a, const struct answer *larger, unsigned k)
{
        unsigned count = MIN(k, larger->count), found = 0;

        while (found < MIN(count, a->count) && a->distances[found] <= larger->distances[count - 1])
                found++;
        return (double)found / count;
}

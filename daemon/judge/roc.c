/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/roc.h"

#include <errno.h>

#include "judge/bootstrap.h"
#include "judge/distribution.h"
#include "judge/sample.h"

/* One distinct distance and how often it occurs in each class. */
struct step {
        double distance;
        size_t relevant, irrelevant;
};

struct steps {
        struct step *steps; /* ascending; owned */
        size_t count;
        size_t relevant, irrelevant; /* sums */
};

static void steps_done(struct steps *s)
{
        free(s->steps);
}

static int steps_merge(const double *relevant, size_t relevant_count, const double *irrelevant,
        size_t irrelevant_count, struct steps *ret)
{
        struct steps s = {.relevant = relevant_count, .irrelevant = irrelevant_count};
        size_t i = 0, j = 0;

        s.steps = calloc(relevant_count + irrelevant_count, sizeof(*s.steps));
        if (!s.steps)
                return -ENOMEM;
        while (i < relevant_count || j < irrelevant_count) {
                struct step *step = s.steps + s.count++;

                step->distance = fmin(i < relevant_count ? relevant[i] : INFINITY,
                        j < irrelevant_count ? irrelevant[j] : INFINITY);
                for (; i < relevant_count && relevant[i] <= step->distance; i++)
                        step->relevant++;
                for (; j < irrelevant_count && irrelevant[j] <= step->distance; j++)
                        step->irrelevant++;
        }
        *ret = s;
        return 0;
}

/* AUC as the mean placement of either class within the other, its variance from theirs. */
static void delong(const struct steps *s, struct roc *ret)
{
        double m = (double)s->relevant, n = (double)s->irrelevant;
        double below = 0, passed = 0, relevant_squares = 0, irrelevant_squares = 0;

        for (size_t i = 0; i < s->count; i++) {
                double r = (double)s->steps[i].relevant, w = (double)s->steps[i].irrelevant;

                ret->auc += r * (n - passed - w / 2);
                passed += w;
        }
        ret->auc /= m * n;
        passed = 0;
        for (size_t i = 0; i < s->count; i++) {
                double r = (double)s->steps[i].relevant, w = (double)s->steps[i].irrelevant;

                relevant_squares += r * pow((n - passed - w / 2) / n - ret->auc, 2);
                irrelevant_squares += w * pow((below + r / 2) / m - ret->auc, 2);
                below += r;
                passed += w;
        }
        ret->variance = m < 2 || n < 2
                ? NAN
                : relevant_squares / (m - 1) / m + irrelevant_squares / (n - 1) / n;
}

static double logistic(double x)
{
        return 1 / (1 + exp(-x));
}

static void auc_intervals(double confidence, struct roc *ret)
{
        double half = normal_quantile((1 + confidence) / 2) * sqrt(ret->variance);
        double odds = log(ret->auc / (1 - ret->auc));
        double logit_half = half / (ret->auc * (1 - ret->auc));

        ret->wald = ret->logit = INTERVAL_NONE;
        if (isnan(half))
                return;
        ret->wald = (struct interval){ret->auc - half, ret->auc + half};
        if (isfinite(odds))
                ret->logit =
                        (struct interval){logistic(odds - logit_half), logistic(odds + logit_half)};
}

struct cut {
        double distance; /* NaN: all distances are equal */
        size_t relevant, irrelevant; /* below it */
};

/* In whole numbers, so that equal maxima are equal. */
static struct cut best_cut(const struct steps *s)
{
        struct cut best = {.distance = NAN}, now = {};
        const struct step *last = NULL;
        long long most = 0;

        for (size_t i = 0; i < s->count; i++) {
                const struct step *step = s->steps + i;
                long long youden = (long long)(now.relevant * s->irrelevant) -
                        (long long)(now.irrelevant * s->relevant);

                if (step->relevant + step->irrelevant == 0)
                        continue;
                if (last && (isnan(best.distance) || youden > most)) {
                        most = youden;
                        best = now;
                        best.distance = last->distance / 2 + step->distance / 2;
                }
                now.relevant += step->relevant;
                now.irrelevant += step->irrelevant;
                last = step;
        }
        return best;
}

/* Draws both classes anew from their own steps; `places` has the step of each distance, relevant
 * ones first. */
static void redraw(struct steps *s, const size_t *places, uint64_t *state)
{
        for (size_t i = 0; i < s->count; i++)
                s->steps[i].relevant = s->steps[i].irrelevant = 0;
        for (size_t i = 0; i < s->relevant; i++)
                s->steps[places[bootstrap_index(state, s->relevant)]].relevant++;
        places += s->relevant;
        for (size_t i = 0; i < s->irrelevant; i++)
                s->steps[places[bootstrap_index(state, s->irrelevant)]].irrelevant++;
}

/* Overwrites the counts of `s`. */
static int cut_interval(
        struct steps *s, size_t resamples, uint64_t seed, double confidence, struct interval *ret)
{
        _cleanup_free_ size_t *places = calloc(s->relevant + s->irrelevant, sizeof(*places));
        _cleanup_free_ double *cuts = calloc(MAX(resamples, 1), sizeof(*cuts));
        size_t relevant = 0, irrelevant = s->relevant, found = 0;
        double tail = (1 - confidence) / 2;

        if (!places || !cuts)
                return -ENOMEM;
        for (size_t i = 0; i < s->count; i++) {
                for (size_t k = 0; k < s->steps[i].relevant; k++)
                        places[relevant++] = i;
                for (size_t k = 0; k < s->steps[i].irrelevant; k++)
                        places[irrelevant++] = i;
        }
        for (size_t i = 0; i < resamples; i++) {
                redraw(s, places, &seed);
                cuts[found] = best_cut(s).distance;
                if (!isnan(cuts[found]))
                        found++;
        }
        sample_sort(cuts, found);
        *ret = (struct interval){
                sample_quantile(cuts, found, tail), sample_quantile(cuts, found, 1 - tail)};
        return 0;
}

static void tolerance(
        const double *sorted, const struct steps *s, double confidence, struct roc *ret)
{
        size_t accepted = 0;

        ret->tolerance_rank =
                roc_tolerance_rank(s->relevant, ROC_TOLERANCE_CONTENT, ROC_TOLERANCE_CONFIDENCE);
        ret->tolerance_border = ret->tolerance_rank > 0 ? sorted[ret->tolerance_rank - 1] : NAN;
        for (size_t i = 0; i < s->count && s->steps[i].distance <= ret->tolerance_border; i++)
                accepted += s->steps[i].irrelevant;
        ret->tolerance_accepts =
                proportion_of(accepted, ret->tolerance_rank > 0 ? s->irrelevant : 0, confidence);
}

static double *sorted_copy(const double *x, size_t n)
{
        double *copy = calloc(n, sizeof(*copy));

        if (copy)
                memcpy(copy, x, n * sizeof(*copy));
        if (copy)
                sample_sort(copy, n);
        return copy;
}

static bool is_class(const double *x, size_t n)
{
        return n >= 1 && n <= ROC_CLASS_MAX && sample_usable(x, n);
}

int roc_compute(const double *relevant, size_t relevant_count, const double *irrelevant,
        size_t irrelevant_count, size_t resamples, uint64_t seed, double confidence,
        struct roc *ret)
{
        _cleanup_free_ double *near = NULL, *far = NULL;
        _cleanup_(steps_done) struct steps s = {};
        struct roc roc = {.cut_interval = INTERVAL_NONE};
        struct cut cut;
        int r;

        if (!is_class(relevant, relevant_count) || !is_class(irrelevant, irrelevant_count) ||
                resamples > BOOTSTRAP_RESAMPLES_MAX || !(confidence > 0 && confidence < 1))
                return -EINVAL;
        near = sorted_copy(relevant, relevant_count);
        far = sorted_copy(irrelevant, irrelevant_count);
        if (!near || !far)
                return -ENOMEM;
        r = steps_merge(near, relevant_count, far, irrelevant_count, &s);
        if (r < 0)
                return r;
        delong(&s, &roc);
        auc_intervals(confidence, &roc);
        cut = best_cut(&s);
        roc.cut = cut.distance;
        if (isnan(cut.distance))
                relevant_count = irrelevant_count = 0;
        roc.sensitivity = proportion_of(cut.relevant, relevant_count, confidence);
        roc.specificity =
                proportion_of(irrelevant_count - cut.irrelevant, irrelevant_count, confidence);
        roc.youden = roc.sensitivity.share + roc.specificity.share - 1;
        tolerance(near, &s, confidence, &roc);
        if (relevant_count >= ROC_CUT_NEEDS && irrelevant_count >= ROC_CUT_NEEDS)
                r = cut_interval(&s, resamples, seed, confidence, &roc.cut_interval);
        if (r < 0)
                return r;
        *ret = roc;
        return 0;
}

size_t roc_tolerance_rank(size_t n, double content, double confidence)
{
        size_t rank = binomial_quantile(confidence, n, content) + 1;

        return rank <= n ? rank : 0;
}

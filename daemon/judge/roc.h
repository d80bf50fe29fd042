/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where a border between relevant and irrelevant distances could lie, from labelled pairs, and how
 * far such a border is to be believed. Small distances are relevant. It proposes; which border is
 * configured is a person's decision. */

#include <stddef.h>
#include <stdint.h>

#include "judge/interval.h"
#include "judge/proportion.h"
#include "macro.h"

/* Bound of each class, for the cost of the bootstrap. */
#define ROC_CLASS_MAX 10000
/* Distances needed in either class for an interval of the cut; its coverage is 0.90 there. */
#define ROC_CUT_NEEDS 10
/* The tolerance border accepts at least this share of the relevant, with this confidence. */
#define ROC_TOLERANCE_CONTENT 0.9
#define ROC_TOLERANCE_CONFIDENCE 0.95

struct roc {
        double auc; /* P(relevant < irrelevant) + half the ties */
        double variance; /* DeLong, DeLong and Clarke-Pearson (1988); NaN with < 2 in a class */
        struct interval wald; /* for comparison: its coverage is 0.74 at 10 + 10 */
        struct interval logit; /* the one to show; none when the AUC is 0 or 1 */
        double cut; /* accept distances below it: first maximum of J, midway between two values;
                     * NaN when all distances are equal, and what follows from it too */
        double youden; /* J = sensitivity + specificity - 1 there, in sample: optimistic */
        struct interval cut_interval; /* percentiles of the cut over resamples within each class */
        struct proportion sensitivity; /* relevant below the cut, of the relevant */
        struct proportion specificity; /* irrelevant not below it, of the irrelevant */
        size_t tolerance_rank; /* among the relevant, from 1; 0: not estimable, n < 29 */
        double tolerance_border; /* the relevant distance of that rank; NaN */
        struct proportion tolerance_accepts; /* irrelevant at most there; NaN share without one */
};

/* 1 … ROC_CLASS_MAX finite distances in each class and 0 < confidence < 1, otherwise -EINVAL.
 * `resamples` as in bootstrap.h; 0 leaves cut_interval none. -ENOMEM. */
_must_check_ int roc_compute(const double *relevant, size_t relevant_count,
        const double *irrelevant, size_t irrelevant_count, size_t resamples, uint64_t seed,
        double confidence, struct roc *ret);
/* Smallest r such that the r-th smallest of n covers the share `content` of the population with
 * this confidence: min{r: P(B < r) >= confidence}, B ~ Binomial(n, content) (Wilks 1941); 0 when
 * even the largest does not. */
size_t roc_tolerance_rank(size_t n, double content, double confidence);

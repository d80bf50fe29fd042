/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How far the thresholds of one collection are to be believed: every number of the threshold
 * confidence report, from plain arrays, but for what judge/sensitivity.h counts. It renders nothing
 * and decides nothing. All statements are about the distribution of users' queries, of which the
 * canonical queries are *assumed* to be a sample - the report must print that sentence. What few
 * queries cannot tell is NaN, and the number of queries that could is the constant beside the
 * field. Intervals are 95 % and two-sided unless said otherwise; bootstraps use BOOTSTRAP_RESAMPLES
 * and BOOTSTRAP_SEED, so that the same input gives the same output. Cost is O((n + labelled pairs)
 * x BOOTSTRAP_RESAMPLES). */

#include <stdbool.h>
#include <stddef.h>

#include "judge/bootstrap.h"
#include "judge/paired.h"
#include "judge/proportion.h"
#include "judge/roc.h"
#include "judge/sample.h"
#include "model/bands.h"
#include "model/judgement.h"

#define CONFIDENCE_LEVEL 0.95
/* The bootstrap interval of the mean is shown from here; below, its coverage is 0.90 to 0.93. */
#define CONFIDENCE_BCA_NEEDS 50
/* Queries needed for an upper end of the 95th percentile. */
#define CONFIDENCE_P95_NEEDS_ONE_SIDED 59
#define CONFIDENCE_P95_NEEDS_TWO_SIDED 72
/* Below this many in either class a calibrated border is uncertain by +-0.1 (squared L2). */
#define CONFIDENCE_CLASS_NEEDS 50
/* Relevant distances needed for a tolerance border. */
#define CONFIDENCE_TOLERANCE_NEEDS 29
/* Probability of detection that sensitivity is stated for. */
#define CONFIDENCE_POWER 0.8
/* Changes smaller than this do not matter in squared L2 of unit vectors; halve it for cosine. */
#define CONFIDENCE_FLOOR 0.005
/* Bounds of the input. */
#define CONFIDENCE_QUERIES_MAX BOOTSTRAP_SAMPLE_MAX
#define CONFIDENCE_KINDS_MAX 64

/* Everything is borrowed. Arrays of `count` places may be NULL where that is said. */
struct confidence_input {
        size_t count; /* queries, 0 … CONFIDENCE_QUERIES_MAX */
        const double *distances; /* of the best answer; NaN: unmeasured */
        const int *bands; /* 0 … border_count; -1: unknown. NULL: as the distances lie */
        const double *baselines; /* distance at baseline, NaN: none. May be NULL */
        const enum outcome *outcomes;
        const int *kinds; /* kind of edge case, 0 … kind_count - 1; -1: none. May be NULL */
        size_t kind_count; /* at most CONFIDENCE_KINDS_MAX */
        const double *taus; /* each query's own alarm threshold, NaN: the floor. May be NULL */
        const double *shifts; /* paired differences to the baseline (of mean top-k), NaN: none.
                               * NULL: distances minus baselines */
        const double *borders; /* ascending; border_count + 1 bands */
        size_t border_count; /* at most BANDS_MAX - 1 */
        double floor; /* > 0: CONFIDENCE_FLOOR or what the space asks for */
        double hysteresis; /* >= 0: how far beyond a border a move counts */
        const double *relevant; /* distances labelled relevant, finite */
        size_t relevant_count; /* 0: no calibration; at most ROC_CLASS_MAX */
        const double *irrelevant;
        size_t irrelevant_count;
};

/* One query's room to its band's borders. */
struct confidence_margin {
        double above; /* border above minus distance; NaN: unmeasured or worst band */
        double below; /* distance minus border below; NaN: unmeasured or best band */
        double needed; /* max(floor or tau, hysteresis) */
        bool close; /* either margin is smaller than that: may change its band without drift */
};

struct confidence {
        size_t queries, measured; /* measured: finite distance; the n of what follows */

        size_t band_count;
        struct proportion bands[BANDS_MAX]; /* of the queries whose band is known */

        double mean, sd;
        struct interval mean_interval; /* t; none when measured < 2 */
        struct interval mean_bca; /* none when measured < CONFIDENCE_BCA_NEEDS */
        struct quantile median; /* order statistics */
        struct quantile p95; /* upper end from CONFIDENCE_P95_NEEDS_TWO_SIDED */
        double p95_at_least, p95_at_most; /* one-sided 95 %; the latter from ..._ONE_SIDED */

        struct confidence_margin *margins; /* one a query in their order, owned; NULL without any */
        size_t close; /* queries whose margin is too small */

        double zero_event_bound; /* nothing moved: fewer than this share did, 95 % one-sided */
        size_t set_needs; /* moved queries from which on that is told of the set, judge/drift.h */
        double detectable_one, detectable_set; /* share affected for >= 1 and >= set_needs moved
                                                * queries with CONFIDENCE_POWER; NaN when n is
                                                * smaller */

        bool shift_known; /* there are paired differences; otherwise `shift` is all zero */
        struct paired shift; /* dead zone: the floor; no interval of the mean without spread */
        size_t band_worse, band_better; /* than the baseline's band, of those that have one */
        double band_p; /* McNemar exact; NaN without baselines */

        bool calibrated; /* both classes are there; otherwise `border` is all zero */
        size_t relevant, irrelevant;
        struct roc border;
        bool border_uncertain; /* a class below CONFIDENCE_CLASS_NEEDS: keep the default border */

        struct proportion passed; /* of those with an outcome other than unmeasured */
        size_t kind_count;
        struct proportion *kinds; /* the same of each kind, owned; NULL without kinds */
};

/* Fills `*ret`, to be given to confidence_done(). -EINVAL when an index or bound is outside of what
 * is said above, a distance is infinite, or borders do not ascend; -ENOMEM. */
_must_check_ int confidence_compute(const struct confidence_input *in, struct confidence *ret);
void confidence_done(struct confidence *c);

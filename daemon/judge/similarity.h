/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How alike two ranked answers are: 0 nothing in common, 1 the same. Records at the same distance
 * (each within `tie` of the one before) have no order between them and are compared as a group.
 * What a difference means is judge/attribution.h's business. Needs no memory; O(length²). */

#include "model/answer.h"

/* Weight of depth in rank-biased overlap: the first ten ranks carry 86 %. */
#define RBO_P 0.9

/* |A ∩ B| / k of the first `k` of both; k is at most (and with 0 given, exactly) the longer list's
 * length. 1 when both are empty. A group of ties that straddles rank k counts as a whole on both
 * sides: 2|S ∩ T| / (|S| + |T|). */
double similarity_overlap(const struct answer *a, const struct answer *b, unsigned k, double tie);
/* RBO_ext of Webber, Moffat and Zobel (2010), extrapolated from the shorter list's end; `p` in
 * (0, 1). 0 when only one of them is empty. */
double similarity_rbo(const struct answer *a, const struct answer *b, double p, double tie);
/* The share of the `k` nearest of the answer of a larger search that `a` found, or others no
 * farther: of equally distant ones either may be returned. `larger` is not empty. */
double similarity_recall(const struct answer *a, const struct answer *larger, unsigned k);

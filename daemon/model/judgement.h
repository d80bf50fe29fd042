/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The judgement of one query in one replay. Plain data; unknown numbers are NaN (distances), 0
 * (ranks) or -1 (bands), never a value that could be mistaken for a measurement. */

#include <stdbool.h>

#include "macro.h"

enum outcome {
        OUTCOME_PASS,
        OUTCOME_DRIFT,
        OUTCOME_FAIL,
        OUTCOME_UNMEASURED,
        OUTCOME_UNJUDGED, /* answered, but nothing says what is good */
        OUTCOME_COUNT,
};

/* What became of the expected record of a query that fails, as far as it was looked up. */
enum expected_record {
        EXPECTED_UNKNOWN,
        EXPECTED_GONE,
        EXPECTED_UNFOUND,
        EXPECTED_FILTERED, /* it exists, behind the query's filter */
        EXPECTED_UNREACHED, /* it passes the filter, and no answer came */
        EXPECTED_MISSED, /* it exists, nearest of all, and the index misses it: the reason says so
                          */
        EXPECTED_REFUSED, /* the server refused to look */
        EXPECTED_COUNT,
};

struct judgement {
        enum outcome outcome; /* with what its findings say */
        enum outcome expected; /* by the expectation alone */
        bool out_of_range; /* the distance lies outside of the expected range */
        float distance; /* of the best answer */
        float expected_distance; /* of the best-placed expected record */
        unsigned expected_rank; /* of that record, from 1; 0: not found or none expected */
        int band; /* of `distance`, as measured */
        int confirmed_band; /* after hysteresis and 4 of 5; -1 until confirmed */
        int home_band; /* the first confirmed band, the reference for a crossing */
        float home_distance; /* last distance measured while at home */
        bool crossed; /* confirmed band worse than home */
        enum expected_record expected_record;
        char *reason; /* a sentence whenever the outcome is not pass; owned */
};

/* Unmeasured, everything unknown. */
void judgement_init(struct judgement *v);
void judgement_done(struct judgement *v);
_must_check_ int judgement_copy(const struct judgement *from, struct judgement *ret);
/* Makes what became of the expected record part of the reason, for people: to be called once, on a
 * copy that is shown. -ENOMEM. */
_must_check_ int judgement_explain(struct judgement *v);
/* "pass", "drift", "fail", "unmeasured", "unjudged". */
const char *outcome_name(enum outcome o);

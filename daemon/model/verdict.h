/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The verdict of a collection: one word, and the exit status that goes with it, wherever somebody
 * asks. judge/verdict.h decides it. */

#include "model/judgement.h"

/* Ascending by how much it takes precedence. */
enum verdict {
        VERDICT_PASS, /* nothing is wrong, and everything was judged */
        VERDICT_UNJUDGED, /* nothing says of some queries what is good */
        VERDICT_UNMEASURED,
        VERDICT_FAIL,
        VERDICT_COUNT,
};

/* "pass", "unjudged", "unmeasured", "fail". */
const char *verdict_name(enum verdict v);
/* 0, 3, 3, 1. */
int verdict_exit_status(enum verdict v);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a regular expression is compiled to: the seam between pattern_compile.c, which reads the
 * text, and pattern.c, which matches; nobody else needs this. */

#include <stdint.h>

#include "pattern.h"

#define CODE_MAX 0x10ffffu

enum operation {
        STEP_RANGES, /* a character in some of the ranges, or in none of them */
        STEP_SPLIT, /* goes on at both */
        STEP_BEGIN, /* nothing stands before */
        STEP_END, /* nothing comes after */
        STEP_MATCH,
};

/* Distances instead of places, so that what was compiled can be moved and copied. A jump is a split
 * of which both ways are one. */
struct step {
        enum operation operation;
        bool negated;
        int to[2];
        uint16_t first, count; /* in the ranges */
};

struct range {
        uint32_t first, last;
};

struct pattern {
        struct step *steps;
        int count;
        struct range *ranges;
        size_t range_count;
        bool folds; /* ASCII letters are of any case */
        bool dot_all;
};

/* Fills a pattern whose steps and ranges have room for all that the text can be. -EINVAL with a
 * sentence, -ENOMEM. */
_must_check_ int pattern_compile(struct pattern *p, const char *text, struct error *e);

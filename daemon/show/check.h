/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `driftwatch check` prints: the verdict over one replay of several collections, as text or
 * JSON. It neither replays nor writes files. */

#include <jansson.h>

#include "model/view.h"
#include "text.h"

enum check_verdict { CHECK_PASS, CHECK_FAIL, CHECK_UNMEASURED };

struct check {
        const struct collection_view *const *collections;
        size_t count;
        usec_t started; /* wall clock */
        usec_t duration;
        bool fail_only; /* --fail-on=fail: drift does not fail the gate */
};

/* Unmeasured when the replay failed (so too few were measured to say anything) or the set is empty;
 * else fail when any query failed (or drifted, unless fail_only); else unmeasured when any query
 * has no valid answer; else pass. */
enum check_verdict check_collection(const struct check *check, const struct collection_view *c);
/* Fail before unmeasured before pass. An empty run is unmeasured. */
enum check_verdict check_verdict(const struct check *check);
/* 0, 1, 3. */
int check_exit_status(enum check_verdict verdict);
const char *check_verdict_name(enum check_verdict verdict);

/* The object that the format "json" prints. New reference; NULL when memory is short. */
json_t *check_json(const struct check *check);

/* Text is for people: control characters in what servers sent are blanks, so that nothing can move
 * a terminal's cursor. A renderer that ran out of memory leaves text_failed(). */
struct check_format {
        const char *name; /* "text", "json" */
        void (*render)(const struct check *check, struct text *text);
};
extern const struct check_format check_formats[];
extern const size_t check_format_count;

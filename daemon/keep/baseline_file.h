/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the reader and the writer of a baseline's file share, and what the reader has done of the
 * parts that are small enough to be trees. Nobody else includes this. */

#include <jansson.h>

#include "digest.h"
#include "error.h"
#include "model/baseline.h"

/* {"baseline": {...}, "format": 2, "sha256": HEX}; the hash is of the member "baseline" as compact
 * JSON with sorted keys. docs/baselines.md has the rest. */
#define BASELINE_FORMAT 2
/* Of those before it that are read: vectors were lists of numbers. */
#define BASELINE_FORMAT_OLDEST 1
/* Sets larger than this were not written by us. */
#define BASELINE_QUERIES_MAX 100000

/* Reads members of objects; the first that is not what it must be is the error. */
struct reader {
        const char *path;
        struct error *error;
        int code;
};
/* "PATH: "KEY" is not EXPECTED". */
void baseline_complain(struct reader *r, const char *key, const char *expected);
/* Everything but `id`. */
void baseline_read_query(struct reader *r, const json_t *object, struct baseline_query *ret);
/* Everything but queries and vectors. */
void baseline_read_content(struct reader *r, const json_t *content, struct baseline *ret);

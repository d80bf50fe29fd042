/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the reader and the writer of a baseline's file share. Nobody else includes this. */

#include <jansson.h>
#include <stddef.h>

#include "digest.h"

/* {"format": 1, "sha256": HEX, "baseline": {...}}; the hash is of the member "baseline" as compact
 * JSON with sorted keys. docs/baselines.md has the rest. */
#define BASELINE_FORMAT 1

/* The counts of the evidence, in and out. */
enum field_type {
        FIELD_SIZE,
        FIELD_DOUBLE,
        FIELD_YOUNGER, /* a double, absent in files of versions that did not know it */
        FIELD_COUNT,
        FIELD_BOOL,
};
struct evidence_field {
        const char *name;
        enum field_type type;
        size_t offset;
};
extern const struct evidence_field evidence_fields[];
extern const size_t evidence_field_count;

/* Of the member "baseline" as it is hashed; -ENOMEM. */
int baseline_hash(const json_t *content, char ret[DIGEST_TEXT_MAX]);

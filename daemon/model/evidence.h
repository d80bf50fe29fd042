/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The members of struct evidence by name, so that files and the API have the same ones. */

#include "model/attribution.h"

enum evidence_type { EVIDENCE_SIZE, EVIDENCE_DOUBLE, EVIDENCE_COUNT, EVIDENCE_BOOL };

struct evidence_field {
        const char *name; /* in files */
        const char *shown; /* in the API */
        enum evidence_type type; /* EVIDENCE_COUNT: int64_t, -1 for unknown */
        size_t offset;
        bool younger; /* absent in files of versions that did not know it */
};

extern const struct evidence_field evidence_fields[];
extern const size_t evidence_field_count;

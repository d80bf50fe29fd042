/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What changed between two looks at a collection. What is unknown on either side has not changed.
 */

#include "model/epoch.h"

enum epoch_change {
        EPOCH_REPLACED = 1, /* another id: deleted and created again */
        EPOCH_SPACE = 2, /* another distance or dimension: nothing can be compared */
        EPOCH_CONFIGURATION = 4, /* other index parameters or embedding function */
        EPOCH_GREW = 8,
        EPOCH_SHRANK = 16,
        EPOCH_NEWEST = 32, /* another newest record, at whatever count */
        EPOCH_SENTINELS = 64, /* known records have other vectors, or are gone */
        EPOCH_VERSION = 128, /* a distributed server's version or log position */
};
/* Records were written or removed. */
#define EPOCH_INGEST \
        (EPOCH_REPLACED | EPOCH_GREW | EPOCH_SHRANK | EPOCH_NEWEST | EPOCH_SENTINELS | \
                EPOCH_VERSION)

/* A set of enum epoch_change. A sentinel hash is only compared when both epochs read the same
 * sentinels, which the caller ensures by setting one of them to 0 when it chose others. */
unsigned epoch_compare(const struct epoch *before, const struct epoch *after);
/* "records 311 to 340, newest record" - what changed, for a log line or a person. Appends. */
struct text;
void epoch_describe(
        unsigned changes, const struct epoch *before, const struct epoch *after, struct text *text);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the reader and the writer of a baseline's file share. Nobody else includes this. */

#include <jansson.h>

#include "digest.h"

/* {"format": 1, "sha256": HEX, "baseline": {...}}; the hash is of the member "baseline" as compact
 * JSON with sorted keys. docs/baselines.md has the rest. */
#define BASELINE_FORMAT 1

/* Of the member "baseline" as it is hashed; -ENOMEM. */
int baseline_hash(const json_t *content, char ret[DIGEST_TEXT_MAX]);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The small JSON values that every answer is made of: what is unknown is null, never 0 and never an
 * empty string. New references, NULL when memory is short. */

#include <jansson.h>
#include <stdint.h>

#include "duration.h"
#include "model/answer.h"

/* null for NULL. What is not UTF-8 - ids are bytes of a server - is replaced. */
json_t *value_string(const char *s);
/* RFC 3339; null for 0. */
json_t *value_time(usec_t t);
json_t *value_seconds(usec_t duration);
json_t *value_count(uint64_t n);
/* null for 0. */
json_t *value_count_or_null(uint64_t n);
/* null for -1. */
json_t *value_known(int64_t n);
/* Of an answer, nearest first; null for NULL. */
json_t *value_ids(const struct answer *a);
json_t *value_distances(const struct answer *a);

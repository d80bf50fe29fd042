/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Time zones by their IANA names: how far local time is from UTC, and when that changes. Read from
 * the system's files (TZif, RFC 8536) once, without the C library's localtime(), which knows one
 * zone a process. Files are somebody else's: all of them is checked. Leap seconds are not counted,
 * as in POSIX time, and files that count them ("right/") are refused. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* The largest file of tzdata has 4 KB. */
#define ZONE_SIZE_MAX 65536
#define ZONE_NAME_MAX 64
/* A file says how the years after its last change go on; that is followed to the end of this one,
 * and nobody knows so far ahead what parliaments decide. */
#define ZONE_YEAR_MAX 2199

/* NULL is UTC. */
struct zone;

/* "UTC" is NULL; "Local" is the machine's, UTC when it has none; others are below
 * /usr/share/zoneinfo. -EINVAL, -ENOENT or what reading says, with a sentence; -ENOMEM. */
_must_check_ int zone_load(const char *name, struct zone **ret, struct error *e);
/* The same of a file's bytes. -EBADMSG with a sentence, -ENOMEM. */
_must_check_ int zone_parse(const char *data, size_t size, struct zone **ret, struct error *e);
struct zone *zone_free(struct zone *z);
DEFINE_CLEANUP(struct zone *, zone_free)
/* Whether they say the same of every time. */
bool zone_equal(const struct zone *a, const struct zone *b);
/* Seconds that local time is ahead of UTC at this time, seconds since 1970. */
long zone_offset(const struct zone *z, int64_t time);
/* The first time after this one at which the file has a change, of whatever; INT64_MAX: none. */
int64_t zone_next(const struct zone *z, int64_t time);

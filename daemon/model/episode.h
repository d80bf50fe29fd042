/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What happened to a collection lately, as far as its successive views tell: when it was replaced
 * or written to, when a baseline was approved, when an incident began and ended. Plain data of
 * bounded size that goes on from view to view; it does not outlive the daemon. */

#include <stddef.h>
#include <stdint.h>

#include "duration.h"

enum episode_kind {
        EPISODE_REPLACED, /* by one with another id */
        EPISODE_CHANGED, /* answers did, although nothing was ingested */
        EPISODE_INGEST, /* records came or went */
        EPISODE_APPROVED, /* a baseline; `after` is its number */
        EPISODE_INCIDENT, /* `until` is its end, 0 while it is open */
        EPISODE_DOWN, /* replays failed; `until` as above */
        EPISODE_KIND_COUNT,
};

struct episode {
        enum episode_kind kind;
        usec_t at, until; /* wall clock; the latter 0: it has no end, or not yet */
        int64_t before, after; /* records, or a number; -1: unknown */
};

/* Older ones are forgotten. */
#define EPISODES_MAX 40
struct episodes {
        struct episode episodes[EPISODES_MAX]; /* by `at`, the oldest first */
        size_t count;
};

struct collection_view;
/* Notes in `v` what is new since `old`, whose episodes it already has; NULL: everything is. */
void episodes_note(const struct collection_view *old, struct collection_view *v);
/* "replaced", "changed", "ingest", "approved", "incident", "down": classes of the style sheet. */
const char *episode_name(enum episode_kind kind);
/* The clock was set: moves all times by as much. */
void episodes_jump(struct episodes *e, int64_t by);

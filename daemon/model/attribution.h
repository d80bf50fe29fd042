/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Why answers differ from the baseline: the most probable cause, and the counts it was read from.
 * Plain data; judge/attribution.h decides. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "macro.h"

enum cause {
        CAUSE_UNKNOWN, /* there is nothing to compare with, or the evidence could not be had */
        CAUSE_NONE,
        CAUSE_EMBEDDER,
        CAUSE_REEMBED,
        CAUSE_METRIC,
        CAUSE_GROWTH,
        CAUSE_FLOOD,
        CAUSE_REMOVED,
        CAUSE_REMOVED_TOPIC,
        CAUSE_EDIT,
        CAUSE_INDEX_LOSS,
        CAUSE_ANN_RECALL,
        CAUSE_TRANSPORT,
        CAUSE_REKEYED,
        CAUSE_REPLACED,
        CAUSE_MISPAIRED,
        CAUSE_SCALE,
        CAUSE_UNFINISHED,
        CAUSE_COUNT,
};

/* Counts behind the label, of queries and of distinct records: causes can coincide. */
struct evidence {
        size_t queries, unanswered; /* compared, and those without a full answer */
        size_t same, changed; /* records in both answers; those at another distance */
        double fit_rms; /* of d_new as an affine function of d_old over them; NaN: too few */
        bool square_root; /* d_new is the root of d_old */
        size_t holes; /* baseline records that are missing: nearer than what was returned, or found
                         gone or edited */
        size_t sampled, gone, edited, present; /* of the holes that were looked up */
        size_t kept; /* places whose distance stands in today's answer, but under another id */
        size_t places, lost; /* in the baseline's answers; of them, of records gone or edited */
        size_t words_kept,
                words_changed; /* edited records whose document begins as it did, or not */
        size_t sought, recut; /* gone records whose first words were looked for in new ones, and
                                 stand there */
        size_t renamed; /* records whose id is gone and whose vector stands under another one */
        size_t ordered, trailing; /* records of which is known when they were added, and what became
                                     of them; gone ones, if they are those that were added last */
        double scale; /* how many times as long vectors are; NaN: their length tells nothing */
        size_t unreadable; /* present ones whose vectors the server fails to read */
        size_t self_asked, self_found; /* present ones that were asked for with their own vector */
        size_t intruders; /* new records nearer than the baseline's last one */
        size_t firsts; /* queries whose first answer is a new record */
        size_t entries, near_duplicates; /* records looked at for twins, new ones that have one */
        double overdispersion; /* phi of the overlaps: 1 when losses are spread evenly; NaN */
        double overlap; /* mean overlap@k; NaN */
        double recall; /* of the places in the baseline's answers, against exact distances; NaN */
        int64_t records_before, records_after; /* -1: unknown */
        size_t embedder_compared, embedder_moved; /* queries with a fresh vector; beyond epsilon */
        double embedder_distance; /* median of 1 - cos(pinned, fresh); NaN */
        double embedder_length; /* as embedder_view.length; NaN */
        bool other_space; /* than the baseline was approved with, or another dimension */
};

struct attribution {
        enum cause cause;
        bool unfinished; /* not everything could be looked up: another cause is possible */
        struct evidence evidence;
};

/* CAUSE_UNKNOWN, nothing counted, unknown numbers. */
void attribution_init(struct attribution *a);
/* "NONE", "EMBEDDER", …; NULL for CAUSE_UNKNOWN. */
const char *cause_name(enum cause cause);
/* -ENOENT for a name that is none. */
_must_check_ int cause_parse(const char *name, enum cause *ret);
/* What happened, and what to do about it, whatever records it cost: one static sentence each.
 * attribution_advise() knows more. */
const char *cause_meaning(enum cause cause);
const char *cause_action(enum cause cause);
/* What to do where no query expects a record that is gone or unreachable. */
const char *cause_acceptance(enum cause cause);
/* Whether the distance itself is another, by space or by the length of vectors: then distances say
 * nothing about records. */
bool cause_is_distance(enum cause cause);
/* Whether it is a fault of the index, the transport or the distance itself, so that a baseline
 * recorded now would record the fault. */
bool cause_refuses_approval(enum cause cause);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether a collection is being written to, as far as looks at it can tell: surveys, and the
 * beginnings of replays. What an ingest does to findings is judge/finding.h's business. Records
 * that were there before it and are not yet again may still come: a collection that has fewer of
 * them stands still in the middle of an ingest, while what embeds them is at work. */

#include "duration.h"
#include "judge/epoch.h"

struct collection_view;

/* A collection that has lost nothing stands still after so many looks without a change. */
#define INGEST_LOOKS 2

struct ingest {
        usec_t look; /* from one look to the next */
        usec_t grace; /* one that has lost records stands still after so long without a change */
        struct epoch seen; /* at the last look; id NULL: there is none to compare with */
        bool away; /* there was no such collection at the last look */
        int64_t before; /* records when it began; -1: unknown */
        usec_t began, changed; /* wall clock of the first and the last look that saw a change; 0:
                                  none did */
};

void ingest_init(struct ingest *i, usec_t look, usec_t grace);
void ingest_done(struct ingest *i);
/* Goes on where `old`, which is good for nothing but ingest_done() then, has come to. */
void ingest_adopt(struct ingest *i, struct ingest *old);
/* What changed since the last look, as epoch_compare(). Without memory the look is as if it had not
 * been. */
unsigned ingest_look(struct ingest *i, const struct epoch *epoch, usec_t now);
/* A look that found no such collection: it is being created again, if it was ever there. */
void ingest_look_away(struct ingest *i, usec_t now);
/* It changes at this moment, whatever looks say. */
void ingest_note(struct ingest *i, usec_t now);
/* The clock was set: moves its times by as much. */
void ingest_jump(struct ingest *i, int64_t by);
/* Somebody knows that it is over: the next look has nothing to compare with. */
void ingest_end(struct ingest *i);
bool ingest_under_way(const struct ingest *i, usec_t now);
/* It is under way, and has been for less than the grace: what is seen of the collection is no
 * sample of how it is. One that never ends hides nothing. */
bool ingest_young(const struct ingest *i, usec_t now);
/* Whether what was found in `c` at `since` may still be set right by the ingest under way. Only a
 * replay ends that: between two of them nobody knows what has become of the records. */
bool ingest_excuses(const struct collection_view *c, usec_t since, usec_t grace);
/* Wall clock from when on a replay tells what waits in `c`, whatever it sees of the ingest: past
 * for what waits for a replay alone, USEC_INFINITY when nothing waits. */
usec_t ingest_excuse_ends(const struct collection_view *c, usec_t grace);

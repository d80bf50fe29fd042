/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* When the texts of a collection are embedded afresh, and what is asked of the embedder then. Times
 * are CLOCK_BOOTTIME and parameters; it asks nobody itself. */

#include "ask/embed.h"
#include "config/config.h"
#include "watch/schedule.h"

/* An embedder that could not be asked is asked again after the first wait, doubled each time up to
 * the longest; sooner where embed_interval is shorter than the first. */
#define FRESHNESS_RETRY_MIN (30 * USEC_PER_SEC)
#define FRESHNESS_RETRY_MAX (5 * USEC_PER_MINUTE)
/* Who asks for a replay asks the embedder too, but, unless he waits, not more often than this. */
#define FRESHNESS_PAUSE USEC_PER_MINUTE

struct freshness {
        struct embed_target target; /* its arrays owned */
        struct embed_memory memory;
        struct schedule schedule;
        usec_t due; /* USEC_INFINITY: never by itself */
        usec_t asked; /* last; 0: never */
        unsigned failures; /* in a row */
        unsigned batch; /* as configured */
        unsigned repeats; /* times that it is still asked again at once */
};

/* Due at once; never without an embedder. Borrows the configuration. -ENOMEM, to be ended by
 * freshness_done() too. */
_must_check_ int freshness_init(struct freshness *f, const struct collection_config *config);
void freshness_done(struct freshness *f);
/* The next `times` - 1 answers are followed by another question at once. All but the last are asked
 * in other batches, because what a server computes may depend on them. */
void freshness_repeat(struct freshness *f, unsigned times);
/* Somebody wants to know now, or when so long has gone by since it was asked last. */
void freshness_want(struct freshness *f, usec_t now, usec_t pause);
void freshness_on_asked(struct freshness *f, usec_t now);
/* True when it is to be asked again at once. */
bool freshness_on_answered(struct freshness *f, usec_t now);
void freshness_on_failed(struct freshness *f, usec_t now);

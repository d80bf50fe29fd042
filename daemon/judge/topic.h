/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which topics of a query set something happened to: most queries of a tag moved up, or many of the
 * records that answered them are lost. By how much a single query moved is judge/drift.h's
 * business, what became of its records judge/attribution.h's. Rules and reasons are in
 * docs/detection.md. */

#include "model/view.h"

/* This share of a topic's armed queries, and at least TOPIC_MIN, make it one that moved; below half
 * of that it did not. */
#define TOPIC_SHARE 0.5

struct topic_candidate;

/* The states of a set's topics, and room to judge them. */
struct topic_watch {
        const struct topics *topics; /* borrowed */
        size_t queries;
        bool *up; /* of each topic: confirmed */
        struct portion *portions; /* of each query */
        bool *taken; /* of each query */
        struct topic_candidate *candidates; /* of each topic */
};

/* For the queries of `set`, borrowed for life; nothing is up. `*ret` needs topic_watch_done().
 * -ENOMEM. */
_must_check_ int topic_watch_init(const struct query_set *set, struct topic_watch *ret);
void topic_watch_done(struct topic_watch *w);
/* Nothing is up any more. */
void topic_watch_forget(struct topic_watch *w);
/* Takes over what is up in `old`, of another query set, by tag. */
void topic_watch_adopt(struct topic_watch *w, const struct topic_watch *old);
/* Fills in `ret->topics` by what is known of each query. The same queries give the same again. */
void topic_watch_update(
        struct topic_watch *w, const struct query_drift *queries, struct drift_view *ret);
/* Whether more than topics has moved: as large a share of the other queries as makes a set move, or
 * the topics make up more than half of it. */
bool topic_shift_is_set(const struct topic_shift *t);

/* The topics that `look` saw move up, without queries that are known to fail. */
void topics_moved(const struct collection_view *c, enum topic_look look, struct topic_list *ret);
/* The topics of which TOPIC_MIN queries or more have lost places in the baseline's answers, and all
 * together more than the share `limit` of them; queries that are known to fail left out. -ENOMEM.
 */
_must_check_ int topics_lost(const struct collection_view *c, double limit, struct topic_list *ret);

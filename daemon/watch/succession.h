/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From the watches of one configuration to those of the next. A collection that did not change goes
 * on as it is. What the dossier of another one becomes - under its new configuration, or compared
 * with its new baseline - takes long where there are many queries: the worker makes it, of what its
 * watch lends, while all other collections are watched. What is left over is freed by the worker,
 * too. */

#include "watch/approvals.h"
#include "watch/surroundings.h"
#include "watch/watches.h"

/* A watch whose dossier becomes another, and what that is made of. */
struct heir {
        struct watch *watch, *old; /* the same where only the baseline is another; `old` NULL: the
                                      collection was not watched before */
        struct dossier *from; /* lent by `old` */
        struct approval *approval; /* what is new of its baseline; NULL: nothing */
        struct dossier *dossier; /* made */
        int adopted; /* dossier_adopt() */
};

struct succession {
        struct config *config; /* the next one; NULL: that in use */
        struct teller *teller;
        struct surroundings *surroundings;
        struct watches watches; /* its; those that are new have no dossier before the end */
        struct heir *heirs;
        size_t heir_count;
        int result; /* of the work */
        /* Left over at the end. */
        struct dossier **dossiers;
        size_t dossier_count;
        struct query_set **query_sets;
        struct vector_set **vector_sets;
        size_t set_count; /* of either, which may be NULL */
};

/* What the new watches work with; all borrowed for their life. */
struct succession_owners {
        sd_event *event;
        struct http_client *client;
        const struct watch_owner *owner;
        const struct surroundings_owner *surroundings_owner;
        struct teller *teller;
};

/* Zeroed before; takes `config`, NULL: that in use goes on. `approvals` is used until the end, when
 * an item that was used up is marked as taken. Nothing is asked of collections that change, or
 * whose baseline does, and alerts are told as the next configuration has it, from now on. 1, or 0
 * when there is nothing to work at; after a failure, -ENOMEM, succession_cancel() is due. */
_must_check_ int succession_begin(struct succession *s, const struct succession_owners *owners,
        struct config *config, const struct watches *before, struct approvals *approvals);
/* For the worker; the loop leaves the heirs alone meanwhile, and sets no clock in dossiers. */
void succession_work(void *job);
/* Nothing was done, because something failed: everything goes on as before, under `config` (NULL:
 * there was none). */
void succession_cancel(
        struct succession *s, const struct config *config, const struct watches *before);
/* Configuration, watches and surroundings become the next ones. Nobody waits for and nothing is
 * told of collections without a successor. What is left of the old ones is freed, but for what
 * takes long. */
void succession_end(struct succession *s, struct config **config, struct watches *watches,
        struct surroundings **surroundings, struct waiters *waiters);
/* For the worker, after that: frees the rest. */
void succession_dispose(void *job);
/* At any time, when nobody works: the end of it. `watches` are those in use. */
void succession_done(struct succession *s, const struct watches *watches);

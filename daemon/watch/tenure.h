/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The lease at work: looks at its file when lease.h wants to, lets what it says out and in, and
 * calls when it is had or lost. What is told to whom is the owner's business. Without a lease
 * everybody tells. */

#include <systemd/sd-event.h>

#include "config/config.h"
#include "tell/ledger.h"

struct tenure;

struct tenure_owner {
        /* Of which alerts people were told, all that is known to have reached them. -ENOMEM. */
        int (*told)(struct ledger *ret, void *userdata);
        /* The same of the one who tells; takes it. Only while this one does not. */
        void (*learnt)(struct ledger *ledger, void *userdata);
        void (*turned)(void *turner); /* tenure_tells() is another now */
        void *userdata, *turner;
};

/* Takes a reference of `event` and borrows `owner` for life. -ENOMEM. */
_must_check_ int tenure_new(sd_event *event, const struct tenure_owner *owner, struct tenure **ret);
/* Gives up what it holds, for which it waits a second at most. */
struct tenure *tenure_free(struct tenure *t);
/* Another lease, or none, from now on; the same one goes on. The
 * owner knows. -ENOMEM: as it was. */
_must_check_ int tenure_configure(struct tenure *t, const struct lease_config *config);
/* Whether this daemon tells receivers. NULL has no lease. */
bool tenure_tells(const struct tenure *t);
/* Whether there is a lease, and who holds it as far as is known; "" for nobody. */
bool tenure_leased(const struct tenure *t);
const char *tenure_holder(const struct tenure *t);
/* Why the file could not be looked at last, a sentence; NULL when it could. */
const char *tenure_error(const struct tenure *t);

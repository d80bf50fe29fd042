/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is new of a collection's baseline - another one, or that it cannot be read - until its
 * dossier can take it: what is under way borrows from the baseline before. It reads no file. */

#include "watch/dossier.h"

struct renewal {
        struct baseline *baseline; /* to be compared with, NULL for none … */
        bool set; /* … where there is such news */
        char *refusal; /* why the one after that cannot be read; NULL */
        uint64_t signature; /* of the file behind the last news, for the caller */
};

/* Another one; takes a reference. What was refused before is so no more. */
void renewal_set(struct renewal *r, struct baseline *baseline, uint64_t signature);
/* There is one that cannot be read: that before stays. -ENOMEM: there is no such news. */
_must_check_ int renewal_refuse(struct renewal *r, const char *error, uint64_t signature);
bool renewal_waits(const struct renewal *r);
/* Gives the news to the dossier, which has them all then or, with -ENOMEM, some. */
_must_check_ int renewal_apply(struct renewal *r, struct dossier *d);
/* Moves everything out of `from`. */
void renewal_adopt(struct renewal *r, struct renewal *from);
void renewal_done(struct renewal *r);

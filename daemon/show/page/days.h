/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The share of a collection's queries that passed on each of the last days, read off their
 * histories: looked at every few hours, so that it costs the same however long these are. */

#include "model/view.h"
#include "text.h"

#define DAYS 7 /* as long as histories are kept unless somebody says otherwise */

/* `hit` of `all` judged ones on each day, in UTC, the last of which is that of `now`; all 0 where
 * nothing was judged. A query that is known to fail counts only where it passed. */
void days_count(const struct collection_view *c, usec_t now, struct portion ret[DAYS]);
/* A small drawing of it, with words for who does not see it; nothing where nothing was judged. */
void days_append(struct text *text, const struct collection_view *c, usec_t now);

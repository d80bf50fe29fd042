/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What there is beside the collections on the page: those of a server that nobody watches, those
 * that other daemons do, who tells people, and what they are not told of, or not yet. */

#include "model/view.h"
#include "text.h"

/* A line each; nothing where there is nothing. */
void beside_server(struct text *t, const struct server_view *s);
void beside_shard(struct text *t, const struct view *v);
void beside_lease(struct text *t, const struct view *v);
/* Of which collections nobody is told what was found yet, and why. */
void beside_waiting(struct text *t, const struct view *v);
/* The alerts that flap, of which nobody is told any more. */
void beside_flapping(struct text *t, const struct view *v);
/* The silences that hold now, the one that ends last first: until when, by whom, what and why. */
void beside_silences(struct text *t, const struct view *v, usec_t now);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What there is beside the collections on the page: those of a server that nobody watches, those
 * that other daemons do, and who tells people. */

#include "model/view.h"
#include "text.h"

/* A line each; nothing where there is nothing. */
void beside_server(struct text *t, const struct server_view *s);
void beside_shard(struct text *t, const struct view *v);
void beside_lease(struct text *t, const struct view *v);

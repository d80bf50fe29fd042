/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A collection's queries as a table: its filter, its rows, the way to the next ones. */

#include "show/page/frame.h"

void listing_append(const struct page *p, const struct collection_view *c);
/* "rank 3", "not found" or a dash: where the expected record stood. */
void listing_append_rank(struct text *t, const struct query *q, const struct judgement *v);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One query: what it asks and expects, how far its answers were over time, what answered then and
 * what answers now, and what is known of the cause. */

#include "show/page/frame.h"

/* `query` is its index in the set. */
unsigned one_render(const struct page *p, const struct collection_view *c, size_t query);

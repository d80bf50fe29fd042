/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What happened to a collection, in the order in which it did, the last first. */

#include "show/page/frame.h"

void timeline_append(const struct page *p, const struct collection_view *c);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The last replay of each collection: when, for how long, how it ended and why; and how often, for
 * which reasons, others failed. */

#include "show/page/frame.h"

unsigned replays_render(const struct page *p);

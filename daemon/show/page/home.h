/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The first document: how everything is in a few words, then the incidents with what is known of
 * them, then the collections, worst first. Everything leads to where there is more. */

#include "show/page/frame.h"

unsigned home_render(const struct page *p);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The versions of a collection's baseline as a list: which there are, which is in force, and who
 * approved each when and why. */

#include "model/baseline.h"
#include "text.h"

/* `versions` ascending; `approved` and `candidate` NULL where there is none. Text is a table, JSON
 * one object a collection. */
void versions_render(const char *collection, struct baseline *const *versions, size_t count,
        const struct baseline *approved, const struct baseline *candidate, bool json,
        struct text *text);

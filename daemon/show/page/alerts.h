/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Alerts as a table: those that are pending, fire, or were lately resolved. */

#include "show/page/frame.h"

/* Of one incident, or all of them with NULL. */
void alerts_append(const struct page *p, const char *incident);

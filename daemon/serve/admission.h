/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether a request may do what its route is for: how many may come at all, who sent it, what he
 * may do, and where nobody has to say who he is, whether it looks like somebody else's (guard.h).
 * It comes before anything is told, that there is no such path included. */

#include "serve/exchange.h"

/* False after it said why not. */
bool admission_allows(struct exchange *x, enum scope scope);

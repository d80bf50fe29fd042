/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What there is at which path, what it takes to come in, and who answers: one table. What only
 * shows is rendered here, from the published view; what changes something is handed to the loop. */

#include "serve/exchange.h"

/* Answers, or says why not; once for each request, when all of it is here. */
void routes_dispatch(struct exchange *x, const char *path, const char *method);
/* The answer to a request that waited, for the loop or for the press. */
void routes_answer(struct exchange *x);

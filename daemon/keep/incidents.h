/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The incidents that people are shown, open ones and lately resolved ones, as rows of a state. */

#include "keep/state.h"
#include "model/view.h"

/* All of them, in place of those before. -ENOMEM. */
_must_check_ int incidents_put(
        struct state *s, const struct incident_view *incidents, size_t count);
/* A new array, of INCIDENTS_KEPT_MAX at most; rows that are none are counted, as by state_each().
 */
#define INCIDENTS_KEPT_MAX 10000
_must_check_ int incidents_restore(struct state *s, struct incident_view **ret, size_t *ret_count,
        size_t *refused, struct error *e);

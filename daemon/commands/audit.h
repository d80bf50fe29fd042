/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* `check --audit`: what search returned in the round, against the true neighbours of every query.
 * One collection after the other, because each takes the processor for itself. */

#include "commands/round.h"
#include "show/gate/check.h"

/* Audits each of the round's collections that answered; `ret` has round->count places. A collection
 * that could not be audited says why. */
_must_check_ int audit_round(const struct round *round, struct check_audit *ret);
void audits_done(struct check_audit *audits, size_t count);

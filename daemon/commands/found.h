/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the queries of a round that do not pass found, with the first words of the documents: a
 * person who reads why the gate is closed wants to see it. Only the worst are looked into. */

#include "commands/round.h"
#include "model/baseline.h"

/* `*ret`, one of each collection, NULL where every query passes or none was answered; it needs
 * found_done(). What cannot be read is told, and without words. -ENOMEM. */
_must_check_ int found_round(const struct round *r, struct baseline ***ret);
void found_done(struct baseline **found, size_t count);

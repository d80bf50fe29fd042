/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A message as an HTML page for an e-mail: small, in light and dark, legible where a reader ignores
 * the style, and with nothing that is loaded from anywhere. Pure. */

#include "tell/message.h"

/* Appends it in about `max` bytes: the worst queries give way first, from the last, then what
 * speaks for the causes. */
void letter_append(const struct message *m, size_t max, struct text *t);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The loop's answers to requests that another thread handed over, as JSON. What they say is their
 * callers' business. */

#include "serve/handover.h"
#include "text.h"

/* Both take the command; with 500 instead where memory is short. */
void reply(struct command *c, unsigned status, struct text *body);
void reply_error(struct command *c, unsigned status, const char *sentence);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `driftwatch baseline` is made of, where it is more than one file: each function is one of
 * its words and returns the exit status. */

#include "commands/command.h"
#include "config/config.h"
#include "keep/baselines.h"
#include "text.h"

int baseline_propose(const struct options *options);
int baseline_list(const struct options *options);
int baseline_rollback(const struct options *options);

/* What these words share. `act` for each chosen collection; the worst exit status. */
int baseline_each(const struct options *options,
        int (*act)(const struct options *options, const struct collection_config *c));
/* Negative, and a sentence on stderr, when there is none that can be used, unless it is `optional`
 * and not there: `*ret` stays NULL then. */
_must_check_ int baseline_load(const struct options *options, const char *label,
        enum baseline_kind kind, bool optional, struct baseline **ret);
/* Whether --by and --reason say who decides and why; a sentence on stderr when not. */
bool baseline_signed(const struct options *options, const char *word);
/* Makes it approved by them, now. -ENOMEM. */
_must_check_ int baseline_sign(struct baseline *b, const struct options *options);
/* To stdout; exit status. */
int baseline_print(const struct options *options, const struct text *text);

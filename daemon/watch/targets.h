/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a collection's configuration means for those who ask about it: where it is, with how many
 * results, in which batches. What changes from one time to the next - vectors, sentinels - is
 * filled in when it is asked. */

#include "ask/lookup.h"
#include "ask/probe.h"
#include "ask/replay.h"
#include "ask/survey.h"
#include "config/config.h"

struct targets {
        struct replay_target replay;
        struct survey_target survey;
        struct probe_target probe;
        struct lookup_target lookup;
};

/* Borrows from the configuration. */
struct targets targets_of(const struct collection_config *c);

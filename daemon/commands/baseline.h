/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `driftwatch baseline` is made of, where it is more than one file: each function is one of
 * its words and returns the exit status. */

#include "commands/command.h"

int baseline_propose(const struct options *options);

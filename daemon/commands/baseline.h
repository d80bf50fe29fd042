/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The words after `driftwatch baseline`, each as an exit status. */

#include "commands/command.h"

int baseline_propose(const struct options *options);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What this process can say about itself: the numbers behind the standard process_* metrics. */

#include "show/metrics/metrics.h"

/* Reads /proc/self (which also works below ProcSubset=pid). What cannot be read is -1. The start
 * time is derived from the present wall clock and so moves with it: take the first one. */
void process_read(struct process_metrics *ret);

/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/baselines.h"

/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/attribution.h"

/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/epoch.h"

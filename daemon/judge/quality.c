/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/quality.h"

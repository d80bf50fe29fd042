/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/similarity.h"

/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/knn.h"

/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/records.h"

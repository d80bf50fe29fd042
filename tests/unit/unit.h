/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What every unit test includes before anything else: cmocka wants these headers first. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "macro.h"

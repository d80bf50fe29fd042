/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who is told, whether that works and why not, what was given up, what is silenced, and the alerts
 * behind it. */

#include "show/page/frame.h"

unsigned notifications_render(const struct page *p);

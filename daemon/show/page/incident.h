/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An incident: how it stands with people, what may be done about it, its evidence, its alerts, and
 * what happened before it. */

#include "show/page/frame.h"

/* The open one of this id, else the last that was resolved; NULL. */
const struct incident_view *incident_find(const struct view *v, const char *id);
unsigned incident_render(const struct page *p, const struct incident_view *i);

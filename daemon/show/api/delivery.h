/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* /api/v1/notifications: where people are told, whether that works, and what was given up. */

#include <jansson.h>

#include "model/view.h"

/* {"destinations": [...], "lost": [...]}. New reference, NULL when memory is short. */
json_t *delivery_json(const struct view *view);

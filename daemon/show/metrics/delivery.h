/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The metrics of the way out: how many notifications went where, what waits, and which destinations
 * cannot be relied on. Each function but the first is a row's in metrics.c; a receiver may have
 * several channels of one kind to one peer, which are one series. */

#include "model/view.h"
#include "show/metrics/exposition.h"

/* Whether both are one series. */
bool delivery_same(const struct channel_view *a, const struct channel_view *b);
/* Whether an earlier channel of the view is the same series. */
bool delivery_seen_before(const struct view *view, size_t i);
void delivery_notifications(struct exposition *x, const struct view *view);
void delivery_queue_length(struct exposition *x, const struct view *view);
/* When the one that waits longest was queued; absent where none waits. */
void delivery_oldest(struct exposition *x, const struct view *view);
void delivery_failing(struct exposition *x, const struct view *view);
void delivery_disabled(struct exposition *x, const struct view *view);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Content negotiation of /metrics, as Prometheus's own client library does it (common/expfmt
 * NegotiateIncludingOpenMetrics), and of gzip. Pure; hostile headers only ever lead to the default.
 */

#include <stdbool.h>

enum exposition_format { EXPOSITION_TEXT, EXPOSITION_OPENMETRICS };

/* The first supported clause by descending q (ties: as listed); text 0.0.4 when nothing fits or
 * `accept` is NULL. */
enum exposition_format accept_exposition(const char *accept);
/* Whether gzip may be used: named with q > 0, or `*` so and gzip not refused. */
bool accept_gzip(const char *accept_encoding);
/* The exact Content-Type of the format. */
const char *exposition_content_type(enum exposition_format format);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The responses of /metrics, rendered once and then served by reference for as long as they are
 * true: until another view is published, and for SCRAPE_AGE_USEC at most, because process_* change
 * by themselves. One thread only. */

#include <microhttpd.h>
#include <stdbool.h>

#include "model/view.h"
#include "show/metrics.h"

/* Nobody needs the same number more than once a second. */
#define SCRAPE_AGE_USEC USEC_PER_SEC

struct scrape_format {
        struct MHD_Response *plain, *gzip; /* NULL until somebody asks */
        const char *data; /* the bytes of `plain`, which owns them */
        size_t size;
};

struct scrape {
        struct view *view; /* a reference, so that no other view can get this address */
        usec_t rendered; /* monotonic */
        struct process_metrics process;
        double start_time_seconds; /* of the process, as first computed */
        bool started; /* the line above is set */
        struct scrape_format formats[2];
};

/* The response in the format, compressed when `gzip` is set and memory allows. Borrowed: valid
 * until the next call. NULL when memory is short. `view` is borrowed. `now` is monotonic. */
struct MHD_Response *scrape_response(
        struct scrape *s, struct view *view, enum exposition_format format, bool gzip, usec_t now);
void scrape_done(struct scrape *s);

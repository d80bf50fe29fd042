/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The responses of /metrics. What a view yields is rendered, and packed, once for as long as no
 * other view is published; what the process says of itself, which changes all the time, is added to
 * it at most every SCRAPE_AGE_USEC, and the whole served by reference in between. One thread only.
 */

#include <microhttpd.h>
#include <stdbool.h>

#include "model/view.h"
#include "serve/gzip.h"
#include "show/metrics/metrics.h"

/* Nobody needs the same number more than once a second. */
#define SCRAPE_AGE_USEC USEC_PER_SEC

struct scrape_format {
        struct text page; /* of the view; empty until somebody asks */
        struct gzip_piece packed; /* the same */
        struct MHD_Response *plain,
                *gzip; /* with what the process says; NULL until somebody asks */
};

struct scrape {
        struct view *view; /* a reference, so that no other view can get this address */
        usec_t read; /* when the process was read; monotonic */
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

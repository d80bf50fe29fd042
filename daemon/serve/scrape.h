/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The responses of /metrics. What a view yields is kept in fragments, and so are their compressed
 * forms: when a view is new, only what is new in it is written and packed. What the process says of
 * itself, which changes all the time, is added at most every SCRAPE_AGE_USEC, and the whole served
 * by reference in between. One thread only. */

#include <microhttpd.h>
#include <stdbool.h>

#include "serve/gzip.h"
#include "serve/web_config.h"
#include "show/metrics/fragment.h"

/* Nobody needs the same number more than once a second. */
#define SCRAPE_AGE_USEC USEC_PER_SEC

struct scrape_format {
        struct unit *units; /* the packed page but for the process; NULL until somebody asks */
        size_t unit_count;
        uint64_t version; /* of the fragments that they were packed from */
        size_t size; /* of the last plain page */
        struct MHD_Response *plain, *gzip; /* the whole; NULL until somebody asks */
};

struct scrape {
        struct fragments fragments;
        struct web_config *web; /* a reference: whose headers the responses have; NULL */
        usec_t read; /* when the process was read; monotonic */
        struct process_metrics process;
        double start_time_seconds; /* of the process, as first computed */
        bool started; /* the line above is set */
        struct scrape_format formats[2];
        struct text spare; /* the memory of a plain page that has been sent, for the next one */
};

/* The responses from now on have the headers of this configuration; NULL: of none. */
void scrape_dress(struct scrape *s, struct web_config *web);
/* The response in the format, compressed when `gzip` is set and memory allows. Borrowed: valid
 * until the next call. NULL when memory is short. `view` is borrowed. `now` is monotonic. */
struct MHD_Response *scrape_response(
        struct scrape *s, struct view *view, enum exposition_format format, bool gzip, usec_t now);
/* To be called when an answer has been sent: frees what nobody needs any more. */
void scrape_tidy(struct scrape *s);
/* After all responses were sent or given up. */
void scrape_done(struct scrape *s);

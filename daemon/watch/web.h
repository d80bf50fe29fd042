/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The doors of the daemon and their lock: opened once, and the web configuration as it is followed
 * from then on - read with the configuration, at a reload, and by itself once one of its files is
 * another, so that a renewed certificate needs nobody. A file that cannot be used changes nothing.
 * What a request may do is serve/admission.h's business. */

#include <systemd/sd-event.h>

#include "config/web.h"
#include "serve/doors.h"

/* How often it is looked whether files have changed. */
#define WEB_LOOK_PAUSE (5 * USEC_PER_SEC)

struct web {
        const char *path; /* of the file; NULL: there is none */
        struct handover *handover;
        struct doors doors;
        sd_event_source *timer; /* a second's */
        struct web_config *read; /* that waits to be published */
        struct web_files files; /* in use */
        struct web_files read_files;
        usec_t look_due; /* monotonic */
};

struct web_options {
        const char *config_file; /* NULL or empty: there is none */
        const char *const *addresses;
        size_t address_count;
        bool systemd_socket; /* there must be sockets that the service manager passed */
};

/* Reads the file, complaining as web_load(); without one this does nothing. What is read is in use
 * from web_publish() on, which comes with the rest of a configuration. */
_must_check_ int web_read(struct web *w, struct errors *errors);
void web_publish(struct web *w);
/* Opens the doors with what was published; errors are logged. */
_must_check_ int web_open(struct web *w, sd_event *event, const struct web_options *options);
void web_done(struct web *w);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The runbook, docs/runbook.md, as documents of the page's style: one for each of its sections and
 * one that leads to them. They are part of the program, because whoever is called at night may have
 * nothing else. Written by runbook.py. */

#include <stddef.h>

struct runbook_page {
        const char *name; /* of an alert or a cause, in lower case; "": what leads to them */
        const char *etag; /* with its quotes */
        const unsigned char *data; /* size, and a NUL */
        size_t size;
};
extern const struct runbook_page runbook_pages[];
extern const size_t runbook_page_count;

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The page as HTTP has it: parameters of a request become a document or an update of it, and what a
 * document links to is served for ever under its name. */

#include <microhttpd.h>

#include "serve/leaf.h"

/* What belongs to a body. All strings are static. */
struct pages_head {
        unsigned status;
        const char *type, *policy, *cache, *etag; /* the last two NULL where there is none */
        bool once; /* it is some time until who asked asks again: nothing is kept open for it */
};

/* The document that the request asks for; with the header Driftwatch-Have, JSON with what differs
 * from the versions in it, or 304 where If-None-Match is the document's. 500: memory is short. */
struct pages_head pages_document(struct leaves *l, const struct view *view,
        struct MHD_Connection *connection, struct text *body);
/* The style sheet or script of this name; 404 where there is none. */
struct pages_head pages_asset(
        struct MHD_Connection *connection, const char *name, struct text *body);

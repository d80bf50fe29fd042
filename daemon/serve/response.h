/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A response of libmicrohttpd with the headers that every answer of ours has: its type, and what
 * keeps a browser from guessing, embedding, caching or telling others. */

#include <microhttpd.h>
#include <stddef.h>

struct response_header {
        const char *name, *value; /* a NULL value is left out */
};

/* Takes `body` (malloc), also on failure. `policy` is its Content-Security-Policy, NULL: nothing is
 * allowed; `cache` its Cache-Control, NULL: it is not stored. `extra` ends with a NULL name. NULL
 * when memory is short. */
struct MHD_Response *response_new(char *body, size_t size, const char *content_type,
        const char *policy, const char *cache, const struct response_header *extra);
#define response_headers(...) ((const struct response_header[]){__VA_ARGS__, {NULL, NULL}})
#define RESPONSE_TYPE_TEXT "text/plain; charset=utf-8"
#define RESPONSE_TYPE_HTML "text/html; charset=utf-8"
#define RESPONSE_TYPE_JSON "application/json"
/* What never changes under its name. */
#define RESPONSE_CACHE_FOR_EVER "public, max-age=31536000, immutable"
/* What the page may do: our own style, script and forms. What the report may: its inline style. */
#define RESPONSE_POLICY_PAGE \
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; " \
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
#define RESPONSE_POLICY_REPORT \
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; " \
        "form-action 'none'; frame-ancestors 'none'"
/* A page that asks: its own inline style, and one form, which leads back to it. */
#define RESPONSE_POLICY_FORM \
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; " \
        "frame-ancestors 'none'"

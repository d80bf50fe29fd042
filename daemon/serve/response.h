/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A response of libmicrohttpd with the headers that every answer of ours has: its type, what keeps
 * a browser from guessing, embedding, caching or telling others, and what the web configuration
 * adds, which wins. */

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "serve/print.h"
#include "serve/web_config.h"

struct response_header {
        const char *name, *value; /* a NULL value is left out */
};

struct response_head {
        const char *content_type;
        const char *policy; /* Content-Security-Policy; NULL: nothing is allowed */
        const char *cache; /* Cache-Control; NULL: it is not stored */
        const struct web_config *web; /* NULL: it adds nothing */
        const struct response_header *extra; /* ends with a NULL name */
};

/* Takes `body` (malloc), also on failure. NULL when memory is short. */
struct MHD_Response *response_new(char *body, size_t size, const struct response_head *head);
/* A body that its owner keeps until `done` is called, which happens on failure, too. */
struct MHD_Response *response_lent(void *body, size_t size, void (*done)(void *owner), void *owner,
        const struct response_head *head);
/* The body of a print, or with `packed` what it is as gzip, without a copy. */
struct MHD_Response *response_of(
        struct print *print, bool packed, const struct response_head *head);
#define response_headers(...) ((const struct response_header[]){__VA_ARGS__, {NULL, NULL}})
#define RESPONSE_TYPE_TEXT "text/plain; charset=utf-8"
#define RESPONSE_TYPE_HTML "text/html; charset=utf-8"
#define RESPONSE_TYPE_JSON "application/json"
/* What never changes under its name. */
#define RESPONSE_CACHE_FOR_EVER "public, max-age=31536000, immutable"
/* What another version of the program may say otherwise. */
#define RESPONSE_CACHE_ASK "no-cache"
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

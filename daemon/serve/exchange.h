/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One request while the web thread works on it: what was asked, what it may use, and the answer as
 * it grows. It finds nothing out and sends nothing; that is routes.h's and http_server.h's. */

#include <microhttpd.h>
#include <stdbool.h>

#include "serve/leaf.h"
#include "serve/login.h"
#include "serve/press.h"
#include "serve/request.h"
#include "serve/scrape.h"
#include "serve/throttle.h"
#include "serve/web_config.h"
#include "show/api/api.h"

/* What requests of one server use; only its web thread does, where they do not say otherwise. */
struct services {
        struct handover *handover; /* borrowed; any thread */
        struct press *press; /* owned by the server */
        struct waiting waiting;
        struct scrape scrape;
        struct leaves leaves;
        struct login login;
        usec_t rate; /* of all requests: the configuration's rate_limit, as throttle.h counts */
};

struct exchange {
        struct services *services;
        struct MHD_Connection *connection;
        struct request *request;
        struct web_config *web; /* borrowed; NULL: there is no file */
        const struct api_route *api;
        const char *subject; /* of the path; NULL */
        bool json; /* errors are told in the API's envelope */
        bool link; /* it is one that acknowledges: answers are pages */
        bool deferred; /* somebody else answers */

        unsigned status;
        const char *type;
        const char *policy; /* Content-Security-Policy; NULL: nothing is allowed */
        const char *cache, *etag; /* NULL: it is not stored */
        const char *allow; /* of 405 */
        const char *challenge; /* WWW-Authenticate, of 401 */
        unsigned retry_seconds; /* Retry-After, of 429; 0: none */
        bool once; /* the connection is closed after it: it is some time until the next request */
        struct text body;
        struct MHD_Response *shared; /* instead of the body; borrowed */
};

/* Answers with one sentence, in the envelope where the path is the API's. */
void exchange_say(struct exchange *x, unsigned status, const char *sentence);
/* NULL when absent. Valid until the request ends. */
const char *exchange_header(const struct exchange *x, const char *name);
const char *exchange_argument(const struct exchange *x, const char *name);
/* A new reference; NULL after it said that there is nothing to show yet. */
struct view *exchange_view(struct exchange *x);
/* Whether path and arguments are UTF-8; said when not. */
bool exchange_arguments_valid(struct exchange *x);
/* Gives memory back after a large body: the document that it was made from was some times larger,
 * in small pieces. */
void exchange_give_back(const struct exchange *x);

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/response.h"

#include <stdbool.h>
#include <stdlib.h>

#include "macro.h"

#define POLICY_NOTHING "default-src 'none'; frame-ancestors 'none'"

static bool add_headers(struct MHD_Response *response, const struct response_header *headers)
{
        for (; headers->name; headers++)
                if (headers->value &&
                        MHD_add_response_header(response, headers->name, headers->value) != MHD_YES)
                        return false;
        return true;
}

struct MHD_Response *response_new(char *body, size_t size, const char *content_type,
        const char *policy, const char *cache, const struct response_header *extra)
{
        /* Without a referrer the origin of the page's forms would be "null", which is nobody's. */
        const char *referrer = streq(policy, RESPONSE_POLICY_PAGE) ? "same-origin" : "no-referrer";
        const struct response_header *common =
                response_headers({MHD_HTTP_HEADER_CONTENT_TYPE, content_type},
                        {MHD_HTTP_HEADER_CACHE_CONTROL, cache ? cache : "no-store"},
                        {"Content-Security-Policy", policy ? policy : POLICY_NOTHING},
                        {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", referrer});
        struct MHD_Response *response;

        response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
        if (!response) {
                free(body);
                return NULL;
        }
        if (!add_headers(response, common) || !add_headers(response, extra)) {
                MHD_destroy_response(response);
                return NULL;
        }
        return response;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/response.h"

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

/* What the administrator set, else ours; one of each. */
static bool add_configured(struct MHD_Response *response, const struct response_head *head)
{
        const char *const ours[WEB_HEADERS] = {
                head->policy ? head->policy : POLICY_NOTHING, NULL, "nosniff", NULL, NULL};
        struct response_header headers[WEB_HEADERS + 1] = {0};

        for (size_t i = 0; i < WEB_HEADERS; i++)
                headers[i] = (struct response_header){web_header_names[i],
                        head->web && head->web->headers[i] ? head->web->headers[i] : ours[i]};
        return add_headers(response, headers);
}

/* Frees the response on failure. */
static struct MHD_Response *complete(
        struct MHD_Response *response, const struct response_head *head)
{
        /* Without a referrer the origin of the page's forms would be "null", which is nobody's. */
        const bool asks = streq(head->policy, RESPONSE_POLICY_PAGE);

        if (!response)
                return NULL;
        if (add_headers(response,
                    response_headers({MHD_HTTP_HEADER_CONTENT_TYPE, head->content_type},
                            {MHD_HTTP_HEADER_CACHE_CONTROL, head->cache ? head->cache : "no-store"},
                            {"Referrer-Policy", asks ? "same-origin" : "no-referrer"})) &&
                add_configured(response, head) && add_headers(response, head->extra))
                return response;
        MHD_destroy_response(response);
        return NULL;
}

struct MHD_Response *response_new(char *body, size_t size, const struct response_head *head)
{
        struct MHD_Response *response =
                MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);

        if (!response)
                free(body);
        return complete(response, head);
}

struct MHD_Response *response_lent(void *body, size_t size, void (*done)(void *owner), void *owner,
        const struct response_head *head)
{
        struct MHD_Response *response =
                MHD_create_response_from_buffer_with_free_callback_cls(size, body, done, owner);

        if (!response)
                done(owner);
        return complete(response, head);
}

static void on_sent(void *print)
{
        print_unref(print);
}

struct MHD_Response *response_of(struct print *print, bool packed, const struct response_head *head)
{
        return response_lent(packed ? print->packed : print->body,
                packed ? print->packed_size : print->size, on_sent, print_ref(print), head);
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One exchange as libcurl's easy handle: what peer and request mean in its options, what its
 * results mean in ours. Private to http_client.c, which moves it through the loop; the only two
 * files that know libcurl. */

#include <curl/curl.h>
#include <sys/queue.h>

#include "ask/http_client.h"
#include "text.h"

struct http_transfer {
        /* http_client's */
        struct http_client *client; /* NULL from the moment its callback is due */
        LIST_ENTRY(http_transfer) siblings;
        bool broken; /* its multi handle failed */
        http_done_t done;
        void *userdata;

        CURL *easy; /* NULL once taken back by the client */
        const struct http_peer *peer;
        const struct http_request *request;
        struct curl_slist *headers;
        struct curl_slist *connect_to;
        char *host; /* "127.0.0.1:8000" */
        char *where; /* for messages: that, and which proxy is on the way */
        char *url; /* as http_url_shown(); NULL where it is a secret */
        struct text body;
        char *content_type; /* of the answer; NULL */
        size_t headers_size;
        bool no_memory; /* for the body */
        char detail[CURL_ERROR_SIZE]; /* libcurl's own words */
};

/* The result of an exchange that was lost with its multi handle; no other ends with this code. */
#define HTTP_TRANSFER_BROKEN CURLE_FAILED_INIT

/* A configured transfer that belongs to no client yet. Takes `easy` on success only. -EINVAL when
 * the URL or a header is not acceptable, -ENOMEM. */
_must_check_ int http_transfer_new(CURL *easy, const char *user_agent, const struct http_peer *peer,
        const struct http_request *request, struct http_transfer **ret);
struct http_transfer *http_transfer_free(struct http_transfer *t);
DEFINE_CLEANUP(struct http_transfer *, http_transfer_free)
/* What the exchange came to. `ret` points into the transfer, its `error` at `*ret_sentence`, which
 * the caller frees. */
void http_transfer_result(
        struct http_transfer *t, CURLcode code, struct http_response *ret, char **ret_sentence);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One exchange as libcurl's easy handle: what peer and request mean in its options, what its
 * results mean in ours. Private to http_client.c, which moves it through the loop; with
 * http_failure.c the only files that know libcurl. */

#include <curl/curl.h>
#include <sys/queue.h>

#include "ask/http_client.h"
#include "ask/lane.h"
#include "ask/smtp.h"
#include "text.h"

/* A response with more header bytes than this comes from something that is not an API. */
#define HTTP_TRANSFER_HEADERS_MAX (256U << 10)

/* Any error is one of memory: the options themselves are all in libcurl 7.88. */
#define TRANSFER_SET(easy, option, value) \
        do { \
                if (curl_easy_setopt(easy, option, value) != CURLE_OK) \
                        return -ENOMEM; \
        } while (0)

struct http_transfer {
        /* http_client's */
        struct http_client *client; /* NULL from the moment its callback is due */
        LIST_ENTRY(http_transfer) siblings;
        enum {
                WAITING,
                GOING,
                BROKEN
        } state; /* BROKEN: it could not begin, or its multi handle
                    failed */
        struct ticket ticket;
        usec_t joined, begun; /* monotonic; `begun` 0: not yet */
        int obstacle; /* why it could not begin; 0 */
        http_done_t done;
        void *userdata;

        CURL *easy; /* NULL before it begins and once taken back by the client */
        const struct http_peer *peer;
        const struct http_request *request;
        struct curl_slist *headers;
        struct curl_slist *connect_to;
        char *host; /* "127.0.0.1:8000" */
        char *where; /* for messages: that, and which proxy is on the way */
        char *url; /* as http_url_shown(); NULL where it is a secret */
        struct text body; /* with a sink its beginning */
        size_t received; /* of the body */
        int refused; /* what the sink said to it; 0 */
        char *content_type; /* of the answer; NULL */
        size_t headers_size;
        bool header_ended; /* with the empty line; that of a 100 Continue begins another */
        bool no_memory; /* for the body */
        struct smtp smtp; /* of a mail, as the next two */
        struct curl_slist *recipients;
        size_t sent; /* of the message */
        curl_socket_t socket; /* that libcurl waits for; CURL_SOCKET_BAD: none */
        char detail[CURL_ERROR_SIZE]; /* libcurl's own words */
};

static inline struct http_transfer *http_transfer_of(struct ticket *ticket)
{
        return (struct http_transfer *)((char *)ticket - offsetof(struct http_transfer, ticket));
}

/* The result of an exchange that was lost with its multi handle; no other ends with this code. */
#define HTTP_TRANSFER_BROKEN CURLE_FAILED_INIT

/* Configures it for its peer and request, as they are now; before that it is cheap to keep. Takes
 * `easy` on success only. -EINVAL when the URL or a header is not acceptable, -ENOMEM. */
_must_check_ int http_transfer_prepare(struct http_transfer *t, CURL *easy, const char *user_agent);
/* In milliseconds, what stands for 0 included. */
long http_transfer_timeout(const struct http_peer *peer);
long http_transfer_connect_timeout(const struct http_peer *peer);
struct http_transfer *http_transfer_free(struct http_transfer *t);
DEFINE_CLEANUP(struct http_transfer *, http_transfer_free)
/* What the exchange came to. `ret` points into the transfer, its `error` at `*ret_sentence`, which
 * the caller frees. */
void http_transfer_result(
        struct http_transfer *t, CURLcode code, struct http_response *ret, char **ret_sentence);

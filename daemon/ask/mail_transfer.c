/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/mail_transfer.h"

#include <errno.h>
#include <sys/socket.h>

/* libcurl waits for the answer to QUIT, and the whole loop with it; a server that never answers it
 * stopped the loop for two minutes with libcurl 7.88.1: a_silent_server_does_not_stop_the_loop().
 * When all is decided nothing is read any more, so that there is nothing to wait for, and QUIT is
 * still sent. */
static void stop_reading(struct http_transfer *t)
{
        if (t->socket != CURL_SOCKET_BAD)
                (void)shutdown(t->socket, SHUT_RD);
}

/* libcurl calls this for each line that the server sends. */
static size_t on_line(char *data, size_t size, size_t count, void *userdata)
{
        struct http_transfer *t = userdata;

        bool too_much;

        t->headers_size += size * count;
        too_much = t->headers_size > HTTP_TRANSFER_HEADERS_MAX;
        smtp_take(&t->smtp, data, size * count);
        if (t->smtp.over || too_much)
                stop_reading(t);
        return too_much ? 0 : size * count;
}

/* Connected, encrypted and authenticated: MAIL comes next. */
static int on_ready(void *userdata, char *address, char *local_address, int port, int local_port)
{
        struct http_transfer *t = userdata;

        smtp_begin(&t->smtp);
        return CURL_PREREQFUNC_OK;
}

static size_t on_read(char *buffer, size_t size, size_t count, void *userdata)
{
        struct http_transfer *t = userdata;
        size_t n = MIN(size * count, t->request->body_size - t->sent);

        memcpy(buffer, t->request->body + t->sent, n);
        t->sent += n;
        return n;
}

static int add_recipients(struct http_transfer *t)
{
        for (char *const *to = t->request->envelope->to; *to; to++) {
                struct curl_slist *more = curl_slist_append(t->recipients, *to);

                if (!more)
                        return -ENOMEM;
                t->recipients = more;
        }
        return 0;
}

int mail_transfer_configure(struct http_transfer *t)
{
        const struct http_peer *peer = t->peer;
        int r = add_recipients(t);

        if (r < 0)
                return r;
        t->smtp.recipients = t->request->envelope->to;
        t->header_ended = true; /* lines have no end but each its own */
        TRANSFER_SET(t->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        TRANSFER_SET(t->easy, CURLOPT_MAIL_FROM, t->request->envelope->from);
        TRANSFER_SET(t->easy, CURLOPT_MAIL_RCPT, t->recipients);
        TRANSFER_SET(t->easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
        TRANSFER_SET(t->easy, CURLOPT_UPLOAD, 1L);
        TRANSFER_SET(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->request->body_size);
        TRANSFER_SET(t->easy, CURLOPT_READFUNCTION, on_read);
        TRANSFER_SET(t->easy, CURLOPT_READDATA, t);
        TRANSFER_SET(t->easy, CURLOPT_HEADERFUNCTION, on_line);
        TRANSFER_SET(t->easy, CURLOPT_PREREQFUNCTION, on_ready);
        TRANSFER_SET(t->easy, CURLOPT_PREREQDATA, t);
        TRANSFER_SET(t->easy, CURLOPT_USE_SSL,
                (long)(peer->plaintext ? CURLUSESSL_TRY : CURLUSESSL_ALL));
        /* Should it wait for an answer to QUIT after all: 120 s by default. */
        TRANSFER_SET(t->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                (http_transfer_timeout(peer) + 999) / 1000);
        /* Servers close what is idle, and libcurl would find out by failing. */
        TRANSFER_SET(t->easy, CURLOPT_FORBID_REUSE, 1L);
        if (peer->user && peer->secret) {
                TRANSFER_SET(t->easy, CURLOPT_USERNAME, peer->user);
                TRANSFER_SET(t->easy, CURLOPT_PASSWORD, secret_value(peer->secret));
                /* Others ask for more than a password, or are tried in vain first. */
                TRANSFER_SET(t->easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
        }
        return 0;
}

bool mail_transfer_decided(const struct http_transfer *t, CURLcode code)
{
        bool refused = t->smtp.status >= 400 && t->smtp.status <= 599;

        /* What libcurl calls it when a greeting, EHLO or AUTH is refused. */
        return t->smtp.over ||
                (refused &&
                        (code == CURLE_LOGIN_DENIED || code == CURLE_WEIRD_SERVER_REPLY ||
                                code == CURLE_REMOTE_ACCESS_DENIED));
}

void mail_transfer_result(struct http_transfer *t, struct http_response *ret)
{
        struct text *body = &t->body;

        ret->mail = true;
        ret->status = t->smtp.status;
        text_clear(body);
        if (ret->status >= 200 && ret->status <= 299)
                smtp_append_refused(&t->smtp, body);
        else
                text_append(body, text_string(&t->smtp.words));
}

void mail_transfer_done(struct http_transfer *t)
{
        curl_slist_free_all(t->recipients);
        smtp_done(&t->smtp);
}

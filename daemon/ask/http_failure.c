/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/http_failure.h"

#include <errno.h>
#include <stdio.h>

/* How each of libcurl's results is told. The sentence is `before`, host and port, `after` and,
 * where libcurl knows more than we do, its own words. */
static const struct failure {
        CURLcode code;
        int result;
        const char *before, *after;
        bool detail;
} failures[] = {
        {CURLE_UNSUPPORTED_PROTOCOL, -EPROTO, "", " did not answer with HTTP", true},
        {CURLE_WEIRD_SERVER_REPLY, -EPROTO, "", " did not answer with HTTP", true},
        {CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH, "the name of ", " was not resolved", false},
        {CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH, "the name of the proxy was not resolved: ", "",
                false},
        {CURLE_COULDNT_CONNECT, -ECONNREFUSED, "no connection to ", "", true},
        {CURLE_GOT_NOTHING, -ECONNRESET, "", " closed the connection without an answer", false},
        {CURLE_BAD_CONTENT_ENCODING, -EBADMSG, "the Content-Encoding of the answer of ",
                " cannot be undone", true},
        {CURLE_PARTIAL_FILE, -ECONNRESET, "",
                " closed the connection before its answer was complete", false},
        {CURLE_SEND_ERROR, -EPROTO, "the request could not be sent to ", "", true},
        {CURLE_RECV_ERROR, -EPROTO, "the answer of ", " could not be read", true},
        {CURLE_SSL_CONNECT_ERROR, -EPROTO, "TLS handshake with ", " failed", true},
        {CURLE_SSL_ISSUER_ERROR, -EPROTO, "certificate of ", " is not trusted", true},
        {CURLE_SSL_INVALIDCERTSTATUS, -EPROTO, "certificate of ", " is not trusted", true},
        {CURLE_SSL_CACERT_BADFILE, -EPROTO, "ca_file for ", " cannot be used", true},
        {CURLE_SSL_CERTPROBLEM, -EPROTO, "client certificate for ", " cannot be used", true},
        {CURLE_SSL_CLIENTCERT, -EPROTO, "", " demands a client certificate", true},
        {CURLE_SSL_CIPHER, -EPROTO, "TLS handshake with ", " failed", true},
        {CURLE_ABORTED_BY_CALLBACK, -ECANCELED, "exchange with ", " was cancelled", false},
        {CURLE_OUT_OF_MEMORY, -ENOMEM, "out of memory in the exchange with ", "", false},
        {HTTP_TRANSFER_BROKEN, -EIO, "exchange with ",
                " was lost when the HTTP client had to restart", false},
        {CURL_LAST, -EIO, "exchange with ", " failed", true},
};

/* Of a mail otherwise. */
static const struct failure mail_failures[] = {
        {CURLE_WEIRD_SERVER_REPLY, -EPROTO, "", " did not answer with SMTP", true},
        {CURLE_USE_SSL_FAILED, -EPROTO, "", " offers no encryption, so that nothing was sent",
                true},
        {CURLE_LOGIN_DENIED, -EACCES, "", " takes neither PLAIN nor LOGIN as authentication", true},
        {CURLE_SEND_ERROR, -ECONNRESET, "the mail could not be sent to ", "", true},
        {CURLE_RECV_ERROR, -ECONNRESET, "", " closed the connection before it took the mail", true},
};

/* When the socket itself failed, its errno says more than libcurl's result. */
static const struct socket_failure {
        int error, result;
        const char *before, *after;
} socket_failures[] = {
        {ECONNREFUSED, -ECONNREFUSED, "connection to ", " refused"},
        {EHOSTUNREACH, -EHOSTUNREACH, "no route to ", ""},
        {ENETUNREACH, -EHOSTUNREACH, "no route to ", ""},
        {ETIMEDOUT, -ETIMEDOUT, "", " no longer answers"},
        {ECONNRESET, -ECONNRESET, "", " reset the connection"},
        {ECONNABORTED, -ECONNRESET, "", " reset the connection"},
        {EPIPE, -ECONNRESET, "", " closed the connection"},
};

/* What is wrong with a certificate, by the result of the TLS library that libcurl uses. */
static const struct mistrust {
        bool gnutls; /* a bit of gnutls_certificate_status_t; else an X509_V_ERR of OpenSSL */
        long result;
        const char *after;
} mistrusts[] = {
        {true, 1L << 10, " has expired"},
        {true, 1L << 9, " is not valid yet: is the clock of this machine right?"},
        {true, 1L << 5, " was revoked"},
        {true, 1L << 6,
                " is not trusted: nobody that this machine, or `ca_file`, trusts has signed it"},
        {false, 10, " has expired"},
        {false, 9, " is not valid yet: is the clock of this machine right?"},
        {false, 23, " was revoked"},
        {false, 18, " is not trusted: it is signed by itself"},
        {false, 19,
                " is not trusted: nobody that this machine, or `ca_file`, trusts has signed it"},
        {false, 20,
                " is not trusted: nobody that this machine, or `ca_file`, trusts has signed it"},
        {false, 62, " is another host's"},
};

static bool is_mistrust(const struct mistrust *m, bool gnutls, long result)
{
        return m->gnutls == gnutls && (gnutls ? (m->result & result) != 0 : m->result == result);
}

/* With a certificate in order it is the name that differs, and libcurl says which. */
static const char *mistrust_text(const struct http_transfer *t)
{
        const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;
        bool gnutls = library && strncmp(library, "GnuTLS", strlen("GnuTLS")) == 0;
        long result = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &result);
        for (size_t i = 0; i < ARRAY_SIZE(mistrusts); i++)
                if (is_mistrust(&mistrusts[i], gnutls, result))
                        return mistrusts[i].after;
        return result == 0 ? " is another host's" : " is not trusted";
}

static int describe_mistrust(const struct http_transfer *t, char **ret_sentence)
{
        if (asprintf(ret_sentence, "certificate of %s%s: %s", t->host, mistrust_text(t),
                    *t->detail ? t->detail : curl_easy_strerror(CURLE_PEER_FAILED_VERIFICATION)) <
                0)
                *ret_sentence = NULL;
        return -EPROTO;
}

static char *timeout_sentence(const struct http_transfer *t)
{
        long total = http_transfer_timeout(t->peer);
        long connect = http_transfer_connect_timeout(t->peer);
        char buffer[DURATION_TEXT_MAX];
        curl_off_t pretransfer = 0;
        char *sentence;

        /* With a mail server much is said before the transfer, as libcurl sees it. */
        (void)curl_easy_getinfo(t->easy,
                t->request->envelope ? CURLINFO_CONNECT_TIME_T : CURLINFO_PRETRANSFER_TIME_T,
                &pretransfer);
        if (pretransfer > 0)
                connect = total;
        (void)duration_format(buffer, sizeof(buffer), (usec_t)MIN(total, connect) * USEC_PER_MSEC);
        if (asprintf(&sentence,
                    pretransfer == 0              ? "no connection to %s within %s"
                            : t->headers_size > 0 ? "no complete answer from %s within %s"
                                                  : "no answer from %s within %s",
                    t->where, buffer) < 0)
                return NULL;
        return sentence;
}

/* Our own callbacks, or CURLOPT_MAXFILESIZE, ended it. */
static int describe_refusal(const struct http_transfer *t, char **ret_sentence)
{
        const struct http_sink *sink = t->request->sink;
        int r;

        if (t->refused < 0)
                r = asprintf(ret_sentence, "the answer of %s: %s", t->where,
                        error_text(&sink->complaint, t->refused));
        else if (t->no_memory)
                r = asprintf(ret_sentence, "out of memory for the answer of %s", t->where);
        else if (t->headers_size > HTTP_TRANSFER_HEADERS_MAX)
                r = asprintf(ret_sentence, "the header of the answer of %s is larger than %u bytes",
                        t->where, HTTP_TRANSFER_HEADERS_MAX);
        else
                r = asprintf(ret_sentence, "the answer of %s is larger than %zu bytes", t->where,
                        t->request->response_limit);
        if (r < 0)
                *ret_sentence = NULL;
        if (t->refused < 0)
                return t->refused;
        return t->no_memory ? -ENOMEM : -EMSGSIZE;
}

/* Of a line that is too long. libcurl has it since 8.6, its older headers do not; 7.88 calls that a
 * lack of memory, shows nothing of the line and says no more, so that the two cannot be told apart.
 */
#define TOO_LARGE 100 /* CURLE_TOO_LARGE */

static bool is_unread_header(const struct http_transfer *t, CURLcode code)
{
        curl_off_t started = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_STARTTRANSFER_TIME_T, &started);
        return ((int)code == TOO_LARGE || code == CURLE_OUT_OF_MEMORY) && started > 0 &&
                !t->header_ended;
}

static int describe_unread_header(const struct http_transfer *t, CURLcode code, char **ret_sentence)
{
        if (asprintf(ret_sentence,
                    "the header of the answer of %s cannot be read: a line of it is longer than %d "
                    "bytes%s",
                    t->where, CURL_MAX_HTTP_HEADER,
                    code == CURLE_OUT_OF_MEMORY ? ", or memory is short" : "") < 0)
                *ret_sentence = NULL;
        return -EMSGSIZE;
}

static int describe_socket_failure(const struct http_transfer *t, char **ret_sentence)
{
        long error = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
        for (size_t i = 0; i < ARRAY_SIZE(socket_failures); i++) {
                const struct socket_failure *f = &socket_failures[i];

                if (f->error != error)
                        continue;
                if (asprintf(ret_sentence, "%s%s%s", f->before, t->where, f->after) < 0)
                        *ret_sentence = NULL;
                return f->result;
        }
        return 0;
}

static const struct failure *find_failure(const struct http_transfer *t, CURLcode code)
{
        const struct failure *f = failures;

        for (size_t i = 0; t->request->envelope && i < ARRAY_SIZE(mail_failures); i++)
                if (mail_failures[i].code == code)
                        return &mail_failures[i];
        while (f->code != code && f->code != CURL_LAST)
                f++;
        return f;
}

int http_failure_describe(const struct http_transfer *t, CURLcode code, char **ret_sentence)
{
        const struct failure *f;
        int r;

        if (code == CURLE_OPERATION_TIMEDOUT) {
                *ret_sentence = timeout_sentence(t);
                return -ETIMEDOUT;
        }
        if (code == CURLE_PEER_FAILED_VERIFICATION)
                return describe_mistrust(t, ret_sentence);
        if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED)
                return describe_refusal(t, ret_sentence);
        if (is_unread_header(t, code))
                return describe_unread_header(t, code, ret_sentence);
        if (code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR) {
                r = describe_socket_failure(t, ret_sentence);
                if (r < 0)
                        return r;
        }
        f = find_failure(t, code);
        r = asprintf(ret_sentence, "%s%s%s%s%s", f->before, t->where, f->after,
                f->detail ? ": " : "",
                !f->detail           ? ""
                        : *t->detail ? t->detail
                                     : curl_easy_strerror(code));
        if (r < 0)
                *ret_sentence = NULL;
        return f->result;
}

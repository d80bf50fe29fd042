/* SPDX-License-Identifier: Apache-2.0 */

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "../unit/a_secret.h"
#include "ask/http_client.h"
#include "clock.h"
#include "fake_server.h"
#include "file.h"

/* Long enough for a loaded machine under valgrind; a test that expects a timeout sets its own. */
#define PATIENCE (30 * USEC_PER_SEC)

struct fixture {
        sd_event *event;
        struct http_client *client;
        struct fake_server *server;
        struct http_peer peer;
        struct http_request request;
};

/* What one exchange came to. */
struct outcome {
        unsigned calls;
        int result;
        unsigned status;
        char *body, *error, *url;
        size_t body_size;
        usec_t duration, waited, retry_after;
        struct fixture *fixture;
        struct http_transfer *transfer;
        void (*then)(struct outcome *o);
        struct outcome *sibling;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        assert_true(sd_event_new(&f->event) >= 0);
        assert_int_equal(http_client_new(f->event, "driftwatch/0", &f->client), 0);
        f->server = fake_server_new(f->event, f);
        f->peer.url = strdup(fake_server_url(f->server));
        f->peer.timeout_usec = f->peer.connect_timeout_usec = PATIENCE;
        f->request.method = "GET";
        f->request.path = strdup("/x");
        f->request.response_limit = 1000;
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        (void)http_client_free(f->client);
        (void)fake_server_free(f->server);
        (void)sd_event_unref(f->event);
        http_peer_done(&f->peer);
        http_request_done(&f->request);
        free(f);
        return 0;
}

static void outcome_done(struct outcome *o)
{
        free(o->body);
        free(o->error);
        free(o->url);
}
#define _cleanup_outcome_ _cleanup_(outcome_done)

static void on_done(const struct http_response *response, void *userdata)
{
        struct outcome *o = userdata;

        o->calls++;
        o->result = response->result;
        o->status = response->status;
        o->duration = response->duration_usec;
        o->waited = response->waited_usec;
        o->retry_after = response->retry_after_usec;
        outcome_done(o);
        o->body_size = response->body_size;
        o->body = calloc(1, response->body_size + 1);
        memcpy(o->body, response->body, response->body_size + 1);
        o->error = response->error ? strdup(response->error) : NULL;
        o->url = response->url ? strdup(response->url) : NULL;
        if (o->then)
                o->then(o);
}

static bool is_done(void *userdata)
{
        return ((struct outcome *)userdata)->calls > 0;
}

static void submit(struct fixture *f, struct outcome *o)
{
        o->fixture = f;
        assert_int_equal(
                http_client_submit(f->client, &f->peer, &f->request, on_done, o, &o->transfer), 0);
        assert_int_equal(o->calls, 0);
}

static void wait_for(struct fixture *f, struct outcome *o)
{
        assert_true(fake_run_until(f->event, is_done, o));
        assert_int_equal(o->calls, 1);
}

static void exchange(struct fixture *f, struct outcome *o)
{
        submit(f, o);
        wait_for(f, o);
}

static const struct fake_step always_ok[] = {FAKE(READ), FAKE_JSON(200, "[1]"), FAKE(AGAIN)};
static const struct fake_step wait_then_ok[] = {
        FAKE(READ), FAKE(WAIT), FAKE_JSON(200, "[2]"), FAKE(AGAIN)};
static const struct fake_step silent[] = {FAKE(END)};

static bool one_waits(void *userdata)
{
        return fake_server_waiting(userdata) == 1;
}

static bool two_wait(void *userdata)
{
        return fake_server_waiting(userdata) == 2;
}

static bool eight_wait(void *userdata)
{
        return fake_server_waiting(userdata) == 8;
}

static bool none_waits(void *userdata)
{
        return fake_server_waiting(userdata) == 0;
}

static bool none_open(void *userdata)
{
        return fake_server_open(userdata) == 0;
}

static void connections_are_kept(void **state)
{
        struct fixture *f = *state;

        fake_server_script(f->server, always_ok);
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_outcome_ struct outcome o = {0};

                exchange(f, &o);
                assert_int_equal(o.result, 0);
                assert_int_equal(o.status, 200);
                assert_string_equal(o.body, "[1]");
                assert_int_equal(o.body_size, 3);
                assert_null(o.error);
                assert_true(o.duration > 0);
                assert_int_equal(o.retry_after, 0);
        }
        assert_int_equal(fake_server_requests(f->server), 3);
        assert_int_equal(fake_server_connections(f->server), 1);
}

/* A kept connection that the server closed meanwhile costs a new one, not an error. */
static void closed_connections_are_replaced(void **state)
{
        static const struct fake_step once[] = {FAKE(READ), FAKE_JSON(200, "[]"), FAKE(CLOSE)};
        struct fixture *f = *state;

        fake_server_script(f->server, once);
        for (unsigned i = 1; i <= 3; i++) {
                _cleanup_outcome_ struct outcome o = {0};

                exchange(f, &o);
                assert_int_equal(o.result, 0);
                assert_int_equal(fake_server_connections(f->server), i);
        }
}

static void sends_exactly_these_bytes(void **state)
{
        static char *const team[] = {(char *)"X-Team: search", (char *)"x-empty: ", NULL};
        static char *const own[] = {
                (char *)"accept: text/plain", (char *)"CONTENT-TYPE: application/x", NULL};
        static const struct {
                const char *method, *path, *body, *secret_header, *secret;
                char *const *headers;
                const char *head; /* what follows the Host header */
                const char *before; /* what precedes User-Agent */
        } cases[] = {
                {"GET", "/a%2Fb?c=d", NULL, NULL, NULL, NULL,
                        "Accept: application/json\r\nAccept-Encoding: identity\r\n\r\n", ""},
                {"GET", "/a/../b/./c", NULL, NULL, NULL, NULL,
                        "Accept: application/json\r\nAccept-Encoding: identity\r\n\r\n", ""},
                {"GET", "", NULL, NULL, NULL, NULL,
                        "Accept: application/json\r\nAccept-Encoding: identity\r\n\r\n", ""},
                {"GET", "/h", NULL, NULL, NULL, team,
                        "X-Team: search\r\nx-empty:\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n\r\n",
                        ""},
                {"POST", "/p", "{\"a\":1}", "Authorization: Bearer ", "t0ken", NULL,
                        "Accept: application/json\r\nAccept-Encoding: identity\r\nContent-Type: application/json\r\n"
                        "Authorization: Bearer t0ken\r\nContent-Length: 7\r\n\r\n",
                        ""},
                {"POST", "/p", NULL, "X-Chroma-Token: ", "t0ken", NULL,
                        "Accept: application/json\r\nAccept-Encoding: identity\r\nContent-Type: application/json\r\n"
                        "X-Chroma-Token: t0ken\r\nContent-Length: 0\r\n\r\n",
                        ""},
                {"POST", "/p", "{}", NULL, "me:pa:ss", own,
                        "accept: text/plain\r\nCONTENT-TYPE: application/x\r\n"
                        "Accept-Encoding: identity\r\nContent-Length: 2\r\n\r\n",
                        "Authorization: Basic bWU6cGE6c3M=\r\n"},
                {"PUT", "/p", "{}", NULL, NULL, NULL,
                        "Accept: application/json\r\nAccept-Encoding: identity\r\nContent-Type: application/json\r\n"
                        "Content-Length: 2\r\n\r\n",
                        ""},
                {"DELETE", "/p", NULL, NULL, NULL, NULL,
                        "Accept: application/json\r\nAccept-Encoding: identity\r\n\r\n", ""},
                {"HEAD", "/p", NULL, NULL, NULL, NULL,
                        "Accept: application/json\r\nAccept-Encoding: identity\r\n\r\n", ""},
        };
        static const struct fake_step nothing[] = {
                FAKE(READ), FAKE_RAW("HTTP/1.1 204 No Content\r\n\r\n"), FAKE(AGAIN)};
        struct fixture *f = *state;

        fake_server_script(f->server, nothing);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct http_peer peer = {.url = f->peer.url,
                        .headers = (char **)cases[i].headers,
                        .secret = a_secret(cases[i].secret),
                        .secret_header = (char *)cases[i].secret_header,
                        .timeout_usec = PATIENCE};
                struct http_request request = {.method = cases[i].method,
                        .path = (char *)cases[i].path,
                        .body = (char *)cases[i].body,
                        .body_size = cases[i].body ? strlen(cases[i].body) : 0,
                        .response_limit = 10};
                _cleanup_outcome_ struct outcome o = {0};
                _cleanup_text_ struct text head = {0};
                const struct fake_request *got;

                assert_int_equal(
                        http_client_submit(f->client, &peer, &request, on_done, &o, NULL), 0);
                wait_for(f, &o);
                secret_unref(peer.secret);
                assert_int_equal(o.result, 0);
                assert_int_equal(o.status, 204);
                assert_int_equal(o.body_size, 0);
                got = fake_server_request(f->server, i);
                text_appendf(&head,
                        "%s %s%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%sUser-Agent: driftwatch/0\r\n%s",
                        cases[i].method, *cases[i].path == '/' ? "" : "/", cases[i].path,
                        fake_server_port(f->server), cases[i].before, cases[i].head);
                assert_string_equal(got->head, head.data);
                assert_string_equal(got->body, cases[i].body ? cases[i].body : "");
        }
        assert_int_equal(fake_server_connections(f->server), 1);
}

static void says_what_it_asked_without_secrets(void **state)
{
        static const struct fake_step nothing[] = {
                FAKE(READ), FAKE_RAW("HTTP/1.1 204 No Content\r\n\r\n"), FAKE(AGAIN)};
        struct fixture *f = *state;
        _cleanup_free_ char *address = strdup(fake_server_url(f->server) + strlen("http://"));
        _cleanup_free_ char *shown = NULL, *url = NULL;
        struct http_peer peer = {.timeout_usec = PATIENCE};
        _cleanup_outcome_ struct outcome o = {0}, token = {0}, secret = {0};

        fake_server_script(f->server, nothing);
        assert_true(asprintf(&url, "http://me:pw@%s/a?key=s3cret&b", address) > 0);
        peer.url = url;
        f->request.path[0] = '\0';
        assert_int_equal(http_client_submit(f->client, &peer, &f->request, on_done, &o, NULL), 0);
        wait_for(f, &o);
        assert_true(asprintf(&shown, "http://%s/a?key=...&b", address) > 0);
        assert_string_equal(o.url, shown);
        /* One that is a secret, by a part of it or itself, is not shown at all. */
        f->request.path_is_secret = true;
        assert_int_equal(
                http_client_submit(f->client, &peer, &f->request, on_done, &token, NULL), 0);
        wait_for(f, &token);
        assert_int_equal(token.status, 204);
        assert_null(token.url);
        f->request.path_is_secret = false;
        peer.secret_url = a_secret(url);
        peer.url = (char *)"http://127.0.0.1:1";
        assert_int_equal(
                http_client_submit(f->client, &peer, &f->request, on_done, &secret, NULL), 0);
        wait_for(f, &secret);
        secret_unref(peer.secret_url);
        assert_int_equal(secret.status, 204);
        assert_null(secret.url);
}

static void write_secret(const char *path, const char *value)
{
        _cleanup_error_ struct error e = {0};

        assert_int_equal(file_replace(path, value, strlen(value), &e), 0);
}

/* The secret of the last request. */
static char *exchange_secret(struct fixture *f)
{
        _cleanup_outcome_ struct outcome o = {0};

        exchange(f, &o);
        return fake_request_header(
                fake_server_request(f->server, fake_server_requests(f->server) - 1), "api-key");
}

static void a_rotated_secret_is_sent(void **state)
{
        struct fixture *f = *state;
        char path[] = "/tmp/driftwatch-secret-XXXXXX";
        _cleanup_free_ char *first = NULL, *sent = NULL;
        usec_t deadline = clock_usec(CLOCK_MONOTONIC) + PATIENCE;
        int fd = mkstemp(path);

        assert_true(fd >= 0);
        close(fd);
        fake_server_script(f->server, always_ok);
        write_secret(path, "first");
        f->peer.secret_header = strdup("api-key: ");
        assert_int_equal(secret_new(path, any_secret, &f->peer.secret, NULL), 0);
        first = exchange_secret(f);
        assert_string_equal(first, "first");
        write_secret(path, "second");
        while (!streq(sent, "second")) {
                assert_true(clock_usec(CLOCK_MONOTONIC) < deadline);
                free(sent);
                sent = exchange_secret(f);
        }
        /* Without its file it stays. */
        unlink(path);
        deadline = clock_usec(CLOCK_MONOTONIC) + SECRET_LOOK_INTERVAL * 3 / 2;
        while (clock_usec(CLOCK_MONOTONIC) < deadline) {
                free(sent);
                sent = exchange_secret(f);
                assert_string_equal(sent, "second");
        }
}

/* Requests go to the proxy with the whole URL; over TLS it is asked for a tunnel. */
static void a_proxy_is_used_where_it_is_configured(void **state)
{
        static const struct fake_step nothing[] = {
                FAKE(READ), FAKE_RAW("HTTP/1.1 204 No Content\r\n\r\n"), FAKE(AGAIN)};
        static const struct fake_step no_tunnel[] = {FAKE(READ),
                FAKE_RAW("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), FAKE(AGAIN)};
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome plain = {0}, tunnel = {0};
        _cleanup_free_ char *proxy = strdup(fake_server_url(f->server));
        const struct fake_request *got;

        fake_server_script(f->server, nothing);
        fake_server_script(f->server, no_tunnel);
        free(f->peer.url);
        f->peer.url = strdup("http://embedder.invalid:81");
        f->peer.proxy = strdup(proxy);
        f->peer.proxy_secret = a_secret("me:pass");
        submit(f, &plain);
        wait_for(f, &plain);
        assert_int_equal(plain.status, 204);
        got = fake_server_request(f->server, 0);
        assert_string_equal(got->path, "http://embedder.invalid:81/x");
        assert_non_null(strstr(got->head, "Proxy-Authorization: Basic bWU6cGFzcw==\r\n"));
        free(f->peer.url);
        f->peer.url = strdup("https://embedder.invalid:82");
        f->peer.secret = a_secret("s3cret");
        f->peer.secret_header = strdup("Authorization: Bearer ");
        submit(f, &tunnel);
        wait_for(f, &tunnel);
        got = fake_server_request(f->server, 1);
        assert_string_equal(got->method, "CONNECT");
        assert_string_equal(got->path, "embedder.invalid:82");
        assert_null(strstr(got->head, "s3cret")); /* not the proxy's business */
        assert_true(tunnel.result < 0);
        assert_non_null(strstr(tunnel.error, "embedder.invalid:82 through proxy "));
}

/* More than a megabyte is where libcurl would ask for permission first. */
static void large_bodies_go_at_once(void **state)
{
        enum { SIZE = 3 << 20 };
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome o = {0};
        _cleanup_free_ char *expect = NULL;

        fake_server_script(f->server, always_ok);
        f->request.method = "POST";
        f->request.body = malloc(SIZE);
        memset(f->request.body, 'x', SIZE);
        f->request.body_size = SIZE;
        exchange(f, &o);
        assert_int_equal(o.result, 0);
        assert_int_equal(fake_server_request(f->server, 0)->body_size, SIZE);
        assert_memory_equal(fake_server_request(f->server, 0)->body, f->request.body, SIZE);
        expect = fake_request_header(fake_server_request(f->server, 0), "Expect");
        assert_null(expect);
}

#define HEAD "HTTP/1.1 200 OK\r\n"
#define LENGTH(n) HEAD "Content-Length: " #n "\r\n\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

/* Each reads a request, sends `bytes` and then does `last`; the limit of a body is 1000 bytes. */
static const struct answer_case {
        const char *bytes;
        size_t size; /* 0: strlen */
        enum fake_action last;
        int result;
        unsigned status;
        const char *body;
        const char *error; /* a part of it, with HOST for host and port */
} answers[] = {
        /* Complete answers. */
        {LENGTH(0), 0, FAKE_AGAIN, 0, 200, "", NULL},
        {LENGTH(5) "hello", 0, FAKE_AGAIN, 0, 200, "hello", NULL},
        {HEAD "\r\nuntil the end", 0, FAKE_CLOSE, 0, 200, "until the end", NULL},
        {CHUNKED "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n", 0, FAKE_AGAIN, 0, 200,
                "abcde", NULL},
        {"HTTP/1.1 100 Continue\r\n\r\n" LENGTH(2) "ok", 0, FAKE_AGAIN, 0, 200, "ok", NULL},
        {"HTTP/1.0 200 OK\r\n\r\nold", 0, FAKE_CLOSE, 0, 200, "old", NULL},
        {"HTTP/1.1 204 No Content\r\n\r\n", 0, FAKE_AGAIN, 0, 204, "", NULL},
        {"HTTP/1.1 304 Not Modified\r\n\r\n", 0, FAKE_AGAIN, 0, 304, "", NULL},
        {"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 0, FAKE_AGAIN,
                0, 302, "", NULL},
        {"HTTP/1.1 307 T\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 4\r\n\r\nmove", 0,
                FAKE_AGAIN, 0, 307, "move", NULL},
        {"HTTP/1.1 401 U\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\nno", 0,
                FAKE_AGAIN, 0, 401, "no", NULL},
        {"HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\nboom", 0, FAKE_CLOSE, 0, 500, "boom", NULL},
        {"HTTP/1.1 999\r\nContent-Length: 0\r\n\r\n", 0, FAKE_AGAIN, 0, 999, "", NULL},
        /* Compressed unasked. */
        {HEAD "Content-Encoding: gzip\r\nContent-Length: 22\r\n\r\n"
              "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\xcf\x06\0\x47\xdd\xdc\x79\x02\0\0\0",
                sizeof(HEAD "Content-Encoding: gzip\r\nContent-Length: 22\r\n\r\n") - 1 + 22,
                FAKE_AGAIN, 0, 200, "ok", NULL},
        {HEAD "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", 0, FAKE_CLOSE, -EBADMSG, 0,
                "", "the Content-Encoding of the answer of HOST cannot be undone"},
        {HEAD "Content-Encoding: snail\r\nContent-Length: 4\r\n\r\nabcd", 0, FAKE_CLOSE, -EBADMSG,
                0, "", "the Content-Encoding of the answer of HOST cannot be undone"},
        {HEAD "Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n", 0, FAKE_AGAIN, 0, 200, "", NULL},
        /* Incomplete ones. */
        {"", 0, FAKE_CLOSE, -ECONNRESET, 0, "", "HOST closed the connection without an answer"},
        {"", 0, FAKE_RESET, -ECONNRESET, 0, "", "HOST reset the connection"},
        {LENGTH(10) "half", 0, FAKE_CLOSE, -ECONNRESET, 0, "",
                "HOST closed the connection before its answer was complete"},
        {LENGTH(10) "half", 0, FAKE_RESET, -ECONNRESET, 0, "", "HOST reset the connection"},
        {CHUNKED "5\r\nab", 0, FAKE_CLOSE, -ECONNRESET, 0, "",
                "HOST closed the connection before its answer was complete"},
        {CHUNKED "3\r\nabc\r\n", 0, FAKE_CLOSE, -ECONNRESET, 0, "", "HOST closed"},
        /* Not HTTP. */
        {"garbage, and no HTTP at all\n\n\n", 0, FAKE_CLOSE, -EPROTO, 0, "",
                "HOST did not answer with HTTP"},
        {"\x16\x03\x01\x02", 0, FAKE_CLOSE, -EPROTO, 0, "", "HOST did not answer with HTTP"},
        {"SSH-2.0-OpenSSH_9.2\r\n", 0, FAKE_CLOSE, -EPROTO, 0, "", "HOST did not answer with HTTP"},
        {"HTTP/7.3 200 OK\r\n\r\n", 0, FAKE_CLOSE, -EPROTO, 0, "", "HOST did not answer with HTTP"},
        {HEAD "Content-Length: -5\r\n\r\nabc", 0, FAKE_CLOSE, -EPROTO, 0, "",
                "HOST did not answer with HTTP"},
        {CHUNKED "zz\r\nabc\r\n", 0, FAKE_CLOSE, -EPROTO, 0, "",
                "the answer of HOST could not be read"},
        /* Too much. */
        {LENGTH(1001), 0, FAKE_END, -EMSGSIZE, 0, "",
                "the answer of HOST is larger than 1000 bytes"},
        {LENGTH(99999999999999999999), 0, FAKE_END, -EMSGSIZE, 0, "",
                "the answer of HOST is larger than 1000 bytes"},
};

static char *replace_host(const char *text, const struct fixture *f)
{
        const char *host = strstr(text, "HOST");
        char *result;

        if (!host)
                return strdup(text);
        assert_true(asprintf(&result, "%.*s127.0.0.1:%u%s", (int)(host - text), text,
                            fake_server_port(f->server), host + 4) > 0);
        return result;
}

static void reads_odd_answers(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                const struct answer_case *c = &answers[i];
                const struct fake_step script[] = {FAKE(READ),
                        {.action = FAKE_SEND, .bytes = c->bytes, .size = c->size},
                        {.action = c->last}};
                void *one;
                struct fixture *f;
                struct outcome o = {0};

                (void)setup(&one);
                f = one;
                fake_server_script(f->server, script);
                exchange(f, &o);
                if (o.result != c->result || o.status != c->status)
                        print_message("case %zu: %d %u %s\n", i, o.result, o.status, o.error);
                assert_int_equal(o.result, c->result);
                assert_int_equal(o.status, c->status);
                assert_string_equal(o.body, c->body);
                if (c->error) {
                        _cleanup_free_ char *part = replace_host(c->error, f);

                        assert_non_null(o.error);
                        if (!strstr(o.error, part))
                                print_message("case %zu: %s\n", i, o.error);
                        assert_non_null(strstr(o.error, part));
                } else {
                        assert_null(o.error);
                }
                assert_int_equal(fake_server_requests(f->server), 1);
                outcome_done(&o);
                (void)teardown(&one);
        }
}

static void bodies_may_contain_nul(void **state)
{
        static const struct fake_step script[] = {FAKE(READ),
                {.action = FAKE_ANSWER, .status = 200, .bytes = "a\0b", .size = 3}, FAKE(AGAIN)};
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome o = {0};

        fake_server_script(f->server, script);
        exchange(f, &o);
        assert_int_equal(o.body_size, 3);
        assert_memory_equal(o.body, "a\0b", 4);
}

/* Up to the limit and not a byte more, however the length is told. */
static void bodies_are_bounded(void **state)
{
        static const struct {
                size_t body, limit;
                bool length;
        } cases[] = {
                {1000, 1000, true},
                {1000, 1000, false},
                {1001, 1000, true},
                {1001, 1000, false},
                {300000, 1000, false},
                {300000, 300000, false},
                {300001, 300000, false},
                {0, 0, true},
                {0, 0, false},
                {1, 0, true},
                {1, 0, false},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *body = calloc(1, cases[i].body + 1);
                const struct fake_step with[] = {FAKE(READ),
                        {.action = FAKE_ANSWER, .status = 200, .bytes = body}, FAKE(CLOSE)};
                const struct fake_step without[] = {FAKE(READ), FAKE_RAW(HEAD "\r\n"),
                        {.action = FAKE_SEND, .bytes = body}, FAKE(CLOSE)};
                _cleanup_outcome_ struct outcome o = {0};
                bool fits = cases[i].body <= cases[i].limit;

                memset(body, 'x', cases[i].body);
                fake_server_script(f->server, cases[i].length ? with : without);
                f->request.response_limit = cases[i].limit;
                exchange(f, &o);
                assert_int_equal(o.result, fits ? 0 : -EMSGSIZE);
                assert_int_equal(o.body_size, fits ? cases[i].body : 0);
        }
}

/* Takes up to a limit, and then says what it is told to. */
struct taking {
        struct http_sink sink;
        size_t taken, limit;
        int code;
        unsigned freed;
};

static int take_some(struct http_sink *sink, const char *data, size_t size)
{
        struct taking *t = (struct taking *)sink;

        t->taken += size;
        return t->taken <= t->limit ? 0 : error_set(&sink->complaint, t->code, "I am full");
}

static void count_freed(struct http_sink *sink)
{
        struct taking *t = (struct taking *)sink;

        t->freed++;
        error_done(&sink->complaint);
}

static void a_sink_takes_what_arrives(void **state)
{
        enum { SIZE = 300000 };
        static const struct {
                unsigned status;
                size_t limit;
                int code, result;
                size_t taken, kept; /* at least; exactly */
                const char *error;
        } cases[] = {
                {200, SIZE, 0, 0, SIZE, HTTP_BEGINNING_MAX, NULL},
                {200, 1000, -EBADMSG, 0, 1001, HTTP_BEGINNING_MAX, NULL},
                {200, 1000, -EMSGSIZE, -EMSGSIZE, 1001, 0, "the answer of 127.0.0.1:"},
                {200, 1000, -ENOMEM, -ENOMEM, 1001, 0, ": I am full"},
                {500, 0, -EBADMSG, 0, 0, HTTP_ERROR_MAX, NULL},
        };
        struct fixture *f = *state;
        char *body = calloc(1, SIZE + 1);

        memset(body, 'x', SIZE);
        f->request.response_limit = SIZE;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct fake_step script[] = {FAKE(READ),
                        {.action = FAKE_ANSWER, .status = cases[i].status, .bytes = body},
                        FAKE(CLOSE)};
                struct taking t = {.sink = {.take = take_some, .free = count_freed},
                        .limit = cases[i].limit,
                        .code = cases[i].code};
                _cleanup_outcome_ struct outcome o = {0};

                fake_server_script(f->server, script);
                f->request.sink = &t.sink;
                exchange(f, &o);
                assert_int_equal(o.result, cases[i].result);
                assert_int_equal(o.status, cases[i].result == 0 ? cases[i].status : 0);
                assert_in_range(t.taken, cases[i].taken, SIZE);
                assert_true(t.taken < SIZE || cases[i].taken == SIZE);
                assert_int_equal(o.body_size, cases[i].kept);
                if (cases[i].error)
                        assert_non_null(strstr(o.error, cases[i].error));
                assert_int_equal(t.freed, 0);
                f->request.sink = NULL;
                count_freed(&t.sink);
        }
        free(body);
}

static void floods_are_bounded(void **state)
{
        static const struct {
                const char *head, *flood, *error;
        } cases[] = {
                {HEAD "\r\n", "0123456789abcdef", "the answer of"},
                {CHUNKED, "4\r\nabcd\r\n", "the answer of"},
                {HEAD, "X-Header: yes\r\n", "the header of the answer of"},
                {"", "HTTP/1.1 100 Continue\r\n\r\n", "the header of the answer of"},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct fake_step script[] = {FAKE(READ), FAKE_RAW(cases[i].head),
                        {.action = FAKE_FLOOD, .bytes = cases[i].flood}};
                _cleanup_outcome_ struct outcome o = {0};

                fake_server_script(f->server, script);
                exchange(f, &o);
                assert_int_equal(o.result, -EMSGSIZE);
                assert_non_null(strstr(o.error, cases[i].error));
                assert_true(fake_run_until(f->event, none_open, f->server));
        }
}

/* A header line without an end is refused by libcurl itself, which may call it a lack of memory. */
static void endless_lines_are_bounded(void **state)
{
        static const char *const heads[] = {HEAD "X: ", "HTTP/1.1 200 "};
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
                const struct fake_step script[] = {FAKE(READ), FAKE_RAW(heads[i]),
                        {.action = FAKE_FLOOD, .bytes = "0123456789abcdef"}};
                _cleanup_outcome_ struct outcome o = {0};
                _cleanup_free_ char *error =
                        replace_host("the header of the answer of HOST cannot be read: a line of "
                                     "it is longer than 102400 bytes",
                                f);

                fake_server_script(f->server, script);
                exchange(f, &o);
                assert_int_equal(o.result, -EMSGSIZE);
                assert_int_equal(strncmp(o.error, error, strlen(error)), 0);
        }
}

static void times_out(void **state)
{
        static const struct fake_step half[] = {FAKE(READ), FAKE_RAW(LENGTH(5) "he"), FAKE(END)};
        static const struct fake_step slow[] = {FAKE(READ),
                {.action = FAKE_TRICKLE,
                        .bytes = LENGTH(800) "0123456789012345678901234567890123456789",
                        .pause_usec = 20 * USEC_PER_MSEC},
                FAKE(END)};
        static const struct {
                const struct fake_step *script;
                const char *error;
        } cases[] = {
                {silent, "no answer from HOST within 200ms"},
                {half, "no complete answer from HOST within 200ms"},
                {slow, "HOST within 200ms"},
        };
        struct fixture *f = *state;

        f->peer.timeout_usec = 200 * USEC_PER_MSEC;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_outcome_ struct outcome o = {0};
                _cleanup_free_ char *error = replace_host(cases[i].error, f);

                fake_server_script(f->server, cases[i].script);
                exchange(f, &o);
                assert_int_equal(o.result, -ETIMEDOUT);
                assert_non_null(strstr(o.error, error));
                assert_true(o.duration >= f->peer.timeout_usec);
                /* The connection is of no more use, and the next exchange does not get it. */
                assert_true(fake_run_until(f->event, none_open, f->server));
        }
}

/* The timer of the one before wakes later or earlier than the next one's end. */
static void each_exchange_has_a_time_of_its_own(void **state)
{
        static const struct fake_step once[] = {
                FAKE(READ), FAKE_JSON(200, "[1]"), FAKE(READ), FAKE(END)};
        static const struct {
                unsigned before, milliseconds;
        } cases[] = {{20000, 150}, {300, 500}};
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_outcome_ struct outcome answered = {0}, o = {0};

                fake_server_script(f->server, once);
                f->peer.timeout_usec = cases[i].before * USEC_PER_MSEC;
                exchange(f, &answered);
                f->peer.timeout_usec = cases[i].milliseconds * USEC_PER_MSEC;
                exchange(f, &o);
                assert_int_equal(o.result, -ETIMEDOUT);
                assert_true(o.duration >= f->peer.timeout_usec);
                assert_true(o.duration < PATIENCE / 2);
        }
}

/* A listening socket whose queue is full ignores further connections. */
static void connecting_times_out(void **state)
{
        struct fixture *f = *state;
        struct sockaddr_in address = {
                .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fillers[4];
        socklen_t size = sizeof(address);
        _cleanup_outcome_ struct outcome o = {0};
        _cleanup_free_ char *error = NULL;

        assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(listener, 0), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
        for (size_t i = 0; i < ARRAY_SIZE(fillers); i++) {
                fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                (void)connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
        }
        free(f->peer.url);
        assert_true(asprintf(&f->peer.url, "http://127.0.0.1:%u", ntohs(address.sin_port)) > 0);
        assert_true(asprintf(&error, "no connection to 127.0.0.1:%u within 150ms",
                            ntohs(address.sin_port)) > 0);
        f->peer.connect_timeout_usec = 150 * USEC_PER_MSEC;
        exchange(f, &o);
        assert_int_equal(o.result, -ETIMEDOUT);
        assert_string_equal(o.error, error);
        for (size_t i = 0; i < ARRAY_SIZE(fillers); i++)
                (void)close(fillers[i]);
        (void)close(listener);
}

static void connection_refused(void **state)
{
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome o = {0};
        _cleanup_free_ char *error = replace_host("connection to HOST refused", f);
        unsigned port = fake_server_port(f->server);

        f->server = fake_server_free(f->server);
        free(f->peer.url);
        assert_true(asprintf(&f->peer.url, "http://me:secret@127.0.0.1:%u/hidden", port) > 0);
        exchange(f, &o);
        assert_int_equal(o.result, -ECONNREFUSED);
        assert_string_equal(o.error, error);
        assert_string_equal(o.body, "");
        assert_int_equal(o.status, 0);
}

static void reads_retry_after(void **state)
{
        static const struct {
                const char *header;
                usec_t usec;
        } cases[] = {
                {"Retry-After: 7\r\n", 7 * USEC_PER_SEC},
                {"retry-after: 0\r\n", 0},
                {"Retry-After: -5\r\n", 0},
                {"Retry-After: soon\r\n", 0},
                {"Retry-After: 99999999999\r\n", USEC_PER_DAY},
                {"Retry-After: 99999999999999999999\r\n", 0},
                {"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", 0},
                {"", 0},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct fake_step script[] = {FAKE(READ),
                        {.action = FAKE_ANSWER, .status = 429, .headers = cases[i].header},
                        FAKE(CLOSE)};
                _cleanup_outcome_ struct outcome o = {0};

                fake_server_script(f->server, script);
                exchange(f, &o);
                assert_int_equal(o.status, 429);
                assert_int_equal(o.retry_after, cases[i].usec);
        }
}

static void refuses_what_is_not_one_request(void **state)
{
        static char *const bad_headers[][2] = {
                {(char *)"X: y\r\nEvil: 1", NULL},
                {(char *)"X: y\n", NULL},
                {(char *)"X: y\x7f", NULL},
                {(char *)"no colon", NULL},
                {(char *)": no name", NULL},
                {(char *)"X Y: z", NULL},
                {(char *)"", NULL},
        };
        static const char *const urls[] = {"ftp://127.0.0.1", "file:///etc/passwd",
                "smtp://127.0.0.1", "", "http://", "127.0.0.1:8000:9", "http://127.0.0.1:99999",
                "http://a b", "http://127.0.0.1\r\nHost: x", "http://[::1"};
        static const char *const paths[] = {
                "/a b", "/x\r\nEvil: 1", "/x HTTP/1.1\r\n\r\nGET /y", "/\x01", "/\x7f"};
        struct fixture *f = *state;
        struct http_peer peer = {.url = f->peer.url, .timeout_usec = PATIENCE};
        struct http_request request = {.method = "GET", .path = (char *)"/", .response_limit = 10};
        struct outcome o = {0};
        struct http_transfer *transfer = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(bad_headers); i++) {
                peer.headers = (char **)bad_headers[i];
                assert_int_equal(
                        http_client_submit(f->client, &peer, &request, on_done, &o, &transfer),
                        -EINVAL);
                peer.headers = NULL;
                peer.secret = a_secret("x");
                peer.secret_header = (char *)bad_headers[i][0];
                assert_int_equal(
                        http_client_submit(f->client, &peer, &request, on_done, &o, &transfer),
                        -EINVAL);
                peer.secret = secret_unref(peer.secret);
        }
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                request.path = (char *)paths[i];
                assert_int_equal(
                        http_client_submit(f->client, &peer, &request, on_done, &o, &transfer),
                        -EINVAL);
        }
        request.path = (char *)"/";
        for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
                peer.url = (char *)urls[i];
                assert_int_equal(
                        http_client_submit(f->client, &peer, &request, on_done, &o, &transfer),
                        -EINVAL);
        }
        assert_null(transfer);
        assert_int_equal(o.calls, 0);
}

static void cancelled_transfers_are_silent(void **state)
{
        struct fixture *f = *state;
        struct outcome first = {0};
        _cleanup_outcome_ struct outcome second = {0};

        fake_server_script(f->server, wait_then_ok);
        submit(f, &first);
        assert_true(fake_run_until(f->event, one_waits, f->server));
        assert_null(http_transfer_cancel(first.transfer));
        assert_true(fake_run_until(f->event, none_open, f->server));
        fake_server_script(f->server, always_ok);
        exchange(f, &second);
        assert_int_equal(second.result, 0);
        assert_int_equal(first.calls, 0);
        assert_null(http_transfer_cancel(NULL));
}

static void cancel_before_the_loop_ran(void **state)
{
        struct fixture *f = *state;
        struct outcome first = {0};
        _cleanup_outcome_ struct outcome second = {0};

        fake_server_script(f->server, always_ok);
        submit(f, &first);
        (void)http_transfer_cancel(first.transfer);
        exchange(f, &second);
        assert_int_equal(first.calls, 0);
        assert_int_equal(fake_server_requests(f->server), 1);
}

/* Of itself it is a no-op. */
static void cancel_both(struct outcome *o)
{
        (void)http_transfer_cancel(o->transfer);
        (void)http_transfer_cancel(o->sibling->transfer);
}

static bool either_is_done(void *userdata)
{
        const struct outcome *o = userdata;

        return o->calls + o->sibling->calls > 0;
}

/* Both answers are on their way; whichever is told first silences the other. */
static void cancel_from_a_callback(void **state)
{
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome a = {.then = cancel_both}, b = {.then = cancel_both},
                                         last = {0};

        a.sibling = &b;
        b.sibling = &a;
        fake_server_script(f->server, wait_then_ok);
        fake_server_script(f->server, wait_then_ok);
        fake_server_script(f->server, always_ok);
        submit(f, &a);
        submit(f, &b);
        assert_true(fake_run_until(f->event, two_wait, f->server));
        assert_int_equal(fake_server_release(f->server), 2);
        assert_true(fake_run_until(f->event, either_is_done, &a));
        submit(f, &last);
        assert_true(fake_run_until(f->event, one_waits, f->server));
        (void)fake_server_release(f->server);
        wait_for(f, &last);
        assert_int_equal(last.result, 0);
        assert_int_equal(a.calls + b.calls, 1);
}

static void free_client(struct outcome *o)
{
        o->fixture->client = http_client_free(o->fixture->client);
}

static void free_from_a_callback(void **state)
{
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome a = {.then = free_client};
        struct outcome b = {0};

        fake_server_script(f->server, always_ok);
        fake_server_script(f->server, silent);
        submit(f, &a);
        wait_for(f, &a);
        assert_int_equal(http_client_new(f->event, "again", &f->client), 0);
        outcome_done(&a);
        a = (struct outcome){.then = free_client};
        fake_server_script(f->server, always_ok);
        submit(f, &b);
        f->peer.timeout_usec = 100 * USEC_PER_MSEC;
        submit(f, &a);
        wait_for(f, &a);
        assert_null(f->client);
        assert_int_equal(b.calls, 0);
        assert_true(fake_run_until(f->event, none_open, f->server));
}

static void free_in_flight(void **state)
{
        struct fixture *f = *state;
        struct outcome o[3] = {0};

        fake_server_script(f->server, wait_then_ok);
        fake_server_script(f->server, wait_then_ok);
        fake_server_script(f->server, silent);
        submit(f, &o[0]);
        submit(f, &o[1]);
        assert_true(fake_run_until(f->event, two_wait, f->server));
        submit(f, &o[2]);
        f->client = http_client_free(f->client);
        assert_true(fake_run_until(f->event, none_open, f->server));
        assert_int_equal(o[0].calls + o[1].calls + o[2].calls, 0);
}

static void submit_next(struct outcome *o)
{
        struct outcome *next = o + 1;

        next->fixture = o->fixture;
        assert_int_equal(http_client_submit(o->fixture->client, &o->fixture->peer,
                                 &o->fixture->request, on_done, next, &next->transfer),
                0);
}

static void submit_from_a_callback(void **state)
{
        struct fixture *f = *state;
        struct outcome o[4] = {
                {.then = submit_next}, {.then = submit_next}, {.then = submit_next}, {0}};

        fake_server_script(f->server, always_ok);
        submit(f, &o[0]);
        assert_true(fake_run_until(f->event, is_done, &o[3]));
        for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
                assert_int_equal(o[i].calls, 1);
                assert_int_equal(o[i].result, 0);
                outcome_done(&o[i]);
        }
        assert_int_equal(fake_server_connections(f->server), 1);
}

enum { CROWD = 200 };

static bool crowd_is_done(void *userdata)
{
        const struct outcome *crowd = userdata;

        for (unsigned i = 0; i < CROWD; i++)
                if (crowd[i].calls == 0)
                        return false;
        return true;
}

static bool crowd_waits(void *userdata)
{
        return fake_server_waiting(userdata) == CROWD;
}

static void many_at_once(void **state)
{
        struct fixture *f = *state;
        struct outcome *crowd = calloc(CROWD, sizeof(*crowd));

        f->peer.concurrency = CROWD;
        fake_server_script(f->server, wait_then_ok);
        for (unsigned i = 0; i < CROWD; i++)
                submit(f, &crowd[i]);
        assert_true(fake_run_until(f->event, crowd_waits, f->server));
        assert_int_equal(fake_server_release(f->server), CROWD);
        assert_true(fake_run_until(f->event, crowd_is_done, crowd));
        for (unsigned i = 0; i < CROWD; i++) {
                assert_int_equal(crowd[i].calls, 1);
                assert_int_equal(crowd[i].result, 0);
                assert_string_equal(crowd[i].body, "[2]");
                outcome_done(&crowd[i]);
        }
        free(crowd);
}

/* Servers that do not answer, with more to ask of them than may be under way in all. */
static void a_hung_server_delays_no_other(void **state)
{
        struct fixture *f = *state;
        struct fake_server *fast = fake_server_new(f->event, NULL);
        struct http_peer peer = {.url = (char *)fake_server_url(fast), .timeout_usec = PATIENCE};
        struct outcome slow = {0};

        fake_server_script(f->server, wait_then_ok);
        fake_server_script(fast, always_ok);
        for (unsigned i = 0; i < 600; i++)
                submit(f, &slow);
        assert_true(fake_run_until(f->event, eight_wait, f->server));
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_outcome_ struct outcome o = {0};

                assert_int_equal(
                        http_client_submit(f->client, &peer, &f->request, on_done, &o, NULL), 0);
                wait_for(f, &o);
                assert_string_equal(o.body, "[1]");
        }
        assert_int_equal(slow.calls, 0);
        assert_int_equal(fake_server_connections(f->server), HTTP_CONCURRENCY);
        (void)fake_server_free(fast);
}

/* Two at a time, in the order in which they came. */
static void a_peer_gets_as_many_at_a_time_as_it_takes(void **state)
{
        struct fixture *f = *state;
        struct outcome crowd[6] = {0};

        f->peer.concurrency = 2;
        fake_server_script(f->server, wait_then_ok);
        for (unsigned i = 0; i < ARRAY_SIZE(crowd); i++)
                submit(f, &crowd[i]);
        for (unsigned i = 0; i < ARRAY_SIZE(crowd); i += 2) {
                assert_true(fake_run_until(f->event, two_wait, f->server));
                assert_int_equal(fake_server_requests(f->server), i + 2);
                assert_int_equal(fake_server_release(f->server), 2);
                wait_for(f, &crowd[i]);
                wait_for(f, &crowd[i + 1]);
                for (unsigned k = i + 2; k < ARRAY_SIZE(crowd); k++)
                        assert_int_equal(crowd[k].calls, 0);
        }
        assert_int_equal(fake_server_connections(f->server), 2);
        for (unsigned i = 0; i < ARRAY_SIZE(crowd); i++)
                outcome_done(&crowd[i]);
}

static void time_begins_with_the_turn(void **state)
{
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome first = {0}, second = {0};

        f->peer.concurrency = 1;
        f->peer.timeout_usec = 300 * USEC_PER_MSEC;
        fake_server_script(f->server, silent);
        submit(f, &first);
        submit(f, &second);
        wait_for(f, &first);
        assert_int_equal(first.result, -ETIMEDOUT);
        assert_true(first.waited < 100 * USEC_PER_MSEC);
        assert_int_equal(second.calls, 0);
        wait_for(f, &second);
        assert_int_equal(second.result, -ETIMEDOUT);
        assert_true(second.waited >= 290 * USEC_PER_MSEC);
        assert_true(second.duration >= 290 * USEC_PER_MSEC);
        assert_true(second.duration < 10 * USEC_PER_SEC);
}

static void what_waits_can_be_cancelled(void **state)
{
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome first = {0}, second = {0}, third = {0};

        f->peer.concurrency = 1;
        fake_server_script(f->server, wait_then_ok);
        submit(f, &first);
        submit(f, &second);
        submit(f, &third);
        assert_null(http_transfer_cancel(second.transfer));
        assert_true(fake_run_until(f->event, one_waits, f->server));
        assert_null(http_transfer_cancel(first.transfer));
        assert_true(fake_run_until(f->event, none_waits, f->server));
        assert_true(fake_run_until(f->event, one_waits, f->server));
        assert_int_equal(fake_server_release(f->server), 1);
        wait_for(f, &third);
        assert_int_equal(first.calls + second.calls, 0);
        assert_int_equal(fake_server_requests(f->server), 2);
}

static void submit_again(struct outcome *o)
{
        o->then = NULL;
        o->calls = 0;
        submit(o->fixture, o);
}

/* What somebody goes on with comes before what others begin. */
static void who_has_begun_goes_on_first(void **state)
{
        struct fixture *f = *state;
        struct http_request own = f->request;
        _cleanup_outcome_ struct outcome begun = {.then = submit_again}, other = {0};

        f->peer.concurrency = 1;
        f->request.turn = http_client_turn(f->client);
        fake_server_script(f->server, wait_then_ok);
        submit(f, &begun);
        begun.fixture = f;
        assert_int_equal(http_client_submit(f->client, &f->peer, &own, on_done, &other, NULL), 0);
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(other.calls, 0);
                assert_true(fake_run_until(f->event, one_waits, f->server));
                assert_int_equal(fake_server_release(f->server), 1);
                assert_true(fake_run_until(f->event, none_waits, f->server));
        }
        wait_for(f, &begun);
        assert_int_equal(other.calls, 0);
        assert_true(fake_run_until(f->event, one_waits, f->server));
        assert_int_equal(fake_server_release(f->server), 1);
        wait_for(f, &other);
}

/* It is found out when its turn has come, and the next one has its turn all the same. */
static void what_cannot_begin_is_called_back(void **state)
{
        static char *const bad[] = {(char *)"X-A: 1\r\nX-B: 2", NULL};
        struct fixture *f = *state;
        struct http_peer peer = {.url = f->peer.url, .headers = (char **)bad, .concurrency = 1};
        _cleanup_outcome_ struct outcome first = {0}, refused = {0}, last = {0};
        _cleanup_free_ char *sentence = NULL;

        assert_int_equal(http_client_submit(f->client, &peer, &f->request, on_done, &refused, NULL),
                -EINVAL);
        f->peer.concurrency = 1;
        fake_server_script(f->server, always_ok);
        submit(f, &first);
        assert_int_equal(
                http_client_submit(f->client, &peer, &f->request, on_done, &refused, NULL), 0);
        submit(f, &last);
        wait_for(f, &last);
        assert_int_equal(first.calls, 1);
        assert_int_equal(refused.calls, 1);
        assert_int_equal(refused.result, -EINVAL);
        assert_true(asprintf(&sentence, "no request can be made to %s: Invalid argument",
                            f->peer.url + strlen("http://")) > 0);
        assert_string_equal(refused.error, sentence);
        assert_int_equal(last.result, 0);
        assert_int_equal(fake_server_requests(f->server), 2);
}

static void proxies_of_the_environment_are_ignored(void **state)
{
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome o = {0};

        fake_server_script(f->server, always_ok);
        assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
        assert_int_equal(setenv("all_proxy", "http://127.0.0.1:1", 1), 0);
        exchange(f, &o);
        (void)unsetenv("http_proxy");
        (void)unsetenv("all_proxy");
        assert_int_equal(o.result, 0);
        assert_string_equal(fake_server_request(f->server, 0)->path, "/x");
}

/* Stands before libcurl's own, so that a test can make it fail. */
static bool break_multi;

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int bits, int *running)
{
        static CURLMcode (*real)(CURLM *, curl_socket_t, int, int *);

        if (break_multi) {
                break_multi = false;
                return CURLM_INTERNAL_ERROR;
        }
        if (!real)
                *(void **)&real = dlsym(RTLD_NEXT, "curl_multi_socket_action");
        return real(multi, fd, bits, running);
}

static void a_broken_library_handle_is_replaced(void **state)
{
        struct fixture *f = *state;
        struct outcome a = {0}, b = {0};
        _cleanup_outcome_ struct outcome c = {0};

        fake_server_script(f->server, wait_then_ok);
        fake_server_script(f->server, wait_then_ok);
        fake_server_script(f->server, always_ok);
        submit(f, &a);
        submit(f, &b);
        assert_true(fake_run_until(f->event, two_wait, f->server));
        break_multi = true;
        (void)fake_server_release(f->server);
        wait_for(f, &a);
        assert_int_equal(a.result, -EIO);
        assert_non_null(strstr(a.error, "was lost when the HTTP client had to restart"));
        wait_for(f, &b);
        assert_int_equal(b.result, -EIO);
        exchange(f, &c);
        assert_int_equal(c.result, 0);
        assert_string_equal(c.body, "[1]");
        outcome_done(&a);
        outcome_done(&b);
}

/* Between the failure and its callbacks. */
static void a_broken_transfer_can_be_cancelled(void **state)
{
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome a = {.then = cancel_both}, b = {.then = cancel_both},
                                         last = {0};

        a.sibling = &b;
        b.sibling = &a;
        fake_server_script(f->server, always_ok);
        submit(f, &a);
        submit(f, &b);
        break_multi = true;
        assert_true(fake_run_until(f->event, either_is_done, &a));
        exchange(f, &last);
        assert_int_equal(last.result, 0);
        assert_int_equal(a.calls + b.calls, 1);
        assert_int_equal(a.result + b.result, -EIO);
}

/* A TLS server in a thread of libmicrohttpd, with a certificate made by this run. */
struct tls {
        char directory[32];
        char certificate[64], key[64];
        char *pem, *key_pem;
        struct MHD_Daemon *daemon;
        unsigned port;
};

static enum MHD_Result on_tls_request(void *userdata, struct MHD_Connection *connection,
        const char *url, const char *method, const char *version, const char *upload_data,
        size_t *upload_data_size, void **request_state)
{
        static int seen;
        struct MHD_Response *response;
        enum MHD_Result result;
        const char *host;

        if (!*request_state) {
                *request_state = &seen;
                return MHD_YES;
        }
        host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
        response = MHD_create_response_from_buffer(
                host ? strlen(host) : 0, (void *)host, MHD_RESPMEM_MUST_COPY);
        result = MHD_queue_response(connection, 200, response);
        MHD_destroy_response(response);
        return result;
}

static void write_pem(const char *path, gnutls_datum_t pem)
{
        assert_int_equal(file_replace(path, (const char *)pem.data, pem.size, NULL), 0);
        gnutls_free(pem.data);
}

/* Signed by itself, of chroma.test, good for a day until `expires`. */
static void make_certificate(const struct tls *t, time_t expires)
{
        gnutls_x509_privkey_t key;
        gnutls_x509_crt_t crt;
        gnutls_datum_t pem;

        assert_int_equal(gnutls_x509_privkey_init(&key), 0);
        assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                0);
        assert_int_equal(gnutls_x509_crt_init(&crt), 0);
        assert_int_equal(gnutls_x509_crt_set_version(crt, 3), 0);
        assert_int_equal(gnutls_x509_crt_set_serial(crt, "\x01", 1), 0);
        assert_int_equal(gnutls_x509_crt_set_dn(crt, "CN=chroma.test", NULL), 0);
        assert_int_equal(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME,
                                 "chroma.test", strlen("chroma.test"), GNUTLS_FSAN_SET),
                0);
        assert_int_equal(gnutls_x509_crt_set_basic_constraints(crt, 1, -1), 0);
        assert_int_equal(gnutls_x509_crt_set_activation_time(crt, expires - 86400), 0);
        assert_int_equal(gnutls_x509_crt_set_expiration_time(crt, expires), 0);
        assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
        assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
        assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem), 0);
        write_pem(t->certificate, pem);
        assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem), 0);
        write_pem(t->key, pem);
        gnutls_x509_crt_deinit(crt);
        gnutls_x509_privkey_deinit(key);
}

static void tls_start(struct tls *t, time_t expires)
{
        const union MHD_DaemonInfo *info;

        (void)snprintf(t->directory, sizeof(t->directory), "/tmp/test_http_client.XXXXXX");
        assert_non_null(mkdtemp(t->directory));
        (void)snprintf(t->certificate, sizeof(t->certificate), "%s/c.pem", t->directory);
        (void)snprintf(t->key, sizeof(t->key), "%s/k.pem", t->directory);
        make_certificate(t, expires);
        assert_int_equal(file_read(t->certificate, 1 << 20, &t->pem, NULL, NULL), 0);
        assert_int_equal(file_read(t->key, 1 << 20, &t->key_pem, NULL, NULL), 0);
        t->daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS, 0, NULL, NULL,
                on_tls_request, NULL, MHD_OPTION_HTTPS_MEM_KEY, t->key_pem,
                MHD_OPTION_HTTPS_MEM_CERT, t->pem, MHD_OPTION_END);
        assert_non_null(t->daemon);
        info = MHD_get_daemon_info(t->daemon, MHD_DAEMON_INFO_BIND_PORT);
        t->port = info->port;
}

static void tls_stop(struct tls *t)
{
        MHD_stop_daemon(t->daemon);
        (void)unlink(t->certificate);
        (void)unlink(t->key);
        (void)rmdir(t->directory);
        free(t->pem);
        free(t->key_pem);
}

static void tls_is_verified(void **state)
{
        struct fixture *f = *state;
        struct tls tls = {0};

        tls_start(&tls, time(NULL) + 3600);
        free(f->peer.url);
        assert_true(asprintf(&f->peer.url, "https://127.0.0.1:%u", tls.port) > 0);
        const struct {
                const char *ca_file, *server_name, *cert_file;
                bool insecure;
                int result;
                const char *error;
        } cases[] = {
                {tls.certificate, "chroma.test", NULL, false, 0, NULL},
                {NULL, NULL, NULL, true, 0, NULL},
                {tls.certificate, NULL, NULL, false, -EPROTO, " is another host's: "},
                {tls.certificate, "other.test", NULL, false, -EPROTO, " is another host's: "},
                {NULL, "chroma.test", NULL, false, -EPROTO,
                        " is not trusted: nobody that this machine, or `ca_file`, trusts"},
                {"/nonexistent/ca.pem", "chroma.test", NULL, false, -EPROTO, "ca_file for"},
                {tls.key, "chroma.test", NULL, false, -EPROTO, NULL},
                {tls.certificate, "chroma.test", "/nonexistent/c.pem", false, -EPROTO,
                        "error reading X.509"},
                {tls.certificate, "chroma.test", NULL, false, 0, NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct http_peer peer = {.url = f->peer.url,
                        .ca_file = (char *)cases[i].ca_file,
                        .server_name = (char *)cases[i].server_name,
                        .cert_file = (char *)cases[i].cert_file,
                        .insecure_skip_verify = cases[i].insecure,
                        .timeout_usec = PATIENCE,
                        .connect_timeout_usec = PATIENCE};
                _cleanup_outcome_ struct outcome o = {0};

                assert_int_equal(
                        http_client_submit(f->client, &peer, &f->request, on_done, &o, NULL), 0);
                wait_for(f, &o);
                if (o.result != cases[i].result)
                        print_message("case %zu: %d %s\n", i, o.result, o.error);
                assert_int_equal(o.result, cases[i].result);
                /* The answer is the Host header: the URL's, whatever the certificate is called. */
                if (o.result == 0)
                        assert_string_equal(o.body, f->peer.url + strlen("https://"));
                if (cases[i].error) {
                        if (!strstr(o.error, cases[i].error))
                                print_message("case %zu: %s\n", i, o.error);
                        assert_non_null(strstr(o.error, cases[i].error));
                        assert_non_null(strstr(o.error, f->peer.url + strlen("https://")));
                }
        }
        tls_stop(&tls);
}

static void a_certificate_is_expired_or_not_valid_yet(void **state)
{
        static const struct {
                time_t expires; /* from now */
                const char *error;
        } rows[] = {{-3600, " has expired: "}, {3 * 86400, " is not valid yet"}};
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_outcome_ struct outcome o = {0};
                _cleanup_free_ char *url = NULL;
                struct http_peer peer = {.timeout_usec = PATIENCE};
                struct tls tls = {0};

                tls_start(&tls, time(NULL) + rows[i].expires);
                assert_true(asprintf(&url, "https://127.0.0.1:%u", tls.port) > 0);
                peer.url = url;
                peer.ca_file = tls.certificate;
                peer.server_name = (char *)"chroma.test";
                assert_int_equal(
                        http_client_submit(f->client, &peer, &f->request, on_done, &o, NULL), 0);
                wait_for(f, &o);
                assert_int_equal(o.result, -EPROTO);
                assert_non_null(strstr(o.error, "certificate of 127.0.0.1:"));
                if (!strstr(o.error, rows[i].error))
                        fail_msg("%s", o.error);
                tls_stop(&tls);
        }
}

/* 100,000 bytes of nothing are a little more than 100 compressed ones. */
static void what_comes_out_of_a_compressed_answer_is_limited(void **state)
{
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome o = {0};
        _cleanup_free_ char *zeros = calloc(1, 100000), *packed = malloc(1000);
        struct fake_step script[] = {FAKE(READ),
                {.action = FAKE_ANSWER,
                        .status = 200,
                        .headers = "Content-Encoding: deflate\r\n",
                        .bytes = packed},
                FAKE(AGAIN)};
        uLongf size = 1000;

        assert_int_equal(compress((Bytef *)packed, &size, (const Bytef *)zeros, 100000), Z_OK);
        script[1].size = size;
        fake_server_script(f->server, script);
        exchange(f, &o);
        assert_int_equal(o.result, -EMSGSIZE);
        assert_non_null(strstr(o.error, "is larger than 1000 bytes"));
}

static void a_plain_server_is_no_tls_server(void **state)
{
        static const struct fake_step script[] = {
                FAKE_RAW("HTTP/1.1 400 Bad Request\r\n\r\n"), FAKE(CLOSE)};
        struct fixture *f = *state;
        _cleanup_outcome_ struct outcome o = {0};

        fake_server_script(f->server, script);
        free(f->peer.url);
        assert_true(
                asprintf(&f->peer.url, "https://127.0.0.1:%u", fake_server_port(f->server)) > 0);
        exchange(f, &o);
        assert_int_equal(o.result, -EPROTO);
        assert_non_null(strstr(o.error, "TLS handshake with 127.0.0.1:"));
}

static void must_write(const char *path, const char *content)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0 || write(fd, content, strlen(content)) < 0)
                _exit(70);
        (void)close(fd);
}

/* Puts this process into a network of its own with 127.0.0.1 as its name server; 77 when not
 * permitted. */
static void isolate(const char *resolv_conf)
{
        struct ifreq interface = {.ifr_name = "lo", .ifr_flags = IFF_UP};
        int fd;

        if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
                mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
                _exit(77);
        must_write(resolv_conf, "nameserver 127.0.0.1\noptions timeout:3 attempts:3\n");
        if (mount(resolv_conf, "/etc/resolv.conf", "none", MS_BIND, NULL) < 0)
                _exit(77);
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &interface) < 0)
                _exit(71);
        (void)close(fd);
}

static usec_t monotonic(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

static void must_be(bool condition, int code)
{
        if (!condition)
                _exit(code);
}

/* Never returns: the exit status tells which expectation did not hold. */
static void dead_name_server(const char *resolv_conf)
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                .sin_port = htons(53),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct fixture f = {.peer = {.url = (char *)"http://chroma.example:8000"},
                .request = {.method = "GET", .path = (char *)"/"}};
        struct outcome none = {0}, late = {0}, lost = {0};
        usec_t begin;
        int fd;

        isolate(resolv_conf);
        must_be(sd_event_new(&f.event) >= 0, 10);
        must_be(http_client_new(f.event, "x", &f.client) == 0, 11);
        f.peer.timeout_usec = f.peer.connect_timeout_usec = 20 * USEC_PER_SEC;
        must_be(http_client_submit(f.client, &f.peer, &f.request, on_done, &none, NULL) == 0, 12);
        must_be(fake_run_until(f.event, is_done, &none), 13);
        must_be(none.result == -EHOSTUNREACH, 14);
        must_be(streq(none.error, "the name of chroma.example:8000 was not resolved"), 15);

        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        must_be(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, 16);
        begin = monotonic();
        f.peer.timeout_usec = 200 * USEC_PER_MSEC;
        must_be(http_client_submit(f.client, &f.peer, &f.request, on_done, &late, NULL) == 0, 17);
        must_be(fake_run_until(f.event, is_done, &late), 18);
        must_be(late.result == -ETIMEDOUT, 19);
        must_be(streq(late.error, "no connection to chroma.example:8000 within 200ms"), 20);
        f.peer.timeout_usec = 20 * USEC_PER_SEC;
        must_be(http_client_submit(f.client, &f.peer, &f.request, on_done, &lost, NULL) == 0, 21);
        must_be(sd_event_run(f.event, 0) >= 0 && sd_event_run(f.event, 100000) >= 0, 22);
        f.client = http_client_free(f.client);
        must_be(lost.calls == 0, 23);
        /* The name server is given up after 9 s; a joined thread would show as at least 3 s. */
        must_be(monotonic() - begin < 2500 * USEC_PER_MSEC, 24);
        outcome_done(&none);
        outcome_done(&late);
        _exit(0);
}

static void dead_name_servers_do_not_stop_the_loop(void **state)
{
        char path[] = "/tmp/test_http_client.resolv.XXXXXX";
        int fd = mkstemp(path), status;
        pid_t pid;

        assert_true(fd >= 0);
        (void)close(fd);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                dead_name_server(path);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        (void)unlink(path);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
                skip();
        assert_int_equal(WEXITSTATUS(status), 0);
}

#define on_fixture(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                on_fixture(connections_are_kept),
                on_fixture(closed_connections_are_replaced),
                on_fixture(sends_exactly_these_bytes),
                on_fixture(says_what_it_asked_without_secrets),
                on_fixture(a_rotated_secret_is_sent),
                on_fixture(a_proxy_is_used_where_it_is_configured),
                on_fixture(large_bodies_go_at_once),
                cmocka_unit_test(reads_odd_answers),
                on_fixture(bodies_may_contain_nul),
                on_fixture(bodies_are_bounded),
                on_fixture(a_sink_takes_what_arrives),
                on_fixture(floods_are_bounded),
                on_fixture(endless_lines_are_bounded),
                on_fixture(times_out),
                on_fixture(each_exchange_has_a_time_of_its_own),
                on_fixture(connecting_times_out),
                on_fixture(connection_refused),
                on_fixture(reads_retry_after),
                on_fixture(refuses_what_is_not_one_request),
                on_fixture(cancelled_transfers_are_silent),
                on_fixture(cancel_before_the_loop_ran),
                on_fixture(cancel_from_a_callback),
                on_fixture(free_from_a_callback),
                on_fixture(free_in_flight),
                on_fixture(submit_from_a_callback),
                on_fixture(many_at_once),
                on_fixture(a_hung_server_delays_no_other),
                on_fixture(a_peer_gets_as_many_at_a_time_as_it_takes),
                on_fixture(time_begins_with_the_turn),
                on_fixture(what_waits_can_be_cancelled),
                on_fixture(who_has_begun_goes_on_first),
                on_fixture(what_cannot_begin_is_called_back),
                on_fixture(proxies_of_the_environment_are_ignored),
                on_fixture(a_broken_library_handle_is_replaced),
                on_fixture(a_broken_transfer_can_be_cancelled),
                on_fixture(tls_is_verified),
                on_fixture(a_certificate_is_expired_or_not_valid_yet),
                on_fixture(what_comes_out_of_a_compressed_answer_is_limited),
                on_fixture(a_plain_server_is_no_tls_server),
                cmocka_unit_test(dead_name_servers_do_not_stop_the_loop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "server_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "json.h"
#include "text.h"

static uint64_t now_msec(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void publish(struct fixture *f, bool ready)
{
        struct view *v = view_new();

        assert_non_null(v);
        v->ready = ready;
        v->reload_successful = ready;
        v->per_query_limit = 200;
        handover_publish(f->handover, v);
}

int fixture_serve(
        struct fixture *f, const char *address, int fd, struct http_server **ret, struct error *e)
{
        const struct http_server_options options = {
                .address = address, .fd = fd, .handover = f->handover};

        return http_server_new(&options, ret, e);
}

int fixture_setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct error e = {0};

        assert_non_null(f);
        assert_int_equal(handover_new(&f->handover), 0);
        if (fixture_serve(f, "127.0.0.1:0", -1, &f->server, &e) < 0)
                fail_msg("%s", error_text(&e, 0));
        publish(f, true);
        *state = f;
        return 0;
}

int fixture_teardown(void **state)
{
        struct fixture *f = *state;

        handover_close(f->handover);
        http_server_free(f->server);
        handover_free(f->handover);
        free(f);
        return 0;
}

int try_connect(const char *source, const char *destination, unsigned port)
{
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        struct sockaddr_in from = {.sin_family = AF_INET};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(inet_pton(AF_INET, destination, &to.sin_addr), 1);
        if (source) {
                assert_int_equal(inet_pton(AF_INET, source, &from.sin_addr), 1);
                assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
        }
        if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
                close(fd);
                return -1;
        }
        return fd;
}

int connect_to(const struct fixture *f)
{
        int fd = try_connect(NULL, "127.0.0.1", http_server_port(f->server));

        assert_true(fd >= 0);
        return fd;
}

void send_bytes(int fd, const char *data, size_t size)
{
        while (size > 0) {
                ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

                if (n < 0) /* the server may cut us: then its answer, if any, is what counts */
                        return;
                data += n;
                size -= (size_t)n;
        }
}

void send_text(int fd, const char *s)
{
        send_bytes(fd, s, strlen(s));
}

void response_done(struct response *r)
{
        free(r->head);
}

bool wait_readable(int fd, int msec)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};

        return poll(&p, 1, msec) == 1;
}

const char *header(const struct response *r, const char *name, char *buffer, size_t size)
{
        const char *line = strstr(r->head, "\r\n");

        for (; line && line[2]; line = strstr(line + 2, "\r\n")) {
                const char *value = line + 2 + strlen(name);

                if (strncasecmp(line + 2, name, strlen(name)) == 0 && *value == ':') {
                        value += 1 + strspn(value + 1, " ");
                        (void)snprintf(buffer, size, "%.*s", (int)strcspn(value, "\r"), value);
                        return buffer;
                }
        }
        return NULL;
}

/* Whether `bytes` hold a head and as many bytes as it announces. */
static bool complete(const struct text *bytes)
{
        const char *gap = bytes->data ? strstr(bytes->data, "\r\n\r\n") : NULL;
        const char *length = gap ? strcasestr(bytes->data, "\r\nContent-Length: ") : NULL;

        return length && length < gap &&
                bytes->size >= (size_t)(gap + 4 - bytes->data) + strtoul(length + 18, NULL, 10);
}

static void split(struct text *bytes, struct response *ret)
{
        char *gap = bytes->data ? strstr(bytes->data, "\r\n\r\n") : NULL;

        *ret = (struct response){.head = bytes->data};
        if (!bytes->data)
                return;
        assert_non_null(gap);
        assert_int_equal(sscanf(bytes->data, "HTTP/1.%*d %u", &ret->status), 1);
        gap[2] = '\0';
        ret->body = gap + 4;
        ret->body_size = bytes->size - (size_t)(ret->body - bytes->data);
}

void receive(int fd, bool headers_only, struct response *ret)
{
        struct text bytes = {0};
        uint64_t end = now_msec() + DEADLINE_MSEC;
        char buffer[16384];
        ssize_t n = 1;

        while (n > 0 && (headers_only || !complete(&bytes))) {
                uint64_t now = now_msec();

                if (now >= end || !wait_readable(fd, (int)(end - now)))
                        fail_msg("no complete answer in time: \"%s\"", text_string(&bytes));
                n = recv(fd, buffer, sizeof(buffer), 0);
                if (n > 0)
                        text_append_bytes(&bytes, buffer, (size_t)n);
        }
        split(&bytes, ret);
}

void ask(const struct fixture *f, const char *method, const char *target, const char *headers,
        struct response *ret)
{
        _cleanup_text_ struct text request = {0};
        int fd = connect_to(f);

        text_appendf(&request,
                "%s %s HTTP/1.1\r\nHost: localhost:%u\r\nConnection: close\r\n%s\r\n", method,
                target, http_server_port(f->server), headers);
        send_bytes(fd, request.data, request.size);
        receive(fd, streq(method, "HEAD"), ret);
        close(fd);
}

void assert_contains(const struct response *r, const char *needle)
{
        if (!r->body || !memmem(r->body, r->body_size, needle, strlen(needle)))
                fail_msg("\"%s\" is not in \"%s\"", needle, r->body ? r->body : "");
}

void assert_header(const struct response *r, const char *name, const char *expected)
{
        char value[256];

        if (!header(r, name, value, sizeof(value)))
                fail_msg("no %s in \"%s\"", name, r->head);
        assert_string_equal(value, expected);
}

void assert_envelope(const struct response *r)
{
        _cleanup_json_ json_t *json = NULL;

        assert_header(r, "Content-Type", "application/json");
        assert_int_equal(json_parse("body", r->body, r->body_size, &json, NULL), 0);
        assert_string_equal(json_string_value(json_object_get(json, "status")), "error");
        assert_true(json_string_length(json_object_get(json, "errorType")) > 0);
        assert_true(json_string_length(json_object_get(json, "error")) > 0);
}

void gunzip(const struct response *r, struct text *ret)
{
        z_stream z = {.next_in = (Bytef *)r->body, .avail_in = (uInt)r->body_size};
        char buffer[4096];
        int code = Z_OK;

        assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
        while (code == Z_OK) {
                z.next_out = (Bytef *)buffer;
                z.avail_out = sizeof(buffer);
                code = inflate(&z, Z_NO_FLUSH);
                text_append_bytes(ret, buffer, sizeof(buffer) - z.avail_out);
        }
        assert_int_equal(code, Z_STREAM_END);
        assert_int_equal(z.avail_in, 0);
        inflateEnd(&z);
}

struct command *next_command(struct fixture *f)
{
        struct command *c;

        assert_true(wait_readable(handover_fd(f->handover), DEADLINE_MSEC));
        c = handover_take(f->handover);
        assert_non_null(c);
        return c;
}

int send_post(const struct fixture *f, const char *target)
{
        _cleanup_text_ struct text request = {0};
        int fd = connect_to(f);

        text_appendf(&request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n",
                target);
        send_bytes(fd, request.data, request.size);
        return fd;
}

void complete_with(struct command *c, unsigned status, const char *body)
{
        command_complete(c, status, body ? strdup(body) : NULL, body ? strlen(body) : 0);
}

/* SPDX-License-Identifier: Apache-2.0 */

#include "fake_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define SCRIPTS_MAX 64
#define RUN_LIMIT (60 * USEC_PER_SEC)

struct connection {
        LIST_ENTRY(connection) siblings;
        struct fake_server *server;
        unsigned number;
        int fd;
        sd_event_source *io, *timer;
        const struct fake_step *script, *step;
        struct text in, out;
        size_t sent; /* of `out`; of the step's bytes for FAKE_TRICKLE */
        bool started; /* the step's bytes are in `out`, or its timer runs */
        bool released;
        size_t last; /* index of the request read last */
};

struct fake_server {
        sd_event *event;
        void *userdata;
        int fd;
        unsigned port;
        char url[64];
        sd_event_source *io;
        const struct fake_step *scripts[SCRIPTS_MAX];
        size_t script_count;
        unsigned accepted;
        LIST_HEAD(, connection) connections;
        struct fake_request **requests;
        size_t request_count;
};

static void must(bool condition, const char *what)
{
        if (condition)
                return;
        perror(what);
        abort();
}

static void connection_free(struct connection *c)
{
        LIST_REMOVE(c, siblings);
        (void)sd_event_source_disable_unref(c->io);
        (void)sd_event_source_disable_unref(c->timer);
        (void)close(c->fd);
        text_done(&c->in);
        text_done(&c->out);
        free(c);
}

static void connection_reset(struct connection *c)
{
        struct linger linger = {.l_onoff = 1};

        must(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0, "SO_LINGER");
        connection_free(c);
}

static size_t step_size(const struct fake_step *step)
{
        return step->size > 0 ? step->size : step->bytes ? strlen(step->bytes) : 0;
}

char *fake_request_header(const struct fake_request *request, const char *name)
{
        size_t size = strlen(name);

        for (const char *line = strstr(request->head, "\r\n"); line; line = strstr(line, "\r\n")) {
                line += 2;
                if (strncasecmp(line, name, size) != 0 || line[size] != ':')
                        continue;
                line += size + 1;
                line += strspn(line, " ");
                return strndup(line, strcspn(line, "\r"));
        }
        return NULL;
}

static struct fake_request *request_new(const char *head, size_t size)
{
        struct fake_request *r = calloc(1, sizeof(*r));
        const char *path;

        must(r, "calloc");
        r->head = strndup(head, size);
        must(r->head, "strndup");
        r->method = strndup(r->head, strcspn(r->head, " "));
        path = r->head + strcspn(r->head, " ");
        path += strspn(path, " ");
        r->path = strndup(path, strcspn(path, " \r"));
        must(r->method && r->path, "strndup");
        return r;
}

static void request_free(struct fake_request *r)
{
        free(r->method);
        free(r->path);
        free(r->head);
        free(r->body);
        free(r);
}

/* Records the request at the beginning of what was received, if it is complete. */
static bool take_request(struct connection *c)
{
        struct fake_server *s = c->server;
        const char *end = c->in.size > 0 ? memmem(c->in.data, c->in.size, "\r\n\r\n", 4) : NULL;
        _cleanup_free_ char *length = NULL;
        struct fake_request *r;
        size_t head;

        if (!end)
                return false;
        head = (size_t)(end - c->in.data) + 4;
        r = request_new(c->in.data, head);
        length = fake_request_header(r, "Content-Length");
        r->body_size = length ? strtoul(length, NULL, 10) : 0;
        if (c->in.size - head < r->body_size) {
                request_free(r);
                return false;
        }
        r->connection = c->number;
        r->body = calloc(1, r->body_size + 1);
        must(r->body, "calloc");
        memcpy(r->body, c->in.data + head, r->body_size);
        head += r->body_size;
        memmove(c->in.data, c->in.data + head, c->in.size - head);
        c->in.size -= head;
        s->requests = realloc(s->requests, (s->request_count + 1) * sizeof(struct fake_request *));
        must(s->requests, "realloc");
        c->last = s->request_count;
        s->requests[s->request_count++] = r;
        return true;
}

void fake_answer(
        struct text *out, unsigned status, const char *headers, const char *body, size_t size)
{
        text_appendf(out, "HTTP/1.1 %u Scripted\r\nContent-Type: application/json\r\n", status);
        text_appendf(out, "Content-Length: %zu\r\n%s\r\n", size, headers ? headers : "");
        text_append_bytes(out, body, size);
}

static void fill(struct connection *c)
{
        const struct fake_step *step = c->step;

        if (step->action == FAKE_ANSWER)
                fake_answer(&c->out, step->status, step->headers, step->bytes, step_size(step));
        else if (step->action == FAKE_CALL)
                step->call(c->server->requests[c->last], &c->out, c->server->userdata);
        else
                text_append_bytes(&c->out, step->bytes, step_size(step));
        must(!text_failed(&c->out), "text");
}

enum progress { MORE, STUCK, GONE };

/* Sends what is in `out`. */
static enum progress flush(struct connection *c)
{
        while (c->sent < c->out.size) {
                ssize_t n = send(c->fd, c->out.data + c->sent, c->out.size - c->sent, MSG_NOSIGNAL);

                if (n < 0 && errno == EAGAIN)
                        return STUCK;
                if (n < 0) {
                        connection_free(c);
                        return GONE;
                }
                c->sent += (size_t)n;
        }
        text_clear(&c->out);
        c->sent = 0;
        return MORE;
}

static enum progress do_send(struct connection *c)
{
        if (!c->started)
                fill(c);
        c->started = true;
        return flush(c);
}

static enum progress do_flood(struct connection *c)
{
        enum progress progress;

        do {
                fill(c);
                progress = flush(c);
        } while (progress == MORE);
        return progress;
}

static int on_trickle(sd_event_source *source, uint64_t usec, void *userdata);

static enum progress do_trickle(struct connection *c)
{
        uint64_t now;

        if (c->sent == step_size(c->step)) {
                c->sent = 0;
                return MORE;
        }
        if (c->started)
                return STUCK;
        c->started = true;
        must(sd_event_now(c->server->event, CLOCK_MONOTONIC, &now) >= 0, "now");
        if (!c->timer)
                must(sd_event_add_time(c->server->event, &c->timer, CLOCK_MONOTONIC, now, 1,
                             on_trickle, c) >= 0,
                        "timer");
        must(sd_event_source_set_time(c->timer, now + c->step->pause_usec) >= 0, "timer");
        must(sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT) >= 0, "timer");
        return STUCK;
}

static enum progress do_wait(struct connection *c)
{
        return c->released ? MORE : STUCK;
}

static enum progress do_read(struct connection *c)
{
        return take_request(c) ? MORE : STUCK;
}

static enum progress do_end(struct connection *c)
{
        text_clear(&c->in);
        return STUCK;
}

static enum progress do_close(struct connection *c)
{
        connection_free(c);
        return GONE;
}

static enum progress do_reset(struct connection *c)
{
        connection_reset(c);
        return GONE;
}

static enum progress do_nothing(struct connection *c)
{
        return MORE;
}

static enum progress (*const actions[])(struct connection *) = {
        [FAKE_END] = do_end,
        [FAKE_READ] = do_read,
        [FAKE_SEND] = do_send,
        [FAKE_ANSWER] = do_send,
        [FAKE_CALL] = do_send,
        [FAKE_TRICKLE] = do_trickle,
        [FAKE_FLOOD] = do_flood,
        [FAKE_WAIT] = do_wait,
        [FAKE_CLOSE] = do_close,
        [FAKE_RESET] = do_reset,
        [FAKE_AGAIN] = do_nothing,
};

/* As many steps as can be done now. The connection may be gone afterwards. */
static void advance(struct connection *c)
{
        for (;;) {
                enum progress progress = actions[c->step->action](c);

                if (progress == GONE)
                        return;
                if (progress == STUCK)
                        break;
                c->step = c->step->action == FAKE_AGAIN ? c->script : c->step + 1;
                c->started = c->released = false;
        }
        must(sd_event_source_set_io_events(c->io, EPOLLIN | (c->out.size > 0 ? EPOLLOUT : 0U)) >= 0,
                "epoll");
}

static int on_trickle(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct connection *c = userdata;

        if (send(c->fd, c->step->bytes + c->sent, 1, MSG_NOSIGNAL) != 1) {
                connection_free(c);
                return 0;
        }
        c->sent++;
        c->started = false;
        advance(c);
        return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        struct connection *c = userdata;
        char buffer[65536];
        ssize_t n;

        while ((n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
                text_append_bytes(&c->in, buffer, (size_t)n);
        must(!text_failed(&c->in), "text");
        if (n == 0 || errno != EAGAIN)
                connection_free(c);
        else
                advance(c);
        return 0;
}

static int on_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        static const struct fake_step silence[] = {FAKE(END)};
        struct fake_server *s = userdata;
        struct connection *c;
        int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (client < 0 && (errno == EAGAIN || errno == ECONNABORTED))
                return 0;
        must(client >= 0, "accept");
        c = calloc(1, sizeof(*c));
        must(c, "calloc");
        c->server = s;
        c->fd = client;
        c->number = s->accepted++;
        c->script = s->script_count == 0 ? silence
                                         : s->scripts[MIN((size_t)c->number, s->script_count - 1)];
        c->step = c->script;
        LIST_INSERT_HEAD(&s->connections, c, siblings);
        must(sd_event_add_io(s->event, &c->io, client, EPOLLIN, on_connection, c) >= 0, "epoll");
        advance(c);
        return 0;
}

struct fake_server *fake_server_new(sd_event *event, void *userdata)
{
        struct sockaddr_in address = {
                .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(address);
        struct fake_server *s = calloc(1, sizeof(*s));

        must(s, "calloc");
        s->event = sd_event_ref(event);
        s->userdata = userdata;
        s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        must(s->fd >= 0, "socket");
        must(bind(s->fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
        must(listen(s->fd, 1024) == 0, "listen");
        must(getsockname(s->fd, (struct sockaddr *)&address, &size) == 0, "getsockname");
        s->port = ntohs(address.sin_port);
        (void)snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u", s->port);
        must(sd_event_add_io(event, &s->io, s->fd, EPOLLIN, on_accept, s) >= 0, "epoll");
        return s;
}

struct fake_server *fake_server_free(struct fake_server *s)
{
        struct connection *c;

        if (!s)
                return NULL;
        while ((c = LIST_FIRST(&s->connections)))
                connection_free(c);
        for (size_t i = 0; i < s->request_count; i++)
                request_free(s->requests[i]);
        free(s->requests);
        (void)sd_event_source_disable_unref(s->io);
        (void)close(s->fd);
        (void)sd_event_unref(s->event);
        free(s);
        return NULL;
}

void fake_server_script(struct fake_server *s, const struct fake_step *steps)
{
        must(s->script_count < SCRIPTS_MAX, "scripts");
        s->scripts[s->script_count++] = steps;
}

const char *fake_server_url(const struct fake_server *s)
{
        return s->url;
}

unsigned fake_server_port(const struct fake_server *s)
{
        return s->port;
}

unsigned fake_server_release(struct fake_server *s)
{
        struct connection *c = LIST_FIRST(&s->connections);
        unsigned count = 0;

        while (c) {
                struct connection *next = LIST_NEXT(c, siblings);

                if (c->step->action == FAKE_WAIT) {
                        count++;
                        c->released = true;
                        advance(c);
                }
                c = next;
        }
        return count;
}

size_t fake_server_requests(const struct fake_server *s)
{
        return s->request_count;
}

const struct fake_request *fake_server_request(const struct fake_server *s, size_t i)
{
        must(i < s->request_count, "no such request");
        return s->requests[i];
}

unsigned fake_server_connections(const struct fake_server *s)
{
        return s->accepted;
}

unsigned fake_server_open(const struct fake_server *s)
{
        struct connection *c;
        unsigned count = 0;

        LIST_FOREACH(c, &s->connections, siblings)
        count++;
        return count;
}

unsigned fake_server_waiting(const struct fake_server *s)
{
        struct connection *c;
        unsigned count = 0;

        LIST_FOREACH(c, &s->connections, siblings)
        count += c->step->action == FAKE_WAIT;
        return count;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
        *(bool *)userdata = true;
        return 0;
}

bool fake_run_until(sd_event *event, bool (*condition)(void *userdata), void *userdata)
{
        sd_event_source *deadline = NULL;
        bool late = false;

        must(sd_event_add_time_relative(
                     event, &deadline, CLOCK_MONOTONIC, RUN_LIMIT, 0, on_deadline, &late) >= 0,
                "deadline");
        while (!condition(userdata) && !late)
                must(sd_event_run(event, UINT64_MAX) >= 0, "loop");
        (void)sd_event_source_disable_unref(deadline);
        return !late;
}

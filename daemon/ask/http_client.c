/* SPDX-License-Identifier: Apache-2.0 */

#include "ask/http_client.h"

#include <errno.h>
#include <sys/epoll.h>

#include "ask/http_transfer.h"
#include "clock.h"
#include "log.h"

/* Easy handles kept for reuse; connections live in the multi handle and survive either way. */
#define IDLE_HANDLES_MAX 16
/* Connections kept open between exchanges: more peers than this are not configured. */
#define IDLE_CONNECTIONS_MAX 64L

LIST_HEAD(transfer_list, http_transfer);

struct http_client {
        sd_event *event;
        CURLM *multi; /* NULL after it broke, until the next submission */
        sd_event_source *timer, *soon, *reaper;
        usec_t wanted; /* when libcurl is to act, if not soon; USEC_INFINITY: never */
        usec_t armed; /* when the timer wakes; likewise */
        struct lanes lanes;
        struct transfer_list waiting; /* for their peer */
        struct transfer_list attached; /* in the multi handle */
        struct transfer_list broken; /* callback is due */
        int attached_count;
        CURL *idle[IDLE_HANDLES_MAX];
        size_t idle_count;
        char *user_agent;
};

static void easy_release(struct http_client *client, CURL *easy)
{
        if (!easy)
                return;
        if (client->idle_count == ARRAY_SIZE(client->idle)) {
                curl_easy_cleanup(easy);
                return;
        }
        curl_easy_reset(easy);
        client->idle[client->idle_count++] = easy;
}

static void arm_reaper(struct http_client *client)
{
        (void)sd_event_source_set_enabled(client->reaper, SD_EVENT_ONESHOT);
}

/* Takes it out of the multi handle and the client; what remains is its memory. Who waits for the
 * peer comes later: whoever goes on with what he began is before them. */
static void transfer_detach(struct http_transfer *t)
{
        struct http_client *client = t->client;

        LIST_REMOVE(t, siblings);
        lanes_leave(&client->lanes, &t->ticket);
        if (t->state == GOING) {
                client->attached_count--;
                (void)curl_multi_remove_handle(client->multi, t->easy);
        }
        easy_release(client, take_ptr(t->easy));
        t->client = NULL;
        arm_reaper(client);
}

static void set_broken(struct http_client *client, struct http_transfer *t)
{
        LIST_REMOVE(t, siblings);
        LIST_INSERT_HEAD(&client->broken, t, siblings);
        t->state = BROKEN;
        arm_reaper(client);
}

/* An error of curl_multi_socket_action() is fatal for the multi handle and so for all it carries.
 * The next submission makes a new one. */
static void client_fail(struct http_client *client)
{
        struct http_transfer *t;

        while ((t = LIST_FIRST(&client->attached))) {
                (void)curl_multi_remove_handle(client->multi, t->easy);
                client->attached_count--;
                set_broken(client, t);
        }
        (void)curl_multi_cleanup(take_ptr(client->multi));
        client->wanted = USEC_INFINITY;
        (void)sd_event_source_set_enabled(client->soon, SD_EVENT_OFF);
}

static void client_action(struct http_client *client, curl_socket_t fd, int bits)
{
        int running;

        if (curl_multi_socket_action(client->multi, fd, bits, &running) != CURLM_OK)
                client_fail(client);
        else if (running < client->attached_count)
                arm_reaper(client);
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        int bits = (revents & EPOLLIN ? CURL_CSELECT_IN : 0) |
                (revents & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                (revents & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

        client_action(userdata, fd, bits);
        return 0;
}

static int on_soon(sd_event_source *s, void *userdata)
{
        client_action(userdata, CURL_SOCKET_TIMEOUT, 0);
        return 0;
}

static int arm_timer(struct http_client *client)
{
        if (client->wanted >= client->armed)
                return 0; /* it wakes earlier, and looks again */
        if (sd_event_source_set_time(client->timer, client->wanted) < 0 ||
                sd_event_source_set_enabled(client->timer, SD_EVENT_ONESHOT) < 0)
                return -1;
        client->armed = client->wanted;
        return 0;
}

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct http_client *client = userdata;

        client->armed = USEC_INFINITY;
        if (client->wanted <= clock_usec(CLOCK_MONOTONIC))
                client_action(client, CURL_SOCKET_TIMEOUT, 0);
        if (arm_timer(client) < 0)
                client_fail(client);
        return 0;
}

static void note_socket(CURL *easy, curl_socket_t fd, int what)
{
        struct http_transfer *t = NULL;

        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
        if (t && what != CURL_POLL_REMOVE)
                t->socket = fd;
        else if (t && t->socket == fd) /* else it makes room by closing another one */
                t->socket = CURL_SOCKET_BAD;
}

/* libcurl's CURLMOPT_SOCKETFUNCTION; freeing the event source inside it is safe, nothing else is.
 */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socket_data)
{
        static const uint32_t events[] = {
                [CURL_POLL_IN] = EPOLLIN,
                [CURL_POLL_OUT] = EPOLLOUT,
                [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT,
        };
        struct http_client *client = userdata;
        sd_event_source *source = socket_data;

        note_socket(easy, fd, what);
        if (what == CURL_POLL_REMOVE) {
                (void)sd_event_source_disable_unref(source);
                return 0;
        }
        if (what < CURL_POLL_IN || what > CURL_POLL_INOUT)
                return 0;
        if (source)
                return sd_event_source_set_io_events(source, events[what]) < 0 ? -1 : 0;
        if (sd_event_add_io(client->event, &source, fd, events[what], on_io, client) < 0)
                return -1;
        (void)sd_event_source_set_description(source, "http-client-io");
        if (curl_multi_assign(client->multi, fd, source) != CURLM_OK) {
                (void)sd_event_source_disable_unref(source);
                return -1;
        }
        return 0;
}

/* libcurl's CURLMOPT_TIMERFUNCTION, which is called several times in each exchange, and always when
 * libcurl was told that its time has come. To set a timer of the kernel as often costs more than to
 * wake once too early. The clock is read anew: the loop's own "now" is older by what this iteration
 * did so far. */
static int on_timeout_changed(CURLM *multi, long timeout_ms, void *userdata)
{
        struct http_client *client = userdata;

        client->wanted = timeout_ms > 0
                ? clock_usec(CLOCK_MONOTONIC) + (usec_t)timeout_ms * USEC_PER_MSEC
                : USEC_INFINITY;
        if (sd_event_source_set_enabled(
                    client->soon, timeout_ms == 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF) < 0)
                return -1;
        return arm_timer(client);
}

static int multi_new(struct http_client *client)
{
        CURLM *multi = curl_multi_init();

        if (!multi)
                return -ENOMEM;
        (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
        (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout_changed);
        (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
        (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS_MAX);
        client->multi = multi;
        return 0;
}

static int client_attach(struct http_client *client, struct http_transfer *t)
{
        CURLMcode code;
        int r;

        if (!client->multi) {
                r = multi_new(client);
                if (r < 0)
                        return r;
        }
        code = curl_multi_add_handle(client->multi, t->easy);
        if (code != CURLM_OK)
                return code == CURLM_OUT_OF_MEMORY ? -ENOMEM : -EIO;
        LIST_REMOVE(t, siblings);
        LIST_INSERT_HEAD(&client->attached, t, siblings);
        client->attached_count++;
        t->state = GOING;
        return 0;
}

static void refresh(struct secret *secret)
{
        _cleanup_error_ struct error e = {0};
        int r = secret ? secret_refresh(secret, clock_usec(CLOCK_MONOTONIC), &e) : 0;

        if (r > 0)
                log_info("%s has changed: its secret was read again", secret_path(secret));
        else if (r < 0)
                log_warning("%s; the secret that was read before is still sent", error_text(&e, r));
}

static int begin(struct http_client *client, struct http_transfer *t)
{
        const struct http_peer *peer = t->peer;
        CURL *easy;
        int r;

        refresh(peer->secret);
        refresh(peer->secret_url);
        refresh(peer->proxy_secret);
        easy = client->idle_count > 0 ? client->idle[--client->idle_count] : curl_easy_init();
        if (!easy)
                return -ENOMEM;
        r = http_transfer_prepare(t, easy, client->user_agent);
        if (r < 0) {
                curl_easy_cleanup(easy);
                return r;
        }
        t->begun = clock_usec(CLOCK_MONOTONIC);
        return client_attach(client, t);
}

/* Begins what may begin in `lane`, or in any. Returns the error of `own`, which stays where it is;
 * those of others are called back. */
static int begin_waiting(struct http_client *client, struct lane *lane, struct http_transfer *own)
{
        struct ticket *ticket;

        while ((ticket = lanes_admit(&client->lanes, lane))) {
                struct http_transfer *t = http_transfer_of(ticket);
                int r = begin(client, t);

                if (r < 0 && t == own)
                        return r;
                if (r < 0) {
                        t->obstacle = r;
                        set_broken(client, t);
                }
        }
        return 0;
}

/* Everything of ours is in order before the callback runs: it may submit, cancel, or free the
 * client. */
static void transfer_complete(struct http_transfer *t, CURLcode code)
{
        _cleanup_free_ char *sentence = NULL;
        struct http_response response;

        http_transfer_result(t, code, &response, &sentence);
        transfer_detach(t);
        t->done(&response, t->userdata);
        (void)http_transfer_free(t);
}

/* One completion per iteration: many at once must not keep timers and signals waiting. */
static int on_reap(sd_event_source *s, void *userdata)
{
        struct http_client *client = userdata;
        CURLcode code = HTTP_TRANSFER_BROKEN;
        struct http_transfer *t;
        int left;

        (void)begin_waiting(client, NULL, NULL);
        t = LIST_FIRST(&client->broken);
        if (!t) {
                CURLMsg *message =
                        client->multi ? curl_multi_info_read(client->multi, &left) : NULL;

                if (!message)
                        return 0;
                code = message->data.result;
                (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
        }
        arm_reaper(client);
        transfer_complete(t, code);
        return 0;
}

int http_client_new(sd_event *event, const char *user_agent, struct http_client **ret)
{
        _cleanup_(http_client_freep) struct http_client *client = NULL;
        int r;

        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return -ENOMEM;
        client = calloc(1, sizeof(*client));
        if (!client) {
                curl_global_cleanup();
                return -ENOMEM;
        }
        client->event = sd_event_ref(event);
        r = strdup_to(&client->user_agent, user_agent);
        if (r < 0)
                return r;
        r = sd_event_add_time(event, &client->timer, CLOCK_MONOTONIC, 0, 1, on_timer, client);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(client->timer, "http-client-timer");
        r = sd_event_source_set_enabled(client->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        client->wanted = client->armed = USEC_INFINITY;
        r = sd_event_add_defer(event, &client->soon, on_soon, client);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(client->soon, "http-client-soon");
        r = sd_event_source_set_enabled(client->soon, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = sd_event_add_defer(event, &client->reaper, on_reap, client);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(client->reaper, "http-client-reap");
        r = multi_new(client);
        if (r < 0)
                return r;
        *ret = take_ptr(client);
        return 0;
}

sd_event *http_client_event(const struct http_client *client)
{
        return client->event;
}

struct http_client *http_client_free(struct http_client *client)
{
        struct http_transfer *t;

        if (!client)
                return NULL;
        while ((t = LIST_FIRST(&client->broken)) || (t = LIST_FIRST(&client->waiting)) ||
                (t = LIST_FIRST(&client->attached)))
                (void)http_transfer_cancel(t);
        while (client->idle_count > 0)
                curl_easy_cleanup(client->idle[--client->idle_count]);
        (void)curl_multi_cleanup(client->multi);
        (void)sd_event_source_disable_unref(client->timer);
        (void)sd_event_source_disable_unref(client->soon);
        (void)sd_event_source_disable_unref(client->reaper);
        (void)sd_event_unref(client->event);
        free(client->user_agent);
        free(client);
        curl_global_cleanup();
        return NULL;
}

uint64_t http_client_turn(struct http_client *client)
{
        return lanes_turn(&client->lanes);
}

static int join(struct http_client *client, struct http_transfer *t)
{
        unsigned limit = t->peer->concurrency > 0 ? t->peer->concurrency : HTTP_CONCURRENCY;
        uint64_t turn = t->request->turn > 0 ? t->request->turn : lanes_turn(&client->lanes);
        int r = lanes_join(&client->lanes, t->peer->url, limit, turn, &t->ticket);

        if (r < 0)
                return r;
        LIST_INSERT_HEAD(&client->waiting, t, siblings);
        t->client = client;
        t->joined = clock_usec(CLOCK_MONOTONIC);
        return 0;
}

int http_client_submit(struct http_client *client, const struct http_peer *peer,
        const struct http_request *request, http_done_t done, void *userdata,
        struct http_transfer **ret)
{
        _cleanup_(http_transfer_freep) struct http_transfer *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return -ENOMEM;
        t->peer = peer;
        t->request = request;
        t->done = done;
        t->userdata = userdata;
        r = join(client, t);
        if (r < 0)
                return r;
        r = begin_waiting(client, t->ticket.lane, t);
        if (r < 0) {
                transfer_detach(t);
                return r;
        }
        if (ret)
                *ret = t;
        (void)take_ptr(t);
        return 0;
}

struct http_transfer *http_transfer_cancel(struct http_transfer *transfer)
{
        /* Without a client its callback is running, and on_reap() frees it. */
        if (!transfer || !transfer->client)
                return NULL;
        transfer_detach(transfer);
        return http_transfer_free(transfer);
}

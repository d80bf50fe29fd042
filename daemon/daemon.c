/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "ask/http_client.h"
#include "build_config.h"
#include "clock.h"
#include "config/config.h"
#include "config/rotation.h"
#include "keep/snapshot.h"
#include "log.h"
#include "pulse.h"
#include "serve/handover.h"
#include "serve/http_server.h"
#include "watch/approvals.h"
#include "watch/publisher.h"
#include "watch/surroundings.h"
#include "watch/teller.h"
#include "watch/waiters.h"
#include "watch/watches.h"

/* Timers may be late by this much, so that wake-ups can be shared. */
#define TIMER_ACCURACY (50 * USEC_PER_MSEC)

/* Larger blocks - bodies, files - go back to the system when they are freed. Set, because glibc
 * raises it to the largest block that ever was. */
#define MMAP_THRESHOLD (128 << 10)

struct daemon {
        const struct daemon_options *options;
        sd_event *event;
        sd_event_source *replay_timer, *alert_timer, *post, *commands, *approvals;
        struct config *config;
        struct http_client *client;
        struct teller teller;
        struct watch_owner owner;
        struct watch **watches;
        size_t watch_count;
        struct surroundings_owner surroundings_owner;
        struct surroundings *surroundings;
        struct waiters waiters;
        struct handover *handover;
        struct http_server **servers;
        size_t server_count;
        struct publisher publisher;
        char *snapshot_path;
        uint64_t snapshot_signature; /* of what was saved last */
        bool snapshot_failing; /* and logged */
        bool dirty; /* something changed that is not published yet */
        uint64_t outbox_generation;
};

static int on_alert_timer(sd_event_source *s, uint64_t usec, void *userdata);

static int set_timer(sd_event *event, sd_event_source **source, clockid_t clock, usec_t due,
        sd_event_time_handler_t handler, const char *description, void *userdata)
{
        int r;

        if (!*source) {
                r = sd_event_add_time(event, source, clock, due, TIMER_ACCURACY, handler, userdata);
                return r < 0 ? r : sd_event_source_set_description(*source, description);
        }
        r = sd_event_source_set_time(*source, due);
        return r < 0 ? r : sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

/* Tells what is due and comes back when more is. */
static void tell(struct daemon *d)
{
        usec_t now = clock_usec(CLOCK_REALTIME);
        usec_t next = teller_tell(&d->teller, d->watches, d->watch_count, now);
        int r = set_timer(
                d->event, &d->alert_timer, CLOCK_REALTIME, next, on_alert_timer, "alerts", d);

        if (r < 0)
                log_error("cannot set the alert timer: %s; alerts are told after the next replay",
                        strerror(-r));
        d->dirty = true;
}

static int on_alert_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
        tell(userdata);
        return 0;
}

static void evaluate(struct daemon *d, const struct collection_view *view)
{
        teller_evaluate(&d->teller, view, clock_usec(CLOCK_REALTIME));
}

static int on_replay_timer(sd_event_source *s, uint64_t usec, void *userdata);

static void set_replay_timer(struct daemon *d)
{
        usec_t due = USEC_INFINITY;
        int r;

        for (size_t i = 0; i < d->watch_count; i++)
                due = MIN(due, watch_due(d->watches[i]));
        r = set_timer(
                d->event, &d->replay_timer, CLOCK_BOOTTIME, due, on_replay_timer, "replays", d);
        if (r < 0) {
                log_error(
                        "cannot set the replay timer: %s; stopping, because nothing would be measured",
                        strerror(-r));
                (void)sd_event_exit(d->event, r);
        }
}

static int on_replay_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct daemon *d = userdata;
        usec_t now = clock_usec(CLOCK_BOOTTIME) + TIMER_ACCURACY;

        for (size_t i = 0; i < d->watch_count; i++)
                if (watch_due(d->watches[i]) <= now)
                        watch_run(d->watches[i]);
        return 0;
}

/* Keeps what a restart must not forget; only when it changed, which is rare. */
static void save(struct daemon *d, const struct view *view)
{
        _cleanup_error_ struct error error = {0};
        uint64_t signature = snapshot_signature(view);
        int r;

        if (signature == d->snapshot_signature)
                return;
        r = snapshot_save(d->snapshot_path, view, &error);
        if (r >= 0)
                d->snapshot_signature = signature;
        else if (!d->snapshot_failing)
                log_warning("%s; home bands would be measured anew after a restart; trying again",
                        error_text(&error, r));
        d->snapshot_failing = r < 0;
}

/* Shows what has changed since the last time. Also called before anybody is answered: who is told
 * that something was done must see it. */
static void publish(struct daemon *d)
{
        struct publication p = {
                .config = d->config,
                .watches = d->watches,
                .watch_count = d->watch_count,
                .alerts = d->teller.alerts,
                .outbox = d->teller.outbox,
                .surroundings = d->surroundings,
                .external_url = d->options->external_url,
        };
        uint64_t generation = outbox_generation(d->teller.outbox);
        struct view *view;

        if (!d->dirty && generation == d->outbox_generation)
                return;
        if (publisher_view(&d->publisher, &p, clock_usec(CLOCK_REALTIME), &view) < 0) {
                log_error("out of memory: what is shown stays as it was");
                return;
        }
        (void)sd_notifyf(0, "STATUS=%s", publisher_status(&d->publisher, view));
        save(d, view);
        handover_publish(d->handover, view);
        d->dirty = false;
        d->outbox_generation = generation;
}

/* The end of an alert says it, where one fires. */
static void log_recovery(const struct daemon *d, const struct collection_view *c)
{
        _cleanup_(view_unrefp) struct view *shown = handover_acquire(d->handover);
        const struct collection_view *old = shown ? view_find_collection(shown, c->label) : NULL;

        if (!old || !old->last_error || c->last_error ||
                teller_tells_of_failure(&d->teller, c->label))
                return;
        log_event(LOG_NOTICE, LOG_ID_REPLAY_RECOVERED,
                log_fields({"DRIFTWATCH_COLLECTION", c->label}, {"DRIFTWATCH_SERVER", c->server}),
                "%s: replays succeed again, %zu queries", c->label, c->query_set->count);
}

static void on_replayed(struct watch *w, void *userdata)
{
        struct daemon *d = userdata;

        log_recovery(d, watch_view(w));
        evaluate(d, watch_view(w));
        tell(d);
        publish(d);
        if (waiters_replayed(&d->waiters, watch_view(w)))
                watch_replay(w);
        /* Last: against another baseline, another view. */
        d->dirty |= approvals_check(d->options->storage_path, d->watches, d->watch_count);
        /* A replay leaves the holes of many small pieces; this takes a tenth of a millisecond. */
        (void)malloc_trim(0);
}

/* Probes and embedders have rules, too. */
static void on_changed(struct watch *w, void *userdata)
{
        struct daemon *d = userdata;

        if (watch_view(w)->replayed) {
                evaluate(d, watch_view(w));
                tell(d);
        }
        d->dirty = true;
}

static void on_exchanged(struct watch *w, const struct http_response *response, void *userdata)
{
        struct daemon *d = userdata;

        publisher_observe(&d->publisher, watch_config(w)->server->name, response->duration_usec);
        if (response->result >= 0 && response->status < 300)
                surroundings_note(
                        d->surroundings, watch_config(w)->server, clock_usec(CLOCK_BOOTTIME));
}

static void on_listed(void *userdata)
{
        struct daemon *d = userdata;

        d->dirty = true;
}

static void on_listing_exchanged(
        const char *server, const struct http_response *response, void *userdata)
{
        struct daemon *d = userdata;

        publisher_observe(&d->publisher, server, response->duration_usec);
}

static int send_notification(void *sender, const struct http_peer *peer,
        const struct http_request *request, http_done_t done, void *userdata)
{
        return http_client_submit(sender, peer, request, done, userdata, NULL);
}

static void restore_home(const char *collection, const char *query, const char *band,
        float home_distance, void *userdata)
{
        struct daemon *d = userdata;

        for (size_t i = 0; i < d->watch_count; i++)
                if (streq(watch_config(d->watches[i])->label, collection))
                        dossier_restore_home(
                                watch_dossier(d->watches[i]), query, band, home_distance);
}

static void restore(struct daemon *d)
{
        _cleanup_error_ struct error error = {0};
        int r = snapshot_load(d->snapshot_path, restore_home, d, &error);

        if (r < 0 && r != -ENOENT)
                log_warning("%s; home bands are measured anew", error_text(&error, r));
}

static int on_approval(sd_event_source *s, const struct inotify_event *event, void *userdata)
{
        struct daemon *d = userdata;

        d->dirty |= approvals_check(d->options->storage_path, d->watches, d->watch_count);
        return 0;
}

/* Runs after every other event. Whatever a watch has done in it - surveys end without a word to
 * anybody - the time when it is due next may be another. */
static int on_post(sd_event_source *s, void *userdata)
{
        set_replay_timer(userdata);
        publish(userdata);
        return 0;
}

/* Lets every new watch take over from its predecessor and forgets those that have no successor. */
static void succeed_watches(struct daemon *d, struct watch **watches, size_t count)
{
        usec_t now = clock_usec(CLOCK_REALTIME);

        for (size_t i = 0; i < d->watch_count; i++) {
                const char *label = watch_config(d->watches[i])->label;
                struct watch *successor = watches_find(watches, count, label);

                if (!successor) {
                        teller_forget(&d->teller, label, now);
                        waiters_forget(&d->waiters, label);
                } else if (watch_adopt(successor, d->watches[i]) < 0)
                        log_error("%s: out of memory: its history starts afresh", label);
        }
        watches_free(d->watches, d->watch_count);
        d->watches = watches;
        d->watch_count = count;
}

/* Swaps the whole configuration; takes it on success. Nothing changes on failure. */
static int apply(struct daemon *d, struct config *config)
{
        _cleanup_(surroundings_freep) struct surroundings *surroundings = NULL;
        struct watch **watches;
        int r = surroundings_new(config, d->client, &d->surroundings_owner, &surroundings);

        if (r >= 0)
                r = watches_new(d->event, config, d->client, &d->owner, &watches);
        if (r < 0)
                return r;
        r = teller_configure(&d->teller, config, clock_usec(CLOCK_REALTIME));
        if (r < 0) {
                watches_free(watches, config->collection_count);
                return r;
        }
        succeed_watches(d, watches, config->collection_count);
        surroundings_adopt(surroundings, d->surroundings);
        surroundings_free(d->surroundings);
        d->surroundings = take_ptr(surroundings);
        config_free(d->config);
        d->config = config;
        (void)approvals_check(d->options->storage_path, d->watches, d->watch_count);
        return 0;
}

/* Reads the configuration file into a new configuration and swaps it in, or keeps the old one. */
static int configure(struct daemon *d)
{
        _cleanup_errors_ struct errors errors = {0};
        struct config *config;
        int r;

        pulse_enable(true);
        r = config_load(d->options->config_path, &config, &errors);

        if (r >= 0) {
                r = apply(d, config);
                if (r < 0) {
                        errors_add(&errors, "%s: cannot be applied: %s", d->options->config_path,
                                strerror(-r));
                        config_free(config);
                }
        }
        for (size_t i = 0; i < errors.count; i++)
                log_event(LOG_ERR, LOG_ID_RELOAD_FAILED, NULL, "%s", errors.messages[i]);
        pulse_enable(false);
        publisher_configured(&d->publisher, r, &errors, clock_usec(CLOCK_REALTIME));
        d->dirty = true;
        /* Reading vectors took ten times the memory that they keep; malloc() would not return it.
         */
        (void)malloc_trim(0);
        return r;
}

/* Who reloads after a rotation believes that it is done. */
static void log_rotation(const struct daemon *d)
{
        _cleanup_(rotation_done) struct rotation found = {0};
        const char *directory = rotation_directory();

        if (!directory || rotation_check(d->config, directory, d->publisher.started, &found) < 0)
                return;
        for (size_t i = 0; i < found.newer.count; i++)
                log_warning("%s", found.newer.messages[i]);
        if (found.unseen_count > 0)
                log_event(LOG_NOTICE, NULL, NULL,
                        "credentials are handed over when the unit starts, not at a reload: if one "
                        "of these has changed since then, restart driftwatch: %s",
                        text_string(&found.unseen));
}

/* RELOADING=1 comes first, because the service manager returns to the administrator early
 * otherwise. */
static int reload(struct daemon *d)
{
        int r;

        (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reading %s",
                (unsigned long long)clock_usec(CLOCK_MONOTONIC), d->options->config_path);
        r = configure(d);
        if (r < 0)
                log_event(LOG_ERR, LOG_ID_RELOAD_FAILED, NULL,
                        "%s was refused: going on with the configuration in use",
                        d->options->config_path);
        else {
                log_event(LOG_NOTICE, LOG_ID_RELOADED, NULL, "%s was read again: %zu collections",
                        d->options->config_path, d->watch_count);
                log_rotation(d);
                tell(d);
        }
        publish(d);
        (void)sd_notify(0, "READY=1");
        return r;
}

static int on_hangup(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
        (void)reload(userdata);
        return 0;
}

static void on_reload_command(struct daemon *d, struct command *c)
{
        int r = reload(d);
        char *body = r < 0 ? strdup(publisher_reload_error(&d->publisher)) : NULL;

        command_complete(c, r < 0 ? 500 : 200, body, body ? strlen(body) : 0);
}

static void on_replay_command(struct daemon *d, struct command *c)
{
        _cleanup_free_ struct watch **wanted = calloc(d->watch_count + 1, sizeof(struct watch *));
        size_t count = 0;

        for (size_t i = 0; wanted && i < d->watch_count; i++)
                if (!c->collection || streq(c->collection, watch_config(d->watches[i])->label))
                        wanted[count++] = d->watches[i];
        /* Waiting is noted first: a replay may fail to start. */
        waiters_add(&d->waiters, c, wanted, count);
        for (size_t i = 0; i < count; i++)
                watch_ingested(wanted[i]);
}

static int on_commands(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        struct daemon *d = userdata;
        struct command *c;

        while ((c = handover_take(d->handover)))
                if (c->type == COMMAND_RELOAD)
                        on_reload_command(d, c);
                else
                        on_replay_command(d, c);
        return 0;
}

/* Without a handler the loop ends, with the status that sd-event takes from the userdata. */
static int add_signal(struct daemon *d, int signal, sd_event_signal_handler_t handler)
{
        return sd_event_add_signal(
                d->event, NULL, signal | SD_EVENT_SIGNAL_PROCMASK, handler, handler ? d : NULL);
}

static int add_sources(struct daemon *d)
{
        int r = add_signal(d, SIGTERM, NULL);

        if (r >= 0)
                r = add_signal(d, SIGINT, NULL);
        if (r >= 0)
                r = add_signal(d, SIGHUP, on_hangup);
        if (r >= 0)
                r = sd_event_add_post(d->event, &d->post, on_post, d);
        if (r >= 0)
                r = sd_event_source_set_description(d->post, "publish");
        if (r >= 0)
                r = sd_event_add_io(
                        d->event, &d->commands, handover_fd(d->handover), EPOLLIN, on_commands, d);
        if (r >= 0)
                r = sd_event_source_set_description(d->commands, "commands");
        if (r >= 0)
                r = sd_event_set_watchdog(d->event, true);
        return r;
}

static int add_server(struct daemon *d, const char *address, int fd)
{
        _cleanup_error_ struct error error = {0};
        struct http_server **grown = reallocarray(d->servers, d->server_count + 1, sizeof(*grown));
        int r;

        if (!grown)
                return -ENOMEM;
        d->servers = grown;
        r = http_server_new(address, fd, d->handover, &grown[d->server_count], &error);
        if (r < 0) {
                log_error("%s", error_text(&error, r));
                return r;
        }
        log_info("listening on %s, port %u", fd >= 0 ? "a socket of the service manager" : address,
                http_server_port(grown[d->server_count++]));
        return 0;
}

/* Sockets that were passed win over addresses: they are what the administrator configured last. */
static int listen_all(struct daemon *d)
{
        int passed = sd_listen_fds(1), r = 0;

        if (passed == 0 && d->options->systemd_socket) {
                log_error(
                        "--web.systemd-socket was given, but no socket was passed: is driftwatch.socket started?");
                return -ENOTCONN;
        }
        for (int i = 0; i < passed && r >= 0; i++)
                r = add_server(d, NULL, SD_LISTEN_FDS_START + i);
        for (size_t i = 0; passed <= 0 && i < d->options->listen_address_count && r >= 0; i++)
                r = add_server(d, d->options->listen_addresses[i], -1);
        return r;
}

static int start(struct daemon *d)
{
        int r = sd_event_default(&d->event);

        if (r >= 0)
                r = http_client_new(d->event, "driftwatch/" DRIFTWATCH_VERSION, &d->client);
        if (r >= 0)
                r = outbox_new(d->event, send_notification, d->client, NULL, &d->teller.outbox);
        if (r >= 0)
                r = teller_init(&d->teller);
        if (r >= 0)
                r = handover_new(&d->handover);
        if (r >= 0)
                r = add_sources(d);
        if (r < 0) {
                log_error("cannot start: %s", strerror(-r));
                return r;
        }
        d->teller.external_url = d->options->external_url;
        d->owner = (struct watch_owner){on_replayed, on_changed, on_exchanged, d};
        d->surroundings_owner = (struct surroundings_owner){on_listed, on_listing_exchanged, d};
        publisher_init(&d->publisher, clock_usec(CLOCK_REALTIME));
        r = configure(d);
        if (r < 0)
                return r;
        if (asprintf(&d->snapshot_path, "%s/snapshot.json", d->options->storage_path) < 0)
                return -ENOMEM;
        restore(d);
        r = approvals_watch(d->event, d->options->storage_path, on_approval, d, &d->approvals);
        if (r < 0)
                log_warning("%s/baselines cannot be watched: %s; an approval is noticed at the "
                            "next replay",
                        d->options->storage_path, strerror(-r));
        publish(d); /* the first request must find a view */
        return listen_all(d);
}

/* In the order that lets nobody call into what is gone: requests are answered before the servers
 * stop, transfers are cancelled before their owners go. */
static void stop(struct daemon *d)
{
        if (d->handover)
                handover_close(d->handover);
        waiters_done(&d->waiters);
        for (size_t i = 0; i < d->server_count; i++)
                http_server_free(d->servers[i]);
        free(d->servers);
        watches_free(d->watches, d->watch_count);
        surroundings_free(d->surroundings);
        http_client_free(d->client);
        teller_done(&d->teller);
        handover_free(d->handover);
        publisher_done(&d->publisher);
        config_free(d->config);
        free(d->snapshot_path);
        sd_event_source_disable_unref(d->replay_timer);
        sd_event_source_disable_unref(d->alert_timer);
        sd_event_source_disable_unref(d->post);
        sd_event_source_disable_unref(d->commands);
        sd_event_source_disable_unref(d->approvals);
        sd_event_unref(d->event);
}

int daemon_run(const struct daemon_options *options)
{
        struct daemon d = {.options = options};
        int r;

        (void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
        (void)signal(SIGPIPE, SIG_IGN);
        r = start(&d);
        if (r >= 0) {
                set_replay_timer(&d);
                log_info("driftwatch %s: watching %zu collections", DRIFTWATCH_VERSION,
                        d.watch_count);
                (void)sd_notify(0, "READY=1");
                r = sd_event_loop(d.event);
                (void)sd_notify(0, "STOPPING=1\nSTATUS=stopping");
        }
        stop(&d);
        return r;
}

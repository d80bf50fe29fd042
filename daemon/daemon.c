/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon.h"

#include <signal.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "ask/http_client.h"
#include "clock.h"
#include "config/config.h"
#include "config/objects.h"
#include "footprint.h"
#include "log.h"
#include "serve/handover.h"
#include "version.h"
#include "watch/acting.h"
#include "watch/alarm.h"
#include "watch/answers.h"
#include "watch/approvals.h"
#include "watch/publisher.h"
#include "watch/reader.h"
#include "watch/reload.h"
#include "watch/storage.h"
#include "watch/succession.h"
#include "watch/surroundings.h"
#include "watch/teller.h"
#include "watch/waiters.h"
#include "watch/watches.h"
#include "watch/web.h"

/* Showing what has changed takes at most this part of the time: with many collections whose alerts
 * and incidents change all the time it is put off a little. */
#define PUBLISH_SHARE 20
#define PUBLISH_PAUSE_MAX USEC_PER_SEC
/* A survey that sees no change is shown for what it cost, no later than this. */
#define COUNTS_PAUSE (10 * USEC_PER_SEC)
/* A replay of more queries is judged by the worker: 100,000 take half a second. */
#define JUDGED_AT_ONCE 1000

struct daemon {
        const struct daemon_options *options;
        sd_event *event;
        sd_event_source *alert_timer, *publish_timer, *post, *commands, *approvals;
        struct config *config;
        struct http_client *client;
        struct teller teller;
        struct watch_owner owner;
        struct watches all;
        struct surroundings_owner surroundings_owner;
        struct surroundings *surroundings;
        struct answers answers;
        struct waiters waiters;
        struct handover *handover;
        struct worker *worker;
        void (*worked)(struct daemon *d); /* goes on when the worker's long work is done */
        struct watch *judged; /* the worker judges its replay; NULL: none */
        struct reader *reader;
        struct succession next; /* of a configuration that is being swapped */
        struct web web;
        struct publisher publisher;
        struct allowances allowances;
        struct storage storage;
        usec_t publish_due, trim_due, counts_due; /* CLOCK_BOOTTIME; not again before */
        bool serving; /* the first configuration is in use */
        bool dirty; /* something changed that is not published yet */
        uint64_t outbox_generation;
};

static int on_alert_timer(sd_event_source *s, uint64_t usec, void *userdata);
static void read_on(struct daemon *d);
static void read_again(struct daemon *d, bool configuration);
static void judge_on(struct daemon *d);

/* A set clock: all times that are kept follow it, but for those that the worker has. */
static bool follow_clock(struct daemon *d)
{
        int64_t by = d->next.heir_count > 0 || d->judged ? 0 : clock_jump();

        if (by == 0)
                return false;
        watches_jump(d->all.watches, d->all.count, by);
        teller_jump(&d->teller, by);
        publisher_jump(&d->publisher, by);
        surroundings_jump(d->surroundings, by);
        return true;
}

/* Tells what is due and comes back when more is. */
static void tell(void *userdata)
{
        struct daemon *d = userdata;
        usec_t next;
        int r;

        (void)follow_clock(d);
        next = clock_boot(teller_tell(&d->teller, d->all.watches, d->all.count, clock_wall()));
        r = alarm_set(d->event, &d->alert_timer, next, on_alert_timer, "alerts", d);
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

/* Shows what has changed since the last time. Also called before anybody is answered: who is told
 * that something was done must see it. */
static void publish(struct daemon *d)
{
        usec_t begun = clock_usec(CLOCK_BOOTTIME), took;
        struct publication p = {
                .config = d->config,
                .watches = d->all.watches,
                .watch_count = d->all.count,
                .alerts = d->teller.alerts,
                .outbox = d->teller.outbox,
                .tenure = d->teller.tenure,
                .desk = d->teller.desk,
                .desk_generation = d->teller.generation,
                .surroundings = d->surroundings,
                .allowances = &d->allowances,
                .external_url = d->options->external_url,
                .runbook_url = d->teller.runbook_url,
                .ack_key = d->teller.linked ? d->teller.ack_key : NULL,
                .storage = &d->storage,
        };
        uint64_t generation = outbox_generation(d->teller.outbox);
        struct view *view;

        if (!d->dirty && generation == d->outbox_generation)
                return;
        if (publisher_view(&d->publisher, &p, clock_wall(), &view) < 0) {
                log_error("out of memory: what is shown stays as it was");
                return;
        }
        publisher_announce(&d->publisher, view);
        handover_publish(d->handover, view);
        d->dirty = false;
        d->outbox_generation = generation;
        took = clock_usec(CLOCK_BOOTTIME) - begun;
        d->publish_due = begun + took + MIN(took * PUBLISH_SHARE, PUBLISH_PAUSE_MAX);
}

static int on_publish_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
        return 0; /* on_post() comes after it */
}

/* Publishes and saves, each at its time. */
static void keep_up(struct daemon *d)
{
        bool changed = d->dirty || outbox_generation(d->teller.outbox) != d->outbox_generation;
        usec_t now = clock_usec(CLOCK_BOOTTIME), next;
        int r = 0;

        if (changed && now >= d->publish_due) {
                publish(d);
                changed = false;
        }
        next = teller_save(&d->teller, &d->publisher, &d->all, now);
        if (d->storage.failing != d->teller.storage_failing)
                tell(d);
        changed |= d->dirty;
        if (changed)
                next = MIN(next, d->publish_due);
        if (next != USEC_INFINITY)
                r = alarm_set(d->event, &d->publish_timer, next, on_publish_timer, "publish", d);
        if (r < 0)
                log_error("cannot set the timer of the view: %s; it is shown after the next event",
                        strerror(-r));
}

static void on_replayed(struct watch *w, void *userdata)
{
        struct daemon *d = userdata;

        teller_log_recovery(&d->teller, w);
        teller_evaluate(&d->teller, watch_view(w), clock_wall());
        tell(d);
        if (d->waiters.first)
                publish(d);
        if (waiters_replayed(&d->waiters, watch_view(w)))
                watch_replay(w);
        if (approvals_differ(d->options->storage_path, w))
                read_again(d, false);
        /* Replays leave many small holes; those of a reading its own thread clears away. */
        if (!worker_busy(d->worker))
                footprint_trim(clock_usec(CLOCK_BOOTTIME), &d->trim_due);
}

/* Probes and embedders have rules, too. */
static void on_changed(struct watch *w, void *userdata)
{
        struct daemon *d = userdata;

        if (watch_view(w)->replayed) {
                teller_evaluate(&d->teller, watch_view(w), clock_wall());
                tell(d);
        }
        d->dirty = true;
}

static void on_exchanged(struct watch *w, const struct http_response *response, void *userdata)
{
        struct daemon *d = userdata;
        usec_t now = clock_usec(CLOCK_BOOTTIME);

        publisher_observe(&d->publisher, watch_config(w)->server->name, response->duration_usec);
        d->dirty |= now >= d->counts_due;
        if (now >= d->counts_due)
                d->counts_due = now + COUNTS_PAUSE;
        if (response->result >= 0 && response->status < 300)
                surroundings_note(d->surroundings, watch_config(w)->server, now);
}

static void on_listed(void *userdata)
{
        ((struct daemon *)userdata)->dirty = true;
}

static void on_listing_exchanged(
        const char *server, const struct http_response *response, void *userdata)
{
        struct daemon *d = userdata;

        publisher_observe(&d->publisher, server, response->duration_usec);
        allowances_add(&d->allowances, server, TASK_LISTING, response->duration_usec);
}

static int on_approval(sd_event_source *s, const struct inotify_event *event, void *userdata)
{
        read_again(userdata, false);
        return 0;
}

/* Runs after every other event. */
static int on_post(sd_event_source *s, void *userdata)
{
        struct daemon *d = userdata;

        if (!d->serving)
                return 0;
        if (follow_clock(d))
                tell(d);
        keep_up(d);
        return 0;
}

/* What can have no thread is done at once. */
static void work(
        struct daemon *d, void (*job)(void *with), void *with, void (*then)(struct daemon *d))
{
        d->worked = then;
        if (worker_start(d->worker, job, with) >= 0)
                return;
        job(with);
        then(d);
}

static void begin_service(struct daemon *d)
{
        int r;

        teller_restore(&d->teller, &d->publisher, &d->all);
        tell(d);
        publish(d); /* the first request must find a view */
        (void)teller_save(&d->teller, &d->publisher, &d->all, 0);
        r = web_open(&d->web, d->event, &d->options->web);
        if (r < 0) {
                (void)sd_event_exit(d->event, r);
                return;
        }
        d->serving = true;
        footprint_settle();
        log_info("driftwatch %s: %s", DRIFTWATCH_VERSION, d->publisher.status);
        (void)sd_notify(0, "READY=1");
}

static void reloaded(struct daemon *d, int r)
{
        reload_log(d->options->config_path, d->config, r, d->publisher.started);
        if (r >= 0)
                tell(d);
        publish(d);
        reader_done(d->reader, r < 0 ? publisher_reload_error(&d->publisher) : NULL);
        /* Whoever asked for another one meanwhile waits for that. */
        if (!reader_wants_configuration(d->reader))
                (void)sd_notifyf(0, "READY=1\nSTATUS=%s", d->publisher.status);
}

static void on_disposed(struct daemon *d)
{
        succession_done(&d->next, &d->all);
        judge_on(d);
        read_on(d);
}

/* A configuration that was read is in use (1), is what was in use before (0), or is refused. */
static void configured(struct daemon *d, struct material *m, int r)
{
        for (size_t i = 0; i < m->errors.count; i++)
                log_event(LOG_ERR, LOG_ID_RELOAD_FAILED, NULL, "%s", m->errors.messages[i]);
        publisher_configured(&d->publisher, r, &m->errors, clock_wall());
        d->dirty = true;
        if (r >= 0)
                web_publish(&d->web);
        if (d->serving)
                reloaded(d, r);
        else if (r >= 0)
                begin_service(d);
        else
                (void)sd_event_exit(d->event, r);
}

/* What was read is in use, as for configured(), or everything goes on as it was. */
static void finish(struct daemon *d, int r)
{
        struct material *m = reader_end(d->reader);

        if (r >= 0)
                d->dirty |= approvals_apply(&m->approvals, d->all.watches, d->all.count);
        if (m->configuration)
                configured(d, m, r);
        else if (r < 0)
                log_warning("baselines cannot be read again: %s; approvals are noticed after the "
                            "next replay",
                        strerror(-r));
        reader_done(d->reader, NULL);
        work(d, succession_dispose, &d->next, on_disposed);
}

static void on_succeeded(struct daemon *d)
{
        int r = d->next.result < 0 ? d->next.result : d->next.config != NULL;

        if (r < 0) {
                errors_add(&reader_end(d->reader)->errors, "%s: cannot be applied: %s",
                        d->options->config_path, strerror(-r));
                succession_cancel(&d->next, d->config, &d->all);
        } else
                succession_end(&d->next, &d->config, &d->all, &d->surroundings, &d->waiters);
        for (size_t i = 0; i < d->all.count; i++)
                watch_keep_time(d->all.watches[i]);
        finish(d, r);
}

static void on_read(struct daemon *d)
{
        const struct succession_owners owners = {
                d->event, d->client, &d->owner, &d->surroundings_owner, &d->teller};
        struct material *m = reader_end(d->reader);

        if (m->configuration && m->result >= 0)
                m->result = web_read(&d->web, &m->errors);
        if (m->result < 0) {
                finish(d, m->result);
                return;
        }
        if (m->config && d->config) {
                config_share(m->config, d->config);
                if (config_equal(m->config, d->config))
                        m->config = config_free(m->config);
        }
        d->next.result =
                succession_begin(&d->next, &owners, take_ptr(m->config), &d->all, &m->approvals);
        if (d->next.result > 0)
                work(d, succession_work, &d->next, on_succeeded);
        else
                on_succeeded(d);
}

static void read_on(struct daemon *d)
{
        int r = reader_begin(d->reader, d->config, d->all.watches, d->all.count);

        if (r != 0)
                d->worked = on_read;
        if (r < 0)
                on_read(d);
}

static void read_again(struct daemon *d, bool configuration)
{
        reader_want(d->reader, configuration);
        read_on(d);
}

static void on_judged(struct daemon *d)
{
        watch_judged(take_ptr(d->judged));
        read_on(d);
}

/* One replay of those that wait for it. */
static void judge_on(struct daemon *d)
{
        struct watch *w = worker_busy(d->worker) ? NULL : watches_waiting(&d->all);

        if (!w)
                return;
        d->judged = w;
        watch_begin_judging(w);
        work(d, watch_judge, w, on_judged);
}

static bool on_ended(struct watch *w, size_t queries, void *userdata)
{
        if (queries > JUDGED_AT_ONCE)
                judge_on(userdata);
        return queries > JUDGED_AT_ONCE;
}

static int on_hangup(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
        struct daemon *d = userdata;

        if (d->serving)
                reload_announce(d->options->config_path);
        read_again(d, true);
        return 0;
}

static void on_replay_command(struct daemon *d, struct command *c)
{
        watches_ask(&d->all, &d->waiters, c);
}

static void on_reload_command(struct daemon *d, struct command *c)
{
        reload_announce(d->options->config_path);
        reader_ask(d->reader, c);
        read_on(d);
}

static void on_act_command(struct daemon *d, struct command *c)
{
        _cleanup_error_ struct error error = {0};
        int r = acting_perform(&d->teller, c->act, clock_wall(), &error);
        unsigned status;
        size_t size;
        char *body;

        tell(d);
        publish(d);
        status = acting_answer(&d->teller, c->act, r, &error, &body, &size);
        command_complete(c, status, body, size);
}

static void on_answers_command(struct daemon *d, struct command *c)
{
        answers_ask(&d->answers, d->client, &d->all, c);
}

static void on_worked_command(struct daemon *d, struct command *c)
{
        if (worker_end(d->worker, c))
                d->worked(d);
        command_complete(c, 200, NULL, 0);
        judge_on(d);
}

static void (*const commands[])(struct daemon *d, struct command *c) = {
        [COMMAND_REPLAY] = on_replay_command,
        [COMMAND_RELOAD] = on_reload_command,
        [COMMAND_ACT] = on_act_command,
        [COMMAND_ANSWERS] = on_answers_command,
        [COMMAND_WORKED] = on_worked_command,
};

static int on_commands(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        struct daemon *d = userdata;
        struct command *c;

        while ((c = handover_take(d->handover)))
                commands[c->type](d, c);
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

static int start(struct daemon *d)
{
        int r = sd_event_default(&d->event);

        if (r >= 0)
                r = http_client_new(d->event, "driftwatch/" DRIFTWATCH_VERSION, &d->client);
        if (r >= 0)
                r = storage_init(&d->storage, d->event, d->options->storage_path);
        if (r >= 0)
                r = teller_init(&d->teller, d->event, d->client, tell, d);
        if (r >= 0)
                r = handover_new(&d->handover);
        if (r >= 0)
                r = worker_new(d->handover, &d->worker);
        if (r >= 0)
                r = reader_new(d->worker, d->options->config_path, &d->options->shard,
                        d->options->storage_path, &d->reader);
        if (r >= 0)
                r = add_sources(d);
        if (r < 0) {
                log_error("cannot start: %s", strerror(-r));
                return r;
        }
        storage_lend(&d->storage, d->worker);
        d->web.handover = d->handover;
        teller_link(&d->teller, d->options->external_url, d->options->storage_path);
        d->owner = (struct watch_owner){
                on_replayed, on_changed, on_exchanged, d, &d->allowances, on_ended};
        d->surroundings_owner = (struct surroundings_owner){on_listed, on_listing_exchanged, d};
        publisher_init(&d->publisher, clock_wall());
        r = approvals_watch(d->event, d->options->storage_path, on_approval, d, &d->approvals);
        if (r < 0)
                log_warning("%s/baselines cannot be watched: %s; an approval is noticed at the "
                            "next replay",
                        d->options->storage_path, strerror(-r));
        read_again(d, true);
        return 0;
}

/* In the order that lets nobody call into what is gone: requests are answered before the servers
 * stop, transfers are cancelled before their owners go. */
static void stop(struct daemon *d)
{
        if (d->handover)
                handover_close(d->handover);
        storage_lend(&d->storage, NULL);
        worker_free(d->worker);
        reader_free(d->reader);
        (void)teller_save(&d->teller, &d->publisher, &d->all, USEC_INFINITY);
        waiters_done(&d->waiters);
        answers_done(&d->answers);
        web_done(&d->web);
        succession_done(&d->next, &d->all);
        watches_done(&d->all, &(struct watches){0});
        surroundings_free(d->surroundings);
        http_client_free(d->client);
        teller_done(&d->teller);
        handover_free(d->handover);
        publisher_done(&d->publisher);
        allowances_done(&d->allowances);
        config_free(d->config);
        storage_done(&d->storage);
        sd_event_source_disable_unref(d->publish_timer);
        sd_event_source_disable_unref(d->alert_timer);
        sd_event_source_disable_unref(d->post);
        sd_event_source_disable_unref(d->commands);
        sd_event_source_disable_unref(d->approvals);
        sd_event_unref(d->event);
}

int daemon_run(const struct daemon_options *options)
{
        struct daemon d = {.options = options,
                .teller.storage = &d.storage,
                .web.path = options->web.config_file};
        int r;

        footprint_init();
        (void)signal(SIGPIPE, SIG_IGN);
        r = start(&d);
        if (r >= 0) {
                r = sd_event_loop(d.event);
                (void)sd_notify(0, "STOPPING=1\nSTATUS=stopping");
        }
        stop(&d);
        return r;
}

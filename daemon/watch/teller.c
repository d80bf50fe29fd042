/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/teller.h"

#include <errno.h>

#include "clock.h"
#include "keep/ack_key.h"
#include "log.h"
#include "tell/dispatch.h"
#include "tell/selfcheck.h"
#include "tell/token.h"
#include "text.h"
#include "watch/watches.h"

/* From one look at whether telling works to the next, while something is under way or wrong. */
#define LOOK_INTERVAL (30 * USEC_PER_SEC)

/* Of which alerts people know. What waits to be delivered does not count yet: who takes over tells
 * it rather twice. */
static int told(struct ledger *ret, void *userdata)
{
        struct teller *t = userdata;
        struct ledger fresh = {0};
        int r = 0;

        if (t->relay.silent)
                return ledger_add(ret, &t->relay.told);
        if (outbox_delivered(t->outbox, &channel_alertmanager)) {
                r = notices_told(t->notices, &fresh);
                if (r >= 0)
                        r = relay_told(&t->relay, clock_wall(), &fresh);
                if (r >= 0) {
                        ledger_done(&t->told);
                        t->told = fresh;
                } else
                        ledger_done(&fresh);
        }
        return r < 0 ? r : ledger_add(ret, &t->told);
}

static void learnt(struct ledger *ledger, void *userdata)
{
        struct teller *t = userdata;

        relay_learn(&t->relay, ledger);
}

static int send_notification(void *sender, const struct http_peer *peer,
        const struct http_request *request, http_done_t done, void *userdata)
{
        return http_client_submit(sender, peer, request, done, userdata, NULL);
}

int teller_init(struct teller *t, sd_event *event, struct http_client *client,
        void (*turned)(void *userdata), void *userdata)
{
        int r = outbox_new(event, send_notification, client,
                t->storage ? &t->storage->outbox : NULL, &t->outbox);

        if (r < 0)
                return r;
        if (t->storage)
                t->storage->told = t->outbox;
        t->alerts = alerts_new();
        t->notices = notices_new();
        t->desk = desk_new();
        t->tenure_owner = (struct tenure_owner){told, learnt, turned, t, userdata};
        return t->alerts && t->notices && t->desk ? tenure_new(event, &t->tenure_owner, &t->tenure)
                                                  : -ENOMEM;
}

void teller_done(struct teller *t)
{
        tenure_free(t->tenure);
        outbox_free(t->outbox);
        routes_done(&t->routes);
        relay_done(&t->relay);
        ledger_done(&t->told);
        desk_free(t->desk);
        roster_done(&t->policy.receivers);
        notices_free(t->notices);
        alerts_free(t->alerts);
        free(t->runbook_url);
        *t = (struct teller){0};
}

void teller_link(struct teller *t, const char *external_url, const char *directory)
{
        _cleanup_error_ struct error error = {0};
        _cleanup_free_ char *secret = NULL;
        int r;

        t->external_url = external_url;
        if (!external_url)
                return;
        r = ack_key_load(directory, &secret, &error);
        if (r >= 0)
                r = token_key(secret, t->ack_key);
        t->linked = r >= 0;
        if (secret)
                explicit_bzero(secret, strlen(secret));
        if (t->linked)
                return;
        log_warning("%s; links that acknowledge incidents are good until driftwatch ends, and no "
                    "longer",
                error_text(&error, r));
        arc4random_buf(t->ack_key, sizeof(t->ack_key));
        t->linked = true;
}

static usec_t longest_interval(const struct config *config)
{
        usec_t longest = 0;

        for (size_t i = 0; i < config->collection_count; i++)
                longest = MAX(longest, config->collections[i]->replay.interval);
        return longest;
}

static int policy_build(const struct alerting_config *alerting, struct desk_policy *ret)
{
        struct desk_policy p = {.routing = alerting->routing,
                .escalation = alerting->escalation,
                .escalation_count = alerting->escalation_count};
        int r = 0;

        for (size_t i = 0; i < alerting->receiver_count && r >= 0; i++)
                r = roster_add(&p.receivers, alerting->receivers[i].name);
        if (r < 0)
                roster_done(&p.receivers);
        else
                *ret = p;
        return r;
}

int teller_configure(struct teller *t, const struct config *config, usec_t now)
{
        struct desk_policy policy = {0};
        struct routes routes = {0};
        _cleanup_free_ char *runbook_url = NULL;
        int r = routes_build(&config->alerting, &routes);

        if (r >= 0)
                r = signal_runbook_base(
                        config->alerting.runbook_url, t->external_url, &runbook_url);
        if (r >= 0)
                r = policy_build(&config->alerting, &policy);
        if (r >= 0)
                r = routes_configure(&routes, t->outbox);
        if (r >= 0)
                r = tenure_configure(t->tenure, &config->alerting.lease);
        if (r < 0) {
                roster_done(&policy.receivers);
                routes_done(&routes);
                return r;
        }
        roster_done(&t->policy.receivers);
        t->policy = policy;
        desk_configure(t->desk, &t->policy);
        routes_done(&t->routes);
        t->routes = routes;
        t->config = config;
        free(t->runbook_url);
        t->runbook_url = take_ptr(runbook_url);
        t->longest_interval = longest_interval(config);
        t->next = t->look_due = 0;
        alerts_damp(t->alerts, &config->alerting.flapping);
        alerts_reconfigure(t->alerts, config->alerting.rules, now);
        return 0;
}

void teller_jump(struct teller *t, int64_t by)
{
        alerts_jump(t->alerts, by);
        notices_jump(t->notices, by);
        desk_jump(t->desk, by);
        relay_jump(&t->relay, by);
        storage_jump(t->storage);
        time_jump(&t->next, by);
        time_jump(&t->look_due, by);
}

static struct dispatch_policy dispatch_policy(const struct teller *t)
{
        return (struct dispatch_policy){
                .alert = {.resend_delay = t->config->alerting.resend_delay,
                        .interval = t->longest_interval},
                .external_url = t->external_url ? t->external_url : "",
                .ack_key = t->linked && t->config->alerting.ack_expire > 0 ? t->ack_key : NULL,
                .ack_expire = t->config->alerting.ack_expire,
        };
}

static struct notice_policy notice_policy(const struct teller *t)
{
        const struct alerting_config *alerting = &t->config->alerting;

        return (struct notice_policy){
                .group_wait = alerting->group_wait,
                .group_interval = alerting->group_interval,
                .repeat_interval = alerting->repeat_interval,
        };
}

static struct signal_policy signal_policy(const struct teller *t)
{
        const struct alerting_config *alerting = &t->config->alerting;

        return (struct signal_policy){.rules = alerting->rules,
                .query_alerts_max = alerting->query_alerts_max,
                .external_url = t->external_url,
                .runbook_url = t->runbook_url};
}

void teller_evaluate(struct teller *t, const struct collection_view *c, usec_t now)
{
        const struct alerting_config *alerting = &t->config->alerting;
        const struct signal_policy policy = signal_policy(t);
        struct signals signals = {0};
        int r = signals_build(&policy, c, &signals);

        if (r >= 0) {
                r = alerts_update(t->alerts, alerting->rules, &signals, now);
                signals_done(&signals);
        }
        if (r < 0)
                log_error("%s: cannot tell of its findings: %s; alerts stay as they are", c->label,
                        strerror(-r));
}

void teller_forget(struct teller *t, const char *label, usec_t now)
{
        if (config_elsewhere(t->config, label))
                alerts_yield_collection(t->alerts, label, now);
        else
                alerts_forget_collection(t->alerts, label, now);
}

/* Of an earlier life, whose collection is watched no more, or by another daemon, since then. */
static bool find_unwatched(
        const struct teller *t, struct watch *const *watches, size_t count, char **ret)
{
        _cleanup_free_ const struct alert **all = NULL;
        size_t alert_count = 0;

        if (alerts_list(t->alerts, &all, &alert_count) < 0)
                return false;
        for (size_t i = 0; i < alert_count; i++) {
                const char *label = labels_get(&all[i]->labels, "collection");

                if (label && all[i]->state != ALERT_RESOLVED &&
                        !watches_find(watches, count, label))
                        return strdup_to(ret, label) >= 0;
        }
        return false;
}

static struct told_things told_things(const struct teller *t)
{
        return (struct told_things){t->alerts, t->notices, t->desk, t->outbox};
}

void teller_restore(struct teller *t, struct publisher *p, const struct watches *watches)
{
        const struct told_things told = told_things(t);
        usec_t now = clock_wall();
        char *label;

        if (!t->storage)
                return;
        storage_restore(t->storage, &told, p, watches);
        alerts_reconfigure(t->alerts, t->config->alerting.rules, now);
        while (find_unwatched(t, watches->watches, watches->count, &label)) {
                teller_forget(t, label, now);
                free(label);
        }
}

usec_t teller_save(
        struct teller *t, const struct publisher *p, const struct watches *watches, usec_t now)
{
        const struct told_things told = told_things(t);

        return t->storage ? storage_save(t->storage, &told, p, watches, now) : USEC_INFINITY;
}

static void log_notice(const struct notice *n)
{
        bool over = notice_over(n);
        const char *collection = notice_collection(n);
        _cleanup_text_ struct text sentence = {0}, causes = {0};
        const char *cause = notice_causes(n, &causes);

        if (n->kind == NOTICE_REPEATED)
                return;
        notice_append(n, &sentence);
        log_event(over ? LOG_NOTICE : LOG_WARNING,
                !collection    ? NULL
                        : over ? LOG_ID_ALERT_RESOLVED
                               : LOG_ID_ALERT_FIRING,
                log_fields({"DRIFTWATCH_COLLECTION", collection},
                        {"DRIFTWATCH_INCIDENT", n->incident},
                        {"DRIFTWATCH_SEVERITY", notice_severity(n)},
                        {"DRIFTWATCH_CAUSE", *cause ? cause : NULL}),
                "%s", text_string(&sentence));
}

static void log_transitions(const struct teller *t)
{
        _cleanup_free_ const struct alert **changed = NULL;
        size_t count = 0;

        if (alerts_transitions(t->alerts, &changed, &count) < 0)
                return;
        for (size_t i = 0; i < count; i++) {
                const char *text = labels_get(&changed[i]->annotations, "description");

                log_debug("alert %s %s: %s", labels_get(&changed[i]->labels, "alertname"),
                        alert_state_name(changed[i]->state), text ? text : "");
        }
}

static void log_news(const struct news *news)
{
        for (size_t i = 0; i < news->count; i++)
                log_notice(&news->notices[i]);
}

/* So that who tells it can say how the collection is. */
static void look_up(const struct news *news, struct watch *const *watches, size_t count)
{
        for (size_t i = 0; i < news->count; i++) {
                const struct watch *w = watches_find(watches, count, news->notices[i].incident);

                news->notices[i].collection = w ? watch_view(w) : NULL;
        }
}

static bool has_turned(const struct teller *t)
{
        return t->relay.silent == tenure_tells(t->tenure);
}

static int add_news(struct news *news, struct news *more)
{
        struct notice *grown =
                reallocarray(news->notices, news->count + more->count + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        news->notices = grown;
        for (size_t i = 0; i < more->count; i++)
                grown[news->count++] = more->notices[i];
        more->count = 0;
        return 0;
}

/* Receivers are told by another daemon from now on, or by this one. */
static int turn(struct teller *t, const struct alert *const *all, size_t count, usec_t now,
        struct news *ret)
{
        if (tenure_tells(t->tenure))
                return relay_take_over(&t->relay, t->notices, all, count, now, ret);
        relay_hush(&t->relay);
        outbox_hush(t->outbox, &channel_alertmanager);
        return 0;
}

/* What there is to tell at one moment. */
struct telling {
        struct watch *const *watches;
        size_t watch_count;
        usec_t now;
        const struct alert **all; /* alerts */
        size_t count;
        struct news news;
};

static void telling_done(struct telling *x)
{
        news_done(&x->news);
        free(x->all);
}

/* What people have to hear now, and from this daemon. */
static int hear(struct teller *t, const struct notice_policy *policy, struct telling *x)
{
        _cleanup_(news_done) struct news late = {0};
        int r = alerts_list(t->alerts, &x->all, &x->count), s = 0;

        if (r < 0)
                return r;
        if (has_turned(t))
                s = turn(t, x->all, x->count, x->now, &late);
        r = notices_update(t->notices, x->all, x->count, policy, x->now, &x->news);
        look_up(&x->news, x->watches, x->watch_count);
        log_news(&x->news);
        look_up(&late, x->watches, x->watch_count);
        if (tenure_leased(t->tenure))
                s = MIN(s, relay_pass(&t->relay, &x->news, x->now));
        s = MIN(s, add_news(&x->news, &late));
        return MIN(r, s);
}

static bool storage_fails(const struct teller *t)
{
        return t->storage && t->storage->failing;
}

/* Takes what outbox and storage show of themselves. */
static int evaluate_self(struct teller *t, usec_t now, size_t *ret_held)
{
        const struct signal_policy policy = signal_policy(t);
        struct selfcheck self = {.storage_failing = storage_fails(t),
                .storage_error = t->storage ? t->storage->error : NULL};
        struct channel_view *channels;
        struct signals signals;
        int r = outbox_view(t->outbox, &channels, &self.channel_count);

        if (r < 0)
                return r;
        self.channels = channels;
        r = selfcheck_build(&policy, &t->config->shard, &self, &signals);
        channel_views_free(channels, self.channel_count);
        if (r < 0)
                return r;
        r = alerts_update(t->alerts, policy.rules, &signals, now);
        *ret_held = signals.count;
        signals_done(&signals);
        return r;
}

/* Whether telling, and keeping what was told, works. */
static void look_at_self(struct teller *t, usec_t now)
{
        uint64_t generation = outbox_generation(t->outbox);
        size_t held = 0;
        int r;

        if (generation == t->outbox_seen && storage_fails(t) == t->storage_failing &&
                now < t->look_due)
                return;
        r = evaluate_self(t, now, &held);
        if (r < 0)
                log_error("cannot look whether notifications arrive and the state is written: "
                          "%s; it is tried again",
                        strerror(-r));
        t->outbox_seen = generation;
        t->storage_failing = storage_fails(t);
        t->look_due = r < 0 || held > 0 ? now + LOOK_INTERVAL : USEC_INFINITY;
}

/* When to look again: what is under way may fail. */
static usec_t next_look(const struct teller *t, usec_t now)
{
        return outbox_idle(t->outbox) ? t->look_due : MIN(t->look_due, now + LOOK_INTERVAL);
}

static const struct notice *find_notice(const struct news *news, const char *incident)
{
        for (size_t i = 0; i < news->count; i++)
                if (streq(news->notices[i].incident, incident))
                        return &news->notices[i];
        return NULL;
}

/* As it is now, for who hears of it although it is no news: the next step of an escalation. */
static int show_notice(
        struct teller *t, struct telling *x, const char *incident, const struct notice **ret)
{
        struct news one = {calloc(1, sizeof(*one.notices)), 0};
        int r = one.notices ? notices_show(t->notices, incident, x->all, x->count, &one.notices[0])
                            : -ENOMEM;

        one.count = r >= 0;
        look_up(&one, x->watches, x->watch_count);
        if (r >= 0)
                r = add_news(&x->news, &one);
        news_done(&one);
        if (r >= 0)
                *ret = &x->news.notices[x->news.count - 1];
        return r;
}

static void log_escalation(const struct escalation_action *a, const char *collection)
{
        if (a->kind == ESCALATION_ESCALATED || a->kind == ESCALATION_REOPENED)
                log_event(LOG_WARNING, LOG_ID_ESCALATED,
                        log_fields({"DRIFTWATCH_COLLECTION", collection},
                                {"DRIFTWATCH_INCIDENT", a->incident},
                                {"DRIFTWATCH_RECEIVER", a->receiver}),
                        "incident of %s%s: %s is told: %s", collection ? "collection " : "",
                        a->incident, a->receiver, a->reason);
}

static int tell_hearsay(struct teller *t, struct telling *x, const struct escalation_action *a,
        const struct dispatch_policy *policy)
{
        bool news = a->kind == ESCALATION_OPENED || a->kind == ESCALATION_CHANGED ||
                a->kind == ESCALATION_RESOLVED;
        const struct notice *notice = find_notice(&x->news, a->incident);
        int r = notice ? 0 : show_notice(t, x, a->incident, &notice);
        const struct hearsay what = {notice, a->receiver, news ? "" : a->reason};

        if (r == -ENOENT)
                return 0; /* it ended meanwhile */
        if (r < 0)
                return r;
        log_escalation(a, notice_collection(notice));
        return dispatch_hearsay(
                &what, t->outbox, t->routes.routes, t->routes.count, policy, x->now);
}

static int tell_receiver(struct teller *t, struct telling *x, const struct escalation_action *a,
        const struct dispatch_policy *policy)
{
        return a->kind == ESCALATION_ACKNOWLEDGED
                ? dispatch_acknowledgement(
                          a->incident, a->receiver, t->outbox, t->routes.routes, t->routes.count)
                : tell_hearsay(t, x, a, policy);
}

/* Who hears of it, from this daemon. */
static int tell_receivers(struct teller *t, struct telling *x, const struct dispatch_policy *policy)
{
        struct escalation_actions actions;
        int result = t->resumed ? 0 : desk_resume(t->desk, t->notices, &x->news, x->all, x->count);
        int r = desk_update(t->desk, &x->news, x->all, x->count, x->now, &actions);

        t->resumed = true;
        result = MIN(result, r);
        for (size_t i = 0; i < actions.count && !t->relay.silent; i++) {
                r = tell_receiver(t, x, &actions.actions[i], policy);
                result = MIN(result, r);
        }
        escalation_actions_done(&actions);
        return result;
}

usec_t teller_tell(struct teller *t, struct watch *const *watches, size_t count, usec_t now)
{
        struct dispatch_policy policy = dispatch_policy(t);
        struct notice_policy times = notice_policy(t);
        const struct told_things told = told_things(t);
        _cleanup_(telling_done) struct telling x = {
                .watches = watches, .watch_count = count, .now = now};
        int r, s;

        look_at_self(t, now);
        if (alerts_moves(t->alerts) == t->moves && now < t->next && !has_turned(t))
                return t->next;
        alerts_expire(t->alerts, now);
        outbox_hold(t->outbox, true);
        log_transitions(t);
        r = hear(t, &times, &x);
        s = dispatch_alerts(t->alerts, t->outbox, t->routes.routes, t->routes.count, &policy, now);
        r = MIN(r, s);
        s = tell_receivers(t, &x, &policy);
        r = MIN(r, s);
        if (r < 0)
                log_error("cannot queue a notification: %s; it is tried again at the next resend",
                        strerror(-r));
        storage_tell(t->storage, &told);
        outbox_hold(t->outbox, storage_waits(t->storage));
        t->moves = alerts_moves(t->alerts);
        t->next = MIN(alerts_next(t->alerts, &policy.alert), notices_next(t->notices, &times));
        t->next = MIN(t->next, next_look(t, now));
        t->next = MIN(t->next, desk_next(t->desk, now));
        t->generation++;
        return t->next;
}

static bool tells_of_failure(const struct teller *t, const char *label)
{
        _cleanup_free_ const struct alert **all = NULL;
        size_t count = 0;

        if (alerts_list(t->alerts, &all, &count) < 0)
                return false;
        for (size_t i = 0; i < count; i++)
                if (all[i]->state == ALERT_FIRING &&
                        streq(labels_get(&all[i]->labels, "alertname"),
                                rule_defaults[RULE_REPLAY_FAILING].name) &&
                        streq(labels_get(&all[i]->labels, "collection"), label))
                        return true;
        return false;
}

/* The end of an alert says it, where one fires. */
void teller_log_recovery(const struct teller *t, const struct watch *w)
{
        const struct collection_view *c = watch_view(w);

        if (!watch_recovered(w) || tells_of_failure(t, c->label))
                return;
        log_event(LOG_NOTICE, LOG_ID_REPLAY_RECOVERED,
                log_fields({"DRIFTWATCH_COLLECTION", c->label}, {"DRIFTWATCH_SERVER", c->server}),
                "%s: replays succeed again, %zu %s", c->label, c->query_set->count,
                plural(c->query_set->count, "query", "queries"));
}

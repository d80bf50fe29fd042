/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/teller.h"

#include <errno.h>

#include "log.h"
#include "tell/dispatch.h"
#include "text.h"
#include "watch/watches.h"

int teller_init(struct teller *t)
{
        t->alerts = alerts_new();
        t->notices = notices_new();
        return t->alerts && t->notices ? 0 : -ENOMEM;
}

void teller_done(struct teller *t)
{
        outbox_free(t->outbox);
        routes_done(&t->routes);
        notices_free(t->notices);
        alerts_free(t->alerts);
        *t = (struct teller){0};
}

int teller_configure(struct teller *t, const struct config *config, usec_t now)
{
        struct routes routes = {0};
        int r = routes_build(&config->alerting, &routes);

        if (r >= 0)
                r = routes_configure(&routes, t->outbox);
        if (r < 0) {
                routes_done(&routes);
                return r;
        }
        routes_done(&t->routes);
        t->routes = routes;
        t->config = config;
        alerts_reconfigure(t->alerts, config->alerting.rules, now);
        return 0;
}

static usec_t longest_interval(const struct config *config)
{
        usec_t longest = 0;

        for (size_t i = 0; i < config->collection_count; i++)
                longest = MAX(longest, config->collections[i].replay.interval);
        return longest;
}

static struct dispatch_policy dispatch_policy(const struct teller *t)
{
        return (struct dispatch_policy){
                .alert = {.resend_delay = t->config->alerting.resend_delay,
                        .interval = longest_interval(t->config)},
                .external_url = t->external_url ? t->external_url : "",
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

void teller_evaluate(struct teller *t, const struct collection_view *c, usec_t now)
{
        const struct alerting_config *alerting = &t->config->alerting;
        const struct signal_policy policy = {.rules = alerting->rules,
                .query_alerts_max = alerting->query_alerts_max,
                .external_url = t->external_url,
                .runbook_url = alerting->runbook_url};
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
        alerts_forget_collection(t->alerts, label, now);
}

static void log_notice(const struct notice *n, const struct collection_view *c)
{
        bool over = n->kind == NOTICE_CLOSED || n->kind == NOTICE_PASSED;
        _cleanup_text_ struct text sentence = {0}, causes = {0};
        const char *cause = notice_causes(n, c, &causes);

        if (n->kind == NOTICE_REPEATED)
                return;
        notice_append(n, c, &sentence);
        log_event(over ? LOG_NOTICE : LOG_WARNING,
                over ? LOG_ID_ALERT_RESOLVED : LOG_ID_ALERT_FIRING,
                log_fields({"DRIFTWATCH_COLLECTION", n->incident},
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

static int hear(struct teller *t, const struct notice_policy *policy, usec_t now, struct news *ret)
{
        _cleanup_free_ const struct alert **all = NULL;
        size_t count = 0;
        int r = alerts_list(t->alerts, &all, &count);

        return r < 0 ? r : notices_update(t->notices, all, count, policy, now, ret);
}

static void log_news(const struct news *news, struct watch *const *watches, size_t count)
{
        for (size_t i = 0; i < news->count; i++) {
                const struct watch *w = watches_find(watches, count, news->notices[i].incident);

                log_notice(&news->notices[i], w ? watch_view(w) : NULL);
        }
}

usec_t teller_tell(struct teller *t, struct watch *const *watches, size_t count, usec_t now)
{
        struct dispatch_policy policy = dispatch_policy(t);
        struct notice_policy times = notice_policy(t);
        _cleanup_(news_done) struct news news = {0};
        usec_t alerts, notices;
        int r, s;

        alerts_expire(t->alerts, now);
        log_transitions(t);
        r = hear(t, &times, now, &news);
        log_news(&news, watches, count);
        s = dispatch(t->alerts, &news, t->outbox, t->routes.routes, t->routes.count, &policy, now);
        if (r < 0 || s < 0)
                log_error("cannot queue a notification: %s; it is tried again at the next resend",
                        strerror(r < 0 ? -r : -s));
        alerts = alerts_next(t->alerts, &policy.alert);
        notices = notices_next(t->notices, &times);
        return MIN(alerts, notices);
}

bool teller_tells_of_failure(const struct teller *t, const char *label)
{
        _cleanup_free_ const struct alert **all = NULL;
        size_t count = 0;

        if (alerts_list(t->alerts, &all, &count) < 0)
                return false;
        for (size_t i = 0; i < count; i++)
                if (all[i]->state == ALERT_FIRING &&
                        streq(labels_get(&all[i]->labels, "collection"), label) &&
                        streq(labels_get(&all[i]->labels, "alertname"),
                                rule_defaults[RULE_REPLAY_FAILING].name))
                        return true;
        return false;
}

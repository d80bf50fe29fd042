/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/selfcheck.h"

#include <errno.h>

#include "http.h"
#include "text.h"

/* An error quotes what a peer says. */
#define ERROR_MAX 500

struct building {
        const struct signal_policy *policy;
        const struct shard *shard;
        char *dashboard_url; /* owned; NULL for none */
        struct signals *signals; /* with room for all */
};

static const char *severity_of(const struct building *b, enum rule_id rule)
{
        const char *severity = b->policy->rules[rule].severity;

        return severity ? severity : rule_defaults[rule].severity;
}

/* Of daemons that share the collections each has its own. */
static int set_shard(const struct building *b, struct labels *labels)
{
        _cleanup_text_ struct text t = {0};

        if (b->shard->of <= 1)
                return 0;
        text_appendf(&t, "%u/%u", b->shard->index, b->shard->of);
        return text_failed(&t) ? -ENOMEM : labels_set(labels, "shard", text_string(&t));
}

static int set_labels(const struct building *b, enum rule_id rule, const char *incident,
        const struct channel_view *c, struct labels *labels)
{
        const struct {
                const char *name, *value;
        } all[] = {
                {"alertname", rule_defaults[rule].name},
                {"severity", severity_of(b, rule)},
                {"incident", incident},
                {"receiver", c ? c->receiver : NULL},
                {"channel", c ? c->channel : NULL},
                {"peer", c ? c->peer : NULL},
        };
        int r = set_shard(b, labels);

        for (size_t i = 0; i < ARRAY_SIZE(all) && r >= 0; i++)
                r = labels_set(labels, all[i].name, all[i].value);
        return r;
}

static void append_failure(const struct channel_view *c, struct text *t)
{
        _cleanup_free_ char *error = c->last_error
                ? utf8_line(c->last_error, utf8_prefix(c->last_error, ERROR_MAX))
                : NULL;
        char since[TIME_TEXT_MAX];

        time_format(since, sizeof(since), c->failing_since / USEC_PER_SEC * USEC_PER_SEC);
        if (c->disabled)
                text_append(t, "Nothing is sent any more to ");
        else
                text_append(t, c->last_error ? "Notifications do not arrive at " : "Lost one to ");
        text_append_line(t, c->receiver);
        text_appendf(t, " (%s, %s) since %s", c->channel, c->peer, since);
        if (error)
                text_appendf(t, ": %s", error);
        text_appendf(t, "; %zu wait, %llu were lost since the start.", c->queue_length,
                (unsigned long long)c->failed);
}

static int set_annotations(
        const struct building *b, enum rule_id rule, struct text *description, struct labels *to)
{
        int r = labels_set(to, "summary", rule_defaults[rule].summary);

        if (r >= 0)
                r = text_failed(description)
                        ? -ENOMEM
                        : labels_set(to, "description", text_string(description));
        if (r >= 0)
                r = labels_set(to, "dashboard_url", b->dashboard_url);
        return r < 0 ? r : signal_set_runbook(to, b->policy->runbook_url, rule_defaults[rule].name);
}

static bool raised_already(const struct building *b, const struct labels *labels)
{
        uint64_t fingerprint = labels_fingerprint(labels);

        for (size_t i = 0; i < b->signals->count; i++)
                if (labels_fingerprint(&b->signals->signals[i].labels) == fingerprint)
                        return true;
        return false;
}

static int raise_alert(const struct building *b, enum rule_id rule, const char *incident,
        const struct channel_view *c, struct text *description)
{
        struct labels labels = {0};
        struct signal *s;
        int r;

        if (!b->policy->rules[rule].enabled)
                return 0;
        r = set_labels(b, rule, incident, c, &labels);
        /* Several channels of one kind to one peer are one alert, as they are one series. */
        if (r < 0 || raised_already(b, &labels)) {
                labels_done(&labels);
                return r;
        }
        s = &b->signals->signals[b->signals->count++];
        *s = (struct signal){.rule = rule, .labels = labels};
        return set_annotations(b, rule, description, &s->annotations);
}

static int set_dashboard_url(struct building *b)
{
        const char *base = b->policy->external_url;
        size_t size = base ? strlen(base) : 0;
        _cleanup_text_ struct text t = {0};

        if (size == 0)
                return 0;
        text_append(&t, base);
        if (base[size - 1] != '/')
                text_append(&t, "/");
        b->dashboard_url = text_take(&t, NULL);
        return b->dashboard_url ? 0 : -ENOMEM;
}

static int raise_destination(const struct building *b, const struct channel_view *c)
{
        _cleanup_text_ struct text t = {0};

        append_failure(c, &t);
        return raise_alert(b, RULE_NOTIFICATION_FAILING, SELFCHECK_INCIDENT, c, &t);
}

static int raise_storage(const struct building *b, const char *error)
{
        _cleanup_text_ struct text t = {0};

        if (error) {
                text_append_line(&t, error);
                text_append(&t, ". ");
        }
        text_append(&t,
                "It measures and tells on. What changed since would be lost by a restart: mend the "
                "disk first.");
        return raise_alert(b, RULE_STORAGE_FAILING, SELFCHECK_INCIDENT, NULL, &t);
}

static int raise_heartbeat(const struct building *b)
{
        _cleanup_text_ struct text t = {0};

        text_append(&t,
                "It always fires. Where it stops to arrive, driftwatch or the way to people does "
                "not work.");
        return raise_alert(b, RULE_HEARTBEAT, SELFCHECK_HEARTBEAT, NULL, &t);
}

int selfcheck_build(const struct signal_policy *policy, const struct shard *shard,
        const struct selfcheck *self, struct signals *ret)
{
        _cleanup_(signals_done) struct signals signals = {
                .signals = calloc(self->channel_count + 2, sizeof(*signals.signals))};
        struct building b = {.policy = policy, .shard = shard, .signals = &signals};
        int r = signals.signals ? set_dashboard_url(&b) : -ENOMEM;

        if (r >= 0)
                r = strdup_to(&signals.collection, "");
        if (r >= 0)
                r = strdup_to(&signals.server, "");
        for (size_t i = 0; i < self->channel_count && r >= 0; i++)
                if (self->channels[i].failing)
                        r = raise_destination(&b, &self->channels[i]);
        if (r >= 0 && self->storage_failing)
                r = raise_storage(&b, self->storage_error);
        if (r >= 0)
                r = raise_heartbeat(&b);
        free(b.dashboard_url);
        if (r < 0)
                return r;
        *ret = signals;
        signals = (struct signals){0};
        return 0;
}

static enum severity severity_shown(const struct alert *a)
{
        const char *severity = labels_get(&a->labels, "severity");

        for (enum severity s = 0; s < SEVERITY_COUNT; s++)
                if (streq(severity, severity_name(s)))
                        return s;
        return streq(severity, "none") ? SEVERITY_INFO : SEVERITY_CRITICAL; /* "high" */
}

static bool is_ours(const struct alert *a)
{
        return a->state == ALERT_FIRING &&
                streq(labels_get(&a->labels, "incident"), SELFCHECK_INCIDENT);
}

bool selfcheck_fires(const struct alert *alerts, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (is_ours(&alerts[i]))
                        return true;
        return false;
}

static void add_alert(const struct alert *a, struct incident_view *to, struct text *explanation)
{
        const char *description = labels_get(&a->annotations, "description");

        to->since = to->findings == 0 ? a->fired_at : MIN(to->since, a->fired_at);
        to->severity = MAX(to->severity, severity_shown(a));
        if (description)
                text_appendf(explanation, "%s%s", explanation->size > 0 ? " " : "", description);
        to->findings++;
}

int selfcheck_incident(const struct alert *alerts, size_t count, struct incident_view *ret)
{
        _cleanup_(incident_view_done) struct incident_view i = {0};
        _cleanup_text_ struct text explanation = {0}, summary = {0};

        for (size_t k = 0; k < count; k++)
                if (is_ours(&alerts[k]))
                        add_alert(&alerts[k], &i, &explanation);
        if (i.findings > 0) {
                text_appendf(&summary, "%zu destination%s cannot be relied on", i.findings,
                        i.findings == 1 ? "" : "s");
                i.summary = text_take(&summary, NULL);
                i.explanation = text_take(&explanation, NULL);
                if (!i.summary || !i.explanation || strdup_to(&i.id, SELFCHECK_INCIDENT) < 0)
                        return -ENOMEM;
        }
        *ret = i;
        i = (struct incident_view){0};
        return 0;
}

static bool has(const struct alert *a, const char *name, const char *value)
{
        const char *label = labels_get(&a->labels, name);

        return label && value && streq(label, value);
}

bool selfcheck_concerns(
        const struct notice *notice, const char *receiver, const char *channel, const char *url)
{
        for (size_t i = 0; i < notice->count; i++) {
                const struct alert *a = &notice->alerts[i];
                _cleanup_free_ char *peer = NULL;

                if (!has(a, "receiver", receiver) || !has(a, "channel", channel))
                        continue;
                peer = http_url_peer(url);
                if (has(a, "peer", peer))
                        return true;
        }
        return false;
}

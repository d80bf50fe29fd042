/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/message.h"

#include <errno.h>
#include <stdio.h>

#include "digest.h"
#include "judge/incident.h"
#include "text.h"

static int take(struct text *t, char **ret)
{
        *ret = text_take(t, NULL);
        return *ret ? 0 : -ENOMEM;
}

static const char *label(const struct alert *a, const char *name)
{
        const char *value = labels_get(&a->labels, name);

        return value ? value : "";
}

static const char *annotation(const struct alert *a, const char *name)
{
        const char *value = labels_get(&a->annotations, name);

        return value ? value : "";
}

int message_key(const char *incident, char ret[65])
{
        _cleanup_text_ struct text t = {0};

        text_append(&t, "driftwatch incident ");
        text_append(&t, incident);
        return text_failed(&t) ? -ENOMEM : digest_sha256(t.data, t.size, ret);
}

static int set_key(struct message *m)
{
        return message_key(m->notice->incident, m->key);
}

static int set_extent(struct message *m)
{
        _cleanup_text_ struct text t = {0};

        if (m->notice->collection)
                incident_summarise(m->notice->collection, &t);
        return take(&t, &m->extent);
}

/* The names of its alerts, each once. */
static void append_names(const struct notice *n, struct text *t)
{
        for (size_t i = 0; i < n->count; i++) {
                const char *name = label(&n->alerts[i], "alertname");
                bool named = false;

                for (size_t k = 0; k < i && !named; k++)
                        named = streq(label(&n->alerts[k], "alertname"), name);
                if (!named)
                        text_appendf(t, "%s%s", i > 0 ? ", " : "", name);
        }
}

static int set_title(struct message *m)
{
        _cleanup_text_ struct text t = {0};

        text_appendf(&t, "[%s] ", m->over ? "resolved" : m->severity);
        text_append_line(&t, m->notice->incident);
        text_append(&t, ": ");
        append_names(m->notice, &t);
        if (*m->extent)
                text_appendf(&t, ", %s", m->extent);
        return take(&t, &m->title);
}

static void append_flapping(const struct alert *a, struct text *t)
{
        if (a->flaps == 0)
                return;
        text_append(t, " (");
        alert_append_flapping(a, t);
        text_append(t, ")");
}

static int set_alerts(struct message *m)
{
        const struct notice *n = m->notice;
        int r = 0;

        for (size_t i = 0; i < MIN(n->count, (size_t)MESSAGE_ALERTS) && r >= 0; i++) {
                const struct alert *a = &n->alerts[i];
                _cleanup_text_ struct text t = {0};

                text_append(&t, label(a, "alertname"));
                if (*label(a, "query")) {
                        text_append(&t, " \"");
                        text_append_line(&t, label(a, "query"));
                        text_append(&t, "\"");
                }
                if (a->state == ALERT_RESOLVED && !m->over)
                        text_append(&t, " (over)");
                append_flapping(a, &t);
                text_appendf(&t, ": %s", annotation(a, "summary"));
                r = take(&t, &m->alerts[i]);
                m->alert_count += r >= 0;
        }
        m->alerts_left = n->count - MIN(n->count, (size_t)MESSAGE_ALERTS);
        return r;
}

static int set_worst(struct message *m)
{
        const struct collection_view *c = m->notice->collection;
        const struct finding *worst[INCIDENT_WORST];
        size_t count = c && !m->over ? incident_worst(c, RULE_COUNT, worst) : 0;
        int r = 0;

        for (size_t i = 0; i < count && r >= 0; i++) {
                _cleanup_text_ struct text t = {0};

                text_append(&t, "\"");
                text_append_line(&t, c->query_set->queries[worst[i]->query].id);
                text_append(&t, "\": ");
                text_append_line(&t, worst[i]->sentence);
                r = take(&t, &m->worst[i]);
                m->worst_count += r >= 0;
        }
        return r;
}

/* Of what is not about a collection: then its alerts have said it all. */
static void append_descriptions(const struct notice *n, struct text *t)
{
        for (size_t i = 0; i < MIN(n->count, (size_t)MESSAGE_ALERTS); i++)
                if (*annotation(&n->alerts[i], "description"))
                        text_appendf(t, "%s%s", t->size > 0 ? "\n" : "",
                                annotation(&n->alerts[i], "description"));
}

/* Why; of one that is over, what it was when it was told last. */
static int set_reason(struct message *m)
{
        const struct collection_view *c = m->notice->collection;
        _cleanup_text_ struct text t = {0}, buffer = {0};
        const char *advice = NULL;

        if (c && !m->over) {
                incident_reason(c, "\n", &t);
                while (t.size > 0 && t.data[t.size - 1] == '\n')
                        t.data[--t.size] = '\0';
                advice = incident_first_step(c);
        } else if (*notice_causes(m->notice, &buffer)) {
                text_appendf(&t, "Probable cause: %s", notice_causes(m->notice, &buffer));
        } else if (!notice_collection(m->notice)) {
                append_descriptions(m->notice, &t);
        }
        m->advice = advice ? advice : "";
        m->reason = utf8_lines(text_string(&t), t.size);
        return m->reason && !text_failed(&t) ? 0 : -ENOMEM;
}

static void set_links(struct message *m)
{
        const struct alert *worst = &m->notice->alerts[0];

        m->urls[MESSAGE_RUNBOOK] = labels_get(&worst->annotations, "runbook_url");
        m->urls[MESSAGE_PAGE] = labels_get(&worst->annotations, "dashboard_url");
}

static usec_t ended(const struct notice *n)
{
        usec_t last = 0;

        for (size_t i = 0; i < n->count; i++)
                last = MAX(last, n->alerts[i].resolved_at);
        return last;
}

int message_build(const struct notice *notice, const char *note, usec_t now, struct message *ret)
{
        static int (*const parts[])(struct message * m) = {
                set_key, set_extent, set_title, set_alerts, set_worst, set_reason};
        struct message m = {.notice = notice,
                .severity = notice_severity(notice),
                .note = note,
                .over = notice_over(notice),
                .since = notice->since};

        if (m.over)
                m.ended = ended(notice) > 0 ? ended(notice) : now;
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                int r = parts[i](&m);

                if (r < 0) {
                        message_done(&m);
                        return r;
                }
        }
        set_links(&m);
        *ret = m;
        return 0;
}

void message_done(struct message *m)
{
        for (size_t i = 0; i < m->alert_count; i++)
                free(m->alerts[i]);
        for (size_t i = 0; i < m->worst_count; i++)
                free(m->worst[i]);
        free(m->title);
        free(m->extent);
        free(m->reason);
        *m = (struct message){0};
}

const char *message_link_name(enum message_link link)
{
        static const char *const names[] = {[MESSAGE_RUNBOOK] = "Runbook",
                [MESSAGE_PAGE] = "Status page",
                [MESSAGE_ACKNOWLEDGE] = "Acknowledge"};

        return names[link];
}

enum message_tone message_tone(const struct message *m)
{
        static const char *const severities[MESSAGE_OTHER] = {[MESSAGE_CRITICAL] = "critical",
                [MESSAGE_WARNING] = "warning",
                [MESSAGE_INFO] = "info"};
        enum message_tone tone = MESSAGE_CRITICAL;

        if (m->over)
                return MESSAGE_OVER;
        while (tone < MESSAGE_OTHER && !streq(severities[tone], m->severity))
                tone++;
        return tone;
}

void message_escape(const struct message_escape *escapes, const char *s, struct text *t)
{
        for (; *s; s++) {
                const struct message_escape *e = escapes;

                while (e->instead[0] && e->character != *s)
                        e++;
                if (e->instead[0])
                        text_append(t, e->instead);
                else
                        text_append_bytes(t, s, 1);
        }
}

struct message message_without_links(const struct message *m)
{
        struct message copy = *m;

        for (enum message_link i = 0; i < MESSAGE_LINKS; i++)
                copy.urls[i] = NULL;
        return copy;
}

static void append_links(const struct message *m, struct text *t)
{
        const char *separator = "\n";

        for (enum message_link i = 0; i < MESSAGE_LINKS; i++)
                if (m->urls[i]) {
                        text_appendf(t, "%s%s: %s\n", separator, message_link_name(i), m->urls[i]);
                        separator = "";
                }
}

void message_append_times(const struct message *m, struct text *t)
{
        char since[TIME_TEXT_MAX], until[TIME_TEXT_MAX], lasted[DURATION_TEXT_MAX];
        usec_t duration = m->ended > m->since ? m->ended - m->since : 0;

        time_format(since, sizeof(since), m->since / USEC_PER_SEC * USEC_PER_SEC);
        if (!m->over) {
                text_appendf(t, "Since %s\n", since);
                return;
        }
        time_format(until, sizeof(until), m->ended / USEC_PER_SEC * USEC_PER_SEC);
        duration_format(lasted, sizeof(lasted), duration / USEC_PER_SEC * USEC_PER_SEC);
        text_appendf(t, "From %s to %s, for %s\n", since, until, lasted);
}

static void append_list(
        struct text *t, const char *title, char *const *lines, size_t count, size_t left)
{
        if (count == 0)
                return;
        text_appendf(t, "\n%s\n", title);
        for (size_t i = 0; i < count; i++)
                text_appendf(t, "- %s\n", lines[i]);
        if (left > 0)
                text_appendf(t, "- and %zu more\n", left);
}

static void append_all(const struct message *m, size_t worst, bool reason, struct text *t)
{
        if (*m->note)
                text_appendf(t, "%s\n", m->note);
        message_append_times(m, t);
        if (*m->extent)
                text_appendf(t, "Now %s\n", m->extent);
        append_list(t, "What:", m->alerts, m->alert_count, m->alerts_left);
        append_list(t, "The worst queries:", m->worst, worst, 0);
        if (reason && *m->reason)
                text_appendf(t, "\n%s\n", m->reason);
        if (*m->advice)
                text_appendf(t, "\nFirst: %s\n", m->advice);
        append_links(m, t);
}

void message_append(const struct message *m, size_t max, struct text *t)
{
        _cleanup_text_ struct text whole = {0};
        size_t worst = m->worst_count;
        bool reason = true;

        append_all(m, worst, reason, &whole);
        while (whole.size > max && (worst > 0 || reason)) {
                if (worst > 0)
                        worst--;
                else
                        reason = false;
                text_clear(&whole);
                append_all(m, worst, reason, &whole);
        }
        text_append_bytes(t, text_string(&whole), utf8_prefix(text_string(&whole), max));
        t->failed |= text_failed(&whole);
}

void message_append_escaped(
        const struct message *m, size_t max, const struct message_escape *escapes, struct text *t)
{
        _cleanup_text_ struct text plain = {0}, escaped = {0};
        size_t limit = max;

        for (;;) {
                message_append(m, limit, &plain);
                message_escape(escapes, text_string(&plain), &escaped);
                if (escaped.size <= max || plain.size == 0)
                        break;
                /* No byte becomes more than five, so that nothing goes that would have fitted. */
                limit = plain.size - MIN(plain.size, (escaped.size - max + 4) / 5);
                text_clear(&plain);
                text_clear(&escaped);
        }
        text_append_bytes(t, text_string(&escaped), escaped.size);
        t->failed |= text_failed(&plain) || text_failed(&escaped);
}

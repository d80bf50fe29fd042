/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/notice.h"

#include <errno.h>

#include "hash.h"
#include "judge/attribution.h"
#include "judge/incident.h"
#include "text.h"

/* Alerts that a line of the log names; the API has all of them. */
#define NAMED_MAX 8

struct group {
        char *incident;
        struct told *members;
        size_t member_count;
        usec_t since; /* something fires that people should hear of; 0: not yet */
        usec_t told_at; /* 0: never */
        /* As of the last update. */
        size_t firing; /* alerts that people should hear of */
        size_t fresh; /* of them, those that they were not told of */
        size_t live; /* alerts that have not ended, those that are not told included */
};

struct notices {
        struct group **groups;
        size_t count;
        uint64_t generation;
};

static void member_done(struct told *m)
{
        if (m->state == TOLD_ENDING)
                alert_done(&m->last);
}

static void members_free(struct told *members, size_t count)
{
        for (size_t i = 0; i < count; i++)
                member_done(&members[i]);
        free(members);
}

static void group_free(struct group *g)
{
        members_free(g->members, g->member_count);
        free(g->incident);
        free(g);
}

struct notices *notices_new(void)
{
        return calloc(1, sizeof(struct notices));
}

struct notices *notices_free(struct notices *n)
{
        if (!n)
                return NULL;
        for (size_t i = 0; i < n->count; i++)
                group_free(n->groups[i]);
        free(n->groups);
        free(n);
        return NULL;
}

void notice_done(struct notice *n)
{
        for (size_t i = 0; i < n->count; i++)
                alert_done(&n->alerts[i]);
        free(n->alerts);
        free(n->incident);
        *n = (struct notice){0};
}

void news_done(struct news *n)
{
        for (size_t i = 0; i < n->count; i++)
                notice_done(&n->notices[i]);
        free(n->notices);
        *n = (struct news){0};
}

static const char *incident_label(const struct alert *a)
{
        const char *incident = labels_get(&a->labels, "incident");

        return incident ? incident : "";
}

/* The fingerprint that the same rule's alert of many queries has; its own for one without a query.
 */
static uint64_t collective(const struct labels *l)
{
        uint64_t hash = HASH_INIT;

        for (size_t i = 0; i < l->count; i++)
                if (!streq(l->labels[i].name, "query"))
                        hash = hash_text(hash_text(hash, l->labels[i].name), l->labels[i].value);
        return hash;
}

static struct group *find_group(const struct notices *n, const char *incident)
{
        for (size_t i = 0; i < n->count; i++)
                if (streq(n->groups[i]->incident, incident))
                        return n->groups[i];
        return NULL;
}

static struct told *find_member(const struct group *g, uint64_t fingerprint)
{
        for (size_t i = 0; i < g->member_count; i++)
                if (g->members[i].fingerprint == fingerprint)
                        return &g->members[i];
        return NULL;
}

static struct group *add_group(struct notices *n, const char *incident)
{
        struct group **grown = reallocarray(n->groups, n->count + 1, sizeof(struct group *));
        struct group *g = calloc(1, sizeof(*g));

        if (grown)
                n->groups = grown;
        if (!grown || !g || strdup_to(&g->incident, incident) < 0) {
                free(g);
                return NULL;
        }
        n->groups[n->count++] = g;
        return g;
}

static void note_firing(struct group *g, struct told *m, const struct alert *a)
{
        g->live++;
        if (m) {
                member_done(m);
                m->state = TOLD_FIRING;
        }
        if (a->inhibited)
                return;
        g->firing++;
        g->fresh += !m && !find_member(g, collective(&a->labels));
}

/* People were told that it fires, so that they are told of its end: its words are kept until then.
 */
static int note_end(struct told *m, const struct alert *a)
{
        int r = m->state == TOLD_FIRING ? alert_copy(a, &m->last) : 0;

        if (r >= 0 && m->state == TOLD_FIRING)
                m->state = TOLD_ENDING;
        return r;
}

static int note(struct notices *n, const struct alert *a)
{
        struct group *g = find_group(n, incident_label(a));
        struct told *m;

        if (alert_is_info(a))
                return 0;
        if (!g && a->state == ALERT_FIRING)
                g = add_group(n, incident_label(a));
        if (!g)
                return a->state == ALERT_FIRING ? -ENOMEM : 0;
        m = find_member(g, a->fingerprint);
        if (m)
                m->seen = true;
        if (a->state == ALERT_FIRING)
                note_firing(g, m, a);
        else if (m && a->state == ALERT_RESOLVED)
                return note_end(m, a);
        else if (m && m->state == TOLD_FIRING)
                g->live++; /* back to pending: not over yet */
        return 0;
}

/* What is neither there nor has ended was forgotten for want of memory. */
static void drop_lost_members(struct group *g)
{
        size_t kept = 0;

        for (size_t i = 0; i < g->member_count; i++)
                if (g->members[i].seen || g->members[i].state != TOLD_FIRING)
                        g->members[kept++] = g->members[i];
        g->member_count = kept;
}

static usec_t later(usec_t time, usec_t duration)
{
        return duration < USEC_INFINITY - time ? time + duration : USEC_INFINITY;
}

static usec_t due_at(const struct group *g, const struct notice_policy *policy)
{
        if (g->told_at == 0)
                return g->firing > 0 ? later(g->since, policy->group_wait) : USEC_INFINITY;
        if (g->fresh > 0 || g->live == 0)
                return later(g->told_at, policy->group_interval);
        return g->firing > 0 ? later(g->told_at, policy->repeat_interval) : USEC_INFINITY;
}

static int observe(struct notices *n, const struct alert *const *alerts, size_t count, usec_t now)
{
        int result = 0;

        for (size_t i = 0; i < n->count; i++) {
                struct group *g = n->groups[i];

                g->firing = g->fresh = g->live = 0;
                for (size_t k = 0; k < g->member_count; k++)
                        g->members[k].seen = false;
        }
        for (size_t i = 0; i < count; i++) {
                int r = note(n, alerts[i]);

                result = result < 0 ? result : r;
        }
        for (size_t i = 0; i < n->count; i++) {
                drop_lost_members(n->groups[i]);
                if (n->groups[i]->firing > 0 && n->groups[i]->since == 0)
                        n->groups[i]->since = now;
        }
        return result;
}

static unsigned severity_rank(const struct alert *a)
{
        return (unsigned)rule_severity_rank(labels_get(&a->labels, "severity"));
}

static int compare_labels(const struct alert *a, const struct alert *b, const char *name)
{
        const char *x = labels_get(&a->labels, name), *y = labels_get(&b->labels, name);

        return strcmp(x ? x : "", y ? y : "");
}

static int compare_alerts(const void *x, const void *y)
{
        const struct alert *a = x, *b = y;
        bool a_over = a->state == ALERT_RESOLVED, b_over = b->state == ALERT_RESOLVED;
        bool a_one = labels_get(&a->labels, "query"), b_one = labels_get(&b->labels, "query");
        int c;

        if (a_over != b_over)
                return a_over - b_over;
        if (severity_rank(a) != severity_rank(b))
                return severity_rank(a) < severity_rank(b) ? -1 : 1;
        if (a_one != b_one)
                return a_one - b_one;
        c = compare_labels(a, b, "alertname");
        return c != 0 ? c : compare_labels(a, b, "query");
}

static int add_alert(struct notice *n, const struct alert *a)
{
        int r = alert_copy(a, &n->alerts[n->count]);

        n->count += r >= 0;
        return r;
}

/* Of one that nobody was told of, what fired in it. */
static bool belongs(const struct group *g, enum notice_kind kind, const struct alert *a)
{
        if (!streq(incident_label(a), g->incident))
                return false;
        if (kind == NOTICE_PASSED)
                return a->state == ALERT_RESOLVED && !alert_is_info(a) &&
                        a->resolved_at >= g->since;
        return kind != NOTICE_CLOSED && alert_is_told(a);
}

static int notice_build(const struct group *g, enum notice_kind kind,
        const struct alert *const *alerts, size_t count, struct notice *ret)
{
        struct notice n = {.kind = kind, .since = g->since};
        int r = strdup_to(&n.incident, g->incident);

        n.alerts = calloc(count + g->member_count + 1, sizeof(*n.alerts));
        if (!n.alerts)
                r = -ENOMEM;
        for (size_t i = 0; i < count && r >= 0; i++)
                if (belongs(g, kind, alerts[i]))
                        r = add_alert(&n, alerts[i]);
        for (size_t i = 0; i < g->member_count && r >= 0; i++)
                if (g->members[i].state == TOLD_ENDING)
                        r = add_alert(&n, &g->members[i].last);
        if (r < 0) {
                notice_done(&n);
                return r;
        }
        qsort(n.alerts, n.count, sizeof(*n.alerts), compare_alerts);
        *ret = n;
        return 0;
}

/* From now on people know what fires and what has ended. */
static int remember(struct group *g, const struct notice *notice)
{
        struct told *grown =
                reallocarray(g->members, g->member_count + notice->count + 1, sizeof(*g->members));

        if (!grown)
                return -ENOMEM;
        g->members = grown;
        for (size_t i = 0; i < g->member_count; i++) {
                member_done(&grown[i]);
                if (grown[i].state == TOLD_ENDING)
                        grown[i].state = TOLD_ENDED;
        }
        for (size_t i = 0; i < notice->count; i++)
                if (!find_member(g, notice->alerts[i].fingerprint))
                        grown[g->member_count++] =
                                (struct told){.fingerprint = notice->alerts[i].fingerprint};
        g->fresh = 0;
        return 0;
}

static enum notice_kind kind_of(const struct group *g)
{
        if (g->live == 0)
                return g->told_at == 0 ? NOTICE_PASSED : NOTICE_CLOSED;
        if (g->told_at == 0)
                return NOTICE_OPENED;
        return g->fresh > 0 ? NOTICE_CHANGED : NOTICE_REPEATED;
}

static int tell(struct group *g, const struct alert *const *alerts, size_t count, usec_t now,
        struct news *ret)
{
        struct notice notice, *grown;
        int r = notice_build(g, kind_of(g), alerts, count, &notice);

        if (r < 0)
                return r;
        grown = reallocarray(ret->notices, ret->count + 1, sizeof(*grown));
        if (grown)
                ret->notices = grown;
        r = grown ? remember(g, &notice) : -ENOMEM;
        if (r < 0) {
                notice_done(&notice);
                return r;
        }
        g->told_at = now;
        ret->notices[ret->count++] = notice;
        return 0;
}

/* It ended before anybody was told of it. */
static bool has_passed(const struct group *g)
{
        return g->live == 0 && g->told_at == 0;
}

int notices_update(struct notices *n, const struct alert *const *alerts, size_t count,
        const struct notice_policy *policy, usec_t now, struct news *ret)
{
        size_t kept = 0;
        int result = observe(n, alerts, count, now);

        n->generation++;
        *ret = (struct news){0};
        for (size_t i = 0; i < n->count; i++) {
                struct group *g = n->groups[i];
                bool passed = has_passed(g), over = g->live == 0;
                int r = 1;

                if (passed ? g->since > 0 : due_at(g, policy) <= now)
                        r = tell(g, alerts, count, now, ret);
                result = result < 0 ? result : MIN(r, 0);
                if (passed || (over && r == 0))
                        group_free(g);
                else
                        n->groups[kept++] = g;
        }
        n->count = kept;
        return result;
}

void notices_jump(struct notices *n, int64_t by)
{
        n->generation++;
        for (size_t i = 0; i < n->count; i++) {
                struct group *g = n->groups[i];

                time_jump(&g->since, by);
                time_jump(&g->told_at, by);
                for (size_t k = 0; k < g->member_count; k++)
                        if (g->members[k].state == TOLD_ENDING)
                                alert_jump(&g->members[k].last, by);
        }
}

int notices_told(const struct notices *n, struct ledger *l)
{
        size_t most = l->count;
        uint64_t *grown;

        for (size_t i = 0; i < n->count; i++)
                most += n->groups[i]->member_count;
        grown = reallocarray(l->told, most + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        l->told = grown;
        for (size_t i = 0; i < n->count; i++)
                for (size_t k = 0; k < n->groups[i]->member_count; k++)
                        grown[l->count++] = n->groups[i]->members[k].fingerprint;
        ledger_sort(l);
        return 0;
}

static void drop_untold(struct group *g, const struct ledger *l)
{
        size_t kept = 0;

        for (size_t i = 0; i < g->member_count; i++)
                if (ledger_has(l, g->members[i].fingerprint))
                        g->members[kept++] = g->members[i];
                else
                        member_done(&g->members[i]);
        g->member_count = kept;
        if (kept == 0)
                g->told_at = 0;
}

static int add_member(struct group *g, uint64_t fingerprint, usec_t now)
{
        struct told *grown = reallocarray(g->members, g->member_count + 1, sizeof(*g->members));

        if (!grown)
                return -ENOMEM;
        g->members = grown;
        grown[g->member_count++] = (struct told){.fingerprint = fingerprint};
        if (g->told_at == 0)
                g->told_at = now;
        return 0;
}

int notices_align(struct notices *n, const struct alert *const *alerts, size_t count,
        const struct ledger *l, usec_t now)
{
        int r = 0;

        n->generation++;
        for (size_t i = 0; i < n->count; i++)
                drop_untold(n->groups[i], l);
        for (size_t i = 0; i < count && r >= 0; i++) {
                struct group *g = find_group(n, incident_label(alerts[i]));

                if (g && alert_is_told(alerts[i]) && ledger_has(l, alerts[i]->fingerprint) &&
                        !find_member(g, alerts[i]->fingerprint))
                        r = add_member(g, alerts[i]->fingerprint, now);
        }
        return r;
}

int notices_show(const struct notices *n, const char *incident, const struct alert *const *alerts,
        size_t count, struct notice *ret)
{
        const struct group *g = find_group(n, incident);

        return !g || g->told_at == 0 || g->firing == 0
                ? -ENOENT
                : notice_build(g, NOTICE_REPEATED, alerts, count, ret);
}

usec_t notices_next(const struct notices *n, const struct notice_policy *policy)
{
        usec_t next = USEC_INFINITY;

        for (size_t i = 0; i < n->count; i++)
                next = MIN(next, due_at(n->groups[i], policy));
        return next;
}

const char *notice_severity(const struct notice *notice)
{
        const char *severity =
                notice->count > 0 ? labels_get(&notice->alerts[0].labels, "severity") : NULL;

        return severity ? severity : "";
}

const char *notice_collection(const struct notice *notice)
{
        return notice->count > 0 ? labels_get(&notice->alerts[0].labels, "collection") : NULL;
}

bool notice_over(const struct notice *notice)
{
        return notice->kind == NOTICE_CLOSED || notice->kind == NOTICE_PASSED;
}

const char *notice_causes(const struct notice *notice, struct text *buffer)
{
        const struct collection_view *c = notice->collection;
        enum cause causes[CAUSE_COUNT];
        size_t count = c && !notice_over(notice) ? incident_causes(c, causes) : 0;
        const char *told = NULL;

        for (size_t i = 0; i < count; i++)
                text_appendf(buffer, "%s%s", i > 0 ? ", " : "", cause_name(causes[i]));
        for (size_t i = 0; count == 0 && i < notice->count && !told; i++)
                told = labels_get(&notice->alerts[i].annotations, "cause");
        return told ? told : text_string(buffer);
}

static void append_alerts(const struct notice *notice, struct text *t)
{
        for (size_t i = 0; i < MIN(notice->count, (size_t)NAMED_MAX); i++) {
                const struct alert *a = &notice->alerts[i];
                const char *name = labels_get(&a->labels, "alertname");
                const char *query = labels_get(&a->labels, "query");
                bool over = notice->kind < NOTICE_CLOSED && a->state == ALERT_RESOLVED;

                text_appendf(t, "%s%s", i > 0 ? ", " : " ", name ? name : "an alert");
                if (query)
                        text_appendf(t, " \"%s\"", query);
                if (over)
                        text_append(t, " (over)");
        }
        if (notice->count > NAMED_MAX)
                text_appendf(t, " and %zu more", notice->count - NAMED_MAX);
}

const char *notice_verb(enum notice_kind kind)
{
        static const char *const verbs[] = {
                [NOTICE_OPENED] = "opened",
                [NOTICE_CHANGED] = "changed",
                [NOTICE_REPEATED] = "goes on",
                [NOTICE_CLOSED] = "closed",
                [NOTICE_PASSED] = "was over before receivers were told",
        };

        return verbs[kind];
}

void notice_append(const struct notice *notice, struct text *t)
{
        _cleanup_text_ struct text buffer = {0};
        const char *causes = notice_causes(notice, &buffer);

        text_appendf(t, "incident of %s%s %s, %s:", notice_collection(notice) ? "collection " : "",
                notice->incident, notice_verb(notice->kind), notice_severity(notice));
        append_alerts(notice, t);
        if (notice->collection) {
                text_append(t, "; ");
                incident_summarise(notice->collection, t);
        }
        if (*causes)
                text_appendf(t, "; probable cause: %s", causes);
        t->failed |= buffer.failed;
}

uint64_t notices_generation(const struct notices *n)
{
        return n->generation;
}

bool notices_group(const struct notices *n, size_t i, struct told_group *ret)
{
        const struct group *g = i < n->count ? n->groups[i] : NULL;

        if (g)
                *ret = (struct told_group){
                        g->incident, g->since, g->told_at, g->members, g->member_count};
        return g;
}

int notices_restore(struct notices *n, struct told_group *group)
{
        struct group *g;

        if (find_group(n, group->incident))
                return -EINVAL;
        g = add_group(n, group->incident);
        if (!g)
                return -ENOMEM;
        g->since = group->since;
        g->told_at = group->told_at;
        g->members = take_ptr(group->members);
        g->member_count = group->count;
        group->count = 0;
        return 0;
}

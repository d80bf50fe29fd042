/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/escalation.h"

#include <errno.h>

#include "model/rule.h"
#include "tell/chain.h"
#include "text.h"

struct escalations {
        struct escalation **incidents; /* by incident */
        size_t count;
        const struct escalation_policy *policies; /* borrowed */
        size_t policy_count;
};

void escalation_done(struct escalation *s)
{
        free(s->incident);
        free(s->severity);
        free(s->because);
        free(s->silence);
        ack_done(&s->ack);
        roster_done(&s->fallback);
        roster_done(&s->told);
        *s = (struct escalation){0};
}

static struct escalation *entry_free(struct escalation *s)
{
        if (s)
                escalation_done(s);
        free(s);
        return NULL;
}
DEFINE_CLEANUP(struct escalation *, entry_free)

struct escalations *escalations_new(void)
{
        return calloc(1, sizeof(struct escalations));
}

static void free_incidents(struct escalations *e)
{
        for (size_t i = 0; i < e->count; i++)
                entry_free(e->incidents[i]);
        free(e->incidents);
        e->incidents = NULL;
        e->count = 0;
}

struct escalations *escalations_free(struct escalations *e)
{
        if (e)
                free_incidents(e);
        free(e);
        return NULL;
}

/* Index of the incident, or where it belongs. */
static size_t position(const struct escalations *e, const char *incident, bool *ret_found)
{
        size_t low = 0, high = e->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(e->incidents[middle]->incident, incident) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        *ret_found = low < e->count && streq(e->incidents[low]->incident, incident);
        return low;
}

static struct escalation *find(const struct escalations *e, const char *incident)
{
        bool found;
        size_t i = position(e, incident, &found);

        return found ? e->incidents[i] : NULL;
}

/* Takes `s`, of which there is none yet. */
static int insert(struct escalations *e, struct escalation *s)
{
        struct escalation **grown = reallocarray(e->incidents, e->count + 1, sizeof(*grown));
        bool found;
        size_t i;

        if (!grown)
                return -ENOMEM;
        e->incidents = grown;
        i = position(e, s->incident, &found);
        memmove(&grown[i + 1], &grown[i], (e->count - i) * sizeof(*grown));
        grown[i] = s;
        e->count++;
        return 0;
}

static struct chain chain(const struct escalations *e, const struct escalation *s)
{
        return chain_of(e->policies, e->policy_count, s);
}

static void settle(const struct escalations *e, struct escalation *s)
{
        const struct chain c = chain(e, s);

        chain_settle(&c, s);
}

void escalations_configure(
        struct escalations *e, const struct escalation_policy *policies, size_t count)
{
        e->policies = policies;
        e->policy_count = count;
        for (size_t i = 0; i < e->count; i++)
                settle(e, e->incidents[i]);
}

static int open_new(struct escalations *e, const char *incident, const char *severity,
        const struct roster *fallback, bool early, usec_t now)
{
        _cleanup_(entry_freep) struct escalation *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->opened_at = s->step_at = now;
        s->early = early;
        r = strdup_to(&s->incident, incident);
        if (r >= 0)
                r = strdup_to(&s->severity, severity);
        if (r >= 0)
                r = roster_copy(fallback, &s->fallback);
        if (r >= 0)
                r = insert(e, s);
        if (r >= 0)
                settle(e, take_ptr(s));
        return r;
}

static int worsen(struct escalation *s, const char *severity, usec_t now)
{
        _cleanup_free_ char *copy = NULL;
        _cleanup_text_ struct text t = {0};
        int r = strdup_to(&copy, severity);

        text_appendf(&t, "severity rose from %s to %s", s->severity, severity);
        if (s->ack.by) {
                text_append(&t, " after ");
                text_append_line(&t, s->ack.by);
                text_append(&t, " acknowledged it");
        }
        if (r < 0 || text_failed(&t))
                return -ENOMEM;
        free(s->severity);
        s->severity = take_ptr(copy);
        /* Nobody was told of less: it opens. */
        if (s->told.count == 0 && !s->ack.by)
                chain_begin(s, ESCALATION_OPENED, NULL, s->step_at);
        else
                chain_begin(s, ESCALATION_ESCALATED, text_take(&t, NULL), now);
        return 0;
}

int escalations_open(struct escalations *e, const char *incident, const char *severity,
        const struct roster *fallback, usec_t now)
{
        struct escalation *s = find(e, incident);
        struct roster copy;
        int r;

        if (!s)
                return open_new(e, incident, severity, fallback, false, now);
        r = roster_copy(fallback, &copy);
        if (r < 0)
                return r;
        if (rule_severity_rank(severity) < rule_severity_rank(s->severity))
                r = worsen(s, severity, now);
        if (r < 0) {
                roster_done(&copy);
                return r;
        }
        roster_done(&s->fallback);
        s->fallback = copy;
        s->closed = false;
        if (s->early)
                s->opened_at = s->step_at = now;
        s->early = false;
        settle(e, s);
        return 0;
}

int escalations_expect(
        struct escalations *e, const char *incident, const char *severity, usec_t now)
{
        static const struct roster none = {0};

        return find(e, incident) ? 0 : open_new(e, incident, severity, &none, true, now);
}

int escalations_route(struct escalations *e, const char *incident, const struct roster *fallback)
{
        struct escalation *s = find(e, incident);
        struct roster copy;
        int r;

        if (!s || s->early)
                return 0;
        r = roster_copy(fallback, &copy);
        if (r < 0)
                return r;
        roster_done(&s->fallback);
        s->fallback = copy;
        settle(e, s);
        return 0;
}

void escalations_change(struct escalations *e, const char *incident)
{
        struct escalation *s = find(e, incident);

        if (!s || s->silence || s->told.count == 0)
                return;
        s->changed = true;
        settle(e, s);
}

void escalations_close(struct escalations *e, const char *incident)
{
        struct escalation *s = find(e, incident);

        if (!s)
                return;
        s->closed = true;
        settle(e, s);
}

int escalations_acknowledge(struct escalations *e, const char *incident, const char *by,
        const char *comment, usec_t now)
{
        struct escalation *s = find(e, incident);
        int r;

        if (!s || s->closed)
                return -ENOENT;
        r = ack_set(&s->ack, by, comment, now);
        if (r < 0)
                return r;
        s->taken = s->told.count > 0;
        s->last_ack_at = now;
        settle(e, s);
        return 0;
}

int escalations_check_link(const struct escalations *e, const char *incident, usec_t made)
{
        const struct escalation *s = find(e, incident);

        return s && !s->closed ? ack_link_check(made, s->opened_at, s->last_ack_at) : -ENOENT;
}

int escalations_unacknowledge(
        struct escalations *e, const char *incident, const char *by, usec_t now)
{
        struct escalation *s = find(e, incident);
        _cleanup_text_ struct text before = {0};
        int r;

        if (!s || s->closed || !s->ack.by)
                return -ENOENT;
        if (!*by || strlen(by) > ACK_BY_MAX)
                return -EINVAL;
        if (s->early) {
                ack_done(&s->ack);
                return 0;
        }
        text_appendf(&before, "%s took back the acknowledgement of ", by);
        r = text_failed(&before) ? -ENOMEM : chain_reopen(s, text_string(&before), "", now);
        if (r >= 0)
                settle(e, s);
        return r;
}

int escalations_silence(struct escalations *e, const char *incident, const char *reason, usec_t now)
{
        struct escalation *s = find(e, incident);
        char *copy;
        int r = strdup_to(&copy, reason);

        if (r < 0)
                return r;
        if (!s) {
                free(copy);
                return 0;
        }
        if (reason && !s->silence)
                s->silenced_at = now;
        /* A chain that began meanwhile has waited for nothing yet. */
        if (!reason && s->silence)
                s->step_at += now - MIN(now, MAX(s->silenced_at, s->step_at));
        free(s->silence);
        s->silence = copy;
        s->changed &= !reason;
        settle(e, s);
        return 0;
}

static int tell(
        struct escalations *e, struct escalation *s, usec_t now, struct escalation_actions *out)
{
        const struct chain c = chain(e, s);

        return chain_tell(&c, s, now, out);
}

int escalations_assume(struct escalations *e, const char *incident, usec_t now)
{
        struct escalation_actions told = {0};
        struct escalation *s = find(e, incident);
        int r = s && s->next_at <= now ? tell(e, s, now, &told) : 0;

        escalation_actions_done(&told);
        return r;
}

int escalations_update(struct escalations *e, usec_t now, struct escalation_actions *ret)
{
        size_t kept = 0;
        int result = 0;

        *ret = (struct escalation_actions){0};
        for (size_t i = 0; i < e->count; i++) {
                struct escalation *s = e->incidents[i];
                int r = s->next_at <= now ? tell(e, s, now, ret) : 0;

                result = result < 0 ? result : r;
                if (s->closed && r >= 0)
                        entry_free(s);
                else
                        e->incidents[kept++] = s;
        }
        e->count = kept;
        return result;
}

usec_t escalations_next(const struct escalations *e)
{
        usec_t next = USEC_INFINITY;

        for (size_t i = 0; i < e->count; i++)
                next = MIN(next, e->incidents[i]->next_at);
        return next;
}

static void incident_jump(struct escalation *s, int64_t by)
{
        time_jump(&s->opened_at, by);
        time_jump(&s->step_at, by);
        time_jump(&s->next_at, by);
        time_jump(&s->ack.at, by);
        time_jump(&s->last_ack_at, by);
        time_jump(&s->silenced_at, by);
}

void escalations_jump(struct escalations *e, int64_t by)
{
        for (size_t i = 0; i < e->count; i++)
                incident_jump(e->incidents[i], by);
}

int escalations_show(
        const struct escalations *e, const char *incident, struct escalation_status *ret)
{
        const struct escalation *s = find(e, incident);
        struct chain c;

        if (!s || s->closed)
                return -ENOENT;
        c = chain(e, s);
        return chain_show(&c, s, ret);
}

const struct escalation *escalations_find(const struct escalations *e, const char *incident)
{
        return find(e, incident);
}

const struct escalation *const *escalations_list(const struct escalations *e, size_t *ret_count)
{
        *ret_count = e->count;
        return (const struct escalation *const *)e->incidents;
}

/* Later than `now` it can only be because the clock was set back. */
static void cut(usec_t *t, usec_t now)
{
        *t = MIN(*t, now);
}

int escalations_restore(struct escalations *e, struct escalation *kept, usec_t now)
{
        struct escalation *s;
        int r;

        if (!kept->incident || !*kept->incident || !kept->severity || find(e, kept->incident))
                return -EINVAL;
        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = *kept;
        r = insert(e, s);
        if (r < 0) {
                free(s);
                return r;
        }
        *kept = (struct escalation){0};
        s->round = MIN(s->round, (unsigned)ESCALATION_REPEAT_MAX);
        s->began = MIN(s->began, ESCALATION_REOPENED);
        cut(&s->opened_at, now);
        cut(&s->step_at, now);
        cut(&s->silenced_at, now);
        cut(&s->ack.at, now);
        cut(&s->last_ack_at, now);
        settle(e, s);
        return 0;
}

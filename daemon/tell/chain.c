/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/chain.h"

#include <errno.h>
#include <stdio.h>

#include "text.h"

/* Steps that are told together. */
struct telling {
        size_t first, last;
        usec_t wait; /* of all of them */
        struct roster receivers;
};

struct chain chain_of(
        const struct escalation_policy *policies, size_t count, const struct escalation *s)
{
        const struct escalation_policy *p = escalation_match(policies, count, s->severity);

        return (struct chain){
                .policy = p,
                .fallback = &s->fallback,
                .steps = p ? p->step_count : s->fallback.count > 0,
                .repeat = p ? p->repeat : 0,
                .ack_timeout = p ? p->ack_timeout : USEC_INFINITY,
        };
}

static usec_t wait_of(const struct chain *c, size_t step, unsigned round)
{
        return c->policy ? escalation_wait(c->policy, step, round) : 0;
}

static const struct roster *receivers_of(const struct chain *c, size_t step)
{
        return c->policy ? &c->policy->steps[step].receivers : c->fallback;
}

static usec_t later(usec_t time, usec_t duration)
{
        return duration < USEC_INFINITY - time ? time + duration : USEC_INFINITY;
}

static usec_t due_at(const struct chain *c, const struct escalation *s)
{
        if (s->closed || s->changed || s->taken)
                return 0;
        if (s->early)
                return USEC_INFINITY;
        if (s->ack.by)
                return later(s->ack.at, c->ack_timeout);
        if (s->silence || s->step >= c->steps)
                return USEC_INFINITY;
        return later(s->step_at, wait_of(c, s->step, s->round));
}

void chain_settle(const struct chain *c, struct escalation *s)
{
        s->step = MIN(s->step, c->steps);
        if (s->step == 0 && s->round > c->repeat)
                s->step = c->steps; /* the round that was to begin is gone */
        if (s->step > 0 && s->step == c->steps && s->round < c->repeat) {
                s->round++;
                s->step = 0;
        }
        s->next_at = due_at(c, s);
}

static void action_done(struct escalation_action *a)
{
        free(a->incident);
        free(a->receiver);
        free(a->reason);
}

static void drop_actions(struct escalation_actions *a, size_t kept)
{
        while (a->count > kept)
                action_done(&a->actions[--a->count]);
}

void escalation_actions_done(struct escalation_actions *a)
{
        drop_actions(a, 0);
        free(a->actions);
        *a = (struct escalation_actions){0};
}

void chain_begin(struct escalation *s, enum escalation_kind began, char *because, usec_t now)
{
        free(s->because);
        s->because = because;
        s->began = began;
        s->round = 0;
        s->step = 0;
        s->step_at = now;
        s->taken = false;
        ack_done(&s->ack);
}

int chain_reopen(struct escalation *s, const char *before, const char *after, usec_t now)
{
        _cleanup_text_ struct text t = {0};

        text_append_line(&t, before);
        text_append_line(&t, s->ack.by);
        text_append(&t, after);
        if (text_failed(&t))
                return -ENOMEM;
        chain_begin(s, ESCALATION_REOPENED, text_take(&t, NULL), now);
        return 0;
}

/* Before it is told, so that its end reaches who was told, whatever happens in between. */
static int add_told(struct escalation *s, const struct roster *receivers)
{
        int r = 0;

        for (size_t i = 0; i < receivers->count && r >= 0; i++)
                r = roster_add(&s->told, receivers->names[i]);
        return r;
}

static int add_action(struct escalation_actions *out, const struct escalation_action *what,
        const char *incident, const char *receiver)
{
        struct escalation_action *grown =
                reallocarray(out->actions, out->count + 1, sizeof(*grown));
        struct escalation_action a = *what;
        int r;

        if (!grown)
                return -ENOMEM;
        out->actions = grown;
        a.incident = a.receiver = a.reason = NULL;
        r = strdup_to(&a.incident, incident);
        if (r >= 0)
                r = strdup_to(&a.receiver, receiver);
        if (r >= 0)
                r = strdup_to(&a.reason, what->reason);
        if (r < 0)
                action_done(&a);
        else
                grown[out->count++] = a;
        return r;
}

int escalation_actions_add(struct escalation_actions *a, const struct escalation_action *what,
        const char *incident, const struct roster *receivers, const struct roster *except)
{
        int r = 0;

        for (size_t i = 0; i < receivers->count && r >= 0; i++)
                if (!except || !roster_has(except, receivers->names[i]))
                        r = add_action(a, what, incident, receivers->names[i]);
        return r;
}

/* The steps of this round that are due. */
static int gather(const struct chain *c, const struct escalation *s, usec_t now, struct telling *t)
{
        usec_t at = s->step_at;
        int r = 0;

        t->first = s->step;
        for (size_t k = s->step; k < c->steps && r >= 0; k++) {
                const struct roster *receivers = receivers_of(c, k);
                usec_t wait = wait_of(c, k, s->round);

                at = later(at, wait);
                if (at > now)
                        break;
                t->last = k;
                t->wait += wait;
                for (size_t i = 0; i < receivers->count && r >= 0; i++)
                        r = roster_add(&t->receivers, receivers->names[i]);
        }
        return r;
}

static void append_reason(
        const struct chain *c, const struct escalation *s, const struct telling *t, struct text *to)
{
        bool begins = t->first == 0 && s->round == 0;
        char wait[DURATION_TEXT_MAX];

        (void)duration_format(wait, sizeof(wait), t->wait);
        if (begins && s->because)
                text_append(to, s->because);
        else if (begins && t->wait == 0)
                text_append(to, "the incident opened");
        else if (begins && t->last == 0)
                text_appendf(to, "the incident has lasted %s", wait);
        else
                text_appendf(to, "nobody acknowledged within %s", wait);
        if (c->steps > 1)
                text_appendf(to, ": step %zu of %zu", t->last + 1, c->steps);
        if (s->round > 0)
                text_appendf(to, "%s round %u of %u", c->steps > 1 ? " in" : ":", s->round + 1,
                        MAX(s->round, c->repeat) + 1);
}

static int tell_steps(const struct chain *c, struct escalation *s, const struct telling *t,
        struct escalation_actions *out)
{
        _cleanup_text_ struct text reason = {0};
        struct escalation_action what = {
                .kind = t->first == 0 && s->round == 0 ? s->began : ESCALATION_ESCALATED,
                .step = t->last + 1,
                .steps = c->steps,
        };
        int r;

        append_reason(c, s, t, &reason);
        if (text_failed(&reason))
                return -ENOMEM;
        what.reason = (char *)text_string(&reason);
        r = add_told(s, &t->receivers);
        return r < 0 ? r : escalation_actions_add(out, &what, s->incident, &t->receivers, NULL);
}

static bool step_is_due(const struct chain *c, const struct escalation *s, usec_t now)
{
        return !s->ack.by && !s->silence && s->step < c->steps &&
                later(s->step_at, wait_of(c, s->step, s->round)) <= now;
}

/* Receivers that came with a further alert, where no policy decides. */
static int tell_newcomers(
        const struct chain *c, struct escalation *s, struct escalation_actions *out)
{
        static const struct escalation_action what = {
                .kind = ESCALATION_OPENED, .reason = (char *)"a further alert is theirs"};
        int r = escalation_actions_add(out, &what, s->incident, c->fallback, &s->told);

        return r < 0 ? r : add_told(s, c->fallback);
}

static int tell_taken(struct escalation *s, struct escalation_actions *out)
{
        _cleanup_text_ struct text reason = {0};
        struct escalation_action what = {.kind = ESCALATION_ACKNOWLEDGED};

        text_append(&reason, "acknowledged by ");
        text_append_line(&reason, s->ack.by);
        if (text_failed(&reason))
                return -ENOMEM;
        what.reason = (char *)text_string(&reason);
        return escalation_actions_add(out, &what, s->incident, &s->told, NULL);
}

/* News for those who were told, and what the chain has come to. */
static int tell_open(
        const struct chain *c, struct escalation *s, usec_t now, struct escalation_actions *out)
{
        static const struct escalation_action change = {
                .kind = ESCALATION_CHANGED, .reason = (char *)"a further alert fires"};
        struct telling t = {0};
        bool due = step_is_due(c, s, now);
        int r = due ? gather(c, s, now, &t) : 0;

        if (r >= 0 && s->changed)
                r = escalation_actions_add(out, &change, s->incident, &s->told, &t.receivers);
        if (r >= 0 && due)
                r = tell_steps(c, s, &t, out);
        else if (r >= 0 && s->changed && !c->policy && !s->ack.by)
                r = tell_newcomers(c, s, out);
        if (r >= 0 && s->taken)
                r = tell_taken(s, out);
        roster_done(&t.receivers);
        if (r < 0)
                return r;
        s->changed = s->taken = false;
        if (due) {
                s->step = t.last + 1;
                s->step_at = now;
                free(s->because);
                s->because = NULL;
        }
        return 0;
}

static int lapse(const struct chain *c, struct escalation *s, usec_t now)
{
        char ago[DURATION_TEXT_MAX], after[DURATION_TEXT_MAX + 32];

        if (!s->ack.by || later(s->ack.at, c->ack_timeout) > now)
                return 0;
        (void)duration_format(ago, sizeof(ago), c->ack_timeout);
        (void)snprintf(after, sizeof(after), " %s ago, and it goes on", ago);
        return chain_reopen(s, "acknowledged by ", after, now);
}

int chain_tell(
        const struct chain *c, struct escalation *s, usec_t now, struct escalation_actions *out)
{
        static const struct escalation_action end = {
                .kind = ESCALATION_RESOLVED, .reason = (char *)"the incident is over"};
        size_t before = out->count;
        int r;

        if (s->closed)
                r = escalation_actions_add(out, &end, s->incident, &s->told, NULL);
        else
                r = lapse(c, s, now);
        if (r >= 0 && !s->closed)
                r = tell_open(c, s, now, out);
        if (r < 0) {
                drop_actions(out, before);
                s->next_at = 0;
                return r;
        }
        chain_settle(c, s);
        return 0;
}

/* Why nothing is told until then. */
static void append_why(const struct chain *c, const struct escalation *s, struct text *t)
{
        char until[TIME_TEXT_MAX];

        if (s->ack.by) {
                text_append(t, "acknowledged by ");
                text_append_line(t, s->ack.by);
                if (s->next_at != USEC_INFINITY)
                        text_appendf(t, " until %s", time_format(until, sizeof(until), s->next_at));
        } else if (s->silence) {
                text_append_line(t, s->silence);
        } else if (!c->policy && s->step >= c->steps) {
                text_appendf(t, "no policy escalates incidents of severity %s", s->severity);
        } else if (s->step >= c->steps) {
                text_appendf(t, "the last step was told%s",
                        c->repeat > 0 ? "; repeats are used up" : "");
        }
}

static void append_policy(const struct chain *c, struct text *t)
{
        for (size_t i = 0; c->policy && i < c->policy->severities.count; i++)
                text_appendf(t, "%s%s", i > 0 ? ", " : "", c->policy->severities.names[i]);
}

/* An acknowledgement that is too old begins the chain again. */
static int copy_next(const struct chain *c, const struct escalation *s, struct roster *ret)
{
        size_t next = s->ack.by ? 0 : s->step;

        return s->next_at == USEC_INFINITY || next >= c->steps
                ? 0
                : roster_copy(receivers_of(c, next), ret);
}

int chain_show(const struct chain *c, const struct escalation *s, struct escalation_status *ret)
{
        _cleanup_text_ struct text policy = {0}, why = {0};
        _cleanup_(escalation_status_done) struct escalation_status status = {0};
        /* A further round begins, but nobody was told in it yet. */
        bool between = s->step == 0 && s->round > 0 && c->steps > 0;
        int r;

        status.opened_at = s->opened_at;
        status.last_ack_at = s->last_ack_at;
        status.told = between ? c->steps : s->step;
        status.steps = c->steps;
        status.round = s->round + !between;
        status.rounds = MAX(status.round, c->repeat + 1);
        status.next_at = s->next_at;
        status.ack_until = s->ack.by ? later(s->ack.at, c->ack_timeout) : 0;
        append_policy(c, &policy);
        append_why(c, s, &why);
        status.policy = text_take(&policy, NULL);
        status.why = text_take(&why, NULL);
        r = status.policy && status.why ? ack_copy(&s->ack, &status.ack) : -ENOMEM;
        if (r >= 0)
                r = roster_copy(&s->told, &status.receivers);
        if (r >= 0)
                r = copy_next(c, s, &status.next);
        if (r < 0)
                return r;
        *ret = status;
        status = (struct escalation_status){0};
        return 0;
}

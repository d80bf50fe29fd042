/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/pace.h"

#include <errno.h>

#include "log.h"

/* Waiting longer than this part of the interval is told; less is others' turn. */
#define STRETCH 4

/* Surveys do not wait for a probe that took a hundred times as long as one of them: each kind has
 * an equal part of the share. */
#define KINDS 2
static const bool held_back[TASK_COUNT] = {[TASK_PROBE] = true, [TASK_SURVEY] = true};

int pace_init(struct pace *p, const struct collection_config *config, struct allowances *allowances)
{
        *p = (struct pace){.config = config};
        if (!allowances)
                return 0;
        p->allowance = allowances_get(allowances, config->server->name);
        if (!p->allowance)
                return -ENOMEM;
        for (enum task t = 0; t < TASK_COUNT; t++)
                if (held_back[t] && config->replay.server_share < 1)
                        p->spendings[t] = (struct spending){.allowance = p->allowance,
                                .task = t,
                                .share = config->replay.server_share / KINDS};
        return 0;
}

void pace_add(struct pace *p, enum task task, usec_t duration)
{
        if (!p->allowance)
                return;
        p->allowance->busy[task] += duration;
        spending_add(&p->spendings[task], duration);
}

/* On the first one only: the next ones wait for the same reason. */
static void tell_stretched(const struct pace *p, enum task task, usec_t late)
{
        char text[DURATION_TEXT_MAX];

        log_info("%s: the next %s comes %s later than configured: with what it costs server %s, "
                 "server_share allows no more",
                p->config->label, task_name(task), duration_format(text, sizeof(text), late),
                p->config->server->name);
}

bool pace_lets(struct pace *p, enum task task, struct timer *t, usec_t now)
{
        struct spending *s = &p->spendings[task];
        bool fresh = !s->booked;
        usec_t slot = spending_slot(s, now), late = slot > t->due ? slot - t->due : 0;
        bool stretched = late > t->schedule.interval / STRETCH && slot > now;

        if (fresh && stretched && !s->told)
                tell_stretched(p, task, late);
        if (fresh)
                s->told = stretched;
        if (slot <= now)
                return true;
        t->due = slot;
        return false;
}

void pace_end(struct pace *p, enum task task)
{
        spending_end(&p->spendings[task]);
}

void pace_cancel(struct pace *p, enum task task)
{
        spending_cancel(&p->spendings[task]);
}

void pace_done(struct pace *p)
{
        for (enum task t = 0; t < TASK_COUNT; t++)
                pace_cancel(p, t);
}

void pace_adopt(struct pace *p, struct pace *old)
{
        for (enum task t = 0; t < TASK_COUNT; t++)
                spending_adopt(&p->spendings[t], &old->spendings[t]);
}

bool pace_skips_walk(const struct pace *p)
{
        return p->unwalked > 0;
}

static bool note_change(struct pace *p)
{
        if (p->changing >= PACE_CHANGES_MAX)
                return false;
        if (++p->changing < PACE_CHANGES_MAX)
                log_debug("%s: the collection has changed: replaying at once", p->config->label);
        else
                log_info("%s: the collection has changed at each of %d looks: replaying once more, "
                         "then only at its interval until it stands still",
                        p->config->label, PACE_CHANGES_MAX);
        return true;
}

bool pace_looked(struct pace *p, bool changed, bool success)
{
        p->unwalked = changed || !success ? 0 : (p->unwalked + 1) % PACE_WALK_EVERY;
        if (changed)
                return note_change(p);
        if (success)
                p->changing = 0;
        return false;
}

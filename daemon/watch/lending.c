/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/watching.h"

struct dossier *watch_lend(struct watch *w)
{
        w->lent = true;
        w->interrupted = watch_asking(w);
        w->unanswered = w->embed;
        /* Who said so waits for a replay that ends. */
        w->ingested |= w->replay && w->final;
        watch_cancel(w);
        watch_set_alarm(w);
        return w->dossier;
}

void watch_resume(struct watch *w)
{
        w->lent = false;
        w->wanted[STEP_REPLAY] |= w->interrupted;
        if (w->unanswered)
                w->freshness.due = 0;
        watch_set_alarm(w);
}

struct dossier *watch_exchange(struct watch *w, struct dossier *dossier)
{
        struct dossier *left = w->dossier;

        w->dossier = dossier;
        watch_resume(w);
        return left;
}

struct dossier *watch_inherit(
        struct watch *w, struct watch *old, struct dossier *dossier, bool texts_changed)
{
        const struct replay_config *before, *c = &w->config->replay;

        w->dossier = dossier;
        if (!old)
                return NULL;
        before = &old->config->replay;
        w->ingested = old->ingested;
        w->wanted[STEP_REPLAY] = old->wanted[STEP_REPLAY];
        pace_adopt(&w->pace, &old->pace);
        renewal_adopt(&w->renewal, &old->renewal);
        w->await_until = texts_changed ? USEC_INFINITY : old->await_until;
        if (!texts_changed && !old->interrupted && dossier_view(w->dossier)->replayed &&
                c->interval == before->interval && c->survey_interval == before->survey_interval)
                memcpy(w->timers, old->timers, sizeof(w->timers));
        return take_ptr(old->dossier);
}

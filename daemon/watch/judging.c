/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/watching.h"

bool watch_waits(const struct watch *w)
{
        return w->judging.result && !w->judging.begun;
}

bool watch_at_rest(const struct watch *w)
{
        return !w->lent && !w->judging.begun;
}

void watch_begin_judging(struct watch *w)
{
        w->judging.begun = true;
}

void watch_judge(void *watch)
{
        struct watch *w = watch;
        struct judging *j = &w->judging;

        if (w->fresh) {
                dossier_replayed_fresh(w->dossier, j->result);
        } else {
                if (w->final)
                        dossier_ingested(w->dossier);
                dossier_replayed(w->dossier, j->result, &j->suspects);
        }
        replay_drop_answers(j->result);
}

void watch_judged(struct watch *w)
{
        struct judging judged = w->judging;
        _cleanup_(collection_view_unrefp) struct collection_view *before = judged.before;

        w->judging = (struct judging){0};
        watch_conclude(w, &judged);
        if (judged.embedded)
                watch_take_embedded(w, judged.embedded);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "model/episode.h"

#include <string.h>

#include "model/view.h"

/* Of writes that follow each other so closely, in intervals, one episode is made. */
#define INGEST_PAUSE 2

const char *episode_name(enum episode_kind kind)
{
        static const char *const names[EPISODE_KIND_COUNT] = {[EPISODE_REPLACED] = "replaced",
                [EPISODE_CHANGED] = "changed",
                [EPISODE_INGEST] = "ingest",
                [EPISODE_APPROVED] = "approved",
                [EPISODE_INCIDENT] = "incident",
                [EPISODE_DOWN] = "down"};

        return names[kind];
}

/* The same episode is noted once. */
static void add(struct episodes *e, struct episode one)
{
        size_t place = e->count;

        for (size_t i = 0; i < e->count; i++)
                if (e->episodes[i].kind == one.kind && e->episodes[i].at == one.at)
                        return;
        if (e->count == EPISODES_MAX) {
                memmove(e->episodes, e->episodes + 1, (EPISODES_MAX - 1) * sizeof(one));
                place = --e->count;
        }
        while (place > 0 && e->episodes[place - 1].at > one.at)
                place--;
        memmove(e->episodes + place + 1, e->episodes + place, (e->count - place) * sizeof(one));
        e->episodes[place] = one;
        e->count++;
}

static struct episode *last_of(struct episodes *e, enum episode_kind kind)
{
        for (size_t i = e->count; i-- > 0;)
                if (e->episodes[i].kind == kind)
                        return &e->episodes[i];
        return NULL;
}

/* What begins and ends. */
static void note_span(struct episodes *e, enum episode_kind kind, usec_t since, usec_t now)
{
        struct episode *last = last_of(e, kind);

        if (last && last->until == 0 && last->at != since)
                last->until = now;
        if (since > 0)
                add(e, (struct episode){kind, since, 0, -1, -1});
}

static void note_ingest(const struct collection_view *old, struct collection_view *v, usec_t now)
{
        struct episode *last = last_of(&v->episodes, EPISODE_INGEST);
        int64_t before = old->epoch.records, after = v->epoch.records;

        if (!(v->ingesting || v->ingest_under_way) && (before < 0 || before == after))
                return;
        if (last && now <= last->until + INGEST_PAUSE * v->interval_usec) {
                last->until = now;
                last->after = after;
        } else
                add(&v->episodes, (struct episode){EPISODE_INGEST, now, now, before, after});
}

void episodes_note(const struct collection_view *old, struct collection_view *v)
{
        const struct episode *down = last_of(&v->episodes, EPISODE_DOWN);
        usec_t now = MAX(v->last_finished, v->judged);
        usec_t since = down && down->until == 0 ? down->at : now;

        if (v->replaced_at > 0)
                add(&v->episodes, (struct episode){EPISODE_REPLACED, v->replaced_at, 0, -1, -1});
        if (v->unprovoked_at > 0)
                add(&v->episodes, (struct episode){EPISODE_CHANGED, v->unprovoked_at, 0, -1, -1});
        if (v->baseline && v->baseline->approved > 0)
                add(&v->episodes,
                        (struct episode){EPISODE_APPROVED, v->baseline->approved, 0, -1,
                                v->baseline->number});
        note_span(&v->episodes, EPISODE_INCIDENT, v->incident_since, now);
        if (v->replayed)
                note_span(&v->episodes, EPISODE_DOWN, v->last_error ? since : 0, now);
        if (old && old->replayed && v->up)
                note_ingest(old, v, now);
}

void episodes_jump(struct episodes *e, int64_t by)
{
        for (size_t i = 0; i < e->count; i++) {
                time_jump(&e->episodes[i].at, by);
                time_jump(&e->episodes[i].until, by);
        }
}

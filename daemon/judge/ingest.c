/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/ingest.h"

#include "model/view.h"

void ingest_init(struct ingest *i, usec_t look, usec_t grace)
{
        *i = (struct ingest){.look = look, .grace = grace, .before = -1};
        epoch_init(&i->seen);
}

void ingest_done(struct ingest *i)
{
        epoch_done(&i->seen);
}

void ingest_adopt(struct ingest *i, struct ingest *old)
{
        usec_t look = i->look, grace = i->grace;

        ingest_done(i);
        *i = *old;
        i->look = look;
        i->grace = grace;
        ingest_init(old, look, grace);
}

static bool has_fewer(const struct ingest *i)
{
        return i->away || (i->seen.records >= 0 && i->seen.records < i->before);
}

bool ingest_under_way(const struct ingest *i, usec_t now)
{
        usec_t still = INGEST_LOOKS * i->look;

        return i->changed > 0 && now - i->changed < (has_fewer(i) ? MAX(still, i->grace) : still);
}

bool ingest_young(const struct ingest *i, usec_t now)
{
        return ingest_under_way(i, now) && now - i->began < i->grace;
}

void ingest_note(struct ingest *i, usec_t now)
{
        if (!ingest_under_way(i, now)) {
                i->began = now;
                i->before = i->seen.records;
        }
        i->changed = now;
}

unsigned ingest_look(struct ingest *i, const struct epoch *epoch, usec_t now)
{
        unsigned changes = i->seen.id ? epoch_compare(&i->seen, epoch) : 0;
        struct epoch seen;

        if (changes & EPOCH_INGEST)
                ingest_note(i, now);
        if (epoch_copy(epoch, &seen) < 0)
                return changes;
        epoch_done(&i->seen);
        i->seen = seen;
        i->away = false;
        return changes;
}

void ingest_look_away(struct ingest *i, usec_t now)
{
        if (!i->seen.id)
                return;
        ingest_note(i, now);
        i->away = true;
}

void ingest_jump(struct ingest *i, int64_t by)
{
        time_jump(&i->began, by);
        time_jump(&i->changed, by);
}

void ingest_end(struct ingest *i)
{
        usec_t look = i->look, grace = i->grace;

        ingest_done(i);
        ingest_init(i, look, grace);
}

bool ingest_excuses(const struct collection_view *c, usec_t since, usec_t grace)
{
        return c->ingest_under_way && c->last_finished < since + grace;
}

usec_t ingest_excuse_ends(const struct collection_view *c, usec_t grace)
{
        usec_t end = USEC_INFINITY;

        for (size_t i = 0; c->findings && i < c->findings->count; i++) {
                const struct finding *f = &c->findings->findings[i];

                if (!f->waiting || c->looking_up)
                        continue;
                if (ingest_excuses(c, f->since, grace))
                        end = MIN(end, f->since + grace);
                else if (c->last_started < f->since)
                        end = MIN(end, f->since);
        }
        return end;
}

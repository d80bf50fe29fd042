/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "judge/suspects.h"

enum fate suspects_unseen(enum presence presence)
{
        static const enum fate fates[] = {
                [PRESENCE_HOLE] = FATE_UNKNOWN,
                [PRESENCE_DISPLACED] = FATE_UNKNOWN,
                [PRESENCE_CHANGED] = FATE_EDITED,
                [PRESENCE_ENTERED] = FATE_NEW,
        };

        return fates[presence];
}

/* One that exists as it was but left the answer to a query with a filter: whether its metadata was
 * edited out of the filter. Where nobody could ask, unless its own vector does not find it either.
 */
static bool left_filter(const struct suspect *r)
{
        if (!r->hole || !r->filtered || r->unreadable)
                return false;
        return r->filter_asked ? r->filter_left : !(r->self_asked && !r->self_found);
}

bool suspect_has_heirs(const struct suspect *r)
{
        return r->renamed || r->heirs * 2 > r->places;
}

static bool is_rewritten(const struct suspect *r)
{
        return r->changed || r->moved;
}

/* What holds for all of them: whether records were edited; whether the documents of those begin
 * otherwise, so that they moved along with their vectors; and whether nearly all that nothing
 * displaced have an heir, so that the others' is one that the index misses. */
struct edits {
        bool any, documents, renamed;
};

static struct edits find_edits(const struct suspects *s)
{
        size_t kept = 0, others = 0, heirs = 0, none = 0;
        struct edits e = {0};

        for (size_t i = 0; i < s->count; i++) {
                const struct suspect *r = &s->records[i];

                if (is_rewritten(r)) {
                        e.any = true;
                        kept += r->words > 0;
                        others += r->words < 0;
                }
                if (!r->hole && !r->changed)
                        continue;
                heirs += suspect_has_heirs(r);
                none += !suspect_has_heirs(r);
        }
        e.documents = others > kept;
        e.renamed = heirs > 0 && (double)none <= SUSPECTS_HEIRLESS * (double)(heirs + none);
        return e;
}

static bool is_renamed(const struct suspect *r, struct edits edits)
{
        return suspect_has_heirs(r) || edits.renamed;
}

/* What has its vector and its document under another id was renamed, not edited. */
static enum fate edited_fate(const struct suspect *r, struct edits edits)
{
        return edits.documents && is_renamed(r, edits) ? FATE_REKEYED : FATE_EDITED;
}

static enum fate left_fate(const struct suspect *r, struct edits edits)
{
        if (!r->looked_up)
                return FATE_UNKNOWN;
        if (!r->exists)
                return is_renamed(r, edits) ? FATE_REKEYED : FATE_GONE;
        if (r->moved)
                return edited_fate(r, edits);
        if (left_filter(r))
                return FATE_EDITED;
        if (!r->hole)
                return FATE_CROWDED_OUT;
        return r->unreadable || r->compared ? FATE_UNREACHABLE : FATE_UNKNOWN;
}

/* A record that was there before and comes nearer where others were edited was probably edited,
 * too; but an index may have missed it when the baseline was recorded. */
static enum fate fate_of(const struct suspect *r, struct edits edits)
{
        if (r->changed)
                return edited_fate(r, edits);
        if (r->left)
                return r->left_fate;
        if (r->old)
                return edits.any ? FATE_UNKNOWN : FATE_FOUND;
        return r->twin ? FATE_NEAR_COPY : FATE_NEW;
}

static int compare_ordered(const void *a, const void *b, void *userdata)
{
        const struct suspect *records = userdata;
        const struct suspect *x = &records[*(const size_t *)a], *y = &records[*(const size_t *)b];

        if (x->fate != y->fate)
                return x->fate < y->fate ? -1 : 1;
        if (x->queries != y->queries)
                return x->queries > y->queries ? -1 : 1;
        return strcmp(x->id, y->id);
}

int suspects_settle(struct suspects *s)
{
        size_t *ordered = calloc(s->count + 1, sizeof(*ordered));
        struct edits edits = find_edits(s);

        if (!ordered)
                return -ENOMEM;
        for (size_t i = 0; i < s->count; i++) {
                struct suspect *r = &s->records[i];

                r->left_fate = r->left ? left_fate(r, edits) : FATE_UNKNOWN;
                r->fate = fate_of(r, edits);
                ordered[i] = i;
        }
        qsort_r(ordered, s->count, sizeof(*ordered), compare_ordered, s->records);
        free(s->ordered);
        s->ordered = ordered;
        return 0;
}

enum fate suspects_fate(const struct suspects *s, const struct place *place)
{
        return place->suspect == SUSPECTS_MAX ? suspects_unseen(place->presence)
                                              : s->records[place->suspect].fate;
}

bool suspects_lost(const struct suspects *s, const struct place *place)
{
        enum fate fate = suspects_fate(s, place);

        return (place->presence == PRESENCE_HOLE || place->presence == PRESENCE_DISPLACED) &&
                place->suspect != SUSPECTS_MAX && (fate == FATE_GONE || fate == FATE_EDITED);
}

size_t suspects_shown(const struct suspects *s, size_t ret[SUSPECTS_SHOWN])
{
        size_t shown[FATE_COUNT] = {0}, n = 0;

        for (size_t i = 0; i < s->count; i++) {
                enum fate fate = s->records[s->ordered[i]].fate;

                if (fate != FATE_GONE && fate != FATE_UNKNOWN && shown[fate]++ < FATES_SHOWN)
                        ret[n++] = s->ordered[i];
        }
        return n;
}

const char *suspects_known_words(const struct baseline *b, const char *id)
{
        for (size_t i = 0; b && i < b->count; i++)
                for (unsigned k = 0; b->queries[i].answer && k < EXCERPTS_MAX; k++)
                        if (k < b->queries[i].answer->count &&
                                streq(b->queries[i].answer->ids[k], id) &&
                                b->queries[i].excerpts[k].words)
                                return b->queries[i].excerpts[k].words;
        return NULL;
}

static void compare_words(const struct suspects *s, struct suspect *r)
{
        const char *before = suspects_known_words(s->baseline, r->id);
        size_t n;

        if (!before || !r->excerpt)
                return;
        n = MIN(MIN(strlen(before), strlen(r->excerpt)), (size_t)SUSPECTS_WORDS);
        r->words = n > 0 && strncmp(before, r->excerpt, n) == 0 ? 1 : -1;
}

void suspects_take_text(const struct suspects *s, struct suspect *r, const char *text)
{
        free(r->excerpt);
        r->excerpt = text ? excerpt_words(text, strlen(text), EXCERPT_WORDS_MAX) : NULL;
        compare_words(s, r);
}

static int copy_record(const struct suspect *from, struct touched_record *ret)
{
        int r;

        *ret = (struct touched_record){.fate = from->fate,
                .query = from->query,
                .queries = from->queries,
                .expected = from->expected};
        r = strdup_to(&ret->id, from->id);
        return r < 0 ? r : strdup_to(&ret->excerpt, from->excerpt);
}

int suspects_fates(const struct suspects *s, struct fates **ret)
{
        _cleanup_(fates_unrefp) struct fates *f = fates_new();
        int r = 0;

        if (!f)
                return -ENOMEM;
        memcpy(f->totals, s->more, sizeof(f->totals));
        f->records = calloc(FATES_RECORDS_MAX + 1, sizeof(*f->records));
        if (!f->records)
                return -ENOMEM;
        for (size_t i = 0; i < s->count && r >= 0; i++) {
                const struct suspect *record = &s->records[s->ordered[i]];
                enum fate fate = record->fate;
                /* So that none of the fates crowds out the others. */
                bool kept = f->totals[fate]++ - s->more[fate] < FATES_RECORDS_MAX / FATE_COUNT;

                if (kept)
                        r = copy_record(record, &f->records[f->count++]);
        }
        if (r < 0)
                return r;
        *ret = take_ptr(f);
        return 0;
}

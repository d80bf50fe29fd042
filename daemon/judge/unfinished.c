/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/unfinished.h"

#include "text.h"

/* Fewer records than these tell nothing. */
#define SOUGHT_MIN 2
#define TRAILING_MIN 5
#define THERE_MIN 5
/* Of the records of which the order is known: fewer gone ones at its end are a topic's. */
#define TRAILING_SHARE 0.15
/* Of the gone ones, how many may lie elsewhere: deleted for another reason. */
#define STRAYS 0.05
/* Of the places: others must stand beside what was cut otherwise. */
#define BESIDE 0.1
/* Of the records whose ids are gone: more have their texts elsewhere. */
#define WRITTEN_AGAIN 0.5
/* Bytes: shorter documents stand in others by chance. */
#define WORDS_MIN 20

/* The first of the words that the baseline keeps of a gone record; false when it keeps too few. */
static bool words_of(const struct suspects *s, const struct suspect *r, char ret[])
{
        const char *words =
                r->left_fate == FATE_GONE ? suspects_known_words(s->baseline, r->id) : NULL;
        size_t n = words ? utf8_prefix(words, MIN(strlen(words), (size_t)SUSPECTS_WORDS)) : 0;

        if (n < WORDS_MIN)
                return false;
        memcpy(ret, words, n);
        ret[n] = '\0';
        return true;
}

static void add_index(size_t *list, size_t *count, size_t index)
{
        for (size_t i = 0; i < *count; i++)
                if (list[i] == index)
                        return;
        if (*count < UNFINISHED_TEXTS)
                list[(*count)++] = index;
}

/* What came into the answer that the record left has its words, if anything has. */
static void add_entrants(const struct suspects *s, size_t query, size_t *list, size_t *count)
{
        for (size_t k = s->starts[query]; k < s->starts[query + 1]; k++) {
                const struct place *p = &s->places[k];

                if (p->presence == PRESENCE_ENTERED && p->suspect != SUSPECTS_MAX)
                        add_index(list, count, p->suspect);
        }
}

/* The next gone record whose words are looked for, from the `*i`-th that was wanted on; NULL at the
 * end. */
static struct suspect *next_sought(const struct suspects *s, size_t *i, char words[])
{
        while (*i < s->wanted_count) {
                struct suspect *r = &s->records[s->wanted[(*i)++]];

                if (words_of(s, r, words))
                        return r;
        }
        return NULL;
}

size_t unfinished_texts(const struct suspects *s, size_t ret[UNFINISHED_TEXTS])
{
        char words[SUSPECTS_WORDS + 1];
        size_t i = 0, count = 0;

        for (size_t n = 0; n < UNFINISHED_SOUGHT; n++) {
                const struct suspect *r = next_sought(s, &i, words);

                if (!r)
                        break;
                add_entrants(s, r->query, ret, &count);
        }
        return count;
}

void unfinished_seek(struct suspects *s, const char *const *texts, size_t count)
{
        char words[SUSPECTS_WORDS + 1];
        size_t i = 0;

        for (size_t n = 0; n < UNFINISHED_SOUGHT; n++) {
                struct suspect *r = next_sought(s, &i, words);

                if (!r)
                        break;
                r->sought = true;
                for (size_t k = 0; k < count && !r->recut; k++)
                        r->recut = texts[k] && strstr(texts[k], words);
        }
}

enum remains { REMAINS_UNKNOWN, REMAINS_THERE, REMAINS_GONE };

static enum remains remains_of(const struct suspects *s, uint32_t suspect)
{
        if (suspect == SUSPECTS_THERE)
                return REMAINS_THERE;
        switch (s->records[suspect].fate) {
        case FATE_GONE:
                return REMAINS_GONE;
        case FATE_UNKNOWN:
        case FATE_REKEYED:
                return REMAINS_UNKNOWN;
        default:
                return REMAINS_THERE;
        }
}

/* Were all that are gone added after all others, they would be the last in the order. */
static void count_order(const struct suspects *s, struct evidence *e)
{
        bool is_gone[BASELINE_ORDER_MAX];
        size_t gone = 0, strays = 0;

        for (size_t i = 0; i < s->order_count; i++) {
                enum remains what = remains_of(s, s->order[i]);

                if (what == REMAINS_UNKNOWN)
                        continue;
                is_gone[e->ordered++] = what == REMAINS_GONE;
                gone += what == REMAINS_GONE;
        }
        for (size_t i = 0; i < e->ordered - gone; i++)
                strays += is_gone[i];
        if (gone > 0 && (double)strays <= STRAYS * (double)gone)
                e->trailing = gone - strays;
}

void unfinished_count(const struct suspects *s, struct evidence *e)
{
        count_order(s, e);
        for (size_t i = 0; i < s->count; i++) {
                e->sought += s->records[i].sought;
                e->recut += s->records[i].recut;
        }
}

static bool ends_early(const struct evidence *e)
{
        return e->trailing >= TRAILING_MIN && e->ordered - e->trailing >= THERE_MIN &&
                (double)e->trailing >= TRAILING_SHARE * (double)e->ordered;
}

/* Of the records whose ids are gone, the share whose texts were written again: those that have
 * their vector under another id, and of the others as many as have their words elsewhere, where
 * those were looked for. 0 where too little is known. */
static double written_again(const struct evidence *e)
{
        double gone = (double)e->gone, cut = 0;

        if (e->sought + e->renamed < SOUGHT_MIN)
                return 0;
        if (e->sought > 0)
                cut = gone * (double)e->recut / (double)e->sought;
        return ((double)e->renamed + cut) / ((double)e->renamed + gone);
}

static bool is_half_cut(const struct circumstances *c)
{
        return written_again(c->e) > WRITTEN_AGAIN &&
                (double)c->places.same >= BESIDE * (double)c->places.compared;
}

bool unfinished_applies(const struct circumstances *c)
{
        return c->gone > 0 && c->gone >= c->edited && (ends_early(c->e) || is_half_cut(c));
}

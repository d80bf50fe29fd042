/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/choice.h"

#include <errno.h>
#include <math.h>

#include "show/summary.h"

static const char *const names[ORDER_COUNT] = {[ORDER_WORST] = "worst",
        [ORDER_ID] = "id",
        [ORDER_BAND] = "band",
        [ORDER_DISTANCE] = "distance",
        [ORDER_SHIFT] = "shift",
        [ORDER_RANK] = "rank"};

const char *choice_order_name(enum choice_order o)
{
        return names[o];
}

static void read_order(const char *s, struct choice *ret)
{
        ret->descending = s && *s == '-';
        for (unsigned o = 0; o < ORDER_COUNT; o++)
                if (s && streq(s + ret->descending, names[o]))
                        ret->order = o;
        ret->descending = ret->descending && ret->order != ORDER_WORST;
}

static bool has_tag(const struct query *q, const char *tag)
{
        for (size_t i = 0; i < q->tag_count; i++) {
                size_t n = strlen(q->tags[i].key);

                if (strncmp(tag, q->tags[i].key, n) == 0 && strncmp(tag + n, ": ", 2) == 0 &&
                        streq(tag + n + 2, q->tags[i].value))
                        return true;
        }
        return false;
}

static bool given(const char *parameter)
{
        return parameter && *parameter;
}

static bool matches(const struct collection_view *c, size_t i, const struct page_query *wanted)
{
        const struct query *q = &c->query_set->queries[i];
        const struct judgement *v = &c->queries[i].judgement;

        if (given(wanted->outcome) && !streq(wanted->outcome, outcome_name(v->outcome)))
                return false;
        if (given(wanted->band) && !streq(wanted->band, bands_name(&c->bands, summary_band(v))))
                return false;
        if (given(wanted->tag) && !has_tag(q, wanted->tag))
                return false;
        return !given(wanted->text) || strcasestr(q->id, wanted->text) ||
                (q->text && strcasestr(q->text, wanted->text));
}

/* What queries are compared by; NaN, and so last, where nothing is known. */
static double number_of(const struct collection_view *c, enum choice_order order, size_t i)
{
        const struct query_view *q = &c->queries[i];

        switch (order) {
        case ORDER_BAND:
                return summary_band(&q->judgement) < 0 ? NAN : (double)summary_band(&q->judgement);
        case ORDER_DISTANCE:
                return (double)q->judgement.distance;
        case ORDER_SHIFT:
                return q->drift.compared ? q->drift.shift[LEVEL_TOP1] : NAN;
        case ORDER_RANK:
                return q->judgement.expected_rank > 0 ? (double)q->judgement.expected_rank : NAN;
        default:
                return NAN;
        }
}

struct sorting {
        const struct collection_view *c;
        const struct choice *choice;
        size_t *places; /* of each query, worst first */
};

static int compare(const void *x, const void *y, void *userdata)
{
        const struct sorting *s = userdata;
        size_t a = *(const size_t *)x, b = *(const size_t *)y;
        int sign = s->choice->descending ? -1 : 1;
        double u = number_of(s->c, s->choice->order, a), w = number_of(s->c, s->choice->order, b);

        if (s->choice->order == ORDER_ID)
                return sign *
                        strcmp(s->c->query_set->queries[a].id, s->c->query_set->queries[b].id);
        if (isnan(u) != isnan(w))
                return isnan(u) ? 1 : -1;
        if (!isnan(u) && (u < w || u > w))
                return u < w ? -sign : sign;
        return s->places[a] < s->places[b] ? -1 : s->places[a] > s->places[b];
}

static int sort(const struct collection_view *c, const size_t *worst_first, struct choice *choice)
{
        _cleanup_free_ size_t *places = calloc(c->query_set->count + 1, sizeof(*places));
        struct sorting s = {c, choice, places};

        if (!places)
                return -ENOMEM;
        for (size_t k = 0; k < c->query_set->count; k++)
                places[worst_first[k]] = k;
        qsort_r(choice->indices, choice->count, sizeof(*choice->indices), compare, &s);
        return 0;
}

int choose(const struct collection_view *c, const struct page_query *q, struct choice *ret)
{
        struct choice choice = {.order = ORDER_WORST};
        _cleanup_free_ size_t *order = summary_worst_first(c);
        unsigned long page;
        int r = 0;

        choice.indices = calloc(c->query_set->count + 1, sizeof(*choice.indices));
        if (!order || !choice.indices) {
                choice_done(&choice);
                return -ENOMEM;
        }
        read_order(q->sort, &choice);
        for (size_t k = 0; k < c->query_set->count; k++)
                if (matches(c, order[k], q))
                        choice.indices[choice.count++] = order[k];
        if (choice.order != ORDER_WORST)
                r = sort(c, order, &choice);
        if (r < 0) {
                choice_done(&choice);
                return r;
        }
        choice.pages = MAX((choice.count + PAGE_ROWS - 1) / PAGE_ROWS, (size_t)1);
        page = q->page ? strtoul(q->page, NULL, 10) : 1;
        choice.page = MIN(MAX(page, 1UL), choice.pages);
        *ret = choice;
        return 0;
}

void choice_done(struct choice *choice)
{
        free(choice->indices);
        *choice = (struct choice){0};
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Every cause is made in small synthetic collections, and its label must come out. A collection:
 * 300 unit vectors of 32 dimensions in 12 topics of 5 documents of 5 chunks, 12 queries near
 * chunks, exact neighbours. All changes but "none" happen while the collection grows by 3.5 %. */

#include "unit.h"

#include <math.h>
#include <stdio.h>

#include "fewer.h"
#include "judge/attribution.h"
#include "random.h"
#include "text.h"

#define DIMENSION 32
#define TOPICS 12
#define DOCUMENTS 5
#define CHUNKS 5
#define RECORDS (TOPICS * DOCUMENTS * CHUNKS)
#define RECORDS_MAX (2 * RECORDS)
#define QUERIES 12
#define RESULTS 10
#define SEEDS 25

typedef float vector[DIMENSION];

enum metric { SQUARED_L2, COSINE, L2 };

struct record {
        char id[16];
        size_t topic;
        bool gone, unreachable;
        vector v;
};

struct collection {
        uint64_t random;
        vector common, topics[TOPICS];
        struct record records[RECORDS_MAX];
        size_t count;
        vector queries[QUERIES];
        size_t anchors[QUERIES]; /* record that the query was made from */
        bool silent[QUERIES];
        double recall, fresh_noise;
        enum metric metric;
};

static double dot(const float *a, const float *b)
{
        double sum = 0;

        for (size_t i = 0; i < DIMENSION; i++)
                sum += (double)a[i] * b[i];
        return sum;
}

static void normalise(float *v)
{
        double length = sqrt(dot(v, v));

        for (size_t i = 0; i < DIMENSION; i++)
                v[i] = (float)(v[i] / length);
}

static void random_unit(struct collection *c, float *v)
{
        for (size_t i = 0; i < DIMENSION; i++)
                v[i] = (float)random_normal(&c->random);
        normalise(v);
}

static void add_scaled(float *v, double factor, const float *other)
{
        for (size_t i = 0; i < DIMENSION; i++)
                v[i] += (float)(factor * other[i]);
}

/* Adds noise of this norm and normalises: cos with the former is about 1 / sqrt(1 + norm²). */
static void disturb(struct collection *c, float *v, double norm)
{
        vector noise;

        random_unit(c, noise);
        add_scaled(v, norm, noise);
        normalise(v);
}

static void add_record(struct collection *c, size_t topic, const float *document)
{
        struct record *r = &c->records[c->count];
        vector noise;

        assert_in_range(c->count, 0, RECORDS_MAX - 1);
        *r = (struct record){.topic = topic};
        snprintf(r->id, sizeof(r->id), "r%zu", c->count++);
        random_unit(c, noise);
        add_scaled(r->v, .35, c->common);
        add_scaled(r->v, .50, c->topics[topic]);
        add_scaled(r->v, .58, document);
        add_scaled(r->v, .54, noise);
        normalise(r->v);
}

static void collection_make(struct collection *c, uint64_t seed)
{
        vector document;

        *c = (struct collection){.random = seed, .recall = 1};
        random_unit(c, c->common);
        for (size_t t = 0; t < TOPICS; t++) {
                random_unit(c, c->topics[t]);
                for (size_t d = 0; d < DOCUMENTS; d++) {
                        random_unit(c, document);
                        for (size_t i = 0; i < CHUNKS; i++)
                                add_record(c, t, document);
                }
        }
        for (size_t q = 0; q < QUERIES; q++) {
                c->anchors[q] = (size_t)(random_uniform(&c->random) * RECORDS);
                memcpy(c->queries[q], c->records[c->anchors[q]].v, sizeof(vector));
                disturb(c, c->queries[q], .5 + random_uniform(&c->random));
        }
}

/* What happens. Each takes its size. */
static void grow(struct collection *c, double share)
{
        size_t n = (size_t)lround(share * RECORDS);
        vector document;

        for (size_t i = 0; i < n; i++) {
                random_unit(c, document);
                add_record(c, (size_t)(random_uniform(&c->random) * TOPICS), document);
        }
}

static void replace_metric(struct collection *c, double metric)
{
        c->metric = (enum metric)metric;
}

static void stretch(struct collection *c, double factor)
{
        for (size_t i = 0; i < c->count; i++)
                for (size_t k = 0; k < DIMENSION; k++)
                        c->records[i].v[k] *= (float)factor;
}

static void reembed(struct collection *c, double norm)
{
        for (size_t i = 0; i < c->count; i++)
                disturb(c, c->records[i].v, norm);
}

static void change_embedder(struct collection *c, double norm)
{
        c->fresh_noise = norm;
}

static void flood(struct collection *c, double share)
{
        size_t n = c->count;

        for (size_t i = 0; i < n; i++)
                if (random_uniform(&c->random) < share) {
                        size_t copy = c->count;

                        add_record(c, c->records[i].topic, c->common);
                        memcpy(c->records[copy].v, c->records[i].v, sizeof(vector));
                        disturb(c, c->records[copy].v, .1);
                }
}

static void delete_some(struct collection *c, double share)
{
        for (size_t i = 0; i < RECORDS; i++)
                c->records[i].gone |= random_uniform(&c->random) < share;
}

static void replace_some(struct collection *c, double share)
{
        delete_some(c, share);
        grow(c, share);
}

static void delete_topic(struct collection *c, double size)
{
        for (size_t i = 0; i < c->count; i++)
                c->records[i].gone |= c->records[i].topic == c->records[c->anchors[0]].topic;
}

static void edit_some(struct collection *c, double share)
{
        for (size_t i = 0; i < RECORDS; i++)
                if (random_uniform(&c->random) < share)
                        disturb(c, c->records[i].v, .33);
}

static void lose_some(struct collection *c, double share)
{
        for (size_t i = 0; i < RECORDS; i++)
                c->records[i].unreachable |= random_uniform(&c->random) < share;
}

static void lower_recall(struct collection *c, double recall)
{
        c->recall = recall;
}

static void silence(struct collection *c, double share)
{
        for (size_t q = 0; q < QUERIES; q++)
                c->silent[q] = (double)q < share * QUERIES;
}

static double distance(const struct collection *c, const float *a, const float *b)
{
        double d = fmax(dot(a, a) + dot(b, b) - 2 * dot(a, b), 0);

        return c->metric == COSINE ? d / 2 : c->metric == L2 ? sqrt(d) : d;
}

struct found {
        const struct record *record;
        double distance;
};

/* Keeps the `k` nearest, ascending; a search of less than full recall passes over some. */
static size_t search(struct collection *c, const float *query, size_t k, struct found *ret)
{
        size_t n = 0;

        for (size_t i = 0; i < c->count; i++) {
                struct found f = {&c->records[i], distance(c, query, c->records[i].v)};
                size_t at = n;

                if (f.record->gone || f.record->unreachable ||
                        (c->recall < 1 && random_uniform(&c->random) >= c->recall))
                        continue;
                for (; at > 0 && f.distance < ret[at - 1].distance; at--)
                        if (at < k)
                                ret[at] = ret[at - 1];
                if (at < k)
                        ret[at] = f;
                n += n < k;
        }
        return n;
}

static struct answer *ask(struct collection *c, size_t q)
{
        struct found found[RESULTS];
        const char *ids[RESULTS];
        float distances[RESULTS];
        size_t n = search(c, c->queries[q], RESULTS, found);

        for (size_t i = 0; i < n; i++) {
                ids[i] = found[i].record->id;
                distances[i] = (float)found[i].distance;
        }
        return answer_new((unsigned)n, ids, distances, NULL);
}

static int64_t count(const struct collection *c)
{
        int64_t n = 0;

        for (size_t i = 0; i < c->count; i++)
                n += !c->records[i].gone;
        return n;
}

static const struct record *get(const struct collection *c, const char *id)
{
        for (size_t i = 0; i < c->count; i++)
                if (!c->records[i].gone && streq(c->records[i].id, id))
                        return &c->records[i];
        return NULL;
}

static void look_up_wanted(struct collection *c, struct suspects *q)
{
        size_t asked = 0;

        for (size_t i = 0; i < q->wanted_count; i++) {
                struct suspect *h = &q->records[q->wanted[i]];
                const struct record *r = get(c, h->id);
                struct found found;

                h->looked_up = true;
                h->exists = r;
                if (!r || i >= SUSPECTS_VECTORS)
                        continue;
                h->compared = true;
                h->moved = attribution_moved("l2", h->distance, distance(c, h->vector, r->v));
                h->self_asked = h->hole && !h->moved && asked++ < SUSPECTS_SELF;
                h->self_found =
                        h->self_asked && search(c, r->v, 1, &found) == 1 && found.record == r;
        }
}

static bool listed(const struct answer *a, const char *id)
{
        for (unsigned i = 0; i < a->count; i++)
                if (streq(a->ids[i], id))
                        return true;
        return false;
}

static bool has_twin(const struct collection *c, const struct answer *a, const struct record *r)
{
        for (unsigned i = 0; i < a->count; i++) {
                const struct record *other = get(c, a->ids[i]);

                if (other && other != r && dot(r->v, other->v) >= .97)
                        return true;
        }
        return false;
}

static void look_up_lists(const struct collection *c, struct suspects *q)
{
        for (size_t i = 0; i < q->list_count; i++) {
                struct twin_list *l = &q->lists[i];

                for (unsigned k = 0; k < l->answer->count; k++) {
                        const struct record *r = get(c, l->answer->ids[k]);

                        l->looked_up += r != NULL;
                        l->near_duplicates +=
                                r && !listed(l->before, r->id) && has_twin(c, l->answer, r);
                }
        }
}

/* What the daemon holds: the approved baseline and the canonical set. */
struct watch {
        struct query_set *set;
        struct baseline *baseline;
        struct answer *answers[QUERIES];
        enum outcome outcomes[QUERIES];
        double distances[QUERIES], limits[QUERIES];
};

static void watch_done(struct watch *w)
{
        query_set_unref(w->set);
        baseline_unref(w->baseline);
        for (size_t i = 0; i < QUERIES; i++)
                answer_unref(w->answers[i]);
}

static struct query_set *query_set(void)
{
        _cleanup_text_ struct text t = {};
        _cleanup_errors_ struct errors errors = {};
        struct query_set *set = NULL;

        text_append(&t, "queries:\n");
        for (unsigned i = 0; i < QUERIES; i++)
                text_appendf(&t, "- {id: q%u, text: t%u}\n", i, i);
        assert_int_equal(query_set_parse("q", t.data, t.size, &set, &errors), 0);
        return set;
}

static void record_baseline(struct watch *w, struct collection *c)
{
        struct baseline *b = baseline_new(QUERIES);

        w->set = query_set();
        w->baseline = b;
        b->results = RESULTS;
        b->epoch.records = count(c);
        b->vectors = vector_set_new("v", NULL, DIMENSION, QUERIES);
        for (size_t i = 0; i < QUERIES; i++) {
                const struct query *q = &w->set->queries[i];

                assert_int_equal(strdup_to(&b->queries[i].id, q->id), 0);
                assert_int_equal(strdup_to(&b->queries[i].text, q->text), 0);
                b->queries[i].answer = ask(c, i);
                assert_int_equal(strdup_to(&b->vectors->ids[i], q->id), 0);
                memcpy(b->vectors->rows[i], c->queries[i], sizeof(vector));
                w->limits[i] = 2e-4;
        }
        assert_int_equal(vector_set_sort(b->vectors), 0);
        baseline_sort(b);
}

static void replay(struct watch *w, struct collection *c)
{
        for (size_t i = 0; i < QUERIES; i++) {
                vector fresh;

                answer_unref(w->answers[i]);
                w->answers[i] = c->silent[i] ? NULL : ask(c, i);
                memcpy(fresh, c->queries[i], sizeof(fresh));
                disturb(c, fresh, c->fresh_noise);
                w->distances[i] = 1 - dot(fresh, c->queries[i]);
        }
}

static enum cause attribute(struct watch *w, struct collection *c, bool lookups, struct text *why)
{
        const struct attribution_input input = {
                .set = w->set,
                .baseline = w->baseline,
                .answers = w->answers,
                .outcomes = w->outcomes,
                .epoch = {.records = count(c)},
                .results = RESULTS,
                .embedder_distances = w->distances,
                .embedder_limits = w->limits,
        };
        _cleanup_(suspects_done) struct suspects q = {};
        struct evidence e;
        struct attribution a;

        assert_int_equal(attribution_compare(&input, &e, &q), 0);
        if (lookups) {
                look_up_wanted(c, &q);
                look_up_lists(c, &q);
        }
        assert_int_equal(attribution_decide(&input, &q, &e, &a, NULL, NULL), 0);
        attribution_describe(&a, why);
        return a.cause;
}

static const struct {
        enum cause truth;
        void (*happen)(struct collection *c, double size);
        double size, growth;
        double twins; /* share of the records that have one from the beginning */
        void (*coincide)(struct collection *c, double size); /* NULL: nothing else happens */
        double coincidence;
} incidents[] = {
        {CAUSE_NONE, grow, 0, 0},
        {CAUSE_EMBEDDER, change_embedder, .05, .035},
        {CAUSE_EMBEDDER, change_embedder, .2, .035},
        {CAUSE_EMBEDDER, change_embedder, .5, 0},
        {CAUSE_REEMBED, reembed, .05, .035},
        {CAUSE_REEMBED, reembed, .2, .035},
        {CAUSE_REEMBED, reembed, .5, .035},
        {CAUSE_REEMBED, reembed, 5, .035},
        {CAUSE_METRIC, replace_metric, COSINE, .035},
        {CAUSE_METRIC, replace_metric, L2, .035},
        {CAUSE_METRIC, stretch, 1.1, .035},
        {CAUSE_GROWTH, grow, .035, 0},
        {CAUSE_GROWTH, grow, .15, 0},
        {CAUSE_FLOOD, flood, .2, .035},
        {CAUSE_REMOVED, delete_some, .05, .035},
        {CAUSE_REMOVED, delete_some, .2, .035},
        {CAUSE_REMOVED, delete_some, .5, .035},
        {CAUSE_REMOVED, replace_some, .07, .035},
        {CAUSE_REMOVED, replace_some, .26, .035},
        {CAUSE_REMOVED_TOPIC, delete_topic, 0, .035},
        {CAUSE_EDIT, edit_some, .05, .035},
        {CAUSE_EDIT, edit_some, .15, .035},
        {CAUSE_INDEX_LOSS, lose_some, .05, .035},
        {CAUSE_INDEX_LOSS, lose_some, .2, .035},
        {CAUSE_INDEX_LOSS, lose_some, .5, .035},
        {CAUSE_ANN_RECALL, lower_recall, .99, .035},
        {CAUSE_ANN_RECALL, lower_recall, .9, .035},
        {CAUSE_ANN_RECALL, lower_recall, .7, .035},
        {CAUSE_TRANSPORT, silence, .3, .035},
        {CAUSE_TRANSPORT, silence, .6, .035},
        {CAUSE_GROWTH, grow, .15, 0, .3},
        {CAUSE_REMOVED, delete_some, .2, .035, .3},
        {CAUSE_INDEX_LOSS, lose_some, .2, .035, .3},
        {CAUSE_INDEX_LOSS, lose_some, .2, .035, 0, edit_some, .05},
        {CAUSE_REMOVED, delete_some, .2, .035, 0, edit_some, .05},
        {CAUSE_EDIT, edit_some, .15, .035, 0, delete_some, .01},
        {CAUSE_FLOOD, flood, .2, .035, 0, delete_some, .01},
        {CAUSE_REMOVED, delete_some, .2, .035, 0, change_embedder, .2},
};

struct tally {
        unsigned label[CAUSE_COUNT][CAUSE_COUNT]; /* [truth][label], of incidents that are seen */
        unsigned unseen[CAUSE_COUNT]; /* incidents that no answer shows */
        unsigned seen, right, unknown;
};

/* Whether the answers are others than growth alone has made them. */
static bool is_seen(const struct watch *w, struct answer *const *grown)
{
        bool seen = false;

        for (size_t i = 0; i < QUERIES; i++)
                seen |= !answer_equal(w->answers[i], grown[i]);
        return seen;
}

static void note(struct tally *t, size_t k, enum cause label, const struct text *why)
{
        enum cause truth = incidents[k].truth;

        t->label[truth][label]++;
        t->seen++;
        t->right += label == truth;
        t->unknown += label == CAUSE_UNKNOWN;
        if (label != truth && label != CAUSE_UNKNOWN)
                print_message("  %s %g is called %s: %s\n", cause_name(truth), incidents[k].size,
                        cause_name(label), text_string(why));
}

/* `tallies`: without existence checks and with them. */
static void try_incident(size_t k, uint64_t seed, struct tally *tallies)
{
        _cleanup_(watch_done) struct watch w = {};
        enum cause truth = incidents[k].truth;
        struct answer *grown[QUERIES];
        struct collection c;
        bool seen;

        collection_make(&c, seed);
        flood(&c, incidents[k].twins);
        record_baseline(&w, &c);
        grow(&c, incidents[k].growth);
        replay(&w, &c);
        for (size_t i = 0; i < QUERIES; i++)
                grown[i] = answer_ref(w.answers[i]);
        incidents[k].happen(&c, incidents[k].size);
        if (incidents[k].coincide)
                incidents[k].coincide(&c, incidents[k].coincidence);
        replay(&w, &c);
        seen = is_seen(&w, grown) || truth == CAUSE_NONE || truth == CAUSE_EMBEDDER;
        for (size_t i = 0; i < QUERIES; i++)
                answer_unref(grown[i]);
        for (int lookups = 0; lookups <= 1; lookups++) {
                _cleanup_text_ struct text why = {};

                tallies[lookups].unseen[truth] += !seen;
                if (seen)
                        note(&tallies[lookups], k, attribute(&w, &c, lookups, &why), &why);
        }
}

static const char *heading(size_t cause)
{
        return cause == CAUSE_UNKNOWN ? "unknown" : cause_name((enum cause)cause);
}

static void print_tally(const char *title, const struct tally *t)
{
        print_message(
                "%s: %u of %u right, %u unknown\n%-13s", title, t->right, t->seen, t->unknown, "");
        for (size_t label = 0; label < CAUSE_COUNT; label++)
                print_message(" %-6.6s", heading(label));
        print_message(" unseen\n");
        for (size_t truth = CAUSE_NONE; truth < CAUSE_COUNT; truth++) {
                print_message("%-13s", heading(truth));
                for (size_t label = 0; label < CAUSE_COUNT; label++)
                        if (t->label[truth][label] > 0)
                                print_message(" %6u", t->label[truth][label]);
                        else
                                print_message("      .");
                print_message(" %6u\n", t->unseen[truth]);
        }
}

static void causes_are_told_apart(void **state)
{
        struct tally tallies[2] = {};
        const struct tally *without = &tallies[0], *with = &tallies[1];
        const uint64_t seeds = fewer(SEEDS);

        for (size_t k = 0; k < ARRAY_SIZE(incidents); k++)
                for (uint64_t seed = 1; seed <= seeds; seed++)
                        try_incident(k, seed, tallies);
        print_tally("with existence checks", with);
        print_tally("without existence checks", without);
        assert_true(with->right * 100 >= with->seen * 95);
        assert_int_equal(with->unknown, 0);
        /* Then a loss cannot be explained; but what is said must be right. */
        assert_true(without->right * 100 >= without->seen * 60);
        assert_true((without->right + without->unknown) * 100 >= without->seen * 95);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(causes_are_told_apart),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

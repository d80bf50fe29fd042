/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <stdio.h>

#include "judge/attribution.h"
#include "text.h"

/* Answers as text: ids and their distances in turn, "a .5 b .6". */
static struct answer *answer(const char *text)
{
        char storage[64][12];
        const char *ids[64];
        float distances[64];
        unsigned n = 0;
        int length;

        for (; text && sscanf(text, "%11s %f%n", storage[n], &distances[n], &length) == 2;
                text += length) {
                ids[n] = storage[n];
                assert_in_range(++n, 1, 63);
        }
        return text ? answer_new(n, ids, distances, NULL) : NULL;
}

#define ASKED_MAX 100

/* A set, its baseline and today's answers. */
struct world {
        struct query_set *set;
        struct baseline *baseline;
        struct answer *answers[ASKED_MAX];
        enum outcome outcomes[ASKED_MAX];
        double distances[ASKED_MAX], limits[ASKED_MAX];
        struct attribution_input input;
};

static void world_done(struct world *w)
{
        for (size_t i = 0; i < w->set->count; i++)
                answer_unref(w->answers[i]);
        query_set_unref(w->set);
        baseline_unref(w->baseline);
}

static struct query_set *query_set(size_t count, const char *more)
{
        _cleanup_text_ struct text t = {};
        struct query_set *set = NULL;
        struct errors errors = {};

        text_append(&t, "queries:\n");
        for (size_t i = 0; i < count; i++)
                text_appendf(&t, "- {id: q%zu, text: t%s}\n", i, more);
        assert_int_equal(query_set_parse("q", t.data, t.size, &set, &errors), 0);
        return set;
}

static void record_baseline(struct world *w, size_t count, unsigned results)
{
        struct baseline *b = w->baseline = baseline_new(count);

        b->results = results;
        b->epoch.records = 50;
        b->epoch.dimension = 2;
        assert_int_equal(strdup_to(&b->epoch.space, "l2"), 0);
        b->vectors = vector_set_new("v", NULL, 2, count);
        for (size_t i = 0; i < count; i++) {
                assert_int_equal(strdup_to(&b->queries[i].id, w->set->queries[i].id), 0);
                assert_int_equal(strdup_to(&b->queries[i].text, "t"), 0);
                assert_int_equal(strdup_to(&b->vectors->ids[i], w->set->queries[i].id), 0);
        }
        assert_int_equal(vector_set_sort(b->vectors), 0);
        baseline_sort(b);
}

/* All queries with the same YAML behind their id and text. */
static void world_init(struct world *w, size_t count, unsigned results, const char *more)
{
        *w = (struct world){.set = query_set(count, more)};
        record_baseline(w, count, results);
        for (size_t i = 0; i < count; i++) {
                w->outcomes[i] = OUTCOME_PASS;
                w->distances[i] = 0;
                w->limits[i] = 2e-4;
        }
        w->input = (struct attribution_input){
                .set = w->set,
                .baseline = w->baseline,
                .answers = w->answers,
                .outcomes = w->outcomes,
                .epoch = {.space = w->baseline->epoch.space, .dimension = 2, .records = 50},
                .results = results,
                .embedder_distances = w->distances,
                .embedder_limits = w->limits,
        };
}

static void set_answers(struct world *w, size_t query, const char *before, const char *now)
{
        char id[24];

        (void)snprintf(id, sizeof(id), "q%zu", query);
        for (size_t i = 0; i < w->baseline->count; i++)
                if (streq(w->baseline->queries[i].id, id))
                        w->baseline->queries[i].answer = answer(before);
        w->answers[query] = answer(now);
}

#define ABC "a .5 b .6 c .7"
#define ROW_QUERIES 5

/* The answers to five queries of three results each. Unless a row says so, the other queries'
 * answers are as they were. What the collection answers to lookups is told by the id's first
 * letter: g(one), e(dited), otherwise present. */
static const struct row {
        const char *what;
        struct {
                const char *before, *now; /* NULL: ABC; "-": no answer */
        } queries[ROW_QUERIES];
        const char *more; /* of the queries; NULL: nothing */
        int64_t records; /* now; 0: 50 as before */
        const char *newest; /* record; c before */
        const char *space; /* NULL: as before */
        unsigned dimension; /* 0: as before */
        bool silent; /* nothing could be looked up */
        bool self_silent; /* …with its own vector */
        bool unreadable; /* the server fails to read vectors */
        bool lost; /* present records do not find themselves */
        size_t twins; /* new records with a twin in each list looked at */
        size_t moved; /* fresh vectors */
        double recall_limit;
        int words; /* of the documents of those that moved */
        bool recut; /* the words of gone ones stand elsewhere */
        const char *order; /* of addition, as far as the baseline knows it */
        enum cause cause;
        const char *sentence;
} rows[] = {
        {.what = "nothing has changed",
                .cause = CAUSE_NONE,
                .sentence = "of the 3 records that are in both answers none has moved, and none "
                            "is missing or new"},
        {.what = "a record comes nearer",
                .queries = {{.now = "a .5 n .55 b .6"}},
                .records = 51,
                .cause = CAUSE_GROWTH,
                .sentence = "1 new record is nearer than the last one of the baseline's answer; "
                            "the collection went from 50 to 51 records"},
        {.what = "the collection grows out of sight",
                .records = 60,
                .cause = CAUSE_GROWTH,
                .sentence = "the collection went from 50 to 60 records"},
        {.what = "a record at the last one's distance is neither new nor missing",
                .queries = {{.now = "a .5 b .6 n .7"}},
                .cause = CAUSE_NONE},
        {.what = "a record is gone",
                .queries = {{"a .5 g .6 c .7", "a .5 c .7 n .8"}},
                .records = 49,
                .cause = CAUSE_REMOVED,
                .sentence = "1 baseline record is missing: 1 of 1 looked up no longer exist; the "
                            "collection went from 50 to 49 records"},
        {.what = "a record is gone while the collection grows",
                .queries = {{"a .5 g .6 c .7", "n .1 a .5 c .7"}},
                .records = 60,
                .cause = CAUSE_REMOVED},
        {.what = "whoever is displaced is not missing",
                .queries = {{.now = "a .5 n .55 b .6"}},
                .cause = CAUSE_GROWTH},
        {.what = "... unless it is gone as well",
                .queries = {{"a .5 b .6 g .7", "a .5 n .55 b .6"}},
                .cause = CAUSE_REMOVED,
                .sentence = "1 baseline record is missing: 1 of 1 looked up no longer exist"},
        {.what = "... or edited",
                .queries = {{"a .5 b .6 e .7", "a .5 n .55 b .6"}},
                .cause = CAUSE_EDIT},
        {.what = "a record moves",
                .queries = {{.now = "a .5 b .65 c .7"}},
                .cause = CAUSE_EDIT,
                .sentence = "1 of 3 records that are in both answers have another distance"},
        {.what = "a missing record is stored elsewhere",
                .queries = {{"a .5 e .6 c .7", "a .5 c .7 n .8"}},
                .cause = CAUSE_EDIT,
                .sentence = "1 baseline record is missing: 1 of 1 looked up are stored with other "
                            "contents"},
        {.what = "more are gone than edited",
                .queries = {{"a .5 g1 .6 c .7", "a .5 c .7 n .8"},
                        {"a .5 g2 .6 e .7", "a .5 n .8 m .9"}},
                .cause = CAUSE_REMOVED,
                .sentence = "3 baseline records are missing: 2 of 3 looked up no longer exist, 1 "
                            "stored with other contents"},
        {.what = "more are edited than gone",
                .queries = {{"a .5 g1 .6 c .7", "a .5 c .71 n .8"},
                        {"a .5 b .6 e .7", "a .5 b .6 m .9"}},
                .cause = CAUSE_EDIT},
        {.what = "present records are not found at all",
                .queries = {{.now = "a .5 c .7 n .8"}},
                .lost = true,
                .cause = CAUSE_INDEX_LOSS,
                .sentence = "1 baseline record is missing: 1 of 1 looked up are in the "
                            "collection, unchanged, and 0 of 1 are found by their own vector"},
        {.what = "present records whose vectors cannot be read",
                .queries = {{.now = "a .5 c .7 n .8"}},
                .unreadable = true,
                .cause = CAUSE_INDEX_LOSS,
                .sentence = "1 baseline record is missing: 1 of 1 looked up are in the "
                            "collection, but the server fails to read their vectors"},
        {.what = "present records are missed",
                .queries = {{.now = "a .5 c .7 n .8"}, {.now = "a .5 b .6 n .8"}},
                .cause = CAUSE_ANN_RECALL},
        {.what = "present records are missed, and themselves cannot be asked for",
                .queries = {{.now = "a .5 c .7 n .8"}, {.now = "a .5 b .6 n .8"}},
                .self_silent = true,
                .cause = CAUSE_ANN_RECALL,
                .sentence = "2 baseline records are missing: 2 of 2 looked up are in the "
                            "collection, unchanged"},
        {.what = "one query misses what is there, as after a restart",
                .queries = {{.now = "a .5 c .7 n .8"}},
                .cause = CAUSE_NONE,
                .sentence = "1 baseline record is missing and 0 new records are nearer than the "
                            "last one of the baseline's answer, in no more answers than an index "
                            "changes by itself"},
        {.what = "... which a strict limit of recall does not allow",
                .queries = {{.now = "a .5 c .7 n .8"}},
                .recall_limit = .95,
                .cause = CAUSE_ANN_RECALL},
        {.what = "one query finds what it did not, and nothing was written",
                .queries = {{.now = "a .5 n .55 b .6"}},
                .newest = "c",
                .cause = CAUSE_NONE},
        {.what = "two queries find what they did not, and nothing was written",
                .queries = {{.now = "a .5 n .55 b .6"}, {.now = "a .5 n .55 b .6"}},
                .newest = "c",
                .cause = CAUSE_NONE},
        {.what = "one query finds what it did not, and another record is the newest",
                .queries = {{.now = "a .5 n .55 b .6"}},
                .newest = "n",
                .cause = CAUSE_GROWTH},
        {.what = "half of the missing ones are present: they do not decide",
                .queries = {{"a .5 g .6 c .7", "a .5 n .8 m .9"}},
                .lost = true,
                .cause = CAUSE_REMOVED},
        {.what = "missing records that cannot be looked up",
                .queries = {{.now = "a .5 c .7 n .8"}},
                .silent = true,
                .cause = CAUSE_UNKNOWN,
                .sentence = "1 baseline record is missing and could not be looked up"},
        {.what = "… but there are fewer records",
                .queries = {{.now = "a .5 c .7 n .8"}},
                .silent = true,
                .records = 40,
                .cause = CAUSE_REMOVED,
                .sentence = "1 baseline record is missing; the collection went from 50 to 40 "
                            "records"},
        {.what = "… but as many that are there have moved",
                .queries = {{.now = "a .5 c .75 n .8"}},
                .silent = true,
                .cause = CAUSE_EDIT},
        {.what = "one query of five is silent", .queries = {{.now = "-"}}, .cause = CAUSE_NONE},
        {.what = "two are",
                .queries = {{.now = "-"}, {.now = "-"}},
                .cause = CAUSE_TRANSPORT,
                .sentence = "2 of 5 queries got no full answer"},
        {.what = "two are, and the index loses records, too",
                .queries = {{.now = "-"}, {.now = "-"}, {.now = "a .5 c .7 n .8"}},
                .lost = true,
                .cause = CAUSE_TRANSPORT},
        {.what = "two answers are short, and what they lack is gone",
                .queries = {{"a .5 b .6 g .7", "a .5 b .6"}, {"a .5 b .6 g .7", "a .5 b .6"}},
                .cause = CAUSE_TRANSPORT},
        {.what = "two answers are short, and what they lack is there",
                .queries = {{.now = "a .5 b .6"}, {.now = "a .5 b .6"}},
                .lost = true,
                .cause = CAUSE_INDEX_LOSS},
        {.what = "short answers are full when the collection holds no more",
                .queries = {{"a .5 g .6", "a .5"}, {"a .5 g .6", "a .5"}, {"a .5", "a .5"},
                        {"a .5", "a .5"}, {"a .5", "a .5"}},
                .records = 1,
                .cause = CAUSE_REMOVED},
        {.what = "filters may leave few",
                .queries = {{"a .5 b .6", "a .5 b .6"}, {"a .5", "a .5"}, {"", ""}},
                .more = ", where: {k: 1}",
                .cause = CAUSE_NONE},
        {.what = "a record left its filter",
                .queries = {{"a .5 b .6", "a .5"}},
                .more = ", where: {k: 1}",
                .cause = CAUSE_EDIT},
        {.what = "a filtered record that its own vector does not find",
                .queries = {{"a .5 b .6", "a .5"}},
                .more = ", where_document: {$contains: x}",
                .lost = true,
                .cause = CAUSE_INDEX_LOSS},
        {.what = "another space",
                .space = "cosine",
                .cause = CAUSE_METRIC,
                .sentence = "the collection has another space or dimension than the baseline's"},
        {.what = "another dimension answers nothing, which is not the transport's fault",
                .queries = {{.now = "-"}, {.now = "-"}, {.now = "-"}, {.now = "-"}, {.now = "-"}},
                .dimension = 3,
                .cause = CAUSE_METRIC},
        {.what = "most records have moved by no rule",
                .queries = {{.now = "b .52 a .57 c .73"}, {.now = "c .4 a .62 b .7"},
                        {.now = "a .45 b .66 c .68"}, {.now = "a .55 b .63 c .82"}},
                .cause = CAUSE_REEMBED},
        {.what = "hardly a record stayed in its answer, and those looked up have moved",
                .queries = {{"e1 .5 e2 .6 e3 .7", "x .8 y .9 z 1"},
                        {"e4 .5 e5 .6 e6 .7", "x .8 y .9 z 1"},
                        {"e4 .5 e5 .6 e6 .7", "x .8 y .9 z 1"},
                        {"e4 .5 e5 .6 e6 .7", "x .8 y .9 z 1"}},
                .cause = CAUSE_REEMBED,
                .sentence = "6 of 6 missing records looked up are stored with another vector"},
        {.what = "the few records that are left have moved, but most are gone",
                .queries = {{"a .5 g1 .6 g2 .7", "a .52 x .8 y .9"},
                        {"b .5 g3 .6 g4 .7", "b .51 x .8 y .9"},
                        {"a .5 g1 .6 g2 .7", "x .8 y .9 z 1"},
                        {"a .5 g1 .6 g2 .7", "x .8 y .9 z 1"},
                        {"a .5 g1 .6 g2 .7", "x .8 y .9 z 1"}},
                .cause = CAUSE_REMOVED},
        {.what = "noise on every distance is no rule",
                .queries = {{.now = "a .5004 b .5995 c .7003"}, {.now = "a .4996 b .6004 c .6995"},
                        {.now = "a .5003 b .6004 c .6996"}, {.now = "a .4996 b .5996 c .7004"},
                        {.now = "a .5003 b .6004 c .7005"}},
                .cause = CAUSE_REEMBED},
        {.what = "twins crowd the answers",
                .queries = {{.now = "n .1 m .2 a .5"}},
                .twins = 1,
                .cause = CAUSE_FLOOD,
                .sentence = "2 of 15 records in the answers looked at are new and have a "
                            "near-duplicate beside them; 1 of 5 queries have a new first answer"},
        {.what = "a few new ones come first everywhere",
                .queries = {{.now = "n .1 a .5 b .6"}, {.now = "n .1 a .5 b .6"},
                        {.now = "m .1 a .5 b .6"}},
                .records = 52,
                .cause = CAUSE_FLOOD,
                .sentence = "0 of 15 records in the answers looked at are new and have a "
                            "near-duplicate beside them; 3 of 5 queries have a new first answer; "
                            "the collection went from 50 to 52 records"},
        {.what = "many new ones come first as often as many others",
                .queries = {{.now = "n .1 a .5 b .6"}, {.now = "m .1 a .5 b .6"},
                        {.now = "o .1 a .5 b .6"}},
                .records = 75,
                .cause = CAUSE_GROWTH},
        {.what = "a few come first in a few",
                .queries = {{.now = "n .1 a .5 b .6"}},
                .records = 51,
                .cause = CAUSE_GROWTH},
        {.what = "vectors and documents stand under the next ids",
                .queries = {{"e1 .5 e2 .6 e3 .7", "e2 .5 e3 .6 e4 .7"},
                        {"e5 .5 e6 .6 e7 .7", "e6 .5 e7 .6 e8 .7"},
                        {"e1 .5 e2 .6 e3 .7", "e2 .5 e3 .6 e4 .7"}},
                .words = -1,
                .cause = CAUSE_REKEYED},
        {.what = "vectors alone do",
                .queries = {{"e1 .5 e2 .6 e3 .7", "e2 .5 e3 .6 e4 .7"},
                        {"e5 .5 e6 .6 e7 .7", "e6 .5 e7 .6 e8 .7"},
                        {"e1 .5 e2 .6 e3 .7", "e2 .5 e3 .6 e4 .7"}},
                .words = 1,
                .cause = CAUSE_MISPAIRED},
        {.what = "what was added last is gone",
                .queries = {{"a .5 g1 .6 g2 .7", "a .5 x .8 y .9"},
                        {"b .5 g3 .6 g4 .7", "b .5 x .8 y .9"},
                        {"c .5 g5 .6 g6 .7", "c .5 x .8 y .9"},
                        {"d .5 h .6 i .7", "d .5 h .6 i .7"}, {"d .5 h .6 i .7", "d .5 h .6 i .7"}},
                .order = "a .0 b .0 c .0 d .0 h .0 g4 .0 g1 .0 g5 .0 g2 .0 g3 .0",
                .cause = CAUSE_UNFINISHED,
                .sentence = "6 baseline records are missing: 6 of 6 looked up no longer exist; of "
                            "10 records whose order is known the 5 that were added last are gone"},
        {.what = "what was added at any time is",
                .queries = {{"a .5 g1 .6 g2 .7", "a .5 x .8 y .9"},
                        {"b .5 g3 .6 g4 .7", "b .5 x .8 y .9"},
                        {"c .5 g5 .6 g6 .7", "c .5 x .8 y .9"},
                        {"d .5 h .6 i .7", "d .5 h .6 i .7"}, {"d .5 h .6 i .7", "d .5 h .6 i .7"}},
                .order = "a .0 b .0 g4 .0 c .0 g1 .0 g5 .0 d .0 g2 .0 g3 .0 h .0",
                .cause = CAUSE_REMOVED},
        {.what = "what is gone stands in new records, beside others",
                .queries = {{"a .5 g1 .6 c .7", "a .5 n .55 c .7"},
                        {"a .5 g2 .6 c .7", "a .5 m .55 c .7"}},
                .recut = true,
                .cause = CAUSE_UNFINISHED,
                .sentence = "2 baseline records are missing: 2 of 2 looked up no longer exist; the "
                            "first words of 2 of 2 gone ones stand in new records"},
        {.what = "texts were cut otherwise, and most became the same vectors, beside others",
                .queries = {{"a .5 g1 .6 c .7", "a .5 n .6 c .7"},
                        {"a .5 g2 .6 c .7", "a .5 m .6 c .7"},
                        {"a .5 g3 .6 c .7", "a .5 o .65 c .7"},
                        {"a .5 g3 .55 c .7", "a .5 c .7 d .8"}},
                .cause = CAUSE_UNFINISHED,
                .sentence = "3 baseline records are missing: 1 of 3 looked up no longer exist; the "
                            "vectors of 2 stand under other ids"},
        {.what = "few of the lost have new ids",
                .queries = {{"a .5 g1 .6 c .7", "a .5 n .6 c .7"},
                        {"a .5 g2 .6 c .7", "a .5 m .65 c .7"},
                        {"a .5 g3 .6 c .7", "a .5 o .65 c .7"}},
                .cause = CAUSE_REMOVED},
        {.what = "most of the lost have",
                .queries = {{"a .5 g1 .6 c .7", "a .5 n .6 c .7"},
                        {"a .5 g2 .6 c .7", "a .5 m .6 c .7"},
                        {"a .5 g3 .6 c .7", "a .5 o .65 c .7"}},
                .cause = CAUSE_REKEYED},
        {.what = "one of other records lies where another lay by chance",
                .queries = {{"e1 .5 e2 .6 e3 .7", "u .5 v .8 w .9"},
                        {"e4 .5 e5 .6 e6 .7", "u .85 v .95 w 1"},
                        {"e1 .4 e5 .6 e3 .7", "u .8 v .85 w .9"},
                        {"e4 .5 e2 .6 e3 .7", "u .8 v .85 w .9"},
                        {"e4 .5 e5 .6 e6 .7", "u .8 v .85 w .9"}},
                .words = -1,
                .cause = CAUSE_REPLACED},
        {.what = "twins outnumber the one that is gone",
                .queries = {{"g .4 b .5 c .6", "n .1 b .5 c .6"}},
                .twins = 1,
                .cause = CAUSE_FLOOD},
        {.what = "twins outnumber the one that has moved",
                .queries = {{.now = "n .1 b .55 a .5"}},
                .twins = 1,
                .cause = CAUSE_FLOOD},
        {.what = "the gone outnumber the twins",
                .queries = {{"g1 .5 g2 .6 g3 .7", "n .1 m .8 o .9"},
                        {"g4 .5 g5 .6 g6 .7", "a .8 b .9 c 1"}},
                .twins = 1,
                .cause = CAUSE_REMOVED},
        {.what = "fresh vectors move while the answers stay",
                .moved = 3,
                .cause = CAUSE_EMBEDDER,
                .sentence = "3 of 5 fresh vectors differ from the pinned ones (median 1 - cos "
                            "0.01), while the pinned ones find what they found"},
        {.what = "fresh vectors move while the collection grows",
                .queries = {{.now = "a .5 n .55 b .6"}},
                .moved = 5,
                .cause = CAUSE_EMBEDDER},
        {.what = "too few fresh vectors move", .moved = 2, .cause = CAUSE_NONE},
        {.what = "fresh vectors move and records are gone",
                .queries = {{"a .5 g .6 c .7", "a .5 c .7 n .8"}},
                .moved = 5,
                .cause = CAUSE_REMOVED},
};

static void look_up(const struct row *row, struct suspects *q)
{
        for (size_t i = 0; i < q->wanted_count; i++) {
                struct suspect *h = &q->records[q->wanted[i]];

                h->looked_up = true;
                h->exists = h->id[0] != 'g';
                h->compared = h->exists && !row->unreadable;
                h->moved = h->id[0] == 'e';
                h->unreadable = h->exists && row->unreadable;
                h->self_asked = h->hole && h->compared && !h->moved && !row->self_silent;
                h->self_found = h->self_asked && !row->lost;
        }
        for (size_t i = 0; i < q->list_count; i++) {
                q->lists[i].looked_up = q->lists[i].answer->count;
                q->lists[i].near_duplicates = row->twins;
                q->listed += q->lists[i].answer->count;
        }
        for (size_t i = 0; i < q->count; i++) {
                struct suspect *r = &q->records[i];

                r->twin = r->entered && row->twins > 0;
                r->words = r->changed || r->moved ? row->words : 0;
                r->sought = r->recut = row->recut && r->looked_up && !r->exists;
        }
}

struct decided {
        struct attribution a;
        enum cause causes[ASKED_MAX];
        struct fates *fates;
};

static void decided_done(struct decided *d)
{
        d->fates = fates_unref(d->fates);
}

static void decide(const struct world *w, const struct row *row, struct decided *ret)
{
        _cleanup_(suspects_done) struct suspects q = {};
        struct evidence e;

        assert_int_equal(attribution_compare(&w->input, &e, &q), 0);
        if (row && !row->silent)
                look_up(row, &q);
        assert_int_equal(
                attribution_decide(&w->input, &q, &e, &ret->a, ret->causes, &ret->fates), 0);
}

static void attribute(const struct world *w, const struct row *row, struct attribution *ret)
{
        _cleanup_(decided_done) struct decided d = {};

        decide(w, row, &d);
        *ret = d.a;
}

static void make_row(struct world *w, const struct row *row)
{
        world_init(w, ROW_QUERIES, 3, row->more ? row->more : "");
        for (size_t i = 0; i < ROW_QUERIES; i++) {
                const char *before = row->queries[i].before, *now = row->queries[i].now;

                set_answers(w, i, before ? before : ABC, streq(now, "-") ? NULL : now ? now : ABC);
                w->distances[i] = i < row->moved ? .01 : 0;
        }
        w->input.recall_limit = row->recall_limit;
        if (row->records > 0)
                w->input.epoch.records = row->records;
        if (row->newest) {
                assert_int_equal(strdup_to(&w->baseline->epoch.newest, "c"), 0);
                w->input.epoch.newest = (char *)row->newest;
        }
        if (row->order) {
                _cleanup_(answer_unrefp) struct answer *order = answer(row->order);

                for (unsigned i = 0; i < order->count; i++)
                        assert_int_equal(baseline_add_ordered(w->baseline, order->ids[i]), 0);
        }
        if (row->space)
                w->input.epoch.space = (char *)row->space;
        if (row->dimension > 0)
                w->input.epoch.dimension = row->dimension;
}

static void each_cause_comes_by_its_rule(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(world_done) struct world w;
                _cleanup_text_ struct text sentence = {};
                struct attribution a;

                make_row(&w, &rows[i]);
                attribute(&w, &rows[i], &a);
                attribution_describe(&a, &sentence);
                if (a.cause != rows[i].cause)
                        fail_msg("%s: %s, expected %s: %s", rows[i].what, cause_name(a.cause),
                                cause_name(rows[i].cause), text_string(&sentence));
                if (rows[i].sentence)
                        assert_string_equal(text_string(&sentence), rows[i].sentence);
        }
}

/* Lists of ten with as many records in common as each overlap says. */
static void overdispersion_is_as_in_the_reference(void **state)
{
        for (size_t row = 0; row < json_array_size(reference("overdispersion_phi")); row++) {
                _cleanup_(world_done) struct world w;
                double overlaps[ASKED_MAX];
                struct attribution a;
                size_t n = reference_array(
                        reference("overdispersion_phi.%zu.overlap", row), overlaps, ASKED_MAX);

                world_init(&w, n, 10, "");
                for (size_t i = 0; i < n; i++) {
                        _cleanup_text_ struct text now = {};

                        for (unsigned k = 0; k < 10; k++)
                                text_appendf(&now, "%c .%u ",
                                        (k < overlaps[i] * 10 - .5 ? 'a' : 'k') + (int)k, k);
                        set_answers(&w, i, "a .0 b .1 c .2 d .3 e .4 f .5 g .6 h .7 i .8 j .9",
                                text_string(&now));
                }
                attribute(&w, NULL, &a);
                assert_int_equal(10, (int)reference_at("overdispersion_phi.%zu.k", row));
                assert_near(
                        a.evidence.overdispersion, reference_at("overdispersion_phi.%zu.phi", row));
        }
}

/* As many pairs as the reference has, in each of three queries. Distances are floats. */
static void make_pairs(struct world *w, size_t row)
{
        double x[16], y[16];
        size_t n = reference_array(reference("metric_fit.%zu.x", row), x, ARRAY_SIZE(x));

        assert_int_equal(reference_array(reference("metric_fit.%zu.y", row), y, ARRAY_SIZE(y)), n);
        world_init(w, 3, (unsigned)n, "");
        for (size_t i = 0; i < 3; i++) {
                _cleanup_text_ struct text before = {}, now = {};

                for (size_t k = 0; k < n; k++) {
                        text_appendf(&before, "r%zu %.9g ", k, x[k]);
                        text_appendf(&now, "r%zu %.9g ", k, y[k]);
                }
                set_answers(w, i, text_string(&before), text_string(&now));
        }
}

static void fits_are_as_in_the_reference(void **state)
{
        static const enum cause causes[] = {CAUSE_METRIC, CAUSE_METRIC, CAUSE_SCALE, CAUSE_REEMBED};

        for (size_t row = 0; row < ARRAY_SIZE(causes); row++) {
                _cleanup_(world_done) struct world w;
                struct attribution a;
                bool root = reference_at("metric_fit.%zu.sqrt_rms", row) < 1e-4;

                make_pairs(&w, row);
                attribute(&w, NULL, &a);
                /* Distances are floats here; test_fit.c has the digits. */
                assert_within(a.evidence.fit_rms, reference_at("metric_fit.%zu.rms", row), 1e-6);
                assert_int_equal(a.evidence.square_root, root);
                assert_int_equal(a.cause, causes[row]);
                if (root)
                        continue;
                /* By cosine half as much is a change, and a difference. */
                free(w.baseline->epoch.space);
                w.input.epoch.space = w.baseline->epoch.space = strdup("cosine");
                attribute(&w, NULL, &a);
                /* There longer vectors change no distance. */
                assert_int_equal(a.cause, causes[row] == CAUSE_SCALE ? CAUSE_METRIC : causes[row]);
        }
}

static void limits_follow_space_and_size(void **state)
{
        assert_false(attribution_moved("l2", .5, .50009));
        assert_true(attribution_moved("l2", .5, .50011));
        assert_true(attribution_moved("ip", -.5, -.50006));
        assert_false(attribution_moved("cosine", .5, .50004));
        assert_false(attribution_moved(NULL, 1000, 1000.09));
        assert_true(attribution_moved(NULL, 1000, 1000.11));
        assert_true(attribution_moved("l2", .5, NAN));
}

static const struct suspect *wanted(const struct suspects *q, size_t i)
{
        assert_true(i < q->wanted_count);
        return &q->records[q->wanted[i]];
}

static void each_record_is_wanted_once(void **state)
{
        _cleanup_(world_done) struct world w;
        _cleanup_(suspects_done) struct suspects q = {};
        struct evidence e;

        world_init(&w, ASKED_MAX, 3, ", expect: {ids: [x]}");
        for (size_t i = 0; i < ASKED_MAX; i++) {
                set_answers(&w, i, ABC, "n .4 c .7 m .8");
                w.outcomes[i] = OUTCOME_FAIL;
        }
        assert_int_equal(attribution_compare(&w.input, &e, &q), 0);
        assert_int_equal(e.holes, 2);
        assert_int_equal(e.intruders, 1); /* "m" is farther than the baseline's last */
        assert_int_equal(q.wanted_count, 2);
        for (size_t i = 0; i < q.wanted_count; i++) {
                const struct suspect *r = wanted(&q, i);

                assert_string_equal(r->id, i == 0 ? "a" : "b");
                assert_int_equal(r->query, 0);
                assert_int_equal(r->queries, ASKED_MAX);
                assert_true(r->distance == (i == 0 ? .5f : .6f));
                assert_ptr_equal(r->vector, vector_set_find(w.baseline->vectors, "q0"));
        }
        assert_int_equal(q.dimension, 2);
        assert_int_equal(q.list_count, SUSPECTS_LISTS);
        assert_int_equal(q.missing_count, SUSPECTS_EXPECTED);
        for (size_t i = 0; i < SUSPECTS_LISTS; i++) {
                assert_in_range(q.lists[i].query, i * ASKED_MAX / SUSPECTS_LISTS,
                        (i + 1) * ASKED_MAX / SUSPECTS_LISTS);
                assert_ptr_equal(q.lists[i].answer, w.answers[q.lists[i].query]);
        }
        for (size_t i = 0; i < SUSPECTS_EXPECTED; i++)
                assert_int_equal(q.missing[i].query, i * 5 + 4);
}

/* Six of each query's ten, of which only so many can be looked up. */
static void lookups_are_spread_over_the_queries(void **state)
{
        _cleanup_(world_done) struct world w;
        _cleanup_(suspects_done) struct suspects q = {};
        struct evidence e;
        size_t of[ASKED_MAX] = {0};

        world_init(&w, ASKED_MAX, 6, "");
        for (size_t i = 0; i < ASKED_MAX; i++) {
                _cleanup_text_ struct text before = {}, now = {};

                for (unsigned k = 0; k < 6; k++) {
                        text_appendf(&before, "r%zu.%u .%u ", i, k, k + 1);
                        text_appendf(&now, "z%zu.%u .%u ", i, k, k + 8 < 10 ? k + 8 : 9);
                }
                set_answers(&w, i, text_string(&before), text_string(&now));
        }
        assert_int_equal(attribution_compare(&w.input, &e, &q), 0);
        assert_int_equal(e.holes, 6 * ASKED_MAX);
        assert_int_equal(q.wanted_count, SUSPECTS_IDS);
        for (size_t i = 0; i < q.wanted_count; i++) {
                assert_int_equal(wanted(&q, i)->round, i / ASKED_MAX);
                of[wanted(&q, i)->query]++;
        }
        for (size_t i = 0; i < ASKED_MAX; i++)
                assert_int_equal(of[i], SUSPECTS_IDS / ASKED_MAX);
        assert_int_equal(suspects_settle(&q), 0);
        assert_int_equal(q.list_count, 0); /* nothing came nearer: no question of twins */
}

/* All were renamed, and search misses one that a query expects: of so many only some can be looked
 * up, and it decides whether the query fails. */
static void what_is_expected_and_has_no_heir_is_looked_up_first(void **state)
{
        _cleanup_(world_done) struct world w;
        _cleanup_(suspects_done) struct suspects q = {};
        struct evidence e;

        world_init(&w, ASKED_MAX, 6, ", expect: {metadata: {k: v}}");
        for (size_t i = 0; i < ASKED_MAX; i++) {
                _cleanup_text_ struct text before = {}, now = {};

                for (unsigned k = 0; k < 6; k++) {
                        text_appendf(&before, "r%zu.%u .%u ", i, k, k + 1);
                        if (i != 7 || k != 4)
                                text_appendf(&now, "z%zu.%u .%u ", i, k, k + 1);
                }
                set_answers(&w, i, text_string(&before), text_string(&now));
                w.baseline->queries[i].expected_rank = 5;
        }
        assert_int_equal(attribution_compare(&w.input, &e, &q), 0);
        assert_true(q.wanted_count == SUSPECTS_IDS && q.count > SUSPECTS_IDS);
        assert_string_equal(wanted(&q, 0)->id, "r7.4");
        assert_int_equal(wanted(&q, 1)->round, 0);
}

static void holes_come_before_those_that_were_displaced(void **state)
{
        static const char *const ids[] = {"b", "a", "c"};
        _cleanup_(world_done) struct world w;
        _cleanup_(suspects_done) struct suspects q = {};
        struct evidence e;

        world_init(&w, 3, 3, ", expect: {distance: {max: 1}}");
        set_answers(&w, 0, ABC, "n .1 m .2 o .65");
        set_answers(&w, 1, ABC, ABC);
        set_answers(&w, 2, "b .2 d .7 x .8", "d .7 x .8 y .9");
        w.outcomes[0] = OUTCOME_FAIL;
        assert_int_equal(attribution_compare(&w.input, &e, &q), 0);
        assert_int_equal(q.wanted_count, ARRAY_SIZE(ids));
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                bool known = false;

                for (size_t k = 0; k < ARRAY_SIZE(ids); k++)
                        known |= streq(wanted(&q, i)->id, ids[k]);
                assert_true(known);
                assert_int_equal(wanted(&q, i)->hole, !streq(wanted(&q, i)->id, "c"));
        }
        assert_string_equal(wanted(&q, 2)->id, "c");
        assert_int_equal(e.holes, 2);
        assert_int_equal(q.missing_count, 0); /* a range names no record */
}

static void without_a_baseline_only_expectations_are_looked_up(void **state)
{
        _cleanup_(world_done) struct world w;
        _cleanup_(suspects_done) struct suspects q = {};
        _cleanup_text_ struct text sentence = {};
        struct evidence e;
        struct attribution a;

        world_init(&w, 3, 3, ", expect: {metadata: {k: v}}");
        w.outcomes[1] = OUTCOME_FAIL;
        w.outcomes[2] = OUTCOME_UNMEASURED;
        w.input.baseline = NULL;
        assert_int_equal(attribution_compare(&w.input, &e, &q), 0);
        assert_int_equal(q.wanted_count + q.list_count, 0);
        assert_int_equal(q.missing_count, 1);
        assert_int_equal(q.missing[0].query, 1);
        assert_int_equal(attribution_decide(&w.input, &q, &e, &a, NULL, NULL), 0);
        assert_int_equal(a.cause, CAUSE_UNKNOWN);
        attribution_describe(&a, &sentence);
        assert_string_equal(text_string(&sentence), "there is no baseline answer to compare with");
}

static void another_text_is_another_question(void **state)
{
        _cleanup_(world_done) struct world w;
        struct attribution a;

        world_init(&w, 2, 3, "");
        set_answers(&w, 0, ABC, "x .8 y .9 z 1");
        set_answers(&w, 1, ABC, ABC);
        free(w.set->queries[0].text);
        w.set->queries[0].text = strdup("other");
        attribute(&w, NULL, &a);
        assert_int_equal(a.evidence.queries, 1);
        assert_int_equal(a.cause, CAUSE_NONE);
}

static void another_number_of_results_compares_the_common_part(void **state)
{
        _cleanup_(world_done) struct world w;
        struct attribution a;

        world_init(&w, 1, 3, "");
        set_answers(&w, 0, ABC, "a .5 b .6 c .7 d .8 e .9");
        w.input.results = 5;
        attribute(&w, NULL, &a);
        assert_int_equal(a.cause, CAUSE_NONE);
        assert_int_equal(a.evidence.same, 3);
        assert_near(a.evidence.overlap, 1);
}

static void only_full_unfiltered_answers_tell_how_evenly_losses_strike(void **state)
{
        static const char *const more[] = {"", ", where: {k: 1}"};

        for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
                _cleanup_(world_done) struct world w;
                struct attribution a;

                world_init(&w, 3, 3, more[i]);
                set_answers(&w, 0, ABC, "x .8 y .9 z 1");
                set_answers(&w, 1, ABC, ABC);
                set_answers(&w, 2, "a .5", "a .5");
                attribute(&w, NULL, &a);
                assert_near(a.evidence.overlap, 2. / 3);
                assert_near(a.evidence.overdispersion, i == 0 ? 6 : NAN);
        }
}

/* Query 0 lost the record that it expects, and another of its records was edited, which is all that
 * happened to query 1; to query 2 nothing did; query 3 was found a new record. */
static void make_mixture(struct world *w)
{
        world_init(w, 5, 3, ", expect: {ids: [g]}");
        set_answers(w, 0, "g .5 e1 .6 e2 .7", "e1 .55 e2 .75 c .8");
        set_answers(w, 1, "a .5 e1 .6 c .7", "a .5 c .7 x .8");
        set_answers(w, 2, ABC, ABC);
        set_answers(w, 3, ABC, "a .5 n .55 b .6");
        set_answers(w, 4, ABC, "-");
        answer_unref(w->answers[4]);
        w->answers[4] = NULL;
        w->outcomes[0] = OUTCOME_FAIL;
        w->outcomes[4] = OUTCOME_UNMEASURED;
}

static void each_query_counts_the_places_that_it_lost(void **state)
{
        static const struct portion lost[] = {{1, 3}, {1, 3}, {0, 3}, {0, 3}, {0, 0}};
        static const struct row present = {.self_silent = true};
        _cleanup_(world_done) struct world w;
        _cleanup_(decided_done) struct decided d = {};
        size_t all = 0;

        make_mixture(&w);
        decide(&w, &present, &d);
        for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
                assert_int_equal(d.fates->lost[i].hit, lost[i].hit);
                assert_int_equal(d.fates->lost[i].all, lost[i].all);
                all += lost[i].hit;
        }
        assert_int_equal(d.a.evidence.lost, all);
}

static void each_query_has_the_cause_of_its_own_records(void **state)
{
        static const enum cause causes[] = {
                CAUSE_REMOVED, CAUSE_EDIT, CAUSE_NONE, CAUSE_GROWTH, CAUSE_UNKNOWN};
        static const struct row present = {.self_silent = true};
        _cleanup_(world_done) struct world w;
        _cleanup_(decided_done) struct decided d = {};
        _cleanup_text_ struct text t = {};

        make_mixture(&w);
        decide(&w, &present, &d);
        assert_int_equal(d.a.cause, CAUSE_EDIT);
        assert_memory_equal(d.causes, causes, sizeof(causes));
        assert_int_equal(d.fates->cause_queries[CAUSE_REMOVED], 1);
        assert_int_equal(d.fates->cause_queries[CAUSE_EDIT], 2); /* that of query 0, too */
        assert_int_equal(d.fates->cause_queries[CAUSE_GROWTH], 1);
        assert_int_equal(d.fates->totals[FATE_GONE], 1);
        assert_int_equal(d.fates->totals[FATE_EDITED], 2);
        assert_int_equal(d.fates->totals[FATE_CROWDED_OUT], 1);
        fates_describe(d.fates, " ", &t);
        assert_string_equal(text_string(&t), "gone: \"g\"; edited: \"e1\", \"e2\"; new: \"n\"");
        assert_true(d.fates->expected_lost);
        assert_string_equal(attribution_advise(&d.a, d.fates),
                "Restore the deleted records first; then judge the rest.");
}

static void a_record_counts_once_however_many_queries_miss_it(void **state)
{
        static const struct row row = {0};
        _cleanup_(world_done) struct world w;
        _cleanup_(decided_done) struct decided d = {};
        _cleanup_text_ struct text t = {};

        world_init(&w, 15, 3, ", expect: {metadata: {k: v}}");
        for (size_t i = 0; i < 15; i++)
                set_answers(&w, i, "g1 .5 g2 .6 c .7", "c .7 x .8 y .9");
        decide(&w, &row, &d);
        attribution_describe(&d.a, &t);
        text_append(&t, "; ");
        fates_describe(d.fates, " ", &t);
        assert_string_equal(text_string(&t),
                "2 baseline records are missing: 2 of 2 looked up no longer exist; gone: \"g1\", "
                "\"g2\"");
        assert_string_equal(attribution_advise(&d.a, d.fates),
                "Find out who deleted the records; if that was meant, approve a new baseline.");
        assert_int_equal(d.fates->cause_queries[CAUSE_REMOVED], 15);
        assert_int_equal(d.fates->records[0].queries, 15);
        /* Once the record that met an expectation is among them, nobody is to approve. */
        w.baseline->queries[3].expected_rank = 2;
        decided_done(&d);
        decide(&w, &row, &d);
        assert_true(d.fates->expected_lost);
        assert_false(d.fates->records[0].expected);
        assert_true(d.fates->records[1].expected);
        assert_null(strstr(attribution_advise(&d.a, d.fates), "approve"));
}

static void what_cannot_be_looked_up_has_no_fate_of_its_own(void **state)
{
        static const struct row silent = {.silent = true};
        _cleanup_(world_done) struct world w;
        _cleanup_(decided_done) struct decided d = {};

        world_init(&w, 3, 3, "");
        for (size_t i = 0; i < 3; i++)
                set_answers(&w, i, "g .5 b .6 c .7", "b .6 c .7 x .8");
        decide(&w, &silent, &d);
        assert_int_equal(d.a.cause, CAUSE_UNKNOWN);
        assert_int_equal(d.causes[0], CAUSE_UNKNOWN);
        assert_int_equal(d.fates->totals[FATE_UNKNOWN], 1);
        assert_int_equal(d.fates->records[0].fate, FATE_UNKNOWN);
        /* But a falling number of records tells what most of them are. */
        w.input.epoch.records = 40;
        decided_done(&d);
        decide(&w, &silent, &d);
        assert_int_equal(d.causes[0], CAUSE_REMOVED);
        assert_int_equal(d.fates->totals[FATE_UNKNOWN], 1);
}

/* Two copies of one record may be found without it: they are of the flood all the same. */
/* More records than are kept apart: they are counted, each once, and the rest goes on. */
static void records_beyond_the_bound_are_counted(void **state)
{
        enum { EACH = SUSPECTS_MAX / ASKED_MAX + 10 };
        static char names[2][EACH][ASKED_MAX][12];
        _cleanup_(world_done) struct world w;
        _cleanup_(decided_done) struct decided d = {};
        const char *ids[EACH];
        float distances[EACH];

        world_init(&w, ASKED_MAX, EACH, "");
        w.input.epoch.records = w.baseline->epoch.records = 2 * SUSPECTS_MAX;
        for (size_t i = 0; i < ASKED_MAX; i++)
                for (size_t now = 0; now < 2; now++) {
                        struct answer *a;

                        for (size_t k = 0; k < EACH; k++) {
                                (void)snprintf(names[now][k][i], 12, "%c%zu.%zu", "gn"[now], i, k);
                                ids[k] = names[now][k][i];
                                distances[k] = (float)(.1 + (double)k * 1e-3 + (double)now);
                        }
                        a = answer_new(EACH, ids, distances, NULL);
                        if (now == 1)
                                w.answers[i] = a;
                        else
                                w.baseline->queries[i].answer = a;
                }
        decide(&w, &(struct row){0}, &d);
        assert_int_equal(d.a.cause, CAUSE_REMOVED);
        assert_int_equal(d.a.evidence.holes, EACH * ASKED_MAX);
        assert_int_equal(d.fates->totals[FATE_GONE], SUSPECTS_IDS);
        assert_int_equal(d.fates->totals[FATE_UNKNOWN], EACH * ASKED_MAX - SUSPECTS_IDS);
        assert_in_range(d.fates->count, 1, FATES_RECORDS_MAX);
        for (size_t i = 0; i < ASKED_MAX; i++)
                assert_int_equal(d.causes[i], CAUSE_REMOVED);
}

static void strays_of_a_flood_are_no_growth(void **state)
{
        static const struct row twins = {.twins = 1};

        for (size_t n = 1; n <= 5; n += 4) {
                _cleanup_(world_done) struct world w;
                _cleanup_(decided_done) struct decided d = {};
                _cleanup_(suspects_done) struct suspects q = {};
                struct evidence e;

                world_init(&w, 4, 3, "");
                for (size_t i = 0; i < 4; i++) {
                        _cleanup_text_ struct text now = {};

                        text_appendf(&now, "n%zu .1 m%zu .2 o%zu .3", i, i, i);
                        set_answers(&w, i, ABC, text_string(&now));
                }
                assert_int_equal(attribution_compare(&w.input, &e, &q), 0);
                look_up(&twins, &q);
                for (size_t i = 0; i < q.count; i++)
                        q.records[i].twin = q.records[i].id[0] != 'n' ||
                                (size_t)(q.records[i].id[1] - '0') >= n;
                assert_int_equal(attribution_decide(&w.input, &q, &e, &d.a, d.causes, &d.fates), 0);
                assert_int_equal(d.a.cause, CAUSE_FLOOD);
                assert_int_equal(d.fates->cause_queries[CAUSE_FLOOD], 4);
                assert_int_equal(d.fates->cause_queries[CAUSE_GROWTH], n == 1 ? 0 : 4);
        }
}

static void another_measure_says_nothing_of_records(void **state)
{
        static const struct row present = {0};
        _cleanup_(world_done) struct world w;
        _cleanup_(decided_done) struct decided d = {};

        make_mixture(&w);
        w.input.epoch.space = (char *)"cosine";
        decide(&w, &present, &d);
        assert_int_equal(d.a.cause, CAUSE_METRIC);
        assert_int_equal(d.causes[0], CAUSE_METRIC);
        assert_int_equal(d.causes[2], CAUSE_NONE);
        assert_int_equal(d.fates->count, 0);
        assert_true(d.a.evidence.other_space);
}

static void an_older_record_that_comes_nearer_is_not_called_new(void **state)
{
        static const struct row present = {0};
        _cleanup_(world_done) struct world w;
        _cleanup_(suspects_done) struct suspects q = {};
        struct evidence e;
        static const enum fate fates[] = {FATE_FOUND, FATE_UNKNOWN};
        static const enum cause labels[] = {CAUSE_NONE, CAUSE_EDIT};
        enum cause causes[ASKED_MAX];
        struct attribution a;

        for (size_t k = 0; k < ARRAY_SIZE(fates); k++) {
                world_init(&w, 2, 3, "");
                set_answers(&w, 0, ABC, "a .5 n .55 b .6");
                set_answers(&w, 1, "d .5 x .6 y .7", k == 0 ? "d .5 x .6 y .7" : "d .52 x .6 y .7");
                assert_int_equal(attribution_compare(&w.input, &e, &q), 0);
                look_up(&present, &q);
                for (size_t i = 0; i < q.count; i++)
                        q.records[i].placed = q.records[i].old = q.records[i].entered;
                assert_int_equal(attribution_decide(&w.input, &q, &e, &a, causes, NULL), 0);
                assert_int_equal(a.cause, labels[k]);
                assert_int_equal(causes[0], labels[k]);
                for (size_t i = 0; i < q.count; i++)
                        if (streq(q.records[i].id, "n"))
                                assert_int_equal(q.records[i].fate, fates[k]);
                suspects_done(&q);
                if (k == 0)
                        world_done(&w);
        }
}

/* One sentence for the most urgent, and none that approves of a loss. */
static void the_advice_is_about_what_is_to_be_done_first(void **state)
{
        static const struct {
                enum cause cause, other; /* CAUSE_NONE: it is alone */
                bool lost, other_space;
                const char *advice;
        } cases[] = {
                {CAUSE_NONE, CAUSE_NONE, false, false, "Nothing is to be done."},
                {CAUSE_GROWTH, CAUSE_NONE, false, false, "If the ingest was meant, approve"},
                {CAUSE_GROWTH, CAUSE_NONE, true, false, "Find out which ingest"},
                {CAUSE_EDIT, CAUSE_GROWTH, false, false, "If the edit was meant, approve"},
                {CAUSE_EDIT, CAUSE_REMOVED, true, false, "Restore the deleted records first;"},
                {CAUSE_EDIT, CAUSE_REMOVED, false, false, "Find out who deleted the records;"},
                {CAUSE_REMOVED, CAUSE_FLOOD, false, false, "Remove the new records first;"},
                {CAUSE_REMOVED, CAUSE_NONE, true, false, "Restore the deleted records, or change"},
                {CAUSE_FLOOD, CAUSE_NONE, false, false, "Remove them and find"},
                {CAUSE_REMOVED, CAUSE_EMBEDDER, true, false, "Restore the deleted records first"},
                {CAUSE_EDIT, CAUSE_INDEX_LOSS, true, false, "Rebuild the index first"},
                {CAUSE_UNFINISHED, CAUSE_EDIT, true, false, "Run the ingest that stopped"},
                {CAUSE_METRIC, CAUSE_NONE, false, true, "Recreate the collection from its records"},
                {CAUSE_METRIC, CAUSE_NONE, false, false, "Find out who changed the normalisation"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(fates_unrefp) struct fates *f = fates_new();
                struct attribution a;
                const char *advice;

                attribution_init(&a);
                a.cause = cases[i].cause;
                a.evidence.other_space = cases[i].other_space;
                f->cause_queries[cases[i].cause] = 3;
                f->cause_queries[cases[i].other] = 2;
                f->expected_lost = cases[i].lost;
                advice = attribution_advise(&a, f);
                if (!strstr(advice, cases[i].advice))
                        fail_msg("case %zu: %s", i, advice);
                if (cases[i].lost)
                        assert_null(strstr(advice, "approve a"));
                /* Where nothing is known of the records, nothing is to be approved either. */
                if (cause_refuses_approval(a.cause) || a.cause == CAUSE_REMOVED)
                        assert_null(strstr(attribution_advise(&a, NULL), "approve a"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_cause_comes_by_its_rule),
                cmocka_unit_test(overdispersion_is_as_in_the_reference),
                cmocka_unit_test(fits_are_as_in_the_reference),
                cmocka_unit_test(limits_follow_space_and_size),
                cmocka_unit_test(each_query_counts_the_places_that_it_lost),
                cmocka_unit_test(each_query_has_the_cause_of_its_own_records),
                cmocka_unit_test(a_record_counts_once_however_many_queries_miss_it),
                cmocka_unit_test(what_cannot_be_looked_up_has_no_fate_of_its_own),
                cmocka_unit_test(records_beyond_the_bound_are_counted),
                cmocka_unit_test(strays_of_a_flood_are_no_growth),
                cmocka_unit_test(another_measure_says_nothing_of_records),
                cmocka_unit_test(an_older_record_that_comes_nearer_is_not_called_new),
                cmocka_unit_test(the_advice_is_about_what_is_to_be_done_first),
                cmocka_unit_test(each_record_is_wanted_once),
                cmocka_unit_test(lookups_are_spread_over_the_queries),
                cmocka_unit_test(what_is_expected_and_has_no_heir_is_looked_up_first),
                cmocka_unit_test(holes_come_before_those_that_were_displaced),
                cmocka_unit_test(without_a_baseline_only_expectations_are_looked_up),
                cmocka_unit_test(another_text_is_another_question),
                cmocka_unit_test(another_number_of_results_compares_the_common_part),
                cmocka_unit_test(only_full_unfiltered_answers_tell_how_evenly_losses_strike),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>

#include "keep/past.h"
#include "watch/kept.h"
#include "watch/memory.h"
#include "watch/watches.h"

#define ANSWER_MAX 10000

static bool is_signed(const json_t *json, const char *name, uint64_t hash)
{
        char text[ITEM_NUMBER_SIZE];

        item_number(hash, text);
        return streq(json_string_value(json_object_get(json, name)), text);
}

static int parse_level(const json_t *json, struct level_state *ret, struct error *e)
{
        struct kept_level k = {.need = LEVEL_CLEAR};
        int r = PARSE(level_fields, json, &k, e);

        if (r >= 0 && k.cleared > k.samples)
                r = error_set(e, -EBADMSG, "it was cleared after its last sample");
        if (r < 0)
                return r;
        *ret = (struct level_state){(uint8_t)k.recent, k.on, (uint16_t)k.inside, (uint16_t)k.need,
                k.samples, k.cleared};
        return 0;
}

static int parse_memory(const json_t *json, struct drift_memory *ret, struct error *e)
{
        const json_t *levels = json_object_get(json, "levels");
        int r = PARSE(memory_fields, json, ret, e);

        if (r >= 0 && json_array_size(levels) != 2 * LEVEL_COUNT)
                r = error_set(e, -EBADMSG, "its levels are not four");
        for (size_t i = 0; i < 2 * LEVEL_COUNT && r >= 0; i++)
                r = parse_level(json_array_get(levels, i), &ret->levels[i / 2][i % 2], e);
        return r;
}

static int parse_band(
        const json_t *json, const struct bands *bands, struct query_state *q, struct error *e)
{
        struct kept_band k = {{-1, -1, -1, -1, -1}, 0, -1, -1, NAN, 0};
        int r = PARSE(band_fields, json, &k, e), most = (int)bands->count;

        for (size_t i = 0; i < BAND_WINDOW && r >= 0; i++)
                if (k.recent[i] >= most)
                        r = -EBADMSG;
        if (r >= 0 && (k.confirmed >= most || k.home >= most))
                r = -EBADMSG;
        if (r < 0)
                return error_set(e, r, "its band is none");
        for (size_t i = 0; i < BAND_WINDOW; i++)
                q->band.recent[i] = (signed char)k.recent[i];
        q->band.samples = (unsigned char)k.samples;
        q->band.confirmed = (signed char)k.confirmed;
        q->band.home = (signed char)k.home;
        q->band.home_distance = k.home_distance;
        q->rank = k.rank;
        return 0;
}

static int fill_answer(const json_t *json, const char **ids, float *distances, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                double distance;

                ids[i] = json_string_value(json_array_get(json, 2 * i));
                if (!ids[i] || json_to_double(json_array_get(json, 2 * i + 1), &distance) < 0)
                        return -EBADMSG;
                distances[i] = (float)distance;
                if (!isfinite(distances[i]) || (i > 0 && distances[i] < distances[i - 1]))
                        return -EBADMSG;
        }
        return 0;
}

static int parse_answer(const json_t *json, struct answer **ret, struct error *e)
{
        size_t count = json_array_size(json) / 2;
        _cleanup_free_ const char **ids = calloc(count + 1, sizeof(char *));
        _cleanup_free_ float *distances = calloc(count + 1, sizeof(float));

        if (!json)
                return 0;
        if (!ids || !distances)
                return -ENOMEM;
        if (!json_is_array(json) || count > ANSWER_MAX || json_array_size(json) % 2 == 1 ||
                fill_answer(json, ids, distances, count) < 0)
                return error_set(e, -EBADMSG, "its answer is none");
        *ret = answer_new((unsigned)count, ids, distances, NULL);
        return *ret ? 0 : -ENOMEM;
}

struct taking {
        struct state *state;
        struct watch *const *watches;
        size_t count;
};

/* What of a row can be used; the rest of the state keeps. */
struct recalled {
        struct judgement judgement;
        struct answer *answer;
        struct drift_memory memory;
};

static void recalled_done(struct recalled *r)
{
        judgement_done(&r->judgement);
        answer_unref(r->answer);
}

static int parse_query(const json_t *json, struct recalled *ret, struct error *e)
{
        int r;

        judgement_init(&ret->judgement);
        r = PARSE(judgement_fields, json_object_get(json, "judgement"), &ret->judgement, e);
        if (r >= 0)
                r = parse_answer(json_object_get(json, "answer"), &ret->answer, e);
        if (r >= 0)
                r = parse_memory(json_object_get(json, "drift"), &ret->memory, e);
        return r;
}

static int show_judgement(struct dossier *d, size_t i)
{
        struct query_view *v = &d->view->queries[i];
        int r;

        judgement_done(&v->judgement);
        r = judgement_copy(&d->queries[i].judgement, &v->judgement);
        if (r < 0) {
                judgement_init(&v->judgement);
                return r;
        }
        answer_unref(v->answer);
        v->answer = answer_ref(d->queries[i].answer);
        return judgement_explain(&v->judgement);
}

static bool has_bands(const struct judgement *v, int count)
{
        return v->band < count && v->confirmed_band < count && v->home_band < count;
}

static int restore_query(struct dossier *d, size_t i, const json_t *json, struct error *e)
{
        _cleanup_(recalled_done) struct recalled recalled = {0};
        struct query_state *q = &d->queries[i];
        int r = parse_query(json, &recalled, e);

        if (r < 0)
                return r;
        if (!is_signed(json, "text", hash_text(HASH_INIT, d->config->queries->queries[i].text)) ||
                !is_signed(json, "bands", bands_hash(&d->bands)))
                return 0;
        if (!has_bands(&recalled.judgement, (int)d->bands.count))
                return error_set(e, -EBADMSG, "it was judged to be in a band that is none");
        r = parse_band(json_object_get(json, "band"), &d->bands, q, e);
        if (r < 0)
                return r;
        drift_restore(d->drift, i, &recalled.memory);
        judgement_done(&q->judgement);
        q->judgement = recalled.judgement;
        judgement_init(&recalled.judgement);
        answer_unref(q->answer);
        q->answer = take_ptr(recalled.answer);
        return show_judgement(d, i);
}

/* NULL where it is watched no more. */
static struct dossier *dossier_of(const struct taking *t, const char *label)
{
        const struct watch *w = watches_find(t->watches, t->count, label);

        return w ? watch_dossier(w) : NULL;
}

static size_t index_of(const struct dossier *d, const char *id)
{
        const struct query *q = query_set_find(d->config->queries, id);

        return q ? (size_t)(q - d->config->queries->queries) : SIZE_MAX;
}

static int take_query(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        const struct taking *t = userdata;
        const char *id = strchr(key, '\n');
        _cleanup_free_ char *label = id ? strndup(key, (size_t)(id - key)) : NULL;
        _cleanup_json_ json_t *json = NULL;
        struct dossier *d = label ? dossier_of(t, label) : NULL;
        size_t i = d ? index_of(d, id + 1) : SIZE_MAX;
        int r = json_parse("it", value, size, &json, e);

        if (r >= 0 && i == SIZE_MAX)
                state_remove(t->state, &query_kind, key);
        return r < 0 || i == SIZE_MAX ? r : restore_query(d, i, json, e);
}

static int parse_kind(const json_t *json, enum finding_kind *ret)
{
        for (size_t i = 0; i < FINDING_COUNT; i++)
                if (streq(json_string_value(json), finding_types[i].name)) {
                        *ret = (enum finding_kind)i;
                        return 0;
                }
        return -EBADMSG;
}

static int parse_finding(
        const struct dossier *d, const json_t *json, struct finding *ret, struct error *e)
{
        const char *cause = json_string_value(json_object_get(json, "cause"));
        const char *query = json_string_value(json_object_get(json, "query"));
        int r = PARSE(finding_fields, json, ret, e);

        if (r >= 0 && (parse_kind(json_object_get(json, "kind"), &ret->kind) < 0 || !ret->sentence))
                r = error_set(e, -EBADMSG, "one of its findings is none");
        if (r < 0)
                return r;
        ret->query = query ? index_of(d, query) : FINDING_COLLECTION;
        ret->explained = SIZE_MAX;
        if (cause && cause_parse(cause, &ret->cause) < 0)
                ret->cause = CAUSE_UNKNOWN;
        /* Of a query that is gone, or of the other kind. */
        return finding_types[ret->kind].of_query == (ret->query != FINDING_COLLECTION);
}

/* What explains what is found out again by the next replay; until then it is as it was. */
static void explain(const json_t *json, struct findings *f)
{
        for (size_t i = 0; i < f->count && f->count == json_array_size(json); i++) {
                const json_t *explained = json_object_get(json_array_get(json, i), "explained");
                json_int_t by = json_integer_value(explained);

                if (json_is_integer(explained) && by >= 0 && (size_t)by < i)
                        f->findings[i].explained = (size_t)by;
        }
}

static bool in_order(const struct findings *f)
{
        for (size_t i = 1; i < f->count; i++) {
                const struct finding *a = &f->findings[i - 1], *b = &f->findings[i];

                if (a->kind > b->kind || (a->kind == b->kind && a->query >= b->query))
                        return false;
        }
        return true;
}

static int parse_findings(
        const struct dossier *d, const json_t *json, struct findings **ret, struct error *e)
{
        _cleanup_(findings_unrefp) struct findings *f = findings_new();
        size_t count = json_array_size(json);
        int r = f ? 0 : -ENOMEM;

        if (!json_is_array(json) || count > FINDINGS_KEPT)
                return error_set(e, -EBADMSG, "its findings are no list, or too long a one");
        for (size_t i = 0; i < count && r >= 0; i++) {
                struct finding finding = {.value = NAN, .limit = NAN, .before = NAN};

                r = parse_finding(d, json_array_get(json, i), &finding, e);
                if (r > 0)
                        r = findings_add(f, &finding);
                free(finding.sentence);
        }
        if (r < 0)
                return r;
        if (!in_order(f)) { /* queries are in another one now: the next replay finds them anew */
                findings_unref(f);
                f = findings_new();
        } else
                explain(json, f);
        *ret = take_ptr(f);
        return *ret ? 0 : -ENOMEM;
}

/* What is wrong with it must not be in a view that is in use. */
static int try_view(const json_t *json, struct error *e)
{
        _cleanup_(collection_view_unrefp) struct collection_view *trial = collection_view_new(0);

        return trial ? PARSE(view_fields, json, trial, e) : -ENOMEM;
}

/* It comes without sentinels: they are chosen anew. */
static int restore_reference(struct dossier *d, const json_t *json, struct error *e)
{
        json_int_t changed = json_integer_value(json_object_get(json, "reference_changed"));
        struct epoch reference;
        int r;

        epoch_init(&reference);
        r = PARSE(epoch_fields, json_object_get(json, "reference"), &reference, e);
        if (r < 0) {
                epoch_done(&reference);
                return r;
        }
        epoch_done(&d->reference);
        d->reference = reference;
        d->reference_changed = changed > 0 ? (usec_t)changed : 0;
        return 0;
}

static int restore_collection(struct dossier *d, const json_t *json, struct error *e)
{
        _cleanup_(findings_unrefp) struct findings *findings = NULL;
        struct level_state set;
        int r = parse_findings(d, json_object_get(json, "findings"), &findings, e);

        if (r >= 0)
                r = parse_level(json_object_get(json, "set"), &set, e);
        if (r >= 0)
                r = try_view(json, e);
        if (r >= 0)
                r = restore_reference(d, json, e);
        if (r >= 0)
                r = PARSE(view_fields, json, d->view, e);
        if (r < 0)
                return r;
        findings_unref(d->view->findings);
        d->view->findings = take_ptr(findings);
        drift_restore_set(d->drift, &set, d->view->drift.share_moved);
        return dossier_choose_bands(d, d->view->epoch.space);
}

static int take_collection(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        const struct taking *t = userdata;
        struct dossier *d = dossier_of(t, key);
        _cleanup_json_ json_t *json = NULL;
        int r = json_parse("it", value, size, &json, e);

        if (r >= 0 && !d)
                state_remove(t->state, &collection_kind, key);
        return r < 0 || !d ? r : restore_collection(d, json, e);
}

static int take_run(
        const char *collection, const char *query, const struct history_run *run, void *userdata)
{
        const struct taking *t = userdata;
        struct dossier *d = dossier_of(t, collection);
        size_t i = d ? index_of(d, query) : SIZE_MAX;

        return i == SIZE_MAX ? 0 : history_restore(d->queries[i].history, run);
}

/* What follows from what is known again. */
static int show(struct dossier *d)
{
        _cleanup_free_ struct query_drift *drifts = calloc(query_count(d) + 1, sizeof(*drifts));
        _cleanup_free_ struct answer **answers = dossier_answers(d);
        struct collection_view *v = d->view;

        if (!drifts || !answers)
                return -ENOMEM;
        drift_revise(d->drift, answers, v->epoch.records, &v->drift, drifts);
        for (size_t i = 0; i < query_count(d); i++) {
                struct history_snapshot *snapshot = history_snapshot(d->queries[i].history);

                if (!snapshot)
                        return -ENOMEM;
                d->queries[i].drift = v->queries[i].drift = drifts[i];
                history_snapshot_unref(v->queries[i].history);
                v->queries[i].history = snapshot;
        }
        return findings_apply(v);
}

/* Longer than any of them keeps it. */
static usec_t longest_history(const struct taking *t)
{
        usec_t longest = 0;

        for (size_t i = 0; i < t->count; i++)
                longest = MAX(longest, watch_config(t->watches[i])->replay.history);
        return longest;
}

int memory_restore(struct state *s, struct watch *const *watches, size_t count, usec_t now,
        size_t *refused, struct error *e)
{
        struct taking t = {s, watches, count};
        usec_t history = longest_history(&t);
        int r = state_each(s, &collection_kind, take_collection, &t, refused, e);

        if (r >= 0)
                r = state_each(s, &query_kind, take_query, &t, refused, e);
        if (r >= 0)
                r = past_restore(s, now > history ? now - history : 0, take_run, &t, refused, e);
        for (size_t i = 0; i < count && r >= 0; i++)
                if (dossier_view(watch_dossier(watches[i]))->replayed)
                        r = show(watch_dossier(watches[i]));
        return r;
}

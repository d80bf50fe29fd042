/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/memory.h"

#include <errno.h>

#include "keep/past.h"
#include "watch/kept.h"

static int put_signature(json_t *json, const char *name, uint64_t hash)
{
        char text[ITEM_NUMBER_SIZE];

        item_number(hash, text);
        return json_put(json, name, json_string(text));
}

static json_t *band_json(const struct query_state *q)
{
        struct kept_band k = {
                .samples = q->band.samples,
                .confirmed = q->band.confirmed,
                .home = q->band.home,
                .home_distance = q->band.home_distance,
                .rank = q->rank,
        };

        for (size_t i = 0; i < BAND_WINDOW; i++)
                k.recent[i] = q->band.recent[i];
        return BUILD(band_fields, &k);
}

static json_t *level_json(const struct level_state *from)
{
        struct level_state l = level_normal(from);
        struct kept_level k = {l.recent, l.inside, l.need, l.samples, l.cleared, l.on};

        return BUILD(level_fields, &k);
}

static json_t *levels_json(const struct drift_memory *m)
{
        json_t *json = json_array();

        for (size_t i = 0; i < 2 * LEVEL_COUNT && json; i++)
                if (json_array_append_new(json, level_json(&m->levels[i / 2][i % 2])) < 0) {
                        json_decref(json);
                        return NULL;
                }
        return json;
}

static json_t *memory_json(const struct drift_memory *m)
{
        json_t *json = BUILD(memory_fields, m);

        if (json && json_put(json, "levels", levels_json(m)) >= 0)
                return json;
        json_decref(json);
        return NULL;
}

/* [ID, DISTANCE, ID, DISTANCE …] */
static json_t *answer_json(const struct answer *a)
{
        json_t *json = json_array();

        for (size_t i = 0; json && a && i < a->count; i++)
                if (json_array_append_new(json, json_string(a->ids[i])) < 0 ||
                        json_array_append_new(json, json_from_float(a->distances[i])) < 0) {
                        json_decref(json);
                        return NULL;
                }
        return json;
}

static int put_state(struct state *s, const struct dossier *d, size_t i, const char *key)
{
        const struct query *query = &d->config->queries->queries[i];
        const struct query_state *q = &d->queries[i];
        _cleanup_json_ json_t *json = json_object();
        struct drift_memory m;
        int r = put_signature(json, "text", hash_text(HASH_INIT, query->text));

        drift_recall(d->drift, i, &m);
        if (r >= 0)
                r = put_signature(json, "bands", bands_hash(&d->bands));
        if (r >= 0)
                r = json_put(json, "band", band_json(q));
        if (r >= 0)
                r = json_put(json, "judgement", BUILD(judgement_fields, &q->judgement));
        if (r >= 0)
                r = json_put(json, "drift", memory_json(&m));
        if (r >= 0 && q->answer)
                r = json_put(json, "answer", answer_json(q->answer));
        return r < 0 ? r : item_put(s, &query_kind, key, json, 0);
}

int memory_put_query(struct state *s, const struct dossier *d, size_t query, struct past_mark *mark)
{
        const char *label = d->config->label, *id = d->config->queries->queries[query].id;
        const struct history_snapshot *history = d->view->queries[query].history;
        _cleanup_text_ struct text key = {0};
        int r;

        text_appendf(&key, "%s\n%s", label, id);
        r = text_failed(&key) ? -ENOMEM : put_state(s, d, query, text_string(&key));
        return r < 0 || !history ? r : past_put(s, label, id, history, mark);
}

static json_t *finding_json(const struct collection_view *v, const struct finding *f)
{
        json_t *json = BUILD(finding_fields, f);
        const char *cause = cause_name(f->cause);
        int r = json_put(json, "kind", json_string(finding_types[f->kind].name));

        if (r >= 0 && f->query != FINDING_COLLECTION)
                r = json_put(json, "query", json_string(v->query_set->queries[f->query].id));
        if (r >= 0 && cause)
                r = json_put(json, "cause", json_string(cause));
        if (r >= 0 && f->explained != SIZE_MAX)
                r = json_put(json, "explained", json_integer((json_int_t)f->explained));
        if (r >= 0)
                return json;
        json_decref(json);
        return NULL;
}

int memory_add_findings(const struct collection_view *v, size_t count, struct written_findings *w)
{
        size_t all = v->findings ? MIN(v->findings->count, (size_t)FINDINGS_KEPT) : 0;

        for (; w->count < all && count > 0; count--) {
                _cleanup_json_ json_t *json = finding_json(v, &v->findings->findings[w->count]);
                _cleanup_free_ char *text = json ? json_text(json, JSON_COMPACT, NULL) : NULL;

                if (!text)
                        return -ENOMEM;
                text_append(&w->text, w->count++ > 0 ? "," : "");
                text_append(&w->text, text);
        }
        return w->count < all;
}

/* What is an object already, with the findings as one more member of it. */
static int put_with_findings(
        struct state *s, const char *label, const json_t *json, const struct written_findings *w)
{
        _cleanup_text_ struct text value = {0};
        _cleanup_free_ char *others = json_text(json, JSON_COMPACT, NULL);

        if (!others || text_failed(&w->text))
                return -ENOMEM;
        text_append(&value, "{\"findings\":[");
        text_append_bytes(&value, text_string(&w->text), w->text.size);
        text_append(&value, "],");
        text_append(&value, others + 1);
        return text_failed(&value)
                ? -ENOMEM
                : state_put(s, &collection_kind, label, text_string(&value), value.size, 0);
}

int memory_put_collection(struct state *s, const struct dossier *d, const struct collection_view *v,
        const struct written_findings *w)
{
        _cleanup_json_ json_t *json = BUILD(view_fields, v);
        struct level_state set;
        bool share_moved;
        int r = json_put(json, "reference", BUILD(epoch_fields, &d->reference));

        if (r >= 0)
                r = json_put(
                        json, "reference_changed", json_integer((json_int_t)d->reference_changed));
        drift_recall_set(d->drift, &set, &share_moved);
        if (r >= 0)
                r = json_put(json, "set", level_json(&set));
        return r < 0 ? r : put_with_findings(s, d->config->label, json, w);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/incidents.h"

#include <errno.h>
#include <stdio.h>

#include "hash.h"
#include "json.h"
#include "keep/fields.h"
#include "keep/item.h"
#include "text.h"

/* Key: the collection's label and, on a second line, since when. */
static const struct state_kind kind = {.name = "incident", .bulk = true};

static const char *const severities[SEVERITY_COUNT] = {
        [SEVERITY_INFO] = "info",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_CRITICAL] = "critical",
};

static const struct field fields[] = {
        FIELD(struct incident_view, id, FIELD_TEXT),
        FIELD(struct incident_view, collection, FIELD_TEXT),
        FIELD(struct incident_view, since, FIELD_TIME),
        FIELD(struct incident_view, resolved_at, FIELD_TIME),
        FIELD_OF_WORDS(struct incident_view, severity, severities),
        FIELD(struct incident_view, findings, FIELD_SIZE),
        FIELD(struct incident_view, queries, FIELD_SIZE),
        FIELD(struct incident_view, summary, FIELD_TEXT),
        FIELD(struct incident_view, explanation, FIELD_TEXT),
};

static json_t *causes_json(const struct incident_view *i)
{
        json_t *json = json_array();

        for (size_t k = 0; json && k < i->cause_count; k++) {
                const char *name = cause_name(i->causes[k]);

                if (name && json_array_append_new(json, json_string(name)) < 0) {
                        json_decref(json);
                        return NULL;
                }
        }
        return json;
}

static json_t *worst_json(const struct incident_view *i)
{
        json_t *json = json_array();

        for (size_t k = 0; json && k < i->worst_count; k++)
                if (json_array_append_new(json, json_string(i->worst[k])) < 0) {
                        json_decref(json);
                        return NULL;
                }
        return json;
}

static uint64_t signature_of(const struct incident_view *i)
{
        uint64_t hash = FIELDS_HASH(HASH_INIT, fields, i);

        for (size_t k = 0; k < i->cause_count; k++)
                hash = hash_number(hash, i->causes[k]);
        for (size_t k = 0; k < i->worst_count; k++)
                hash = hash_text(hash, i->worst[k]);
        return hash;
}

static int key_of(const struct incident_view *i, struct text *ret)
{
        text_appendf(ret, "%s\n%llu", i->id, (unsigned long long)i->since);
        return text_failed(ret) ? -ENOMEM : 0;
}

static int put(struct state *s, const struct incident_view *i)
{
        uint64_t signature = signature_of(i);
        _cleanup_json_ json_t *json = NULL;
        _cleanup_text_ struct text key = {0};
        int r = key_of(i, &key);

        if (r >= 0 && state_has(s, &kind, text_string(&key), signature))
                return 0;
        json = fields_build(fields, ARRAY_SIZE(fields), i);
        if (r >= 0)
                r = json_put(json, "causes", causes_json(i));
        if (r >= 0)
                r = json_put(json, "worst", worst_json(i));
        return r < 0 ? r : item_put(s, &kind, text_string(&key), json, signature);
}

int incidents_put(struct state *s, const struct incident_view *incidents, size_t count)
{
        int r = 0;

        state_begin(s, &kind);
        for (size_t i = 0; i < count && r >= 0; i++)
                r = put(s, &incidents[i]);
        if (r >= 0)
                state_end(s, &kind);
        return r;
}

static int parse_causes(const json_t *json, struct incident_view *ret)
{
        size_t count = json_array_size(json);

        if (!json_is_array(json) || count > CAUSE_COUNT)
                return -EBADMSG;
        for (size_t i = 0; i < count; i++) {
                const char *name = json_string_value(json_array_get(json, i));

                if (name && cause_parse(name, &ret->causes[ret->cause_count]) >= 0)
                        ret->cause_count++;
        }
        return 0;
}

static int parse_worst(const json_t *json, struct incident_view *ret)
{
        size_t count = json_array_size(json);

        if (!json_is_array(json) || count > INCIDENT_WORST)
                return -EBADMSG;
        for (size_t i = 0; i < count; i++) {
                const char *id = json_string_value(json_array_get(json, i));

                if (!id)
                        return -EBADMSG;
                if (strdup_to(&ret->worst[i], id) < 0)
                        return -ENOMEM;
                ret->worst_count++;
        }
        return 0;
}

struct taking {
        struct incident_view *incidents;
        size_t count;
};

static int parse(const json_t *json, struct incident_view *ret, struct error *e)
{
        int r = fields_parse(fields, ARRAY_SIZE(fields), json, ret, e);

        if (r >= 0)
                r = parse_causes(json_object_get(json, "causes"), ret);
        if (r >= 0)
                r = parse_worst(json_object_get(json, "worst"), ret);
        if (r >= 0 && (!ret->id || !ret->summary || !ret->explanation || ret->since == 0))
                r = -EBADMSG;
        return r < 0 ? error_set(e, r, "it is no incident") : 0;
}

static int take(const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        struct taking *t = userdata;
        struct incident_view incident = {0}, *grown;
        _cleanup_json_ json_t *json = NULL;
        int r = json_parse("it", value, size, &json, e);

        if (r >= 0)
                r = parse(json, &incident, e);
        if (r >= 0 && t->count >= INCIDENTS_KEPT_MAX)
                r = error_set(e, -E2BIG, "there are too many of them");
        grown = r < 0 ? NULL : reallocarray(t->incidents, t->count + 1, sizeof(*grown));
        if (!grown) {
                incident_view_done(&incident);
                return r < 0 ? r : -ENOMEM;
        }
        t->incidents = grown;
        grown[t->count++] = incident;
        return 0;
}

int incidents_restore(struct state *s, struct incident_view **ret, size_t *ret_count,
        size_t *refused, struct error *e)
{
        struct taking t = {0};
        int r = state_each(s, &kind, take, &t, refused, e);

        if (r >= 0) {
                *ret = t.incidents;
                *ret_count = t.count;
                return 0;
        }
        while (t.count > 0)
                incident_view_done(&t.incidents[--t.count]);
        free(t.incidents);
        return r;
}

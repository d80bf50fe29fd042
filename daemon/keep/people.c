/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/people.h"

#include <errno.h>

#include "hash.h"
#include "json.h"
#include "keep/fields.h"
#include "keep/item.h"
#include "text.h"

/* Receivers of an incident: more than anybody configures. */
#define NAMES_MAX 1000

/* Keys: the alert's fingerprint, the silence's id, the incident. */
static const struct state_kind ack_kind = {.name = "ack"};
static const struct state_kind silence_kind = {.name = "silence"};
static const struct state_kind escalation_kind = {.name = "escalation"};

static const char *const kinds[ESCALATION_KIND_COUNT] = {
        [ESCALATION_OPENED] = "opened",
        [ESCALATION_ESCALATED] = "escalated",
        [ESCALATION_REOPENED] = "reopened",
        [ESCALATION_CHANGED] = "changed",
        [ESCALATION_RESOLVED] = "resolved",
        [ESCALATION_ACKNOWLEDGED] = "acknowledged",
};

static const struct field ack_fields[] = {
        FIELD(struct ack, by, FIELD_TEXT),
        FIELD(struct ack, comment, FIELD_TEXT),
        FIELD(struct ack, at, FIELD_TIME),
};
static const struct field alert_ack_fields[] = {
        FIELD(struct alert_ack, until, FIELD_TIME),
};
static const struct field silence_fields[] = {
        FIELD(struct silence, created_by, FIELD_TEXT),
        FIELD(struct silence, comment, FIELD_TEXT),
        FIELD(struct silence, created_at, FIELD_TIME),
        FIELD(struct silence, starts_at, FIELD_TIME),
        FIELD(struct silence, ends_at, FIELD_TIME),
        FIELD(struct silence, relative, FIELD_BOOL),
};
static const struct field escalation_fields[] = {
        FIELD(struct escalation, severity, FIELD_TEXT),
        FIELD(struct escalation, opened_at, FIELD_TIME),
        FIELD(struct escalation, round, FIELD_UNSIGNED),
        FIELD(struct escalation, step, FIELD_SIZE),
        FIELD(struct escalation, step_at, FIELD_TIME),
        FIELD_OF_WORDS(struct escalation, began, kinds),
        FIELD(struct escalation, because, FIELD_TEXT),
        FIELD(struct escalation, silence, FIELD_TEXT),
        FIELD(struct escalation, silenced_at, FIELD_TIME),
        FIELD(struct escalation, changed, FIELD_BOOL),
        FIELD(struct escalation, closed, FIELD_BOOL),
        FIELD(struct escalation, taken, FIELD_BOOL),
        FIELD(struct escalation, last_ack_at, FIELD_TIME),
        FIELD(struct escalation, early, FIELD_BOOL),
};
#define BUILD(table, object) fields_build(table, ARRAY_SIZE(table), object)
#define PARSE(table, json, object, e) fields_parse(table, ARRAY_SIZE(table), json, object, e)

static json_t *ack_json(const struct ack *a)
{
        return a->by ? BUILD(ack_fields, a) : json_null();
}

/* What nobody could have said is none. */
static int parse_ack(const json_t *json, struct ack *ret, struct error *e)
{
        _cleanup_(ack_done) struct ack a = {0};
        int r = json_is_null(json) ? 0 : PARSE(ack_fields, json, &a, e);

        if (r < 0 || json_is_null(json))
                return r;
        r = ack_set(ret, a.by, a.comment, a.at);
        return r == -EINVAL ? error_set(e, -EBADMSG, "nobody could acknowledge so") : r;
}

static int put_ack(struct state *s, const struct alert_ack *a)
{
        uint64_t signature =
                FIELDS_HASH(FIELDS_HASH(HASH_INIT, alert_ack_fields, a), ack_fields, &a->ack);
        _cleanup_json_ json_t *json = NULL;
        char key[ITEM_NUMBER_SIZE];

        item_number(a->fingerprint, key);
        if (state_has(s, &ack_kind, key, signature))
                return 0;
        json = BUILD(alert_ack_fields, a);
        if (json_put(json, "ack", ack_json(&a->ack)) < 0)
                return -ENOMEM;
        return item_put(s, &ack_kind, key, json, signature);
}

static int put_acks(struct state *s, const struct acks *acks)
{
        int r = 0;

        state_begin(s, &ack_kind);
        for (size_t i = 0; i < acks->count && r >= 0; i++)
                r = put_ack(s, &acks->acks[i]);
        if (r >= 0)
                state_end(s, &ack_kind);
        return r;
}

/* Its matchers never change. */
static int put_silence(struct state *s, const struct silence *silence)
{
        uint64_t signature = FIELDS_HASH(HASH_INIT, silence_fields, silence);
        _cleanup_text_ struct text matchers = {0};
        _cleanup_json_ json_t *json = NULL;

        if (state_has(s, &silence_kind, silence->id, signature))
                return 0;
        matchers_build(&silence->matchers, &matchers);
        json = BUILD(silence_fields, silence);
        if (text_failed(&matchers) ||
                json_put(json, "matchers", json_string(text_string(&matchers))) < 0)
                return -ENOMEM;
        return item_put(s, &silence_kind, silence->id, json, signature);
}

static int put_silences(struct state *s, const struct silences *silences)
{
        const struct silence *one;
        int r = 0;

        state_begin(s, &silence_kind);
        for (size_t i = 0; r >= 0 && (one = silences_at(silences, i)); i++)
                r = put_silence(s, one);
        if (r >= 0)
                state_end(s, &silence_kind);
        return r;
}

static json_t *names_json(const struct roster *names)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < names->count; i++)
                if (json_array_append_new(list, json_string(names->names[i])) < 0)
                        return NULL;
        return take_ptr(list);
}

static uint64_t hash_names(uint64_t hash, const struct roster *names)
{
        hash = hash_number(hash, names->count);
        for (size_t i = 0; i < names->count; i++)
                hash = hash_text(hash, names->names[i]);
        return hash;
}

static uint64_t escalation_signature(const struct escalation *x)
{
        uint64_t hash = FIELDS_HASH(HASH_INIT, escalation_fields, x);

        hash = FIELDS_HASH(hash, ack_fields, &x->ack);
        return hash_names(hash_names(hash, &x->fallback), &x->told);
}

static int put_escalation(struct state *s, const struct escalation *x)
{
        uint64_t signature = escalation_signature(x);
        _cleanup_json_ json_t *json = NULL;
        int r;

        if (state_has(s, &escalation_kind, x->incident, signature))
                return 0;
        json = BUILD(escalation_fields, x);
        r = json_put(json, "ack", ack_json(&x->ack));
        if (r >= 0)
                r = json_put(json, "fallback", names_json(&x->fallback));
        if (r >= 0)
                r = json_put(json, "told", names_json(&x->told));
        return r < 0 ? r : item_put(s, &escalation_kind, x->incident, json, signature);
}

static int put_escalations(struct state *s, const struct escalations *escalations)
{
        size_t count;
        const struct escalation *const *list = escalations_list(escalations, &count);
        int r = 0;

        state_begin(s, &escalation_kind);
        for (size_t i = 0; i < count && r >= 0; i++)
                r = put_escalation(s, list[i]);
        if (r >= 0)
                state_end(s, &escalation_kind);
        return r;
}

int people_put(struct state *s, struct desk *desk)
{
        int r = put_acks(s, desk_acks(desk));

        if (r >= 0)
                r = put_silences(s, desk_silences(desk));
        return r < 0 ? r : put_escalations(s, desk_escalations(desk));
}

struct restoring {
        struct desk *desk;
        struct state *state;
        usec_t now;
};

static int take_ack(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        struct restoring *restoring = userdata;
        _cleanup_json_ json_t *json = NULL;
        struct alert_ack a = {0};
        int r = json_parse("it", value, size, &json, e);

        if (r >= 0 && item_parse_number(key, &a.fingerprint) < 0)
                r = error_set(e, -EBADMSG, "its fingerprint is none");
        if (r >= 0)
                r = PARSE(alert_ack_fields, json, &a, e);
        if (r >= 0)
                r = parse_ack(json_object_get(json, "ack"), &a.ack, e);
        if (r >= 0)
                r = acks_restore(desk_acks(restoring->desk), &a, restoring->now);
        ack_done(&a.ack);
        return r == -EINVAL ? error_set(e, -EBADMSG, "nobody has acknowledged it") : r;
}

static int parse_silence(const char *key, const json_t *json, struct silence *ret, struct error *e)
{
        const char *matchers = json_string_value(json_object_get(json, "matchers"));
        int r = PARSE(silence_fields, json, ret, e);

        if (r >= 0)
                r = strdup_to(&ret->id, key);
        if (r >= 0 && !matchers)
                r = error_set(e, -EBADMSG, "it has no matchers");
        return r < 0 ? r : matchers_parse(&ret->matchers, matchers, e);
}

static int take_silence(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        _cleanup_(silence_done) struct silence silence = {0};
        struct restoring *restoring = userdata;
        _cleanup_json_ json_t *json = NULL;
        int r = json_parse("it", value, size, &json, e);

        if (r >= 0)
                r = parse_silence(key, json, &silence, e);
        if (r >= 0)
                r = silences_restore(desk_silences(restoring->desk), &silence, restoring->now, e);
        if (r != -ESTALE)
                return r;
        state_remove(restoring->state, &silence_kind, key);
        return 0;
}

static int parse_names(const json_t *json, struct roster *ret, struct error *e)
{
        size_t count = json_array_size(json);

        if (!json_is_array(json) || count > NAMES_MAX)
                return error_set(e, -EBADMSG, "its receivers are no list, or too long a one");
        for (size_t i = 0; i < count; i++) {
                const char *name = json_string_value(json_array_get(json, i));
                int r = name ? roster_add(ret, name)
                             : error_set(e, -EBADMSG, "one of its receivers has no name");

                if (r < 0)
                        return r;
        }
        return 0;
}

static int take_escalation(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        _cleanup_(escalation_done) struct escalation x = {0};
        struct restoring *restoring = userdata;
        _cleanup_json_ json_t *json = NULL;
        int r = json_parse("it", value, size, &json, e);

        if (r >= 0)
                r = PARSE(escalation_fields, json, &x, e);
        if (r >= 0)
                r = strdup_to(&x.incident, key);
        if (r >= 0)
                r = parse_ack(json_object_get(json, "ack"), &x.ack, e);
        if (r >= 0)
                r = parse_names(json_object_get(json, "fallback"), &x.fallback, e);
        if (r >= 0)
                r = parse_names(json_object_get(json, "told"), &x.told, e);
        if (r >= 0)
                r = escalations_restore(desk_escalations(restoring->desk), &x, restoring->now);
        return r == -EINVAL ? error_set(e, -EBADMSG, "it is no incident") : r;
}

int people_restore(struct state *s, struct desk *desk, usec_t now, size_t *refused, struct error *e)
{
        struct restoring restoring = {desk, s, now};
        int r = state_each(s, &ack_kind, take_ack, &restoring, refused, e);

        if (r >= 0)
                r = state_each(s, &silence_kind, take_silence, &restoring, refused, e);
        return r < 0 ? r : state_each(s, &escalation_kind, take_escalation, &restoring, refused, e);
}

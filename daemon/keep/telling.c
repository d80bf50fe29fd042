/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/telling.h"

#include <errno.h>
#include <stdio.h>

#include "hash.h"
#include "json.h"
#include "keep/fields.h"
#include "keep/item.h"
#include "log.h"
#include "text.h"

/* Labels of an alert, headers of a request, alerts of an incident: more than anybody makes. */
#define LABELS_MAX 256
#define HEADERS_MAX 64
#define MEMBERS_MAX 100000

static const struct state_kind kinds[] = {
        {.name = "outbox"},
        {.name = "alert"},
        {.name = "incident-told"},
};
static const struct state_kind *const outbox_kind = &kinds[0];
static const struct state_kind *const alert_kind = &kinds[1];
static const struct state_kind *const group_kind = &kinds[2];

static const char *const alert_states[ALERT_STATE_COUNT] = {
        [ALERT_PENDING] = "pending",
        [ALERT_FIRING] = "firing",
        [ALERT_RESOLVED] = "resolved",
};
static const char *const told_states[] = {
        [TOLD_FIRING] = "firing",
        [TOLD_ENDING] = "ending",
        [TOLD_ENDED] = "ended",
};
static const char *const methods[] = {"POST", "PUT", "GET", "DELETE", "PATCH", "MAIL"};

static const struct field alert_fields[] = {
        FIELD_OF_WORDS(struct alert, state, alert_states),
        FIELD(struct alert, server, FIELD_TEXT),
        FIELD(struct alert, inhibited, FIELD_BOOL),
        FIELD(struct alert, inhibits, FIELD_BOOL),
        FIELD(struct alert, active_at, FIELD_TIME),
        FIELD(struct alert, fired_at, FIELD_TIME),
        FIELD(struct alert, resolved_at, FIELD_TIME),
        FIELD(struct alert, keep_firing_since, FIELD_TIME),
        FIELD(struct alert, last_sent_at, FIELD_TIME),
        FIELD(struct alert, valid_until, FIELD_TIME),
        FIELD(struct alert, flaps, FIELD_UNSIGNED),
        FIELD(struct alert, flapping_since, FIELD_TIME),
        FIELD(struct alert, flapped_at, FIELD_TIME),
};
static const struct field group_fields[] = {
        FIELD(struct told_group, since, FIELD_TIME),
        FIELD(struct told_group, told_at, FIELD_TIME),
};
static const struct field told_fields[] = {
        FIELD_OF_WORDS(struct told, state, told_states),
};
static const struct field entry_fields[] = {
        FIELD(struct outbox_entry, created, FIELD_TIME),
        FIELD(struct outbox_entry, expires, FIELD_TIME),
        FIELD(struct outbox_entry, attempts, FIELD_UNSIGNED),
};
static const struct field request_fields[] = {
        FIELD(struct http_request, path, FIELD_TEXT),
        FIELD(struct http_request, body, FIELD_TEXT),
        FIELD(struct http_request, response_limit, FIELD_SIZE),
};

static json_t *labels_json(const struct labels *labels)
{
        json_t *json = json_object();
        int r = json ? 0 : -ENOMEM;

        for (size_t i = 0; i < labels->count && r >= 0; i++)
                r = json_put(
                        json, labels->labels[i].name, channel_text_json(labels->labels[i].value));
        if (r >= 0)
                return json;
        json_decref(json);
        return NULL;
}

static int parse_labels(const json_t *json, struct labels *ret, struct error *e)
{
        const char *name;
        json_t *value;

        if (!json_is_object(json) || json_object_size(json) > LABELS_MAX)
                return error_set(e, -EBADMSG, "its labels or annotations are none");
        json_object_foreach ((json_t *)json, name, value) {
                int r = json_is_string(value) ? labels_set(ret, name, json_string_value(value))
                                              : -EBADMSG;

                if (r < 0)
                        return error_set(e, r, "its label \"%s\" is no text", name);
        }
        return 0;
}

static json_t *alert_json(const struct alert *a)
{
        json_t *json = json_object();
        int r = json_put(json, "labels", labels_json(&a->labels));

        if (r >= 0)
                r = json_put(json, "annotations", labels_json(&a->annotations));
        if (r >= 0)
                r = fields_put(json, alert_fields, ARRAY_SIZE(alert_fields), a);
        if (r >= 0)
                return json;
        json_decref(json);
        return NULL;
}

/* A state without the time that it began at is none. */
static bool is_alert(const struct alert *a)
{
        return a->active_at > 0 && (a->state == ALERT_PENDING || a->fired_at > 0) &&
                (a->state == ALERT_RESOLVED) == (a->resolved_at > 0);
}

static int parse_alert(const json_t *json, struct alert *ret, struct error *e)
{
        _cleanup_(alert_done) struct alert a = {0};
        int r = fields_parse(alert_fields, ARRAY_SIZE(alert_fields), json, &a, e);

        if (r >= 0)
                r = parse_labels(json_object_get(json, "labels"), &a.labels, e);
        if (r >= 0)
                r = parse_labels(json_object_get(json, "annotations"), &a.annotations, e);
        if (r >= 0 && !is_alert(&a))
                r = error_set(e, -EBADMSG, "its times do not belong to its state");
        if (r < 0)
                return r;
        a.fingerprint = labels_fingerprint(&a.labels);
        *ret = a;
        a = (struct alert){0};
        return 0;
}

static uint64_t alert_signature(const struct alert *a)
{
        uint64_t hash = FIELDS_HASH(HASH_INIT, alert_fields, a);

        for (size_t i = 0; i < a->annotations.count; i++)
                hash = hash_text(hash_text(hash, a->annotations.labels[i].name),
                        a->annotations.labels[i].value);
        return hash;
}

static int put_alert(struct state *s, const struct alert *a)
{
        uint64_t signature = alert_signature(a);
        _cleanup_json_ json_t *json = NULL;
        char key[ITEM_NUMBER_SIZE];

        item_number(a->fingerprint, key);
        if (state_has(s, alert_kind, key, signature))
                return 0;
        json = alert_json(a);
        return json ? item_put(s, alert_kind, key, json, signature) : -ENOMEM;
}

int telling_put_alerts(struct state *s, const struct alerts *alerts)
{
        _cleanup_free_ const struct alert **all = NULL;
        size_t count = 0;
        int r = alerts_list(alerts, &all, &count);

        if (r < 0)
                return r;
        state_begin(s, alert_kind);
        for (size_t i = 0; i < count && r >= 0; i++)
                r = put_alert(s, all[i]);
        if (r >= 0)
                state_end(s, alert_kind);
        return r;
}

static json_t *told_json(const struct told *t)
{
        json_t *json = fields_build(told_fields, ARRAY_SIZE(told_fields), t);
        char digits[ITEM_NUMBER_SIZE];
        int r;

        item_number(t->fingerprint, digits);
        r = json ? json_put(json, "fingerprint", json_string(digits)) : -ENOMEM;
        if (r >= 0 && t->state == TOLD_ENDING)
                r = json_put(json, "alert", alert_json(&t->last));
        if (r >= 0)
                return json;
        json_decref(json);
        return NULL;
}

static uint64_t group_signature(const struct told_group *g)
{
        uint64_t hash = FIELDS_HASH(HASH_INIT, group_fields, g);

        for (size_t i = 0; i < g->count; i++)
                hash = FIELDS_HASH(
                        hash_number(hash, g->members[i].fingerprint), told_fields, &g->members[i]);
        return hash;
}

static int put_group(struct state *s, const struct told_group *g)
{
        uint64_t signature = group_signature(g);
        _cleanup_json_ json_t *json = NULL;
        json_t *members = json_array();
        int r;

        if (state_has(s, group_kind, g->incident, signature)) {
                json_decref(members);
                return 0;
        }
        json = fields_build(group_fields, ARRAY_SIZE(group_fields), g);
        r = json ? json_put(json, "members", members) : -ENOMEM;
        for (size_t i = 0; i < g->count && r >= 0; i++)
                r = json_array_append_new(members, told_json(&g->members[i])) < 0 ? -ENOMEM : 0;
        return r < 0 ? r : item_put(s, group_kind, g->incident, json, signature);
}

int telling_put_groups(struct state *s, const struct notices *notices)
{
        struct told_group g;
        int r = 0;

        state_begin(s, group_kind);
        for (size_t i = 0; r >= 0 && notices_group(notices, i, &g); i++)
                r = put_group(s, &g);
        if (r >= 0)
                state_end(s, group_kind);
        return r;
}

static json_t *headers_json(char *const *headers)
{
        json_t *json = json_array();

        for (size_t i = 0; json && headers && headers[i]; i++)
                if (json_array_append_new(json, json_string(headers[i])) < 0) {
                        json_decref(json);
                        return NULL;
                }
        return json;
}

int telling_put_entry(void *state, const struct outbox_entry *entry)
{
        _cleanup_json_ json_t *json = fields_build(entry_fields, ARRAY_SIZE(entry_fields), entry);
        const struct http_request *request = &entry->request;
        char key[ITEM_NUMBER_SIZE];
        int r = json ? fields_put(json, request_fields, ARRAY_SIZE(request_fields), request)
                     : -ENOMEM;

        item_number(entry->id, key);
        if (r >= 0)
                r = json_put(json, "key", json_string(entry->key));
        if (r >= 0)
                r = json_put(json, "destination", json_string(entry->destination));
        if (r >= 0)
                r = json_put(json, "kind", json_string(entry_kind_name(entry->kind)));
        if (r >= 0 && entry->incident)
                r = json_put(json, "incident", json_string(entry->incident));
        if (r >= 0)
                r = json_put(json, "method", json_string(request->method));
        if (r >= 0)
                r = json_put(json, "headers", headers_json(request->headers));
        return r < 0 ? r : item_put(state, outbox_kind, key, json, 0);
}

void telling_remove_entry(void *state, uint64_t id)
{
        char key[ITEM_NUMBER_SIZE];

        item_number(id, key);
        state_remove(state, outbox_kind, key);
}

struct restoring {
        struct alerts *alerts;
        struct notices *notices;
        struct outbox *outbox;
        usec_t now;
        size_t homeless; /* entries for destinations that are configured no more */
        struct state *state;
};

/* Not even our own clock knows that yet. */
static void limit(usec_t *time, usec_t now)
{
        *time = MIN(*time, now);
}

static void limit_alert(struct alert *a, usec_t now)
{
        limit(&a->active_at, now);
        limit(&a->fired_at, now);
        limit(&a->resolved_at, now);
        limit(&a->keep_firing_since, now);
        limit(&a->last_sent_at, now);
}

static int take_alert(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        _cleanup_(alert_done) struct alert a = {0};
        _cleanup_json_ json_t *json = NULL;
        struct restoring *restoring = userdata;
        uint64_t fingerprint;
        int r = json_parse("it", value, size, &json, e);

        if (r >= 0)
                r = parse_alert(json, &a, e);
        if (r >= 0 && (item_parse_number(key, &fingerprint) < 0 || fingerprint != a.fingerprint))
                r = error_set(e, -EBADMSG, "its labels are those of another alert");
        if (r < 0)
                return r;
        limit_alert(&a, restoring->now);
        r = alerts_restore(restoring->alerts, &a);
        return r == -EINVAL ? error_set(e, -EBADMSG, "no rule has this alert") : r;
}

static int parse_told(const json_t *json, usec_t now, struct told *ret, struct error *e)
{
        const char *digits = json_string_value(json_object_get(json, "fingerprint"));
        int r = fields_parse(told_fields, ARRAY_SIZE(told_fields), json, ret, e);

        if (r >= 0 && item_parse_number(digits, &ret->fingerprint) < 0)
                r = error_set(e, -EBADMSG, "one of its alerts has no fingerprint");
        if (r >= 0 && ret->state == TOLD_ENDING)
                r = parse_alert(json_object_get(json, "alert"), &ret->last, e);
        if (r < 0)
                ret->state = TOLD_FIRING; /* it owns nothing */
        else if (ret->state == TOLD_ENDING)
                limit_alert(&ret->last, now);
        return r;
}

static void group_done(struct told_group *g)
{
        for (size_t i = 0; i < g->count; i++)
                if (g->members[i].state == TOLD_ENDING)
                        alert_done(&g->members[i].last);
        free(g->members);
        free(g->incident);
}

static int parse_members(const json_t *members, usec_t now, struct told_group *g, struct error *e)
{
        size_t count = json_array_size(members);
        int r = 0;

        if (!json_is_array(members) || count > MEMBERS_MAX)
                return error_set(e, -EBADMSG, "its alerts are no list, or too long a one");
        g->members = calloc(count + 1, sizeof(*g->members));
        if (!g->members)
                return -ENOMEM;
        for (; g->count < count && r >= 0; g->count++)
                r = parse_told(json_array_get(members, g->count), now, &g->members[g->count], e);
        return r;
}

static int take_group(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        _cleanup_(group_done) struct told_group g = {0};
        _cleanup_json_ json_t *json = NULL;
        struct restoring *restoring = userdata;
        int r = json_parse("it", value, size, &json, e);

        if (r >= 0)
                r = strdup_to(&g.incident, key);
        if (r >= 0)
                r = fields_parse(group_fields, ARRAY_SIZE(group_fields), json, &g, e);
        if (r >= 0)
                r = parse_members(json_object_get(json, "members"), restoring->now, &g, e);
        if (r < 0)
                return r;
        limit(&g.since, restoring->now);
        limit(&g.told_at, restoring->now);
        return notices_restore(restoring->notices, &g);
}

/* Line ends in a header would make it two. */
static bool is_header(const char *s)
{
        return s && strchr(s, ':') && !strpbrk(s, "\r\n");
}

static int parse_headers(const json_t *json, struct http_request *request, struct error *e)
{
        size_t count = json_array_size(json);

        if (!json_is_array(json) || count > HEADERS_MAX)
                return error_set(e, -EBADMSG, "its headers are no list, or too long a one");
        request->headers = calloc(count + 1, sizeof(char *));
        if (!request->headers)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const char *header = json_string_value(json_array_get(json, i));

                if (!is_header(header))
                        return error_set(e, -EBADMSG, "one of its headers is none");
                if (strdup_to(&request->headers[i], header) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int parse_method(const json_t *json, struct http_request *request)
{
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (streq(json_string_value(json), methods[i]))
                        request->method = methods[i];
        return request->method ? 0 : -EBADMSG;
}

static int parse_key(const json_t *json, char ret[OUTBOX_KEY_MAX])
{
        const char *key = json_string_value(json);

        if (!key || strlen(key) != OUTBOX_KEY_MAX - 1 ||
                strspn(key, "0123456789abcdef") != OUTBOX_KEY_MAX - 1)
                return -EBADMSG;
        memcpy(ret, key, OUTBOX_KEY_MAX);
        return 0;
}

/* What it is about is for who looks at it: without that it is delivered as well. */
static void parse_subject(const json_t *json, struct outbox_entry *ret)
{
        const char *kind = json_string_value(json_object_get(json, "kind"));

        ret->kind = ENTRY_OPENED;
        for (enum entry_kind k = 0; kind && k < ENTRY_KIND_COUNT; k++)
                if (streq(kind, entry_kind_name(k)))
                        ret->kind = k;
        ret->incident = json_string_value(json_object_get(json, "incident"));
}

static int parse_request(const json_t *json, struct http_request *request, struct error *e)
{
        int r = fields_parse(request_fields, ARRAY_SIZE(request_fields), json, request, e);

        if (r >= 0)
                r = parse_headers(json_object_get(json, "headers"), request, e);
        if (r >= 0 && (!request->path || strpbrk(request->path, "\r\n ")))
                r = error_set(e, -EBADMSG, "its path is none");
        if (r >= 0 && parse_method(json_object_get(json, "method"), request) < 0)
                r = error_set(e, -EBADMSG, "its method is none");
        if (r >= 0 && request->body)
                request->body_size = strlen(request->body);
        return r;
}

static int parse_entry(const json_t *json, struct outbox_entry *ret, struct error *e)
{
        int r = fields_parse(entry_fields, ARRAY_SIZE(entry_fields), json, ret, e);

        if (r >= 0)
                r = parse_request(json, &ret->request, e);
        if (r >= 0 && parse_key(json_object_get(json, "key"), ret->key) < 0)
                r = error_set(e, -EBADMSG, "its key is none");
        parse_subject(json, ret);
        ret->destination = json_string_value(json_object_get(json, "destination"));
        if (r >= 0 && !ret->destination)
                r = error_set(e, -EBADMSG, "it has no destination");
        return r;
}

static void entry_done(struct outbox_entry *entry)
{
        http_request_done(&entry->request);
}

static int take_entry(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        _cleanup_(entry_done) struct outbox_entry entry = {0};
        _cleanup_json_ json_t *json = NULL;
        struct restoring *restoring = userdata;
        int r = json_parse("it", value, size, &json, e);

        if (r >= 0 && item_parse_number(key, &entry.id) < 0)
                r = error_set(e, -EBADMSG, "its number is none");
        if (r >= 0)
                r = parse_entry(json, &entry, e);
        if (r >= 0)
                r = outbox_restore(restoring->outbox, &entry);
        if (r == -ENOENT) {
                restoring->homeless++;
                telling_remove_entry(restoring->state, entry.id);
                return 0;
        }
        return r;
}

static void log_homeless(const struct restoring *restoring)
{
        if (restoring->homeless > 0)
                log_warning(
                        "dropped %zu %s of an earlier run, for receivers that are configured no "
                        "more",
                        restoring->homeless,
                        plural(restoring->homeless, "notification", "notifications"));
}

int telling_restore(struct state *s, struct alerts *alerts, struct notices *notices,
        struct outbox *outbox, usec_t now, size_t *refused, struct error *e)
{
        struct restoring restoring = {alerts, notices, outbox, now, 0, s};
        int r = state_each(s, alert_kind, take_alert, &restoring, refused, e);

        if (r >= 0)
                r = state_each(s, group_kind, take_group, &restoring, refused, e);
        if (r >= 0)
                r = state_each(s, outbox_kind, take_entry, &restoring, refused, e);
        log_homeless(&restoring);
        return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/act.h"

#include <errno.h>

#include "json.h"
#include "text.h"

struct act *act_free(struct act *a)
{
        if (!a)
                return NULL;
        free(a->subject);
        free(a->by);
        free(a->comment);
        silence_done(&a->silence);
        free(a);
        return NULL;
}

/* One member of a body. */
struct member {
        const char *name;
        int (*take)(const json_t *value, struct act *a, struct error *e);
        bool required;
};

static int take_words(const char *name, const json_t *value, char **ret, struct error *e)
{
        if (!json_is_string(value))
                return error_set(e, -EINVAL, "\"%s\" is not a string", name);
        free(*ret);
        *ret = NULL;
        return strdup_to(ret, json_string_value(value));
}

static int take_by(const json_t *value, struct act *a, struct error *e)
{
        int r = take_words("by", value, &a->by, e);

        if (r >= 0 && (!*a->by || strlen(a->by) > ACK_BY_MAX))
                r = error_set(
                        e, -EINVAL, "\"by\" has %zu bytes, not 1 to %d", strlen(a->by), ACK_BY_MAX);
        return r;
}

static int take_comment(const json_t *value, struct act *a, struct error *e)
{
        int r = take_words("comment", value, &a->comment, e);

        if (r >= 0 && strlen(a->comment) > ACK_COMMENT_MAX)
                r = error_set(e, -EINVAL, "\"comment\" has %zu bytes; at most %d are allowed",
                        strlen(a->comment), ACK_COMMENT_MAX);
        return r;
}

static int take_author(const json_t *value, struct act *a, struct error *e)
{
        return take_words("createdBy", value, &a->silence.created_by, e);
}

static int take_reason(const json_t *value, struct act *a, struct error *e)
{
        return take_words("comment", value, &a->silence.comment, e);
}

static int take_time(const char *name, const json_t *value, usec_t *ret, struct error *e)
{
        const char *s = json_string_value(value);

        return s && time_parse(s, ret) >= 0
                ? 0
                : error_set(e, -EINVAL,
                          "\"%s\" is \"%.60s\", not a time such as \"2026-11-27T10:00:00Z\"", name,
                          s ? s : "no string");
}

static int take_start(const json_t *value, struct act *a, struct error *e)
{
        return take_time("startsAt", value, &a->silence.starts_at, e);
}

static int take_end(const json_t *value, struct act *a, struct error *e)
{
        return take_time("endsAt", value, &a->silence.ends_at, e);
}

static int take_duration(const json_t *value, struct act *a, struct error *e)
{
        const char *s = json_string_value(value);

        if (!s || duration_parse(s, &a->duration) < 0 || a->duration == 0 ||
                a->duration > SILENCE_LENGTH_MAX)
                return error_set(e, -EINVAL,
                        "\"duration\" is \"%.60s\", not a duration such as \"2h\", at most 366d",
                        s ? s : "no string");
        return 0;
}

static int flag(const json_t *matcher, const char *name, bool fallback, bool *ret, struct error *e)
{
        const json_t *value = json_object_get(matcher, name);

        *ret = value ? json_is_true(value) : fallback;
        return !value || json_is_boolean(value)
                ? 0
                : error_set(e, -EINVAL, "\"%s\" of a matcher is neither true nor false", name);
}

static int check_matcher(const json_t *m, struct error *e)
{
        static const char *const names[] = {"name", "value", "isRegex", "isEqual"};
        size_t known = 0;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                known += json_object_get(m, names[i]) != NULL;
        return json_is_object(m) && known == json_object_size(m) &&
                        json_is_string(json_object_get(m, "name")) &&
                        json_is_string(json_object_get(m, "value"))
                ? 0
                : error_set(e, -EINVAL,
                          "a matcher is a text such as \"severity=info\", or has \"name\" and "
                          "\"value\", which are strings, and may have \"isRegex\" and \"isEqual\"");
}

static int take_object(const json_t *m, struct matchers *to, struct error *e)
{
        static const enum matcher_kind kinds[2][2] = {
                {MATCHER_NOT_EQUAL, MATCHER_EQUAL},
                {MATCHER_NOT_PATTERN, MATCHER_PATTERN},
        };
        bool pattern, equal;
        int r = check_matcher(m, e);

        if (r >= 0)
                r = flag(m, "isRegex", false, &pattern, e);
        if (r >= 0)
                r = flag(m, "isEqual", true, &equal, e);
        return r < 0 ? r
                     : matchers_add(to, kinds[pattern][equal],
                               json_string_value(json_object_get(m, "name")),
                               json_string_value(json_object_get(m, "value")), e);
}

static int take_matcher(const json_t *m, struct matchers *to, struct error *e)
{
        return json_is_string(m) ? matchers_parse(to, json_string_value(m), e)
                                 : take_object(m, to, e);
}

static int take_matchers(const json_t *value, struct act *a, struct error *e)
{
        const json_t *one;
        size_t i;
        int r = 0;

        if (!json_is_array(value))
                return take_matcher(value, &a->silence.matchers, e);
        json_array_foreach (value, i, one)
                if (r >= 0)
                        r = take_matcher(one, &a->silence.matchers, e);
        return r;
}

static const struct member acknowledge_members[] = {
        {"by", take_by, true},
        {"comment", take_comment, false},
        {NULL, NULL, false},
};
static const struct member silence_members[] = {
        {"matchers", take_matchers, true},
        {"createdBy", take_author, true},
        {"comment", take_reason, true},
        {"startsAt", take_start, false},
        {"endsAt", take_end, false},
        {"duration", take_duration, false},
        {NULL, NULL, false},
};
static const struct member *const members[ACT_KIND_COUNT] = {
        [ACT_ACKNOWLEDGE] = acknowledge_members,
        [ACT_UNACKNOWLEDGE] = acknowledge_members,
        [ACT_ACKNOWLEDGE_ALERT] = acknowledge_members,
        [ACT_UNACKNOWLEDGE_ALERT] = acknowledge_members,
        [ACT_SILENCE] = silence_members,
};

static bool is_known(const struct member *m, const char *name)
{
        while (m->name && !streq(m->name, name))
                m++;
        return m->name;
}

static int check_names(const json_t *object, const struct member *m, struct error *e)
{
        const char *name;
        json_t *value;

        json_object_foreach ((json_t *)object, name, value)
                if (!is_known(m, name))
                        return error_set(e, -EINVAL, "\"%.60s\" is no member of this body", name);
        return 0;
}

static int take_members(
        const json_t *object, const struct member *m, struct act *a, struct error *e)
{
        int r = json_is_object(object) ? check_names(object, m, e)
                                       : error_set(e, -EINVAL, "the body is not a JSON object");

        for (; m->name && r >= 0; m++) {
                const json_t *value = json_object_get(object, m->name);

                if (value)
                        r = m->take(value, a, e);
                else if (m->required)
                        r = error_set(e, -EINVAL, "the body lacks \"%s\"", m->name);
        }
        return r;
}

static int read_body(const char *body, size_t size, struct act *a, struct error *e)
{
        _cleanup_json_ json_t *object = NULL;
        int r;

        if (!members[a->kind])
                return 0;
        if (size == 0)
                return error_set(e, -EINVAL, "a body is needed, a JSON object with \"%s\"",
                        members[a->kind]->name);
        r = json_parse("the body", body, size, &object, e);
        return r < 0 ? r : take_members(object, members[a->kind], a, e);
}

static int read_subject(struct act *a, struct error *e)
{
        if (a->kind != ACT_ACKNOWLEDGE_ALERT && a->kind != ACT_UNACKNOWLEDGE_ALERT)
                return 0;
        if (strlen(a->subject) != 16 || strspn(a->subject, "0123456789abcdef") != 16)
                return error_set(e, -EINVAL,
                        "\"%.60s\" is no fingerprint of an alert, which has 16 of the digits 0-9 "
                        "and a-f",
                        a->subject);
        a->fingerprint = strtoull(a->subject, NULL, 16);
        return 0;
}

int act_parse(enum act_kind kind, const char *subject, const char *body, size_t size,
        struct act **ret, struct error *e)
{
        _cleanup_(act_freep) struct act *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        a->kind = kind;
        a->timeout = USEC_INFINITY;
        r = strdup_to(&a->subject, subject);
        if (r >= 0)
                r = read_subject(a, e);
        if (r >= 0)
                r = read_body(body, size, a, e);
        if (r >= 0 && kind == ACT_SILENCE && (a->duration > 0) == (a->silence.ends_at > 0))
                r = error_set(
                        e, -EINVAL, "a silence needs either \"endsAt\" or \"duration\", not both");
        if (r >= 0)
                *ret = take_ptr(a);
        return r;
}

int act_of_link(const struct token *t, struct act **ret)
{
        _cleanup_(act_freep) struct act *a = calloc(1, sizeof(*a));
        _cleanup_text_ struct text by = {0};

        text_append(&by, "link sent to ");
        text_append_line(&by, t->receiver);
        if (!a || text_failed(&by))
                return -ENOMEM;
        a->kind = ACT_ACKNOWLEDGE;
        a->timeout = USEC_INFINITY;
        a->link_made = t->made;
        a->by = strndup(text_string(&by), utf8_prefix(text_string(&by), ACK_BY_MAX));
        if (!a->by || strdup_to(&a->subject, t->incident) < 0)
                return -ENOMEM;
        *ret = take_ptr(a);
        return 0;
}

/* One that stands for nobody's name is good once. */
static int check_link(const struct act *a, struct desk *d, struct error *e)
{
        int r = a->link_made > 0
                ? escalations_check_link(desk_escalations(d), a->subject, a->link_made)
                : 0;

        return r == -EALREADY
                ? error_set(e, r, "the incident was acknowledged after this link was made")
                : r;
}

static int acknowledge(struct act *a, struct desk *d, const char *id, usec_t now, struct error *e)
{
        int r = check_link(a, d, e);

        if (r >= 0)
                r = escalations_acknowledge(
                        desk_escalations(d), a->subject, a->by, a->comment, now);
        return r == -ENOENT
                ? error_set(e, r, "there is no open incident \"%.200s\" that people are told of",
                          a->subject)
                : r;
}

static int unacknowledge(struct act *a, struct desk *d, const char *id, usec_t now, struct error *e)
{
        int r = escalations_unacknowledge(desk_escalations(d), a->subject, a->by, now);

        return r == -ENOENT
                ? error_set(e, r, "there is no open incident \"%.200s\" that is acknowledged",
                          a->subject)
                : r;
}

static int acknowledge_alert(
        struct act *a, struct desk *d, const char *id, usec_t now, struct error *e)
{
        int r = acks_add(desk_acks(d), a->fingerprint, a->by, a->comment, a->timeout, now);

        return r == -ENOSPC
                ? error_set(e, r, "there are %d acknowledged alerts, the most", ACKS_MAX)
                : r;
}

static int unacknowledge_alert(
        struct act *a, struct desk *d, const char *id, usec_t now, struct error *e)
{
        int r = acks_remove(desk_acks(d), a->fingerprint);

        return r == -ENOENT ? error_set(e, r, "nobody has acknowledged the alert %s", a->subject)
                            : r;
}

static int silence(struct act *a, struct desk *d, const char *id, usec_t now, struct error *e)
{
        _cleanup_free_ char *before = a->subject;
        int r = strdup_to(&a->silence.id, id);

        a->subject = NULL;
        if (r >= 0)
                r = strdup_to(&a->subject, id);
        if (r < 0)
                return r;
        if (a->duration > 0) {
                a->silence.relative = a->silence.starts_at == 0;
                a->silence.starts_at = MAX(a->silence.starts_at, now);
                a->silence.ends_at = a->silence.starts_at + a->duration;
        }
        return silences_add(desk_silences(d), &a->silence, now, e);
}

static int expire(struct act *a, struct desk *d, const char *id, usec_t now, struct error *e)
{
        return silences_expire(desk_silences(d), a->subject, now, e);
}

int act_perform(struct act *a, struct desk *d, const char *id, usec_t now, struct error *e)
{
        static int (*const perform[ACT_KIND_COUNT])(
                struct act *, struct desk *, const char *, usec_t, struct error *) = {
                [ACT_ACKNOWLEDGE] = acknowledge,
                [ACT_UNACKNOWLEDGE] = unacknowledge,
                [ACT_ACKNOWLEDGE_ALERT] = acknowledge_alert,
                [ACT_UNACKNOWLEDGE_ALERT] = unacknowledge_alert,
                [ACT_SILENCE] = silence,
                [ACT_EXPIRE] = expire,
        };

        return perform[a->kind](a, d, id, now, e);
}

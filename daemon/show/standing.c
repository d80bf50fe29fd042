/* SPDX-License-Identifier: Apache-2.0 */
#include "show/standing.h"

#include "json.h"
#include "show/values.h"

/* "5m": as exact as a reader cares. */
static const char *span(usec_t duration, char *buffer)
{
        usec_t unit = duration < USEC_PER_MINUTE ? USEC_PER_SEC
                : duration < USEC_PER_DAY        ? USEC_PER_MINUTE
                                                 : USEC_PER_HOUR;

        return duration_format(buffer, DURATION_TEXT_MAX, duration / unit * unit);
}

static void append_names(struct text *t, const char *lead, const struct roster *names)
{
        for (size_t i = 0; i < names->count; i++) {
                text_append(t, i == 0 ? lead : ", ");
                text_append_line(t, names->names[i]);
        }
}

static void append_ack(const struct ack *a, usec_t now, struct text *t)
{
        char ago[DURATION_TEXT_MAX];

        text_append(t, "acknowledged by ");
        text_append_line(t, a->by);
        text_appendf(t, " %s ago", span(now - MIN(now, a->at), ago));
        if (*a->comment) {
                text_append(t, ": ");
                text_append_line(t, a->comment);
        }
}

static void append_next(const struct escalation_status *s, usec_t now, struct text *t)
{
        char wait[DURATION_TEXT_MAX];

        if (s->next_at == USEC_INFINITY || s->next.count == 0)
                return;
        append_names(t, t->size > 0 ? "; next: " : "next: ", &s->next);
        if (s->next_at > now)
                text_appendf(t, " in %s", span(s->next_at - now, wait));
        else
                text_append(t, " now");
}

void standing_describe(const struct escalation_status *s, usec_t now, struct text *t)
{
        struct text own = {0};

        if (s->ack.by)
                append_ack(&s->ack, now, &own);
        else if (*s->why)
                text_append_line(&own, s->why);
        if (!s->ack.by)
                append_names(&own, own.size > 0 ? "; told: " : "told: ", &s->receivers);
        append_next(s, now, &own);
        text_append(t, own.size > 0 ? text_string(&own) : "nobody is told");
        t->failed |= own.failed;
        text_done(&own);
}

static json_t *names_json(const struct roster *names)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < names->count; i++)
                if (json_array_append_new(list, value_string(names->names[i])) < 0)
                        return NULL;
        return take_ptr(list);
}

static json_t *time_or_null(usec_t t)
{
        return t == USEC_INFINITY ? json_null() : value_time(t);
}

static json_t *ack_json(const struct ack *a, usec_t until)
{
        if (!a->by)
                return json_null();
        return json_pack("{s:o, s:o, s:o, s:o}", "by", value_string(a->by), "comment",
                value_string(a->comment), "at", value_time(a->at), "until", time_or_null(until));
}

json_t *standing_alert(const struct standing *s, uint64_t fingerprint)
{
        const struct standing_alert *a = standing_find_alert(s, fingerprint);

        return a ? ack_json(&a->ack, a->until) : json_null();
}

json_t *standing_json(const struct escalation_status *s, usec_t now)
{
        _cleanup_text_ struct text t = {0};

        if (!s)
                return json_null();
        standing_describe(s, now, &t);
        if (text_failed(&t))
                return NULL;
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "policy",
                *s->policy ? value_string(s->policy) : json_null(), "step", value_count(s->told),
                "steps", value_count(s->steps), "round", value_count(s->round), "rounds",
                value_count(s->rounds), "next_at", time_or_null(s->next_at), "next",
                names_json(&s->next), "acknowledged", ack_json(&s->ack, s->ack_until), "quiet",
                *s->why ? value_string(s->why) : json_null(), "told", names_json(&s->receivers),
                "sentence", value_string(text_string(&t)));
}

static json_t *matchers_json(const struct matchers *m)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < m->count; i++) {
                const struct matcher *one = &m->matchers[i];
                enum matcher_kind kind = one->kind;

                if (json_array_append_new(list,
                            json_pack("{s:o, s:o, s:b, s:b}", "name", value_string(one->name),
                                    "value", value_string(one->value), "isRegex",
                                    kind == MATCHER_PATTERN || kind == MATCHER_NOT_PATTERN,
                                    "isEqual", kind == MATCHER_EQUAL || kind == MATCHER_PATTERN)) <
                        0)
                        return NULL;
        }
        return take_ptr(list);
}

static json_t *silence_json(const struct standing_silence *s)
{
        _cleanup_text_ struct text t = {0};

        matchers_build(&s->matchers, &t);
        if (text_failed(&t))
                return NULL;
        return json_pack("{s:o, s:{s:s}, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
                value_string(s->id), "status", "state", s->state, "matchers",
                matchers_json(&s->matchers), "createdBy", value_string(s->created_by), "comment",
                value_string(s->comment), "startsAt", value_time(s->starts_at), "endsAt",
                value_time(s->ends_at), "createdAt", value_time(s->created_at), "text",
                value_string(text_string(&t)));
}

json_t *standing_silences(const struct standing *s)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && s && i < s->silence_count; i++)
                if (json_array_append_new(list, silence_json(&s->silences[i])) < 0)
                        return NULL;
        return take_ptr(list);
}

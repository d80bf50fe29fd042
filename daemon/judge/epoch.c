/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/epoch.h"

#include <inttypes.h>

#include "http.h"
#include "json.h"
#include "text.h"

/* Differing parameters that are told one by one, and how much of a name or value. */
#define PARAMETERS_TOLD 8
#define PARAMETER_TEXT_MAX 60

/* Both known, and another. */
static bool differs(const char *before, const char *after)
{
        return before && after && !streq(before, after);
}

static bool other_dimension(const struct epoch *before, const struct epoch *after)
{
        return before->dimension != 0 && after->dimension != 0 &&
                before->dimension != after->dimension;
}

/* 0 is a version like others, but only one and the same collection counts on. */
static bool other_version(const struct epoch *before, const struct epoch *after)
{
        return before->id && streq(before->id, after->id) &&
                (before->version != after->version || before->log_position != after->log_position);
}

unsigned epoch_compare(const struct epoch *before, const struct epoch *after)
{
        bool counted = before->records >= 0 && after->records >= 0;
        unsigned changes = 0;

        if (differs(before->id, after->id))
                changes |= EPOCH_REPLACED;
        if (differs(before->space, after->space) || other_dimension(before, after))
                changes |= EPOCH_SPACE;
        if (differs(before->configuration, after->configuration))
                changes |= EPOCH_CONFIGURATION;
        if (counted && after->records > before->records)
                changes |= EPOCH_GREW;
        if (counted && after->records < before->records)
                changes |= EPOCH_SHRANK;
        if (differs(before->newest, after->newest))
                changes |= EPOCH_NEWEST;
        if (before->sentinels != 0 && after->sentinels != 0 &&
                before->sentinels != after->sentinels)
                changes |= EPOCH_SENTINELS;
        if (other_version(before, after))
                changes |= EPOCH_VERSION;
        return changes;
}

struct list {
        struct text *text;
        const char *separator; /* before the next item */
        unsigned parameters; /* told so far */
};

static struct text *next_item(struct list *l)
{
        text_append(l->text, l->separator);
        l->separator = ", ";
        return l->text;
}

/* Names and values are the server's. */
static void append_excerpt(struct text *t, const char *s)
{
        _cleanup_free_ char *excerpt =
                s ? http_body_excerpt(s, strlen(s), PARAMETER_TEXT_MAX) : NULL;

        text_append(t, excerpt ? excerpt : "?");
}

static void append_value(struct text *t, const json_t *value)
{
        _cleanup_free_ char *text = value ? json_text(value, JSON_COMPACT, NULL) : NULL;

        append_excerpt(t, value ? text : "unset");
}

static void describe_parameter(struct list *l, const char *group, const char *name,
        const json_t *before, const json_t *after)
{
        if (++l->parameters > PARAMETERS_TOLD) {
                if (l->parameters == PARAMETERS_TOLD + 1)
                        text_append(next_item(l), "more parameters");
                return;
        }
        (void)next_item(l);
        if (group) {
                append_excerpt(l->text, group);
                text_append(l->text, ".");
        }
        append_excerpt(l->text, name);
        text_append(l->text, " ");
        append_value(l->text, before);
        text_append(l->text, " to ");
        append_value(l->text, after);
}

/* Parameters one by one, and one level of objects, which is where index parameters are. */
static void describe_parameters(struct list *l, const char *group, json_t *before, json_t *after)
{
        _cleanup_json_ json_t *all = json_copy(before);
        const char *name;
        json_t *value;

        (void)json_object_update_missing(all, after);
        json_object_foreach (all, name, value) {
                json_t *old = json_object_get(before, name), *new = json_object_get(after, name);

                if (json_equal(old, new))
                        continue;
                if (!group && json_is_object(old) && json_is_object(new))
                        describe_parameters(l, name, old, new);
                else
                        describe_parameter(l, group, name, old, new);
        }
}

static void describe_configuration(
        struct list *l, const struct epoch *before, const struct epoch *after)
{
        _cleanup_json_ json_t *old = json_loads(before->configuration, JSON_ALLOW_NUL, NULL);
        _cleanup_json_ json_t *new = json_loads(after->configuration, JSON_ALLOW_NUL, NULL);

        if (json_is_object(old) && json_is_object(new))
                describe_parameters(l, NULL, old, new);
        else
                text_append(next_item(l), "configuration");
}

static void describe_version(struct list *l, const struct epoch *before, const struct epoch *after)
{
        if (before->version != after->version)
                text_appendf(next_item(l), "version %" PRIu64 " to %" PRIu64, before->version,
                        after->version);
        if (before->log_position != after->log_position)
                text_appendf(next_item(l), "log position %" PRIu64 " to %" PRIu64,
                        before->log_position, after->log_position);
}

void epoch_describe(
        unsigned changes, const struct epoch *before, const struct epoch *after, struct text *text)
{
        struct list l = {.text = text, .separator = ""};

        if (changes & EPOCH_REPLACED)
                text_appendf(next_item(&l), "collection %s to %s", before->id, after->id);
        if (changes & EPOCH_SPACE && differs(before->space, after->space))
                text_appendf(next_item(&l), "distance %s to %s", before->space, after->space);
        if (changes & EPOCH_SPACE && other_dimension(before, after))
                text_appendf(
                        next_item(&l), "dimension %u to %u", before->dimension, after->dimension);
        if (changes & EPOCH_CONFIGURATION)
                describe_configuration(&l, before, after);
        if (changes & (EPOCH_GREW | EPOCH_SHRANK))
                text_appendf(next_item(&l), "records %" PRId64 " to %" PRId64, before->records,
                        after->records);
        if (changes & EPOCH_NEWEST)
                text_append(next_item(&l), "newest record");
        if (changes & EPOCH_SENTINELS)
                text_append(next_item(&l), "vectors of known records");
        if (changes & EPOCH_VERSION)
                describe_version(&l, before, after);
}

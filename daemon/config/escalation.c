/* SPDX-License-Identifier: Apache-2.0 */
#include "config/escalation.h"

#include <errno.h>
#include <stdio.h>

/* Bytes of a buffer for a key with an index. */
#define KEY_TEXT_MAX 64

struct building {
        const struct schema_reader *reader;
        const struct alerting_keys *keys;
        struct alerting_config *config;
};

/* A word that is none of `words`. */
static void unknown(const struct building *b, const struct schema_place *place, const char *key,
        const struct yaml_node *node, const char *what, const char *const *words, size_t count)
{
        char hint[SCHEMA_HINT_MAX];

        schema_error(b->reader, place, key, node, "no %s is called \"%s\"%s", what, node->scalar,
                schema_hint(hint, sizeof(hint), node->scalar, words, count));
}

static int add_severity(const struct building *b, const struct policy_keys *keys,
        const struct yaml_node *node, const char *key, struct roster *ret)
{
        size_t count = 0;

        while (rule_severities[count])
                count++;
        if (rule_severity_rank(node->scalar) < count)
                return roster_add(ret, node->scalar);
        unknown(b, &keys->place, key, node, "severity", rule_severities, count);
        return 0;
}

static int add_receiver(const struct building *b, const struct step_keys *keys,
        const struct yaml_node *node, const char *key, struct roster *ret)
{
        const struct schema_list *list = &b->keys->receivers;
        const struct receiver_keys *receivers = list->items;
        _cleanup_free_ const char **words = calloc(list->count + 1, sizeof(*words));
        size_t count = 0;

        if (!words)
                return -ENOMEM;
        for (size_t i = 0; i < list->count; i++)
                if (streq(receivers[i].name, node->scalar))
                        return roster_add(ret, node->scalar);
                else if (receivers[i].name)
                        words[count++] = receivers[i].name;
        unknown(b, &keys->place, key, node, "receiver", words, count);
        return 0;
}

/* What is no text was complained of when it was read. */
static bool is_text(const struct yaml_node *node)
{
        return node->kind == YAML_SCALAR && !yaml_is_null(node) && *node->scalar;
}

static int build_severities(
        const struct building *b, const struct policy_keys *keys, struct roster *ret)
{
        int r = 0;

        for (size_t i = 0; keys->severities && i < keys->severities->count && r == 0; i++) {
                const struct yaml_node *node = keys->severities->values[i];
                char key[KEY_TEXT_MAX];

                (void)snprintf(key, sizeof(key), "severities[%zu]", i);
                if (is_text(node))
                        r = add_severity(b, keys, node, key, ret);
        }
        return r;
}

/* The first step may be told at once; two steps at the same time are one. */
static usec_t wait_of(const struct building *b, const struct step_keys *keys, bool first)
{
        if (keys->after != USEC_INFINITY && (first || keys->after > 0))
                return keys->after;
        if (!first && keys->after == 0)
                schema_error(b->reader, &keys->place, "after", NULL,
                        "must be more than 0s, or the step is told with the one before it: add "
                        "its receivers there");
        else if (!first && !yaml_get(keys->place.node, "after"))
                schema_error(b->reader, &keys->place, "after", NULL,
                        "is required: how long after the step before it, such as 15m");
        return 0;
}

static int build_step(const struct building *b, const struct step_keys *keys, bool first,
        struct escalation_step *ret)
{
        int r = 0;

        ret->after = wait_of(b, keys, first);
        if (keys->notify && keys->notify->count > ESCALATION_RECEIVERS_MAX)
                schema_error(b->reader, &keys->place, "notify", NULL,
                        "has %zu receivers, at most %d are allowed", keys->notify->count,
                        ESCALATION_RECEIVERS_MAX);
        for (size_t i = 0; keys->notify && i < keys->notify->count && r == 0; i++) {
                const struct yaml_node *node = keys->notify->values[i];
                char key[KEY_TEXT_MAX];

                (void)snprintf(key, sizeof(key), "notify[%zu]", i);
                if (is_text(node))
                        r = add_receiver(b, keys, node, key, &ret->receivers);
        }
        return r;
}

static int build_steps(
        const struct building *b, const struct policy_keys *keys, struct escalation_policy *ret)
{
        const struct step_keys *steps = keys->steps.items;
        int r = 0;

        ret->steps = calloc(keys->steps.count + 1, sizeof(*ret->steps));
        if (!ret->steps)
                return -ENOMEM;
        for (size_t i = 0; i < keys->steps.count && r == 0; i++)
                r = build_step(b, &steps[i], i == 0, &ret->steps[ret->step_count++]);
        return r;
}

/* Absent and null are the same mistake; what is of another type was complained of. */
static bool says_nothing(const struct policy_keys *keys)
{
        const struct yaml_node *steps = yaml_get(keys->place.node, "steps");

        return keys->place.node->kind == YAML_MAPPING &&
                (yaml_is_null(steps) || (steps->kind == YAML_SEQUENCE && steps->count == 0));
}

static void check(
        const struct building *b, const struct policy_keys *keys, const struct escalation_policy *p)
{
        size_t hidden = 0;

        if (says_nothing(keys))
                schema_error(b->reader, &keys->place, "steps", NULL,
                        "tells nobody; give it a step with the receivers to notify");
        if (p->repeat > 0 && p->step_count > 0 && p->steps[0].after == 0 &&
                p->steps[p->step_count - 1].after == 0)
                schema_error(b->reader, &keys->place, "repeat", NULL,
                        "a chain without a wait would be told %u times at once; give its step an "
                        "after",
                        p->repeat + 1);
        for (size_t i = 0; i < p->severities.count; i++)
                hidden += escalation_match(b->config->escalation, b->config->escalation_count,
                                  p->severities.names[i]) != NULL;
        if (hidden > 0 && hidden == p->severities.count)
                schema_error(b->reader, &keys->place, "severities", NULL,
                        "the policies before it are for all of them, so that this one never "
                        "counts: the first that matches does");
}

static int build_policy(
        const struct building *b, const struct policy_keys *keys, struct escalation_policy *ret)
{
        int r;

        ret->repeat = keys->repeat;
        ret->ack_timeout = keys->ack_timeout > 0 ? keys->ack_timeout : USEC_INFINITY;
        r = build_severities(b, keys, &ret->severities);
        if (r == 0)
                r = build_steps(b, keys, ret);
        if (r == 0)
                check(b, keys, ret);
        return r;
}

int escalation_build(const struct schema_reader *reader, const struct alerting_keys *keys,
        struct alerting_config *ret)
{
        const struct building b = {reader, keys, ret};
        const struct policy_keys *policies = keys->escalation.items;
        int r = 0;

        ret->escalation = calloc(keys->escalation.count + 1, sizeof(*ret->escalation));
        if (!ret->escalation)
                return -ENOMEM;
        for (size_t i = 0; i < keys->escalation.count && r == 0; i++) {
                r = build_policy(&b, &policies[i], &ret->escalation[i]);
                ret->escalation_count++;
        }
        return r;
}

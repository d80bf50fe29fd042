/* SPDX-License-Identifier: Apache-2.0 */
#include "config/alerting.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "config/escalation.h"
#include "config/mail.h"
#include "config/peer.h"
#include "config/routing.h"
#include "file.h"
#include "json.h"
#include "tell/signature.h"
#include "tell/template.h"
#include "text.h"

struct building {
        const struct schema_reader *reader;
        const struct alerting_keys *keys;
        struct alerting_config *config;
};

static int build_alertmanagers(struct building *b)
{
        const struct schema_list *list = &b->keys->alertmanagers;
        const struct peer_keys *keys = list->items;
        struct alerting_config *a = b->config;
        int r = 0;

        a->alertmanagers = calloc(list->count + 1, sizeof(*a->alertmanagers));
        if (!a->alertmanagers)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                struct channel_config *c = &a->alertmanagers[a->alertmanager_count++];

                c->channel = &channel_alertmanager;
                c->send_resolved = true;
                r = peer_build(b->reader, &keys[i], PEER_ALERTMANAGER, keys[i].timeout, &c->peer);
        }
        return r;
}

/* What a channel's keys say beside where it is. */
static const struct {
        const char *name;
        size_t offset;
} settings[] = {
        {"topic", offsetof(struct peer_keys, topic)},
        {"channel", offsetof(struct peer_keys, channel)},
        {"username", offsetof(struct peer_keys, username)},
        {"chat_id", offsetof(struct peer_keys, chat_id)},
        {"message_thread_id", offsetof(struct peer_keys, message_thread_id)},
        {"to", offsetof(struct peer_keys, to)},
        {"from", offsetof(struct peer_keys, from)},
        {"hello", offsetof(struct peer_keys, hello)},
        {"signature", offsetof(struct peer_keys, signature.scheme)},
};

/* It becomes part of a path. */
static const char *check_token(const char *value)
{
        static const char token[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-";

        return value[strspn(value, token)] ? "is no bot's token, such as 123456:ABC-DEF" : NULL;
}

static const struct {
        enum peer_kind peer;
        const char *key_file; /* key that names the file of what signs or routes; NULL: nothing */
        secret_check_t check;
} kinds[CHANNEL_COUNT] = {
        [CHANNEL_WEBHOOK] = {PEER_TARGET},
        [CHANNEL_NTFY] = {PEER_ENDPOINT},
        [CHANNEL_SLACK] = {PEER_API},
        [CHANNEL_PAGERDUTY] = {PEER_ENDPOINT, "routing_key_file", schema_check_line},
        [CHANNEL_TEAMS] = {PEER_HOOK},
        [CHANNEL_DISCORD] = {PEER_HOOK},
        [CHANNEL_TELEGRAM] = {PEER_SERVICE, "bot_token_file", check_token},
};

static int build_settings(const struct peer_keys *keys, struct channel_settings *ret)
{
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(settings) && r >= 0; i++) {
                const char *const *value = (const void *)((const char *)keys + settings[i].offset);

                r = labels_set(&ret->values, settings[i].name, *value);
        }
        return r;
}

static int build_signature(
        const struct building *b, const struct auth_keys *keys, struct channel_settings *ret)
{
        bool standard = keys->scheme && streq(keys->scheme, "standard");

        if (!keys->place.node)
                return 0;
        return peer_find_secret(b->reader, keys,
                standard ? signature_check_standard : schema_check_line, &ret->key);
}

/* A body that is being read. */
struct body {
        const struct building *b;
        const struct peer_keys *keys;
        int placeholders;
};

static int check_string(struct body *body, const struct yaml_node *node)
{
        _cleanup_error_ struct error e = {0};
        int r = template_check(node->scalar, &e);

        if (r == -EINVAL)
                schema_error(
                        body->b->reader, &body->keys->place, "body", node, "%s", error_text(&e, r));
        body->placeholders += MAX(r, 0);
        return r == -ENOMEM ? r : 0;
}

static int check_body(struct body *body, const struct yaml_node *node)
{
        int r = node->kind == YAML_SCALAR ? check_string(body, node) : 0;

        for (size_t i = 0; i < node->count && r >= 0; i++) {
                if (node->kind == YAML_MAPPING && strstr(node->keys[i]->scalar, "{{"))
                        schema_error(body->b->reader, &body->keys->place, "body", node->keys[i],
                                "has a placeholder in a name; they may only stand in values");
                r = check_body(body, node->values[i]);
        }
        return r;
}

static int build_body(
        const struct building *b, const struct peer_keys *keys, struct channel_settings *ret)
{
        struct body body = {b, keys, 0};
        _cleanup_json_ json_t *value = keys->body ? json_from_yaml(keys->body) : NULL;
        size_t size = 0;
        _cleanup_free_ char *text = value ? json_text(value, JSON_COMPACT, &size) : NULL;
        int r = keys->body ? check_body(&body, keys->body) : 0;

        if (!keys->body || r < 0)
                return r;
        if (!text)
                return -ENOMEM;
        if (size > TEMPLATE_SIZE_MAX)
                schema_error(b->reader, &keys->place, "body", NULL,
                        "has %zu bytes; at most %u are allowed", size, TEMPLATE_SIZE_MAX);
        if (body.placeholders > TEMPLATE_PLACEHOLDERS_MAX)
                schema_error(b->reader, &keys->place, "body", NULL,
                        "has %d placeholders; at most %d are allowed", body.placeholders,
                        TEMPLATE_PLACEHOLDERS_MAX);
        return labels_set(&ret->values, "body", text);
}

static int build_channel(const struct building *b, enum channel_kind kind,
        const struct peer_keys *keys, struct channel_config *ret)
{
        int r = build_settings(keys, &ret->settings);

        if (r >= 0)
                r = build_signature(b, &keys->signature, &ret->settings);
        if (r >= 0)
                r = build_body(b, keys, &ret->settings);
        ret->channel = channel_kinds[kind];
        ret->send_resolved = keys->send_resolved;
        ret->max_alerts = keys->max_alerts;
        if (r >= 0 && kinds[kind].key_file)
                r = peer_build_key(b->reader, keys, kinds[kind].key_file, kinds[kind].check,
                        &ret->settings.key);
        if (r < 0)
                return r;
        return kind == CHANNEL_EMAIL
                ? mail_build(b->reader, keys, keys->timeout, &ret->peer)
                : peer_build(b->reader, keys, kinds[kind].peer, keys->timeout, &ret->peer);
}

/* "webhook_configs, ntfy_configs or telegram_configs": keys of what a receiver may have. */
static int complain_of_nobody(const struct building *b, const struct receiver_keys *keys)
{
        _cleanup_text_ struct text t = {0};

        for (enum channel_kind kind = 0; kind < CHANNEL_COUNT; kind++)
                text_appendf(&t, "%s%s_configs",
                        kind == 0                          ? ""
                                : kind + 1 < CHANNEL_COUNT ? ", "
                                                           : " or ",
                        channel_kinds[kind]->name);
        if (text_failed(&t))
                return -ENOMEM;
        schema_error(
                b->reader, &keys->place, NULL, NULL, "tells nobody; give it %s", text_string(&t));
        return 0;
}

static int build_receiver(
        const struct building *b, const struct receiver_keys *keys, struct receiver_config *ret)
{
        size_t count = 0;
        int r = strdup_to(&ret->name, keys->name);

        for (enum channel_kind kind = 0; kind < CHANNEL_COUNT; kind++)
                count += keys->channels[kind].count;
        if (r == 0 && count == 0)
                r = complain_of_nobody(b, keys);
        ret->channels = calloc(count + 1, sizeof(*ret->channels));
        if (!ret->channels)
                return -ENOMEM;
        for (enum channel_kind kind = 0; kind < CHANNEL_COUNT; kind++) {
                const struct peer_keys *items = keys->channels[kind].items;

                for (size_t i = 0; r == 0 && i < keys->channels[kind].count; i++)
                        r = build_channel(b, kind, &items[i], &ret->channels[ret->channel_count++]);
        }
        return r;
}

static int build_receivers(struct building *b)
{
        const struct schema_list *list = &b->keys->receivers;
        const struct receiver_keys *keys = list->items;
        struct alerting_config *a = b->config;
        int r = schema_unique(
                b->reader, list, sizeof(*keys), "name", offsetof(struct receiver_keys, name));

        a->receivers = calloc(list->count + 1, sizeof(*a->receivers));
        if (!a->receivers)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < list->count; i++)
                r = build_receiver(b, &keys[i], &a->receivers[a->receiver_count++]);
        return r;
}

static int build_rules(struct building *b)
{
        const struct schema_list *list = &b->keys->rules;
        const struct rule_keys *keys = list->items;
        struct rule *rules = b->config->rules;
        int r = 0;

        for (enum rule_id id = 0; id < RULE_COUNT; id++)
                rules[id] = (struct rule){
                        .enabled = !rule_defaults[id].off,
                        .for_usec = rule_defaults[id].for_usec,
                        .keep_firing_for_usec = rule_defaults[id].keep_firing_for_usec,
                        .limit = NAN,
                };
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                enum rule_id id;

                r = rule_find(keys[i].place.name, &id);
                if (r < 0)
                        return r;
                rules[id].enabled = keys[i].enabled;
                if (keys[i].for_usec != USEC_INFINITY)
                        rules[id].for_usec = keys[i].for_usec;
                if (keys[i].keep_firing_for_usec != USEC_INFINITY)
                        rules[id].keep_firing_for_usec = keys[i].keep_firing_for_usec;
                if (!isnan(keys[i].limit) && isnan(rule_defaults[id].limit))
                        schema_error(b->reader, &keys[i].place, "limit", NULL, "%s has no limit",
                                rule_defaults[id].name);
                else if (!isnan(keys[i].limit))
                        rules[id].limit = keys[i].limit;
                r = strdup_to(&rules[id].severity, keys[i].severity);
        }
        return r;
}

/* A file that is missing is made when it is needed. */
static int build_lease(struct building *b)
{
        const struct lease_keys *keys = &b->keys->lease;

        b->config->lease.ttl = keys->ttl;
        if (!keys->file) {
                if (keys->place.node && !yaml_is_null(keys->place.node) &&
                        !yaml_get(keys->place.node, "file"))
                        schema_error(b->reader, &keys->place, "file", NULL,
                                "is required: a file on storage that all daemons share");
                return 0;
        }
        b->config->lease.file = path_resolve(keys->file, b->reader->file);
        return b->config->lease.file ? 0 : -ENOMEM;
}

int alerting_build(const struct schema_reader *reader, const struct alerting_keys *keys,
        struct alerting_config *ret)
{
        struct building b = {reader, keys, ret};
        int r = strdup_to(&ret->runbook_url, keys->runbook_url);

        ret->flapping = (struct flap_policy){keys->flapping.changes, keys->flapping.window};
        ret->ack_expire = keys->ack_links.expire;
        ret->resend_delay = keys->resend_delay;
        ret->repeat_interval = keys->repeat_interval;
        ret->group_wait = keys->group_wait;
        ret->group_interval = keys->group_interval;
        ret->query_alerts_max = keys->query_alerts_max;
        if (r == 0)
                r = build_lease(&b);
        if (r == 0)
                r = build_rules(&b);
        if (r == 0)
                r = build_alertmanagers(&b);
        if (r == 0)
                r = build_receivers(&b);
        if (r == 0)
                r = escalation_build(reader, keys, ret);
        return r == 0 ? routing_build(reader, keys, ret) : r;
}

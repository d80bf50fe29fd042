/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/channel.h"

#include <errno.h>

#include "json.h"
#include "text.h"

const struct channel *const channel_kinds[CHANNEL_COUNT] = {
        [CHANNEL_WEBHOOK] = &channel_webhook,
        [CHANNEL_NTFY] = &channel_ntfy,
        [CHANNEL_SLACK] = &channel_slack,
        [CHANNEL_PAGERDUTY] = &channel_pagerduty,
        [CHANNEL_TEAMS] = &channel_teams,
        [CHANNEL_DISCORD] = &channel_discord,
        [CHANNEL_TELEGRAM] = &channel_telegram,
        [CHANNEL_EMAIL] = &channel_email,
};

const char *channel_setting(const struct channel_settings *s, const char *name)
{
        const char *value = s ? labels_get(&s->values, name) : NULL;

        return value ? value : "";
}

int channel_settings_copy(const struct channel_settings *from, struct channel_settings *ret)
{
        struct channel_settings copy = {0};
        int r = labels_copy(&from->values, &copy.values);

        if (r < 0)
                return r;
        copy.key = secret_ref(from->key);
        *ret = copy;
        return 0;
}

void channel_settings_done(struct channel_settings *s)
{
        labels_done(&s->values);
        secret_unref(s->key);
        *s = (struct channel_settings){0};
}

bool channel_settings_equal(const struct channel_settings *a, const struct channel_settings *b)
{
        return secret_equal(a->key, b->key) && labels_equal(&a->values, &b->values);
}

enum delivery channel_judge_status(const struct http_response *response)
{
        unsigned status = response->status;

        if (response->result == -EMSGSIZE)
                return DELIVERY_FAILED;
        if (response->result < 0)
                return DELIVERY_RETRY;
        if (status >= 200 && status <= 299)
                return DELIVERY_DONE;
        if (status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599))
                return DELIVERY_RETRY;
        return status == 410 ? DELIVERY_GONE : DELIVERY_FAILED;
}

bool channel_refuses_content(const struct http_response *response)
{
        unsigned status = response->result < 0 ? 0 : response->status;

        return status == 400 || status == 413 || status == 422;
}

usec_t channel_wait(const struct channel *channel, const struct http_response *response)
{
        usec_t wait = channel->wait ? channel->wait(response) : 0;

        return MAX(wait, response->retry_after_usec);
}

json_t *channel_text_json(const char *s)
{
        size_t size = strlen(s);
        _cleanup_free_ char *clean = NULL;

        if (utf8_valid(s, size))
                return json_string(s);
        clean = utf8_clean(s, size);
        return clean ? json_string(clean) : NULL;
}

json_t *channel_cut_json(const char *s, size_t max)
{
        size_t size = strlen(s);
        _cleanup_text_ struct text t = {0};

        if (size <= max)
                return channel_text_json(s);
        text_append_bytes(&t, s, utf8_prefix(s, max - strlen("…")));
        text_append(&t, "…");
        return text_failed(&t) ? NULL : channel_text_json(text_string(&t));
}

json_t *channel_answer(const struct http_response *response)
{
        json_t *answer = NULL;

        if (response->result < 0 ||
                json_parse("answer", response->body, response->body_size, &answer, NULL) < 0)
                return NULL;
        return answer;
}

usec_t channel_seconds(const json_t *value)
{
        double seconds;

        if (json_to_double(value, &seconds) < 0 || seconds <= 0)
                return 0;
        return (usec_t)(MIN(seconds * (double)USEC_PER_SEC, (double)USEC_PER_DAY));
}

int channel_request(const json_t *payload, const char *path, struct http_request *ret)
{
        struct http_request request = {.method = "POST", .response_limit = CHANNEL_RESPONSE_LIMIT};

        request.path = strdup(path);
        request.body = payload ? json_text(payload, JSON_COMPACT, &request.body_size) : NULL;
        if (!request.path || !request.body) {
                http_request_done(&request);
                return -ENOMEM;
        }
        *ret = request;
        return 0;
}

json_t *channel_labels_json(const struct labels *labels)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; object && i < labels->count; i++)
                if (json_put(object, labels->labels[i].name,
                            channel_text_json(labels->labels[i].value)) < 0)
                        return NULL;
        return take_ptr(object);
}

json_t *channel_annotations_json(const struct alert *alert)
{
        _cleanup_json_ json_t *object = channel_labels_json(&alert->annotations);
        _cleanup_text_ struct text t = {0};

        alert_append_flapping(alert, &t);
        if (!object || text_failed(&t) ||
                (t.size > 0 && json_put(object, "flapping", json_string(text_string(&t))) < 0))
                return NULL;
        return take_ptr(object);
}

json_t *channel_time_json(usec_t realtime)
{
        char time[TIME_TEXT_MAX];

        return json_string(time_format(time, sizeof(time), realtime));
}

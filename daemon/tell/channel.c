/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/channel.h"

#include <errno.h>

#include "json.h"
#include "text.h"

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
        return DELIVERY_FAILED;
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

json_t *channel_labels_json(const struct labels *labels)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; object && i < labels->count; i++)
                if (json_put(object, labels->labels[i].name,
                            channel_text_json(labels->labels[i].value)) < 0)
                        return NULL;
        return take_ptr(object);
}

json_t *channel_time_json(usec_t realtime)
{
        char time[TIME_TEXT_MAX];

        return json_string(time_format(time, sizeof(time), realtime));
}

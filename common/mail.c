/* SPDX-License-Identifier: Apache-2.0 */
#include "mail.h"

#include "mime.h"

struct mail_envelope *mail_envelope_free(struct mail_envelope *e)
{
        if (!e)
                return NULL;
        for (char **to = e->to; to && *to; to++)
                free(*to);
        free(e->to);
        free(e->from);
        free(e);
        return NULL;
}

static struct mail_envelope *empty(void)
{
        struct mail_envelope *e = calloc(1, sizeof(*e));

        if (e)
                e->to = calloc(MAIL_RECIPIENTS_MAX + 1, sizeof(char *));
        return e && e->to ? e : mail_envelope_free(e);
}

struct mail_envelope *mail_envelope_new(const char *from, const char *to)
{
        _cleanup_(mail_envelope_freep) struct mail_envelope *e = empty();
        struct mime_address a;

        if (!e || mime_next_address(from, &a, &from) < 0 || strdup_to(&e->from, a.address) < 0)
                return NULL;
        for (size_t i = 0; i < MAIL_RECIPIENTS_MAX && *to; i++) {
                if (mime_next_address(to, &a, &to) < 0)
                        break;
                if (strdup_to(&e->to[i], a.address) < 0)
                        return NULL;
        }
        return take_ptr(e);
}

struct mail_envelope *mail_envelope_copy(const struct mail_envelope *from)
{
        _cleanup_(mail_envelope_freep) struct mail_envelope *e = empty();

        if (!e || strdup_to(&e->from, from->from) < 0)
                return NULL;
        for (size_t i = 0; from->to[i]; i++)
                if (strdup_to(&e->to[i], from->to[i]) < 0)
                        return NULL;
        return take_ptr(e);
}

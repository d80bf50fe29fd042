/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/losses.h"

#include <errno.h>

#include "text.h"

void losses_done(struct losses *l)
{
        for (size_t i = 0; i < l->count; i++)
                loss_view_done(&l->ring[i]);
        *l = (struct losses){0};
}

static void add(struct losses *l, const struct loss_view *loss)
{
        struct loss_view copy;

        if (loss_view_copy(loss, &copy) < 0)
                return;
        if (l->count == LOSSES_MAX)
                loss_view_done(&l->ring[l->next]);
        else
                l->count++;
        l->ring[l->next] = copy;
        l->next = (l->next + 1) % LOSSES_MAX;
}

void losses_note(struct losses *l, const struct record *r, const struct identity *who,
        const struct queue_entry *e, const struct loss *loss, usec_t now)
{
        _cleanup_text_ struct text sentence = {0};

        if (loss->hushed)
                return;
        record_append(r, loss->consequence, &sentence);
        if (text_failed(&sentence))
                return;
        add(l,
                &(struct loss_view){.at = now,
                        .receiver = who->receiver,
                        .channel = who->channel,
                        .peer = who->peer,
                        .kind = entry_kind_name(e->kind),
                        .incident = e->incident,
                        .reason = loss->reason,
                        .sentence = (char *)text_string(&sentence)});
}

int losses_view(const struct losses *l, struct loss_view **ret, size_t *ret_count)
{
        struct loss_view *views = calloc(l->count + 1, sizeof(*views));

        if (!views)
                return -ENOMEM;
        for (size_t i = 0; i < l->count; i++) {
                size_t k = (l->next + LOSSES_MAX - 1 - i) % LOSSES_MAX;

                if (loss_view_copy(&l->ring[k], &views[i]) < 0) {
                        loss_views_free(views, i);
                        return -ENOMEM;
                }
        }
        *ret = views;
        *ret_count = l->count;
        return 0;
}

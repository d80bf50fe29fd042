/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/link.h"

#include <errno.h>

#include "show/page/link.h"

/* As far as the view knows; in the end the loop decides. */
static enum link_state judge(
        const struct view *view, const char *text, usec_t now, struct token *ret)
{
        const struct escalation_status *status;
        int r = view->ack_links ? token_read(view->ack_key, text, now, ret) : -EPERM;

        if (r >= 0) {
                status = standing_find(view->standing, ret->incident);
                r = status ? ack_link_check(ret->made, status->opened_at, status->last_ack_at)
                           : -ENOENT;
        }
        switch (r) {
        case 0:
                return LINK_ASKS;
        case -EPERM:
                return LINK_OFF;
        case -EBADMSG:
                return LINK_FOREIGN;
        case -ETIME:
                return LINK_EXPIRED;
        case -ENOENT:
                return LINK_OVER;
        case -EALREADY:
                return LINK_TAKEN;
        default:
                return LINK_FAILED;
        }
}

static unsigned render(const struct view *view, enum link_state state, const struct token *token,
        usec_t now, struct text *page)
{
        const char *incident = token->incident;

        return link_page_render(page,
                &(const struct link_page){
                        .state = state,
                        .incident = incident,
                        .receiver = token->receiver,
                        .standing = incident && state != LINK_OVER
                                ? standing_find(view->standing, incident)
                                : NULL,
                        .now = now,
                });
}

unsigned link_look(const struct view *view, const char *token, usec_t now, struct text *page)
{
        _cleanup_(token_done) struct token t = {0};

        return render(view, judge(view, token, now, &t), &t, now, page);
}

unsigned link_take(
        const struct view *view, const char *token, usec_t now, struct act **ret, struct text *page)
{
        _cleanup_(token_done) struct token t = {0};
        enum link_state state = judge(view, token, now, &t);

        if (state == LINK_ASKS && act_of_link(&t, ret) < 0)
                state = LINK_FAILED;
        return *ret ? 200 : render(view, state, &t, now, page);
}

unsigned link_answer(unsigned status, struct text *page)
{
        static const struct {
                unsigned status;
                enum link_state state;
        } states[] = {{200, LINK_DONE}, {404, LINK_OVER}, {409, LINK_TAKEN}, {503, LINK_BUSY}};
        struct link_page p = {.state = LINK_FAILED};

        for (size_t i = 0; i < ARRAY_SIZE(states); i++)
                if (states[i].status == status)
                        p.state = states[i].state;
        return link_page_render(page, &p);
}

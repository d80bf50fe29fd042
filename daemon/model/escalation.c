/* SPDX-License-Identifier: Apache-2.0 */
#include "model/escalation.h"

#include <errno.h>

void escalation_policy_done(struct escalation_policy *p)
{
        for (size_t i = 0; i < p->step_count; i++)
                roster_done(&p->steps[i].receivers);
        free(p->steps);
        roster_done(&p->severities);
        *p = (struct escalation_policy){0};
}

const struct escalation_policy *escalation_match(
        const struct escalation_policy *policies, size_t count, const char *severity)
{
        for (size_t i = 0; i < count; i++)
                if (roster_has(&policies[i].severities, severity))
                        return &policies[i];
        return NULL;
}

usec_t escalation_wait(const struct escalation_policy *p, size_t step, unsigned round)
{
        if (step > 0 || round == 0)
                return p->steps[step].after;
        return MAX(ESCALATION_ROUND_MIN, MAX(p->steps[0].after, p->steps[p->step_count - 1].after));
}

int ack_set(struct ack *a, const char *by, const char *comment, usec_t now)
{
        _cleanup_(ack_done) struct ack new = {.at = now};
        int r;

        if (!by || !*by || strlen(by) > ACK_BY_MAX ||
                (comment && strlen(comment) > ACK_COMMENT_MAX))
                return -EINVAL;
        r = strdup_to(&new.by, by);
        if (r >= 0)
                r = strdup_to(&new.comment, comment ? comment : "");
        if (r < 0)
                return r;
        ack_done(a);
        *a = new;
        new = (struct ack){0};
        return 0;
}

int ack_copy(const struct ack *from, struct ack *ret)
{
        struct ack copy = {0};
        int r = from->by ? ack_set(&copy, from->by, from->comment, from->at) : 0;

        if (r >= 0)
                *ret = copy;
        return r;
}

void ack_done(struct ack *a)
{
        free(a->by);
        free(a->comment);
        *a = (struct ack){0};
}

int ack_link_check(usec_t made, usec_t opened_at, usec_t last_ack_at)
{
        if (made < opened_at)
                return -ENOENT;
        return made <= last_ack_at ? -EALREADY : 0;
}

void escalation_status_done(struct escalation_status *s)
{
        free(s->policy);
        free(s->why);
        ack_done(&s->ack);
        roster_done(&s->next);
        roster_done(&s->receivers);
        *s = (struct escalation_status){0};
}

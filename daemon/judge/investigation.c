/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/investigation.h"

void investigation_done(struct investigation *r)
{
        suspects_done(&r->suspects);
        *r = (struct investigation){0};
}

void investigation_reset(struct investigation *r)
{
        r->considered = r->asking = r->news = r->unfinished = r->provisional = false;
        r->asked = 0;
}

static size_t count_failing(const struct attribution_input *input)
{
        size_t n = 0;

        for (size_t i = 0; i < input->set->count; i++)
                n += input->outcomes[i] == OUTCOME_FAIL;
        return n;
}

static bool has_questions(const struct suspects *q)
{
        return q->hole_count + q->list_count + q->missing_count > 0;
}

static void decide(struct investigation *r, const struct attribution_input *input,
        struct attribution *attribution)
{
        attribution_decide(input, &r->suspects, &r->compared, attribution);
        attribution->unfinished = r->unfinished;
}

/* The same lists again, with the embedder's news; what was found out about them still holds. */
static int take_news(struct investigation *r, const struct attribution_input *input,
        struct attribution *attribution)
{
        _cleanup_(suspects_done) struct suspects same = {0};
        int code = attribution_compare(input, &r->compared, &same);

        if (code >= 0 && !r->owed)
                decide(r, input, attribution);
        return code;
}

int investigation_consider(struct investigation *r, const struct attribution_input *input,
        const struct drift_view *drift, bool news, usec_t now, struct attribution *attribution,
        bool *ret_ask)
{
        size_t failing = count_failing(input);
        bool worse = failing > r->failing || drift->moved_up > r->moved ||
                (drift->set_shifted && !r->shifted);
        bool over = r->provisional && !input->ingesting;
        bool changed = !r->considered || drift->changed || input->ingested || worse || over ||
                failing < r->failing;
        bool due = worse || over || r->asked == 0 || now >= r->asked + INVESTIGATION_INTERVAL;
        struct suspects suspects = {0};
        int code;

        *ret_ask = false;
        if (r->asking)
                r->news |= news;
        if (r->asking || (news && !r->considered))
                return 0;
        if (news)
                return take_news(r, input, attribution);
        r->failing = failing;
        r->moved = drift->moved_up;
        r->shifted = drift->set_shifted;
        if (!changed && !((r->owed || r->unfinished) && due))
                return 0;
        code = attribution_compare(input, &r->compared, &suspects);
        if (code < 0)
                return code;
        suspects_done(&r->suspects);
        r->suspects = suspects;
        r->considered = true;
        r->unfinished = false;
        r->provisional = has_questions(&suspects) && input->ingesting && (r->provisional || due);
        r->owed = has_questions(&suspects) && !due;
        if (has_questions(&suspects) && due) {
                r->asked = now;
                r->asking = true;
                *ret_ask = true;
        } else if (!has_questions(&suspects))
                decide(r, input, attribution);
        return 0;
}

int investigation_decide(struct investigation *r, const struct attribution_input *input,
        bool finished, struct attribution *attribution)
{
        bool news = r->news;

        r->asking = r->news = false;
        r->unfinished = !finished;
        if (news)
                return take_news(r, input, attribution);
        decide(r, input, attribution);
        return 0;
}

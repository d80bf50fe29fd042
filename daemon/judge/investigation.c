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

void investigation_jump(struct investigation *r, int64_t by)
{
        time_jump(&r->asked, by);
}

static size_t count_failing(const struct attribution_input *input)
{
        size_t n = 0;

        for (size_t i = 0; i < input->set->count; i++)
                n += input->outcomes[i] == OUTCOME_FAIL;
        return n;
}

static int decide(struct investigation *r, const struct attribution_input *input,
        const struct conclusion *ret)
{
        _cleanup_(fates_unrefp) struct fates *fates = NULL;
        int code = attribution_decide(
                input, &r->suspects, &r->compared, ret->attribution, ret->causes, &fates);

        if (code < 0)
                return code;
        ret->attribution->unfinished = r->unfinished;
        fates_unref(*ret->fates);
        *ret->fates = take_ptr(fates);
        return 0;
}

/* The same lists again, with the embedder's news; what was found out about them still holds. */
static int take_news(struct investigation *r, const struct attribution_input *input,
        const struct conclusion *ret)
{
        _cleanup_(suspects_done) struct suspects same = {0};
        int code = attribution_compare(input, &r->compared, &same);

        return code >= 0 && !r->owed ? decide(r, input, ret) : code;
}

int investigation_consider(struct investigation *r, const struct attribution_input *input,
        const struct drift_view *drift, bool news, usec_t now, const struct conclusion *ret,
        bool *ret_ask)
{
        size_t failing = count_failing(input);
        bool worse = failing > r->failing || drift->moved_up > r->moved ||
                (drift->set_shifted && !r->shifted);
        bool written = r->provisional || input->ingested || input->ingesting;
        bool over = (written && !input->ingesting) || (failing == 0 && r->failing > 0);
        bool changed = !r->considered || drift->changed || input->ingested || worse || over ||
                failing < r->failing;
        bool due = worse || over || (input->ingested && input->young) || r->asked == 0 ||
                now >= r->asked + INVESTIGATION_INTERVAL;
        struct suspects suspects = {0};
        int code;

        *ret_ask = false;
        if (r->asking)
                r->news |= news;
        if (r->asking || (news && !r->considered))
                return 0;
        if (news)
                return take_news(r, input, ret);
        r->provisional = written;
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
        r->owed = suspects_any(&suspects) && !due;
        if (!r->owed)
                r->provisional = input->ingesting;
        if (suspects_any(&suspects) && due) {
                r->asked = now;
                r->asking = true;
                *ret_ask = true;
        } else if (!suspects_any(&suspects))
                return decide(r, input, ret);
        return 0;
}

int investigation_decide(struct investigation *r, const struct attribution_input *input,
        bool finished, const struct conclusion *ret)
{
        bool news = r->news;

        r->asking = r->news = false;
        r->unfinished = !finished;
        if (news)
                return take_news(r, input, ret);
        return decide(r, input, ret);
}

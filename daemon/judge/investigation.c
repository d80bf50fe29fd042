/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/investigation.h"

#include <errno.h>

/* What may be wrong with a query. */
#define WRONG_FAILS (1U << 0)
#define WRONG_FARTHER (1U << 1)

void investigation_done(struct investigation *r)
{
        suspects_done(&r->suspects);
        free(r->known);
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

static unsigned wrong_with(const struct attribution_input *input, size_t query)
{
        bool farther = input->farther && input->farther[query];

        return (input->outcomes[query] == OUTCOME_FAIL ? WRONG_FAILS : 0) |
                (farther ? WRONG_FARTHER : 0);
}

void investigation_settled(struct investigation *r, const struct attribution_input *input)
{
        for (size_t i = 0; i < input->set->count; i++)
                if (input->outcomes[i] != OUTCOME_UNMEASURED)
                        r->known[i] &= (uint8_t)wrong_with(input, i);
}

/* Whether something is wrong that was not looked into since it is, whatever became of the rest: one
 * query that recovers hides no other one. */
static bool is_worse(struct investigation *r, const struct attribution_input *input)
{
        bool worse = false;

        investigation_settled(r, input);
        for (size_t i = 0; i < input->set->count; i++)
                worse |= input->outcomes[i] != OUTCOME_UNMEASURED &&
                        (wrong_with(input, i) & ~(unsigned)r->known[i]) != 0;
        return worse;
}

static void note_known(struct investigation *r, const struct attribution_input *input)
{
        for (size_t i = 0; i < input->set->count; i++)
                r->known[i] |= (uint8_t)wrong_with(input, i);
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

/* Takes in what the replay saw: whether the cause is to be judged anew, and whether the collection
 * may be asked for it now. */
static bool is_to_be_judged(struct investigation *r, const struct attribution_input *input,
        const struct drift_view *drift, usec_t now, bool *ret_due)
{
        size_t failing = count_failing(input);
        bool worse = is_worse(r, input) || (drift->set_shifted && !r->shifted);
        bool written = r->provisional || input->ingested || input->ingesting;
        bool over = (written && !input->ingesting) || (failing == 0 && r->failing > 0);
        bool changed = !r->considered || drift->changed || input->ingested || worse || over ||
                failing < r->failing;
        bool due = worse || over || (input->ingested && input->young) || r->asked == 0 ||
                now >= r->asked + INVESTIGATION_INTERVAL;

        r->provisional = written;
        r->failing = failing;
        r->shifted = drift->set_shifted;
        *ret_due = due;
        return changed || ((r->owed || r->unfinished) && due);
}

/* The suspects of the answers as they are, which are looked up now where that is due. */
static int compare(struct investigation *r, const struct attribution_input *input, bool due)
{
        struct suspects suspects = {0};
        int code = attribution_compare(input, &r->compared, &suspects);

        if (code < 0)
                return code;
        suspects_done(&r->suspects);
        r->suspects = suspects;
        r->considered = true;
        r->unfinished = false;
        r->owed = suspects_any(&suspects) && !due;
        if (!r->owed)
                r->provisional = input->ingesting;
        note_known(r, input);
        return 0;
}

int investigation_consider(struct investigation *r, const struct attribution_input *input,
        const struct drift_view *drift, bool news, usec_t now, const struct conclusion *ret,
        bool *ret_ask)
{
        bool due = false;
        int code;

        *ret_ask = false;
        if (r->asking)
                r->news |= news;
        if (r->asking || (news && !r->considered))
                return 0;
        if (news)
                return take_news(r, input, ret);
        if (!r->known)
                r->known = calloc(input->set->count + 1, sizeof(*r->known));
        if (!r->known)
                return -ENOMEM;
        if (!is_to_be_judged(r, input, drift, now, &due))
                return 0;
        code = compare(r, input, due);
        if (code < 0)
                return code;
        if (!suspects_any(&r->suspects))
                return decide(r, input, ret);
        r->asking = *ret_ask = due;
        if (due)
                r->asked = now;
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

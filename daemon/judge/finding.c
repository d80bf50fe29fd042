/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/finding.h"

#include <errno.h>
#include <math.h>

#include "judge/ingest.h"
#include "judge/kinds.h"
#include "judge/precedence.h"
#include "judge/sentence.h"
#include "judge/topic.h"

void finding_policy_init(struct finding_policy *p)
{
        *p = (struct finding_policy){.embedder_counts = true};
        for (size_t i = 0; i < RULE_COUNT; i++)
                p->limits[i] = NAN;
}

/* Of which kinds people are told in the middle of an ingest, too: it sets none of them right. */
#define AT_ONCE \
        (FINDING_BIT(FINDING_REPLAY_FAILED) | FINDING_BIT(FINDING_CONFIGURATION) | \
                FINDING_BIT(FINDING_EMBEDDER_CHANGED) | \
                FINDING_BIT(FINDING_EMBEDDER_UNREACHABLE) | FINDING_BIT(FINDING_REBUILT) | \
                FINDING_BIT(FINDING_BASELINE_UNREADABLE) | FINDING_BIT(FINDING_NOT_COMPARED) | \
                FINDING_BIT(FINDING_REKEYED))

/* That others got no answer says nothing of a query that got one: its cause is what it was. */
static enum cause cause_of(const struct subject *s, const struct finding *earlier)
{
        enum cause label = s->c->attribution.cause;

        if (!s->state)
                return label;
        if (s->state->cause != CAUSE_UNKNOWN)
                return s->state->cause;
        if (label == CAUSE_TRANSPORT)
                return earlier ? earlier->cause : CAUSE_UNKNOWN;
        return label;
}

static bool is_probed(enum finding_kind kind)
{
        return kind == FINDING_INDEX_INCOMPLETE || kind == FINDING_RECALL_LOW;
}

/* A probe may be first to see what a deletion leaves of an index: a replay tells what it is. */
static bool awaits_replay(const struct subject *s, const struct finding *f)
{
        return is_probed(f->kind) && s->c->last_started < f->since && f->since <= f->seen;
}

/* An ingest is given its time once: a finding that spoke is not silenced by the next one. Nor is
 * one told before it is known whether the records that are missing are there. */
static bool waits(const struct subject *s, const struct finding *f, const struct finding *earlier)
{
        if ((AT_ONCE & FINDING_BIT(f->kind)) || (earlier && !earlier->waiting))
                return false;
        return s->c->looking_up || awaits_replay(s, f) ||
                ingest_excuses(s->c, f->since, s->policy->grace);
}

/* What explained it before is no finding any more; what explains comes first. */
static bool outlives(const struct subject *s, const struct findings *now, const struct finding *f)
{
        const struct finding *by = &s->before->findings[f->explained];

        return !findings_find(now, by->kind, by->query);
}

/* Whether a replay looked again since what explained it was over: a probe may be first to see a
 * repair. */
static bool replayed_again(
        const struct subject *s, const struct findings *now, const struct finding *earlier)
{
        if (earlier->explained != SIZE_MAX)
                return s->c->last_finished > earlier->seen || !outlives(s, now, earlier);
        return s->c->last_started >= earlier->fading;
}

/* A consequence outlives what explained it: until a replay asks again, by the replays that it takes
 * to confirm that it is over, or until the ingest that repairs the collection is through. Since
 * when it has; 0 for a finding that stands by itself. */
static usec_t fades(const struct subject *s, const struct findings *now, const struct finding *f,
        const struct finding *earlier)
{
        bool consequence = earlier && earlier->explained != SIZE_MAX;
        usec_t since;

        if (!consequence && (!earlier || earlier->fading == 0))
                return 0;
        since = consequence ? f->seen : earlier->fading;
        if (kinds[f->kind].shows && !kinds[f->kind].shows(s, since))
                return since;
        if (!replayed_again(s, now, earlier) &&
                !(is_probed(f->kind) && kinds_probed_since(s, since)))
                return since;
        return ingest_excuses(s->c, since, s->policy->grace) ? since : 0;
}

/* Nobody could look: it is as it was, but what is known of the query may have changed. A
 * consequence is no news when what explained it is over before anybody could look again. */
static int keep(struct findings *ret, const struct finding *earlier, bool excused, usec_t now)
{
        struct finding f = *earlier;

        f.excused = excused;
        if (f.explained != SIZE_MAX)
                f.fading = now;
        return findings_add(ret, &f);
}

/* Appends the finding of this kind if there is one now, or still is as far as anybody knows. */
static int judge_kind(struct findings *ret, struct subject *s, enum finding_kind kind,
        const struct finding *earlier, usec_t now)
{
        struct finding f = {.kind = kind,
                .query = s->query,
                .since = earlier ? earlier->since : now,
                .seen = now,
                .effect = finding_types[kind].effect,
                .excused = s->state && s->state->excused,
                .explained = SIZE_MAX,
                .cause = cause_of(s, earlier),
                .value = NAN,
                .before = NAN};
        int r;

        if (kinds[kind].known && !kinds[kind].known(s))
                return earlier ? keep(ret, earlier, f.excused, now) : 0;
        s->limit = f.limit = kinds_limit(s->c, s->policy, finding_types[kind].rule);
        if (!kinds[kind].holds(s, &f))
                return 0;
        f.waiting = waits(s, &f, earlier);
        f.fading = fades(s, ret, &f, earlier);
        r = sentence_build(s->c, &f, &f.sentence);
        if (r >= 0)
                r = findings_add(ret, &f);
        free(f.sentence);
        return r;
}

/* The finding of this kind and query among those before, of which `*next` is the first that was not
 * passed yet: both are in the same order. */
static const struct finding *earlier_one(
        const struct findings *before, size_t *next, enum finding_kind kind, size_t query)
{
        while (before && *next < before->count) {
                const struct finding *f = &before->findings[*next];

                if (f->kind > kind || (f->kind == kind && f->query > query))
                        return NULL;
                ++*next;
                if (f->kind == kind && f->query == query)
                        return f;
        }
        return NULL;
}

static int judge_all(const struct collection_view *c, const struct finding_policy *policy,
        const struct findings *before, usec_t now, struct findings *ret)
{
        struct subject s = {.c = c, .policy = policy, .before = before};
        size_t next = 0;
        int r = topics_lost(c, FINDING_LOST, &s.lost);

        for (enum finding_kind k = 0; k < FINDING_COUNT && r >= 0; k++) {
                bool of_query = finding_types[k].of_query;
                size_t count = of_query ? c->query_set->count : 1;

                for (size_t i = 0; i < count && r >= 0; i++) {
                        s.query = of_query ? i : FINDING_COLLECTION;
                        s.state = of_query ? &c->queries[i] : NULL;
                        r = judge_kind(ret, &s, k, earlier_one(before, &next, k, s.query), now);
                }
        }
        return r < 0 ? r : precedence_explain(c->query_set, ret);
}

static int set_reason(struct judgement *j, const char *sentence)
{
        char *reason;
        int r = strdup_to(&reason, sentence);

        if (r < 0)
                return r;
        free(j->reason);
        j->reason = reason;
        return 0;
}

/* A query that meets its expectation, but has a finding, has drifted. What no finding says any more
 * is taken back. */
int findings_apply(struct collection_view *c)
{
        const struct findings *f = c->findings;
        int r = 0;

        for (size_t i = 0; i < c->query_set->count && r >= 0; i++) {
                struct judgement *j = &c->queries[i].judgement;

                if (j->outcome == OUTCOME_DRIFT && j->expected != OUTCOME_DRIFT)
                        r = set_reason(j, NULL);
                j->outcome = j->expected;
        }
        for (size_t i = 0; f && i < f->count && r >= 0; i++) {
                const struct finding *one = &f->findings[i];
                struct judgement *j =
                        one->query == FINDING_COLLECTION ? NULL : &c->queries[one->query].judgement;

                if (!j || (j->outcome != OUTCOME_PASS && j->outcome != OUTCOME_UNJUDGED))
                        continue;
                j->outcome = OUTCOME_DRIFT;
                r = set_reason(j, one->sentence);
        }
        return r;
}

int findings_judge(struct collection_view *c, const struct finding_policy *policy,
        const struct findings *before, usec_t now)
{
        _cleanup_(findings_unrefp) struct findings *f = findings_new();
        int r = f ? 0 : -ENOMEM;

        if (r >= 0 && c->replayed)
                r = judge_all(c, policy, before, now, f);
        if (r < 0)
                return r;
        findings_unref(c->findings);
        c->findings = take_ptr(f);
        return findings_apply(c);
}

bool finding_told(const struct finding *f)
{
        return !f->waiting && !f->excused && f->explained == SIZE_MAX && f->fading == 0;
}

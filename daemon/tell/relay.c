/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/relay.h"

#include <errno.h>

void relay_done(struct relay *r)
{
        ledger_done(&r->told);
        news_done(&r->kept);
}

void relay_hush(struct relay *r)
{
        r->silent = true;
}

/* Whether the other told people of one of its alerts that go on, or have ended. */
static bool was_told(const struct relay *r, const struct notice *notice)
{
        for (size_t i = 0; i < notice->count; i++)
                if (ledger_has(&r->told, notice->alerts[i].fingerprint))
                        return true;
        return false;
}

static bool were_all_told(const struct relay *r, const struct notice *notice)
{
        for (size_t i = 0; i < notice->count; i++)
                if (!ledger_has(&r->told, notice->alerts[i].fingerprint))
                        return false;
        return true;
}

/* Frees the kept ends that somebody no longer waits for. */
static void prune(struct relay *r, bool (*waits)(const struct relay *r, const struct notice *n))
{
        size_t count = 0;

        for (size_t i = 0; i < r->kept.count; i++)
                if (waits(r, &r->kept.notices[i]))
                        r->kept.notices[count++] = r->kept.notices[i];
                else
                        notice_done(&r->kept.notices[i]);
        r->kept.count = count;
}

void relay_learn(struct relay *r, struct ledger *told)
{
        ledger_done(&r->told);
        r->told = *told;
        *told = (struct ledger){0};
        prune(r, was_told);
}

int relay_take_over(struct relay *r, struct notices *notices, const struct alert *const *alerts,
        size_t count, usec_t now, struct news *ret)
{
        prune(r, was_told);
        *ret = r->kept;
        r->kept = (struct news){0};
        r->silent = false;
        r->patient_until = now + RELAY_PATIENCE;
        return notices_align(notices, alerts, count, &r->told, now);
}

/* What is opened again has no end any more. */
static void forget_end(struct relay *r, const char *incident)
{
        for (size_t i = 0; i < r->kept.count; i++)
                if (streq(r->kept.notices[i].incident, incident)) {
                        notice_done(&r->kept.notices[i]);
                        r->kept.notices[i] = r->kept.notices[--r->kept.count];
                        return;
                }
}

/* Takes the notice. */
static int keep(struct relay *r, struct notice *notice)
{
        struct notice *grown;

        forget_end(r, notice->incident);
        if (notice->kind == NOTICE_CLOSED) {
                grown = reallocarray(r->kept.notices, r->kept.count + 1, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                r->kept.notices = grown;
                grown[r->kept.count++] = *notice;
        } else
                notice_done(notice);
        return 0;
}

/* An end that is told, or kept, takes what was told of it with it. */
static void forget_told(struct relay *r, const struct notice *notice)
{
        size_t count = 0;

        for (size_t i = 0; i < r->told.count; i++) {
                bool gone = false;

                for (size_t k = 0; k < notice->count && !gone; k++)
                        gone = r->told.told[i] == notice->alerts[k].fingerprint;
                if (!gone)
                        r->told.told[count++] = r->told.told[i];
        }
        r->told.count = count;
}

static bool opens_what_was_told(const struct relay *r, const struct notice *notice, usec_t now)
{
        return notice->kind == NOTICE_OPENED && now < r->patient_until && r->told.count > 0 &&
                were_all_told(r, notice);
}

int relay_pass(struct relay *r, struct news *news, usec_t now)
{
        size_t passed = 0;
        int result = 0, k;

        for (size_t i = 0; i < news->count; i++) {
                struct notice *notice = &news->notices[i];

                if (r->silent) {
                        k = keep(r, notice);
                        result = MIN(result, k);
                        if (k >= 0)
                                continue;
                } else if (opens_what_was_told(r, notice, now)) {
                        forget_told(r, notice);
                        notice_done(notice);
                        continue;
                }
                if (!r->silent)
                        forget_told(r, notice);
                news->notices[passed++] = *notice;
        }
        news->count = passed;
        return result;
}

int relay_told(const struct relay *r, usec_t now, struct ledger *l)
{
        return now < r->patient_until ? ledger_add(l, &r->told) : 0;
}

void relay_jump(struct relay *r, int64_t by)
{
        time_jump(&r->patient_until, by);
        for (size_t i = 0; i < r->kept.count; i++) {
                time_jump(&r->kept.notices[i].since, by);
                for (size_t k = 0; k < r->kept.notices[i].count; k++)
                        alert_jump(&r->kept.notices[i].alerts[k], by);
        }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/sieve.h"

#include "macro.h"

static bool next(struct sieve *p)
{
        p->first += p->count;
        p->count = MIN(2 * p->count, p->total - p->first);
        return p->count > 0;
}

bool sieve_refused(struct sieve *p, size_t total, const char *reason)
{
        if (p->total == 0)
                p->total = p->count = total;
        p->refusals++;
        if (p->count < 2 || p->refusals > SIEVE_REFUSALS_MAX)
                p->reason = reason;
        if (total < 2 || p->refusals > SIEVE_REFUSALS_MAX)
                return false;
        if (p->count < 2)
                return next(p);
        p->count /= 2;
        return true;
}

bool sieve_delivered(struct sieve *p)
{
        p->refusals = 0;
        return p->total > 0 && next(p);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/progress.h"

#include <stdio.h>

#include "clock.h"
#include "commands/say.h"

/* What takes less is not worth a line; and eyes see no more of them. */
#define PATIENCE USEC_PER_SEC
#define PACE (200 * USEC_PER_MSEC)

void progress_begin(struct progress *p, const char *what, const char *unit)
{
        *p = (struct progress){.what = what, .unit = unit, .begun = clock_usec(CLOCK_MONOTONIC)};
}

void progress_estimate(uint64_t done, uint64_t total, usec_t elapsed, char *ret, size_t size)
{
        double seconds = (double)elapsed / (double)USEC_PER_SEC;

        if (done == 0 || done > total)
                (void)snprintf(ret, size, "%.0fs so far", seconds);
        else
                (void)snprintf(ret, size, "about %.0fs left",
                        seconds * (double)(total - done) / (double)done);
}

void progress_note(struct progress *p, uint64_t done, uint64_t total)
{
        usec_t now = clock_usec(CLOCK_MONOTONIC);
        char estimate[64];

        if (now < p->begun + PATIENCE || (p->shown > 0 && now < p->shown + PACE))
                return;
        p->shown = now;
        progress_estimate(done, total, now - p->begun, estimate, sizeof(estimate));
        complain_over("%s %llu of %llu %s, %s", p->what, (unsigned long long)done,
                (unsigned long long)total, p->unit, estimate);
}

void progress_end(struct progress *p)
{
        if (p->shown > 0)
                complain_over("%s", "");
        p->shown = 0;
}

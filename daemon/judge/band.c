/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/band.h"

#include <math.h>

void band_state_init(struct band_state *s)
{
        *s = (struct band_state){.confirmed = -1, .home = -1, .home_distance = NAN};
}

/* The band a sample speaks for: moving away from `from` needs the margin beyond each border it
 * passes. */
static signed char candidate(const struct bands *bands, float distance, int from)
{
        const float margin = band_hysteresis(bands);
        int b = bands_index(bands, distance);

        if (from < 0)
                return (signed char)b;
        while (b > from && distance < bands->bands[b - 1].below + margin)
                b--;
        while (b < from && distance >= bands->bands[b].below - margin)
                b++;
        return (signed char)b;
}

static void sort_samples(signed char *samples, unsigned count)
{
        for (unsigned i = 1; i < count; i++)
                for (unsigned j = i; j > 0 && samples[j] < samples[j - 1]; j--) {
                        signed char swap = samples[j];

                        samples[j] = samples[j - 1];
                        samples[j - 1] = swap;
                }
}

static void push(struct band_state *s, signed char sample)
{
        if (s->samples == BAND_WINDOW)
                memmove(s->recent, s->recent + 1, BAND_WINDOW - 1);
        else
                s->samples++;
        s->recent[s->samples - 1] = sample;
}

/* Sorted, the samples BAND_NEEDED from either end are the furthest bands at or beyond which that
 * many lie. */
static signed char confirm(const struct band_state *s)
{
        signed char sorted[BAND_WINDOW];

        if (s->samples < BAND_NEEDED)
                return s->confirmed;
        memcpy(sorted, s->recent, s->samples);
        sort_samples(sorted, s->samples);
        if (s->confirmed < 0) {
                /* Agreement, or - for a distance born at a border - the middle of a full window. */
                bool agreed = sorted[0] == sorted[s->samples - 1];

                return agreed || s->samples == BAND_WINDOW ? sorted[s->samples / 2]
                                                           : (signed char)-1;
        }
        if (sorted[s->samples - BAND_NEEDED] > s->confirmed)
                return sorted[s->samples - BAND_NEEDED];
        if (sorted[BAND_NEEDED - 1] < s->confirmed)
                return sorted[BAND_NEEDED - 1];
        return s->confirmed;
}

void band_state_update(struct band_state *s, const struct bands *bands, float distance)
{
        signed char sample = candidate(bands, distance, s->confirmed);

        push(s, sample);
        s->confirmed = confirm(s);
        if (s->home < 0)
                s->home = s->confirmed;
        if (s->home >= 0 && s->confirmed == s->home && sample == s->home)
                s->home_distance = distance;
}

bool band_state_crossed(const struct band_state *s)
{
        return s->home >= 0 && s->confirmed > s->home;
}

void band_state_restore(struct band_state *s, int home, float home_distance)
{
        band_state_init(s);
        s->home = (signed char)home;
        s->home_distance = home_distance;
}

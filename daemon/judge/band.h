/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* In which band a query *is*: a border counts as passed only BAND_HYSTERESIS beyond it, and a move
 * is confirmed when 4 of the last 5 valid samples agree that it went at least so far. So a distance
 * that flaps at a border stays where it was. Home is the first confirmed band; a crossing is a
 * confirmed band worse than home. Samples that were not measured are simply not given to this
 * module. */

#include <stdbool.h>

#include "model/bands.h"

/* Distances nearer to a border than this have not crossed it; squared L2, half of it for cosine. */
#define BAND_HYSTERESIS 0.01f
#define BAND_WINDOW 5
#define BAND_NEEDED 4

struct band_state {
        signed char recent[BAND_WINDOW]; /* candidate bands of the last samples, newest last */
        unsigned char samples; /* how many of them are valid */
        signed char confirmed; /* -1 until confirmed */
        signed char home; /* -1 until confirmed or restored */
        float home_distance; /* last distance whose candidate was home while there; NaN */
};

/* That of these bands. */
static inline float band_hysteresis(const struct bands *b)
{
        return b->unit > 0 ? BAND_HYSTERESIS * b->unit : BAND_HYSTERESIS;
}
void band_state_init(struct band_state *s);
/* Takes one valid sample. `distance` is finite. */
void band_state_update(struct band_state *s, const struct bands *bands, float distance);
bool band_state_crossed(const struct band_state *s);
/* Sets a home that was recorded in an earlier life; the confirmed band is measured anew. */
void band_state_restore(struct band_state *s, int home, float home_distance);

/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/common.h"

#include <math.h>

#include "judge/pair.h"
#include "judge/similarity.h"

static double scale(const char *space, double distance)
{
        return space_unit(space) * fmax(1, fabs(distance));
}

static void common_add(struct common *c, const struct pair *p)
{
        for (unsigned i = 0; i < p->before_count && p->now; i++) {
                unsigned rank = pair_rank_now(p, i);
                double x = p->before->distances[i];

                if (rank == p->now_count)
                        continue;
                fit_add(&c->fit, x, p->now->distances[rank]);
                c->changed += attribution_moved(p->space, x, p->now->distances[rank]);
        }
}

struct common common_records(const struct attribution_input *input)
{
        struct common c = {0};
        struct pair p;

        for (size_t i = 0; i < input->set->count; i++)
                if (pair_get(input, i, &p))
                        common_add(&c, &p);
        return c;
}

double common_rms(const struct fit *f)
{
        return f->n < ATTRIBUTION_FIT_PAIRS ? NAN : fit_linear_rms(f);
}

bool common_is_root(const struct fit *f, const char *space)
{
        return f->n >= ATTRIBUTION_FIT_PAIRS &&
                fit_root_rms(f) < ATTRIBUTION_ROOT_RMS * scale(space, f->mean_y);
}

/* Small noise on every vector is affine too, with slope 1: then the fit leaves what it was. */
bool common_is_affine(const struct fit *f, const char *space)
{
        double rms = common_rms(f);

        return rms < ATTRIBUTION_FIT_RMS * scale(space, f->mean_y) &&
                rms <= ATTRIBUTION_FIT_LEAVES * fit_shift_rms(f);
}

double common_scale(const struct fit *f, const char *space)
{
        double s, offset, expected;

        fit_line(f, &s, &offset);
        if (!streq(space, "l2") && !streq(space, "ip"))
                return NAN;
        expected = streq(space, "ip") ? 1 - s : (s - 1) * (s - 1);
        return s > 0 && fabs(offset - expected) <= ATTRIBUTION_SCALE * fmax(1, fabs(expected))
                ? s
                : NAN;
}

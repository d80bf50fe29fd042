/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/fit.h"

#include <math.h>

void fit_add(struct fit *f, double x, double y)
{
        double dx = x - f->mean_x, dy = y - f->mean_y, r = y - sqrt(fmax(x, 0));

        f->n++;
        f->mean_x += dx / (double)f->n;
        f->mean_y += dy / (double)f->n;
        f->xx += dx * (x - f->mean_x);
        f->xy += dx * (y - f->mean_y);
        f->yy += dy * (y - f->mean_y);
        f->shift += (y - x) * (y - x);
        f->root += r * r;
}

static double root_mean(const struct fit *f, double sum)
{
        return f->n > 0 ? sqrt(fmax(sum, 0) / (double)f->n) : NAN;
}

double fit_linear_rms(const struct fit *f)
{
        return root_mean(f, f->xx > 0 ? f->yy - f->xy * f->xy / f->xx : f->yy);
}

double fit_shift_rms(const struct fit *f)
{
        return root_mean(f, f->shift);
}

double fit_root_rms(const struct fit *f)
{
        return root_mean(f, f->root);
}

void fit_line(const struct fit *f, double *ret_slope, double *ret_offset)
{
        *ret_slope = f->xx > 0 ? f->xy / f->xx : NAN;
        *ret_offset = f->mean_y - *ret_slope * f->mean_x;
}

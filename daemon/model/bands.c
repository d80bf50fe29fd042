/* SPDX-License-Identifier: Apache-2.0 */
#include "model/bands.h"

#include <errno.h>
#include <math.h>

#include "model/epoch.h"

int bands_default(const char *space, struct bands *ret)
{
        const float unit = (float)space_unit(space);
        struct band standard[] = {
                {(char *)"excellent", 0.8f * unit},
                {(char *)"good", 1.0f * unit},
                {(char *)"okay", 1.2f * unit},
                {(char *)"poor", INFINITY},
        };

        return bands_copy(&(struct bands){standard, ARRAY_SIZE(standard), unit}, ret);
}

int bands_choose(enum bands_source source, const struct bands *configured,
        const struct bands *approved, const char *space, struct bands *ret)
{
        const struct bands *named = source == BANDS_CONFIGURED ? configured
                : source == BANDS_AUTO && approved->count > 0  ? approved
                                                               : NULL;
        int r = named ? bands_copy(named, ret) : bands_default(space, ret);

        if (r >= 0)
                ret->unit = (float)space_unit(space);
        return r;
}

int bands_copy(const struct bands *from, struct bands *ret)
{
        _cleanup_(bands_done) struct bands copy = {.unit = from->unit};

        copy.bands = calloc(MAX(from->count, 1u), sizeof(*copy.bands));
        if (!copy.bands)
                return -ENOMEM;
        for (; copy.count < from->count; copy.count++) {
                struct band *b = &copy.bands[copy.count];

                b->below = from->bands[copy.count].below;
                if (strdup_to(&b->name, from->bands[copy.count].name) < 0)
                        return -ENOMEM;
        }
        *ret = copy;
        copy = (struct bands){0};
        return 0;
}

void bands_done(struct bands *b)
{
        for (size_t i = 0; i < b->count; i++)
                free(b->bands[i].name);
        free(b->bands);
        *b = (struct bands){0};
}

int bands_index(const struct bands *b, float distance)
{
        if (isnan(distance) || b->count == 0)
                return -1;
        for (size_t i = 0; i + 1 < b->count; i++)
                if (distance < b->bands[i].below)
                        return (int)i;
        return (int)b->count - 1;
}

int bands_find(const struct bands *b, const char *name)
{
        for (size_t i = 0; name && i < b->count; i++)
                if (streq(b->bands[i].name, name))
                        return (int)i;
        return -1;
}

const char *bands_name(const struct bands *b, int index)
{
        return index >= 0 && (size_t)index < b->count ? b->bands[index].name : NULL;
}

static float unit_of(const struct bands *b)
{
        return b->unit > 0 ? b->unit : 1;
}

bool bands_equal(const struct bands *a, const struct bands *b)
{
        if (a->count != b->count || unit_of(a) != unit_of(b))
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (!streq(a->bands[i].name, b->bands[i].name) ||
                        (i + 1 < a->count && a->bands[i].below != b->bands[i].below))
                        return false;
        return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "config/borders.h"

#include <errno.h>
#include <math.h>

static void check_bands(const struct schema_reader *reader, const struct schema_list *list)
{
        const struct band_keys *bands = list->items;
        const struct band_keys *last = &bands[list->count - 1];

        if (!isnan(last->below))
                schema_error(reader, &last->place, "below", NULL,
                        "the last band has no upper bound; leave it out or add a band after it");
        for (size_t i = 0; i + 1 < list->count; i++) {
                if (isnan(bands[i].below) && !yaml_get(bands[i].place.node, "below"))
                        schema_error(reader, &bands[i].place, "below", NULL,
                                "is required in every band but the last");
                /* As floats, because that is what distances are compared with. */
                else if (i > 0 && (float)bands[i].below <= (float)bands[i - 1].below)
                        schema_error(reader, &bands[i].place, "below", NULL,
                                "must be greater than that of the band before, %.9g",
                                bands[i - 1].below);
        }
}

int borders_build(const struct schema_reader *reader, const struct collection_keys *keys,
        enum bands_source *ret_source, struct bands *ret)
{
        const struct schema_list *list = &keys->bands;
        const struct band_keys *bands = list->items;
        int r;

        if (list->count == 0) {
                const struct yaml_node *node = yaml_get(keys->place.node, "bands");

                if (node && node->kind == YAML_SEQUENCE && node->count == 0)
                        schema_error(reader, &keys->place, "bands", NULL,
                                "is empty; leave it out for the default bands");
                *ret_source = node && node->kind == YAML_SCALAR && !yaml_is_null(node)
                        ? BANDS_AUTO
                        : BANDS_OF_SPACE;
                return bands_default(NULL, ret);
        }
        *ret_source = BANDS_CONFIGURED;
        r = schema_unique(reader, list, sizeof(*bands), "name", offsetof(struct band_keys, name));
        check_bands(reader, list);
        ret->bands = calloc(list->count, sizeof(*ret->bands));
        if (!ret->bands)
                return -ENOMEM;
        for (; r == 0 && ret->count < list->count; ret->count++) {
                double below = bands[ret->count].below;

                ret->bands[ret->count].below = isnan(below) ? INFINITY : (float)below;
                r = strdup_to(&ret->bands[ret->count].name, bands[ret->count].name);
        }
        return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/homes.h"

#include <errno.h>
#include <math.h>

#include "hash.h"
#include "json.h"
#include "keep/item.h"

/* Key: the collection's label. {QUERY: {"band": NAME, "distance": NUMBER or null}} */
static const struct state_kind kind = {.name = "homes"};

uint64_t homes_signature(const struct collection_view *c)
{
        uint64_t hash = hash_text(HASH_INIT, c->label);

        for (size_t k = 0; k < c->query_set->count; k++) {
                hash = hash_text(hash, c->query_set->queries[k].id);
                hash = hash_text(hash, bands_name(&c->bands, c->queries[k].judgement.home_band));
        }
        return hash;
}

int homes_put(struct state *s, const struct collection_view *c)
{
        uint64_t signature = homes_signature(c);
        _cleanup_json_ json_t *homes = json_object();
        int r = homes ? 0 : -ENOMEM;

        if (state_has(s, &kind, c->label, signature))
                return 0;
        for (size_t k = 0; k < c->query_set->count && r >= 0; k++) {
                const struct judgement *v = &c->queries[k].judgement;
                const char *band = bands_name(&c->bands, v->home_band);

                if (band)
                        r = json_put(homes, c->query_set->queries[k].id,
                                json_pack("{s:s,s:o}", "band", band, "distance",
                                        json_from_float(v->home_distance)));
        }
        return r < 0 ? r : item_put(s, &kind, c->label, homes, signature);
}

struct taking {
        home_take_t take;
        void *userdata;
};

static int take_home(const char *collection, const char *query, const json_t *home,
        const struct taking *t, struct error *e)
{
        const char *band = json_string_value(json_object_get(home, "band"));
        double distance = NAN;
        int r = json_to_double(json_object_get(home, "distance"), &distance);

        if (!band || r == -EINVAL)
                return error_set(e, -EBADMSG, "\"%s\" has no band, or no distance", query);
        t->take(collection, query, band, (float)distance, t->userdata);
        return 0;
}

static int take_collection(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        _cleanup_json_ json_t *homes = NULL;
        const char *query;
        json_t *home;
        int r = json_parse("it", value, size, &homes, e);

        if (r >= 0 && !json_is_object(homes))
                r = error_set(e, -EBADMSG, "it is not an object");
        if (r < 0)
                return r;
        json_object_foreach (homes, query, home) {
                r = take_home(key, query, home, userdata, e);
                if (r < 0)
                        return r;
        }
        return 0;
}

int homes_restore(
        struct state *s, home_take_t take, void *userdata, size_t *refused, struct error *e)
{
        struct taking t = {take, userdata};

        return state_each(s, &kind, take_collection, &t, refused, e);
}

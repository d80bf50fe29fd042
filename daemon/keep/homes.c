/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/homes.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "hash.h"
#include "json.h"
#include "keep/item.h"
#include "text.h"

/* Key: the collection's label, a newline, the number of the part.
 * {QUERY: {"band": NAME, "distance": NUMBER or null}} */
static const struct state_kind kind = {.name = "homes"};

static uint64_t sign(const struct collection_view *c, size_t from, size_t to)
{
        uint64_t hash = hash_text(HASH_INIT, c->label);

        for (size_t k = from; k < to; k++) {
                hash = hash_text(hash, c->query_set->queries[k].id);
                hash = hash_text(hash, bands_name(&c->bands, c->queries[k].judgement.home_band));
        }
        return hash;
}

uint64_t homes_signature(const struct collection_view *c)
{
        return sign(c, 0, c->query_set->count);
}

static json_t *build(const struct collection_view *c, size_t from, size_t to)
{
        json_t *homes = json_object();

        for (size_t k = from; k < to && homes; k++) {
                const struct judgement *v = &c->queries[k].judgement;
                const char *band = bands_name(&c->bands, v->home_band);

                if (band &&
                        json_put(homes, c->query_set->queries[k].id,
                                json_pack("{s:s,s:o}", "band", band, "distance",
                                        json_from_float(v->home_distance))) < 0) {
                        json_decref(homes);
                        return NULL;
                }
        }
        return homes;
}

static int name_part(const struct collection_view *c, size_t part, struct text *ret)
{
        text_clear(ret);
        text_appendf(ret, "%s\n%zu", c->label, part);
        return text_failed(ret) ? -ENOMEM : 0;
}

/* The query set was larger before. */
static int remove_further(
        struct state *s, const struct collection_view *c, size_t part, struct text *key)
{
        int r;

        while ((r = name_part(c, ++part, key)) >= 0 && state_holds(s, &kind, text_string(key)))
                state_remove(s, &kind, text_string(key));
        return r;
}

int homes_put(struct state *s, const struct collection_view *c, size_t part)
{
        size_t count = c->query_set->count, from = MIN(part * HOMES_PART, count),
               to = MIN(from + HOMES_PART, count);
        uint64_t signature = sign(c, from, to);
        _cleanup_text_ struct text key = {0};
        int r = name_part(c, part, &key);

        if (r >= 0 && !state_has(s, &kind, text_string(&key), signature)) {
                _cleanup_json_ json_t *homes = build(c, from, to);

                r = item_put(s, &kind, text_string(&key), homes, signature);
        }
        if (r < 0 || to < count)
                return r < 0 ? r : 1;
        return remove_further(s, c, part, &key);
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
        _cleanup_free_ char *label = strndup(key, strcspn(key, "\n"));
        const char *query;
        json_t *home;
        int r = label ? json_parse("it", value, size, &homes, e) : -ENOMEM;

        if (r >= 0 && !json_is_object(homes))
                r = error_set(e, -EBADMSG, "it is not an object");
        if (r < 0)
                return r;
        json_object_foreach (homes, query, home) {
                r = take_home(label, query, home, userdata, e);
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

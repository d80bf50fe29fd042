/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/snapshot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "file.h"
#include "hash.h"
#include "json.h"

/* {"version": 1, "homes": {COLLECTION: {QUERY: {"band": NAME, "distance": NUMBER or null}}}} */
#define SNAPSHOT_VERSION 1

uint64_t snapshot_signature(const struct view *view)
{
        uint64_t hash = HASH_INIT;

        for (size_t i = 0; i < view->collection_count; i++) {
                const struct collection_view *c = view->collections[i];

                hash = hash_text(hash, c->label);
                for (size_t k = 0; k < c->query_set->count; k++) {
                        hash = hash_text(hash, c->query_set->queries[k].id);
                        hash = hash_text(
                                hash, bands_name(&c->bands, c->queries[k].judgement.home_band));
                }
        }
        return hash;
}

static int put_homes(json_t *homes, const struct collection_view *c)
{
        json_t *queries = json_object();
        int r = json_put(homes, c->label, queries);

        for (size_t k = 0; k < c->query_set->count && r >= 0; k++) {
                const struct judgement *v = &c->queries[k].judgement;
                const char *band = bands_name(&c->bands, v->home_band);

                if (band)
                        r = json_put(queries, c->query_set->queries[k].id,
                                json_pack("{s:s,s:o}", "band", band, "distance",
                                        json_from_float(v->home_distance)));
        }
        return r;
}

int snapshot_save(const char *path, const struct view *view, struct error *e)
{
        _cleanup_json_ json_t *root = json_pack("{s:i}", "version", SNAPSHOT_VERSION);
        _cleanup_free_ char *text = NULL;
        json_t *homes = json_object();
        size_t size;
        int r = json_put(root, "homes", homes);

        for (size_t i = 0; i < view->collection_count && r >= 0; i++)
                r = put_homes(homes, view->collections[i]);
        if (r >= 0)
                text = json_text(root, JSON_COMPACT, &size);
        if (!text)
                return error_set(e, -ENOMEM, "%s: cannot be written: out of memory", path);
        return file_replace(path, text, size, e);
}

static int each_home(const json_t *homes, snapshot_home_t home, void *userdata)
{
        const char *collection, *query;
        json_t *queries, *entry;

        if (!json_is_object(homes))
                return -EBADMSG;
        json_object_foreach ((json_t *)homes, collection, queries)
                json_object_foreach (queries, query, entry) {
                        const char *band = json_string_value(json_object_get(entry, "band"));
                        double distance = NAN;
                        int r = json_to_double(json_object_get(entry, "distance"), &distance);

                        if (!band || r == -EINVAL)
                                return -EBADMSG;
                        if (home)
                                home(collection, query, band, (float)distance, userdata);
                }
        return 0;
}

/* Puts a file that cannot be used aside, so that the next snapshot does not destroy what somebody
 * may want to look at. */
static int set_aside(const char *path, struct error *e)
{
        _cleanup_free_ char *aside = NULL;

        if (asprintf(&aside, "%s.damaged", path) < 0)
                return error_set(e, -ENOMEM, "%s: is damaged", path);
        if (rename(path, aside) < 0)
                return error_set(e, -EBADMSG, "%s: is damaged and cannot be set aside: %s", path,
                        strerror(errno));
        return error_set(
                e, -EBADMSG, "%s: is damaged or of another version; it is kept as %s", path, aside);
}

int snapshot_load(const char *path, snapshot_home_t home, void *userdata, struct error *e)
{
        _cleanup_free_ char *data = NULL;
        _cleanup_json_ json_t *root = NULL;
        const json_t *homes;
        size_t size;
        int r = file_read(path, SNAPSHOT_FILE_MAX, &data, &size, e);

        if (r < 0)
                return r;
        if (json_parse(path, data, size, &root, NULL) < 0)
                return set_aside(path, e);
        homes = json_object_get(root, "homes");
        if (json_integer_value(json_object_get(root, "version")) != SNAPSHOT_VERSION ||
                each_home(homes, NULL, NULL) < 0)
                return set_aside(path, e);
        return each_home(homes, home, userdata);
}

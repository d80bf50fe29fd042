/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/snapshot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "file.h"
#include "json.h"

/* {"version": 1, "homes": {COLLECTION: {QUERY: {"band": NAME, "distance": NUMBER or null}}}} */
#define SNAPSHOT_VERSION 1

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

/* Puts a file that cannot be used aside, because somebody may want to look at it. */
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
        r = json_parse(path, data, size, &root, NULL);
        if (r == -ENOMEM)
                return error_set(e, r, "%s: cannot be read: out of memory", path);
        if (r < 0)
                return set_aside(path, e);
        homes = json_object_get(root, "homes");
        if (json_integer_value(json_object_get(root, "version")) != SNAPSHOT_VERSION ||
                each_home(homes, NULL, NULL) < 0)
                return set_aside(path, e);
        return each_home(homes, home, userdata);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "config/access.h"

#include <errno.h>

#include "file.h"

bool access_is_roots(const struct stat *st, mode_t others)
{
        mode_t group = others << 3;

        return st->st_uid == 0 && !(st->st_mode & others) &&
                (st->st_gid == 0 || !(st->st_mode & group));
}

static bool names_secret(const struct schema_key *key)
{
        static const char *const names[] = {"secret_file", "routing_key_file", "bot_token_file"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (streq(key->name, names[i]))
                        return true;
        return false;
}

/* The directory on the way to `path` that only root may pass; owned, NULL for none. */
static char *closed_directory(const char *path)
{
        struct stat st;

        for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                _cleanup_free_ char *directory = strndup(path, (size_t)(slash - path));

                if (directory && stat(directory, &st) == 0 && access_is_roots(&st, S_IXOTH))
                        return take_ptr(directory);
        }
        return NULL;
}

static int check_path(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const char *file)
{
        _cleanup_free_ char *path = path_resolve(file, reader->file);
        _cleanup_free_ char *absolute = path ? realpath(path, NULL) : NULL;
        _cleanup_free_ char *directory = absolute ? closed_directory(absolute) : NULL;
        bool secret = names_secret(key);
        struct stat st;

        if (!path)
                return -ENOMEM;
        if (!absolute || stat(absolute, &st) < 0)
                return 0;
        if (!directory && !access_is_roots(&st, S_IROTH))
                return 0;
        schema_error(reader, place, key->name, NULL,
                "only root can %s %s, and the unit runs as a user of its own (DynamicUser=): that "
                "user must be able to read the file%s",
                directory ? "enter" : "read", directory ? directory : absolute,
                secret ? ", or name it in LoadCredential= of the unit and here by credential:"
                       : "");
        return 0;
}

/* Walks the structures that `schema` describes; every key that is a path names a file. */
static int check_structure(
        const struct schema_reader *reader, const struct schema *schema, const void *structure)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < schema->count; i++) {
                const struct schema_key *key = &schema->keys[i];
                const void *value = (const char *)structure + key->offset;
                const struct schema_list *list = value;

                if (key->type == SCHEMA_OBJECT)
                        r = check_structure(reader, key->object, value);
                else if (key->type == SCHEMA_OBJECTS || key->type == SCHEMA_NAMED)
                        for (size_t k = 0; r == 0 && k < list->count; k++)
                                r = check_structure(reader, key->object,
                                        (const char *)list->items + k * key->object->size);
                else if (streq(key->kind, "path") && *(const char *const *)value)
                        r = check_path(reader, structure, key, *(const char *const *)value);
        }
        return r;
}

int access_check(const struct schema_reader *reader, const struct config_keys *keys)
{
        _cleanup_free_ char *file = realpath(reader->file, NULL);
        _cleanup_free_ char *directory = file ? closed_directory(file) : NULL;

        /* Below such a directory, as in root's home, nothing is a unit's. */
        if (directory)
                return 0;
        return check_structure(reader, &config_schema, keys);
}

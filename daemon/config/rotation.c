/* SPDX-License-Identifier: Apache-2.0 */
#include "config/rotation.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "file.h"

/* Named in one line; who has more of them knows it. */
#define UNSEEN_NAMED_MAX 20

/* Where the documentation puts sources, beside the configuration file, and where systemd looks for
 * one without a path (systemd.exec(5)). */
static const char *const places[] = {"secrets", "/etc/credstore", "/run/credstore",
        "/etc/credstore.encrypted", "/run/credstore.encrypted"};

const char *rotation_directory(void)
{
        const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");

        return directory && strncmp(directory, "/run/", strlen("/run/")) == 0 &&
                        strstr(directory, "/credentials/")
                ? directory
                : NULL;
}

/* Its path below the directory; NULL for no credential. */
static const char *credential_name(const struct secret *secret, const char *directory)
{
        size_t length = strlen(directory);
        const char *path = secret ? secret_path(secret) : "";

        return strncmp(path, directory, length) == 0 && path[length] == '/' ? path + length + 1
                                                                            : NULL;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The `i`-th of `peers` peers' secrets, their proxies' and the channels' keys. */
static const struct secret *find_secret(const struct config *config, size_t peers, size_t i)
{
        if (i < peers)
                return config_peer(config, i)->secret;
        i -= peers;
        return i < peers ? config_peer(config, i)->proxy_secret
                         : config_channel(config, i - peers)->settings.key;
}

/* Sorted, each of them once; the array is the caller's. */
static int find_names(
        const struct config *config, const char *directory, const char ***ret, size_t *ret_count)
{
        size_t peers = 0, channels = 0, count = 0, unique = 0;
        const char **names;

        while (config_peer(config, peers))
                peers++;
        while (config_channel(config, channels))
                channels++;
        names = calloc(2 * peers + channels + 1, sizeof(*names));
        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < 2 * peers + channels; i++) {
                names[count] = credential_name(find_secret(config, peers, i), directory);
                count += names[count] != NULL;
        }
        qsort(names, count, sizeof(*names), compare_names);
        for (size_t i = 0; i < count; i++)
                if (unique == 0 || !streq(names[unique - 1], names[i]))
                        names[unique++] = names[i];
        *ret = names;
        *ret_count = unique;
        return 0;
}

/* The file that a copy was made of; owned. NULL when none of the places shows it. */
static char *find_source(const struct config *config, const char *name, struct stat *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                _cleanup_free_ char *file = NULL, *path = NULL;

                if (asprintf(&file, "%s/%s", places[i], name) < 0)
                        return NULL;
                path = path_resolve(file, config->path);
                if (path && stat(path, ret) == 0)
                        return take_ptr(path);
        }
        return NULL;
}

/* By the change time: a source is usually written aside and then renamed. */
static usec_t changed(const struct stat *st)
{
        return (usec_t)st->st_ctim.tv_sec * USEC_PER_SEC + (usec_t)st->st_ctim.tv_nsec / 1000;
}

static void look_at(const struct config *config, const char *name, const struct stat *copy,
        usec_t started, struct rotation *r)
{
        struct stat st;
        _cleanup_free_ char *source = find_source(config, name, &st);

        if (!source && changed(copy) <= started) {
                if (r->unseen_count++ < UNSEEN_NAMED_MAX)
                        text_appendf(&r->unseen, "%s%s", r->unseen.size > 0 ? ", " : "", name);
        } else if (source && changed(&st) > changed(copy))
                errors_add(&r->newer,
                        "credential %s: %s has changed since the unit's copy of it was made, and "
                        "the old secret is still sent: restart driftwatch to use the new one",
                        name, source);
}

int rotation_check(
        const struct config *config, const char *directory, usec_t started, struct rotation *ret)
{
        _cleanup_free_ const char **names = NULL;
        size_t count = 0;
        int r = find_names(config, directory, &names, &count);

        for (size_t i = 0; r >= 0 && i < count; i++) {
                _cleanup_free_ char *path = NULL;
                struct stat copy;

                if (asprintf(&path, "%s/%s", directory, names[i]) < 0)
                        return -ENOMEM;
                if (stat(path, &copy) == 0)
                        look_at(config, names[i], &copy, started, ret);
        }
        if (ret->unseen_count > UNSEEN_NAMED_MAX)
                text_appendf(&ret->unseen, " and %zu more", ret->unseen_count - UNSEEN_NAMED_MAX);
        return r;
}

void rotation_done(struct rotation *r)
{
        errors_done(&r->newer);
        text_done(&r->unseen);
}

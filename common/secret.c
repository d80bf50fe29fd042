/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "file.h"

struct secret {
        unsigned references;
        char *path, *value;
        secret_check_t check;
        struct stat seen; /* when it was read last, or could not be; zeroed: never */
        usec_t looked;
        bool failed; /* and that was told */
};

static void value_freep(char **value)
{
        if (*value)
                explicit_bzero(*value, strlen(*value));
        free(*value);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
        return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* The change time too: who was let in by a chmod(1) can read now. */
static bool same_file(const struct stat *a, const struct stat *b)
{
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
                same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

/* The file is looked at before it is read: one that changes in between is read again. */
static int read_value(struct secret *s, struct error *e)
{
        _cleanup_(value_freep) char *value = NULL;
        const char *wrong;
        int r;

        if (stat(s->path, &s->seen) < 0)
                s->seen = (struct stat){0};
        r = file_read_secret(s->path, &value, e);
        if (r < 0)
                return r;
        wrong = s->check(value);
        if (wrong)
                return error_set(e, -EBADMSG, "the secret in %s %s", s->path, wrong);
        value_freep(&s->value);
        s->value = take_ptr(value);
        return 0;
}

int secret_new(const char *path, secret_check_t check, struct secret **ret, struct error *e)
{
        _cleanup_(secret_unrefp) struct secret *s = calloc(1, sizeof(*s));
        int r = s ? strdup_to(&s->path, path) : -ENOMEM;

        if (r < 0)
                return r;
        s->references = 1;
        s->check = check;
        r = read_value(s, e);
        if (r >= 0)
                *ret = take_ptr(s);
        return r;
}

struct secret *secret_ref(struct secret *s)
{
        if (s)
                s->references++;
        return s;
}

struct secret *secret_unref(struct secret *s)
{
        if (!s || --s->references > 0)
                return NULL;
        value_freep(&s->value);
        free(s->path);
        free(s);
        return NULL;
}

int secret_refresh(struct secret *s, usec_t now, struct error *e)
{
        struct stat st = {0};
        bool told = s->failed;
        int r;

        if (s->looked > 0 && now < s->looked + SECRET_LOOK_INTERVAL)
                return 0;
        s->looked = now;
        if (stat(s->path, &st) >= 0 && same_file(&st, &s->seen))
                return 0;
        r = read_value(s, told ? NULL : e);
        s->failed = r < 0;
        return r < 0 ? told ? 0 : r : 1;
}

const char *secret_value(const struct secret *s)
{
        return s->value;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
        return a == b || (a && b && streq(a->path, b->path) && streq(a->value, b->value));
}

const char *secret_path(const struct secret *s)
{
        return s->path;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/baselines.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "hash.h"
#include "keep/baseline_reader.h"
#include "text.h"

/* Versions that are tried, from the newest, for one that can be read: each may be as large as the
 * one that cannot. */
#define VERSIONS_TRIED 3

char *baselines_directory(const char *storage)
{
        _cleanup_text_ struct text t = {0};

        text_appendf(&t, "%s/baselines", storage);
        return text_take(&t, NULL);
}

/* STORAGE/baselines/LABEL.SUFFIX; a label is any text, a file name is not. */
static char *build_path(const char *storage, const char *label, const char *suffix)
{
        _cleanup_text_ struct text t = {0};

        text_appendf(&t, "%s/baselines/", storage);
        for (const unsigned char *p = (const unsigned char *)label; *p; p++)
                if (*p < 0x80 && (isalnum(*p) || strchr("-_", *p)))
                        text_append_bytes(&t, p, 1);
                else
                        text_appendf(&t, "%%%02X", *p);
        text_appendf(&t, ".%s", suffix);
        return text_take(&t, NULL);
}

char *baselines_path(const char *storage, const char *label, enum baseline_kind kind)
{
        return build_path(storage, label, kind == BASELINE_APPROVED ? "json" : "candidate.json");
}

static char *version_path(const char *storage, const char *label, unsigned number)
{
        char suffix[32];

        (void)snprintf(suffix, sizeof(suffix), "%u.json", number);
        return build_path(storage, label, suffix);
}

/* N of LABEL.N.json, when `prefix` is "LABEL."; 0 for another file. */
static unsigned version_of(const char *file, const char *prefix)
{
        size_t length = strlen(prefix);
        unsigned long number;
        char *end;

        if (strncmp(file, prefix, length) != 0 || !isdigit((unsigned char)file[length]))
                return 0;
        number = strtoul(file + length, &end, 10);
        return streq(end, ".json") && number < INT32_MAX ? (unsigned)number : 0;
}

static void closedirp(DIR **directory)
{
        if (*directory)
                (void)closedir(*directory);
}

static int compare_numbers(const void *a, const void *b)
{
        const unsigned *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

int baselines_versions(
        const char *storage, const char *label, unsigned **ret, size_t *ret_count, struct error *e)
{
        _cleanup_free_ char *path = baselines_directory(storage);
        _cleanup_free_ char *prefix = build_path(storage, label, "");
        _cleanup_(closedirp) DIR *directory = NULL;
        _cleanup_free_ unsigned *numbers = NULL;
        const struct dirent *entry;
        size_t count = 0;

        if (!path || !prefix)
                return error_set(e, -ENOMEM, "%s: out of memory", label);
        directory = opendir(path);
        if (!directory && errno != ENOENT)
                return error_set(e, -errno, "%s: cannot be read: %s", path, strerror(errno));
        while (directory && (errno = 0, entry = readdir(directory))) {
                unsigned number = version_of(entry->d_name, strrchr(prefix, '/') + 1), *grown;

                if (number == 0)
                        continue;
                grown = reallocarray(numbers, count + 1, sizeof(*numbers));
                if (!grown)
                        return error_set(e, -ENOMEM, "%s: out of memory", label);
                numbers = grown;
                numbers[count++] = number;
        }
        if (directory && errno != 0)
                return error_set(e, -errno, "%s: cannot be read: %s", path, strerror(errno));
        if (count > 0)
                qsort(numbers, count, sizeof(*numbers), compare_numbers);
        *ret = take_ptr(numbers);
        *ret_count = count;
        return 0;
}

int baselines_next(const char *storage, const char *label, unsigned *ret, struct error *e)
{
        _cleanup_free_ unsigned *numbers = NULL;
        size_t count;
        int r = baselines_versions(storage, label, &numbers, &count, e);

        if (r >= 0)
                *ret = count > 0 ? numbers[count - 1] + 1 : 1;
        return r;
}

static int check_label(
        const char *path, const struct baseline *b, const char *label, struct error *e)
{
        if (streq(b->collection, label))
                return 0;
        return error_set(e, -EBADMSG, "%s: is a baseline of collection \"%s\", not of \"%s\"", path,
                b->collection, label);
}

static int check_approved(const char *path, const struct baseline *b, struct error *e)
{
        if (b->approved > 0)
                return 0;
        return error_set(e, -EBADMSG,
                "%s: was never approved; candidates become a baseline by driftwatch baseline "
                "approve only",
                path);
}

static int feed(const char *data, size_t size, void *userdata)
{
        return baseline_reader_feed(userdata, data, size);
}

static int read_file(
        const char *path, struct vector_set *known, struct baseline **ret, struct error *e)
{
        _cleanup_(baseline_reader_freep) struct baseline_reader *reader =
                path ? baseline_reader_new(path, known) : NULL;
        _cleanup_error_ struct error reading = {0};
        int r = reader ? file_feed(path, BASELINE_FILE_MAX, feed, reader, &reading) : -ENOMEM;

        if (r < 0 && (!reader || reading.message))
                return error_set(e, r, "%s", error_text(&reading, r));
        return baseline_reader_end(reader, ret, e);
}

/* The newest version that can be read; 0 for none. */
static unsigned newest_whole(const char *storage, const char *label)
{
        _cleanup_free_ unsigned *numbers = NULL;
        size_t count = 0;

        if (baselines_versions(storage, label, &numbers, &count, NULL) < 0)
                return 0;
        for (size_t i = 0; i < MIN(count, (size_t)VERSIONS_TRIED); i++) {
                _cleanup_(baseline_unrefp) struct baseline *b = NULL;
                unsigned number = numbers[count - 1 - i];

                if (baselines_load_version(storage, label, number, &b, NULL) >= 0)
                        return number;
        }
        return 0;
}

/* Of an approved one that cannot be read, and what can be done about it. */
static int refuse(
        const char *storage, const char *label, int code, const struct error *why, struct error *e)
{
        unsigned number = newest_whole(storage, label);

        if (number == 0)
                return error_set(e, code, "%s", error_text(why, code));
        return error_set(e, code,
                "%s; driftwatch baseline rollback %u --collection %s goes back to baseline %u, which "
                "can be read",
                error_text(why, code), number, label, number);
}

static int load(const char *storage, const char *label, enum baseline_kind kind,
        struct vector_set *known, struct baseline **ret, struct error *e)
{
        _cleanup_free_ char *path = baselines_path(storage, label, kind);
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        _cleanup_error_ struct error reading = {0};
        int r = read_file(path, known, &b, &reading);

        if (r == -ENOENT || r == -ENOTDIR)
                return error_set(e, -ENOENT,
                        "%s: there is no %s baseline of collection \"%s\"; run driftwatch "
                        "baseline %s",
                        path, kind == BASELINE_APPROVED ? "approved" : "candidate", label,
                        kind == BASELINE_APPROVED ? "propose and approve" : "propose");
        if (r < 0)
                return error_set(e, r, "%s", error_text(&reading, r));
        r = check_label(path, b, label, e);
        if (r >= 0 && kind == BASELINE_APPROVED)
                r = check_approved(path, b, e);
        else if (r >= 0 && b->approved > 0)
                r = error_set(e, -EBADMSG, "%s: is an approved baseline, not a candidate", path);
        if (r >= 0)
                *ret = take_ptr(b);
        return r;
}

int baselines_load(const char *storage, const char *label, enum baseline_kind kind,
        struct vector_set *known, struct baseline **ret, struct error *e)
{
        _cleanup_error_ struct error why = {0};
        int r = load(storage, label, kind, known, ret, &why);

        if (r >= 0)
                return 0;
        if (r == -ENOENT || kind != BASELINE_APPROVED)
                return error_set(e, r, "%s", error_text(&why, r));
        return refuse(storage, label, r, &why, e);
}

int baselines_load_file(
        const char *path, struct vector_set *known, struct baseline **ret, struct error *e)
{
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        int r = read_file(path, known, &b, e);

        if (r >= 0)
                r = check_approved(path, b, e);
        if (r >= 0)
                *ret = take_ptr(b);
        return r;
}

int baselines_load_version(const char *storage, const char *label, unsigned number,
        struct baseline **ret, struct error *e)
{
        _cleanup_free_ char *path = version_path(storage, label, number);
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        _cleanup_error_ struct error reading = {0};
        int r = path ? baselines_load_file(path, NULL, &b, &reading) : -ENOMEM;

        if (r == -ENOENT || r == -ENOTDIR)
                return error_set(e, -ENOENT,
                        "%s: collection \"%s\" has no baseline %u; driftwatch baseline list has "
                        "those that there are",
                        path, label, number);
        if (r < 0)
                return error_set(e, r, "%s", error_text(&reading, r));
        r = check_label(path, b, label, e);
        if (r >= 0)
                *ret = take_ptr(b);
        return r;
}

static int create_directory(const char *storage, struct error *e)
{
        _cleanup_free_ char *directory = baselines_directory(storage);
        struct stat st;

        if (!directory)
                return -ENOMEM;
        if (mkdir(storage, 0750) < 0 && errno != EEXIST)
                return error_set(e, -errno, "%s: cannot be created: %s", storage, strerror(errno));
        if (mkdir(directory, 0750) < 0)
                return errno == EEXIST ? 0
                                       : error_set(e, -errno, "%s: cannot be created: %s",
                                                 directory, strerror(errno));
        /* The daemon is another user than the administrator who proposes. */
        if (geteuid() == 0 &&
                (stat(storage, &st) < 0 || chown(directory, st.st_uid, st.st_gid) < 0))
                return error_set(e, -errno, "%s: cannot be given to the owner of %s: %s", directory,
                        storage, strerror(errno));
        return 0;
}

static int write_file(const char *path, const struct baseline *b, struct error *e)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r = path ? baseline_build(b, &data, &size) : -ENOMEM;

        if (r < 0)
                return error_set(e, r, "the baseline cannot be written: %s", strerror(-r));
        return file_replace(path, data, size, e);
}

int baselines_propose(const char *storage, const struct baseline *candidate, struct error *e)
{
        _cleanup_free_ char *path =
                baselines_path(storage, candidate->collection, BASELINE_CANDIDATE);
        int r = create_directory(storage, e);

        return r < 0 ? r : write_file(path, candidate, e);
}

int baselines_restore(const char *storage, const struct baseline *b, struct error *e)
{
        _cleanup_free_ char *approved = baselines_path(storage, b->collection, BASELINE_APPROVED);
        _cleanup_free_ char *version = version_path(storage, b->collection, b->number);
        int r = approved && version ? create_directory(storage, e) : -ENOMEM;

        if (r >= 0)
                r = write_file(version, b, e);
        return r < 0 ? r : write_file(approved, b, e);
}

int baselines_approve(const char *storage, const struct baseline *b, struct error *e)
{
        _cleanup_free_ char *candidate = baselines_path(storage, b->collection, BASELINE_CANDIDATE);
        /* A crash between the steps leaves the candidate, so that approving again repeats them. */
        int r = candidate ? baselines_restore(storage, b, e) : -ENOMEM;

        if (r < 0)
                return r;
        if (unlink(candidate) < 0 && errno != ENOENT)
                return error_set(e, -errno,
                        "%s: baseline %u is approved, but its candidate cannot be removed: %s",
                        candidate, b->number, strerror(errno));
        return 0;
}

uint64_t baselines_signature(const char *storage, const char *label)
{
        _cleanup_free_ char *path = baselines_path(storage, label, BASELINE_APPROVED);
        struct stat st;
        char text[128];

        if (!path)
                return 0;
        /* The change time too: what was let in by a chmod(1) can be read now. */
        if (stat(path, &st) == 0)
                (void)snprintf(text, sizeof(text), "%ju %jd %jd.%09ld %jd.%09ld",
                        (uintmax_t)st.st_ino, (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
                        st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
        else if (errno == ENOENT || errno == ENOTDIR)
                return 0;
        else
                (void)snprintf(text, sizeof(text), "%d", errno);
        return hash_text(HASH_INIT, text) | 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "file.h"
#include "model/npy.h"
#include "model/vector_json.h"
#include "text.h"

#define MATRIX_SUFFIX ".npy"
#define LIST_SUFFIX ".ids.txt"
#define LIST_FILE_MAX (64U << 20)

/* A file, or a matrix and its list of ids, on the way to the digest of the content, and to who
 * reads it. */
struct passage {
        const char *path;
        struct errors *errors;
        struct digest *digest;
        struct vector_json *json; /* one of both, or neither: then only the digest is wanted */
        struct npy *npy;
        char *ids_path; /* of a matrix */
        char *ids;
        size_t ids_size;
};

static void passage_done(struct passage *p)
{
        digest_free(p->digest);
        vector_json_free(p->json);
        npy_free(p->npy);
        free(p->ids_path);
        free(p->ids);
}

static int pass(const char *data, size_t size, void *userdata)
{
        const struct passage *p = userdata;

        digest_add(p->digest, data, size);
        if (p->json)
                return vector_json_feed(p->json, data, size);
        return p->npy ? npy_feed(p->npy, data, size) : 0;
}

/* The reader's own sentences are among the errors already. */
static int read_file(struct passage *p)
{
        _cleanup_error_ struct error e = {0};
        int r;

        if (p->ids)
                digest_add(p->digest, p->ids, p->ids_size);
        r = file_feed(p->path, VECTOR_SET_FILE_MAX, pass, p, &e);
        if (r < 0 && e.message)
                errors_add(p->errors, "%s", e.message);
        return r;
}

/* 1 when the file is what `known` was read from. To read it twice costs little of what it does to
 * parse it. */
static int is_known(struct passage *p, const struct vector_set *known)
{
        char digest[DIGEST_TEXT_MAX];
        int r;

        if (!known || !*known->digest || !streq(known->path, p->path))
                return 0;
        r = read_file(p);
        return r < 0 ? r : digest_end(p->digest, digest) >= 0 && streq(known->digest, digest);
}

/* vectors.ids.txt beside vectors.npy. */
static int read_ids(struct passage *p)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_text_ struct text path = {0};
        int r;

        text_append_bytes(&path, p->path, strlen(p->path) - strlen(MATRIX_SUFFIX));
        text_append(&path, LIST_SUFFIX);
        p->ids_path = text_take(&path, NULL);
        r = p->ids_path ? file_read(p->ids_path, LIST_FILE_MAX, &p->ids, &p->ids_size, &e)
                        : -ENOMEM;
        if (r < 0)
                errors_add(p->errors, "%s: %s", p->path, error_text(&e, r));
        return r;
}

static bool is_matrix(const char *path)
{
        size_t size = strlen(path), suffix = strlen(MATRIX_SUFFIX);

        return size > suffix && streq(path + size - suffix, MATRIX_SUFFIX);
}

static int begin(struct passage *p, bool matrix, struct vector_set *known)
{
        const struct npy_files files = {
                p->path, p->ids_path, p->ids, p->ids_size, known, p->errors};

        if (matrix)
                p->npy = npy_new(&files);
        else
                p->json = vector_json_new(p->path, known, p->errors);
        return p->npy || p->json ? 0 : -ENOMEM;
}

int vector_set_load(
        const char *path, struct vector_set *known, struct vector_set **ret, struct errors *errors)
{
        _cleanup_(passage_done) struct passage p = {
                .path = path, .errors = errors, .digest = digest_new()};
        bool matrix = is_matrix(path);
        int r = p.digest ? 0 : -ENOMEM;

        if (r >= 0 && matrix)
                r = read_ids(&p);
        if (r >= 0)
                r = is_known(&p, known);
        if (r > 0) {
                *ret = vector_set_ref(known);
                return 0;
        }
        if (r >= 0)
                r = begin(&p, matrix, known);
        if (r >= 0)
                r = read_file(&p);
        if (r >= 0)
                r = matrix ? npy_end(p.npy, ret) : vector_json_end(p.json, ret);
        /* Without one it is another set when it is read again. */
        if (r >= 0 && digest_end(p.digest, (*ret)->digest) < 0)
                *(*ret)->digest = '\0';
        return r;
}

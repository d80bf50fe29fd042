/* SPDX-License-Identifier: Apache-2.0 */
#include "model/npy.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "model/rows.h"
#include "text.h"
#include "utf8.h"

/* Magic and version, before the header's size of two or four bytes. */
#define MAGIC "\x93NUMPY"
#define MAGIC_SIZE 6
#define VERSION_SIZE 2
/* NumPy's own are of 118 bytes, and it refuses those above 10,000 as unsafe. */
#define HEADER_MAX 10000
#define AXES_MAX 8

struct header {
        char type[8]; /* "<f4"; "": another kind of value */
        bool fortran_order;
        uint64_t shape[AXES_MAX];
        unsigned axes;
        unsigned seen; /* keys, by bits */
};

struct npy {
        struct npy_files files;
        struct text head; /* what came of it; then of a number that has not all come */
        bool in_numbers;
        size_t number_size; /* 4 or 8 */
        unsigned dimension;
        uint64_t count; /* rows that the header promises */
        size_t taken; /* ids */
        const char *next, *end; /* of the list */
        bool in_row;
        struct rows rows;
};

/* What is left of the header's text, a Python dictionary. */
struct literal {
        const char *p, *end;
};

static void skip_space(struct literal *l)
{
        while (l->p < l->end && (*l->p == ' ' || *l->p == '\n'))
                l->p++;
}

static bool skip(struct literal *l, char c)
{
        skip_space(l);
        if (l->p == l->end || *l->p != c)
                return false;
        l->p++;
        return true;
}

static bool skip_word(struct literal *l, const char *word)
{
        size_t size = strlen(word);

        skip_space(l);
        if ((size_t)(l->end - l->p) < size || memcmp(l->p, word, size) != 0)
                return false;
        l->p += size;
        return true;
}

/* A string in either quotes, without escapes; a longer one than fits is no error of the grammar. */
static bool read_string(struct literal *l, char *ret, size_t size)
{
        char quote = skip(l, '\'') ? '\'' : skip(l, '"') ? '"' : '\0';
        const char *begin = l->p, *close = NULL;

        if (quote)
                close = memchr(begin, quote, (size_t)(l->end - begin));
        if (!close || memchr(begin, '\\', (size_t)(close - begin)))
                return false;
        l->p = close + 1;
        *ret = '\0';
        if ((size_t)(close - begin) >= size)
                return true;
        memcpy(ret, begin, (size_t)(close - begin));
        ret[close - begin] = '\0';
        return true;
}

static bool read_length(struct literal *l, uint64_t *ret)
{
        const char *begin;

        skip_space(l);
        begin = l->p;
        for (*ret = 0; l->p < l->end && isdigit((unsigned char)*l->p); l->p++)
                *ret = *ret > UINT32_MAX ? UINT64_MAX / 16 : *ret * 10 + (uint64_t)(*l->p - '0');
        return l->p > begin;
}

/* (3, 384), (3,) or () */
static bool read_shape(struct literal *l, struct header *ret)
{
        if (!skip(l, '('))
                return false;
        while (!skip(l, ')')) {
                if (ret->axes == AXES_MAX || !read_length(l, &ret->shape[ret->axes++]))
                        return false;
                if (!skip(l, ',') && !(l->p < l->end && *l->p == ')'))
                        return false;
        }
        return true;
}

static bool read_value(struct literal *l, const char *key, struct header *ret)
{
        static const char *const keys[] = {"descr", "fortran_order", "shape"};
        unsigned i = 0;

        while (i < ARRAY_SIZE(keys) && !streq(keys[i], key))
                i++;
        if (i == ARRAY_SIZE(keys) || ret->seen & 1U << i)
                return false;
        ret->seen |= 1U << i;
        if (i == 0)
                return read_string(l, ret->type, sizeof(ret->type));
        if (i == 2)
                return read_shape(l, ret);
        ret->fortran_order = skip_word(l, "True");
        return ret->fortran_order || skip_word(l, "False");
}

static bool read_header(const char *text, size_t size, struct header *ret)
{
        struct literal l = {text, text + size};
        char key[16];

        if (!skip(&l, '{'))
                return false;
        while (!skip(&l, '}')) {
                if (!read_string(&l, key, sizeof(key)) || !skip(&l, ':') ||
                        !read_value(&l, key, ret))
                        return false;
                if (!skip(&l, ',') && !(l.p < l.end && *l.p == '}'))
                        return false;
        }
        skip_space(&l);
        return l.p == l.end && ret->seen == 7;
}

/* Why a matrix is not one that is read, or 0. */
static int check_header(const struct npy *n, const struct header *h)
{
        const char *path = n->files.path;

        if (!streq(h->type, "<f4") && !streq(h->type, "<f8"))
                errors_add(n->files.errors,
                        "%s: its numbers are not float32 or float64, little-endian: save "
                        "array.astype('<f4')",
                        path);
        else if (h->fortran_order)
                errors_add(n->files.errors,
                        "%s: is in Fortran order: save numpy.ascontiguousarray(array)", path);
        else if (h->axes != 2)
                errors_add(n->files.errors,
                        "%s: has %u axes, expected two: a row of numbers for each query", path,
                        h->axes);
        else if (h->shape[1] < 1 || h->shape[1] > VECTOR_DIMENSION_MAX)
                errors_add(n->files.errors,
                        "%s: its rows have %" PRIu64 " numbers, expected 1 to %d", path,
                        h->shape[1], VECTOR_DIMENSION_MAX);
        else if (h->shape[0] < 1 || h->shape[0] > ROWS_MAX)
                errors_add(n->files.errors, "%s: has %" PRIu64 " rows, expected 1 to %d", path,
                        h->shape[0], ROWS_MAX);
        else
                return 0;
        return -EBADMSG;
}

static uint64_t count_lines(const char *p, const char *end)
{
        uint64_t count = 0;

        for (; p < end; count++) {
                const char *line = memchr(p, '\n', (size_t)(end - p));

                p = line ? line + 1 : end;
        }
        return count;
}

static int take_header(struct npy *n, const char *text, size_t size)
{
        struct header h = {0};
        uint64_t ids = count_lines(n->next, n->end);

        if (!read_header(text, size, &h)) {
                errors_add(n->files.errors,
                        "%s: its header is not that of a matrix that numpy.save() wrote",
                        n->files.path);
                return -EBADMSG;
        }
        if (check_header(n, &h) < 0)
                return -EBADMSG;
        if (ids != h.shape[0]) {
                errors_add(n->files.errors,
                        "%s: has %" PRIu64 " rows, but %s has %" PRIu64 " ids, one a line",
                        n->files.path, h.shape[0], n->files.ids_path, ids);
                return -EBADMSG;
        }
        n->number_size = streq(h.type, "<f4") ? sizeof(float) : sizeof(double);
        n->count = h.shape[0];
        n->dimension = (unsigned)h.shape[1];
        n->in_numbers = true;
        return 0;
}

/* Bytes before the header's text, 0 while that is not known. */
static size_t prefix_size(const struct text *head)
{
        size_t size = MAGIC_SIZE + VERSION_SIZE;

        if (head->size < size)
                return 0;
        size += head->data[MAGIC_SIZE] == 1 ? 2 : 4;
        return head->size < size ? 0 : size;
}

static size_t header_size(const struct text *head, size_t prefix)
{
        size_t size = 0;

        for (size_t i = prefix; i > MAGIC_SIZE + VERSION_SIZE; i--)
                size = size << 8 | (unsigned char)head->data[i - 1];
        return size;
}

/* How much more is needed before the numbers; 0 when they begin. -EBADMSG */
static ssize_t want_head(struct npy *n)
{
        size_t prefix = prefix_size(&n->head), size;
        unsigned version = n->head.size > MAGIC_SIZE ? (unsigned char)n->head.data[MAGIC_SIZE] : 1;

        if (memcmp(n->head.data, MAGIC, MIN(n->head.size, (size_t)MAGIC_SIZE)) != 0) {
                errors_add(n->files.errors, "%s: is not a file of numpy.save()", n->files.path);
                return -EBADMSG;
        }
        if (version < 1 || version > 2) {
                errors_add(n->files.errors,
                        "%s: is of version %u of NumPy's format; versions 1 and 2 are read",
                        n->files.path, version);
                return -EBADMSG;
        }
        if (prefix == 0)
                return 1;
        size = header_size(&n->head, prefix);
        if (size > HEADER_MAX) {
                errors_add(n->files.errors, "%s: its header has more than %d bytes", n->files.path,
                        HEADER_MAX);
                return -EBADMSG;
        }
        if (n->head.size < prefix + size)
                return (ssize_t)(prefix + size - n->head.size);
        return take_header(n, n->head.data + prefix, size);
}

/* The next id of the list, without its line's end. */
static int begin_row(struct npy *n)
{
        const char *id = n->next, *line = memchr(id, '\n', (size_t)(n->end - id));
        size_t size = (size_t)((line ? line : n->end) - id);

        n->next = line ? line + 1 : n->end;
        n->taken++;
        n->in_row = true;
        if (size > 0 && id[size - 1] == '\r')
                size--;
        if (size > 0 && !memchr(id, '\0', size) && utf8_valid(id, size))
                return rows_begin(&n->rows, id, size, (struct rows_place){n->taken, 1});
        errors_add(n->files.errors, "%s:%zu: a query id is empty, holds a NUL or is not UTF-8",
                n->files.ids_path, n->taken);
        return -EBADMSG;
}

static float read_number(const char *data, size_t size)
{
        uint64_t wide;
        uint32_t narrow;
        double number;
        float ret;

        if (size == sizeof(ret)) {
                memcpy(&narrow, data, sizeof(narrow));
                narrow = le32toh(narrow);
                memcpy(&ret, &narrow, sizeof(ret));
                return ret;
        }
        memcpy(&wide, data, sizeof(wide));
        wide = le64toh(wide);
        memcpy(&number, &wide, sizeof(number));
        return (float)number;
}

static int take_number(struct npy *n, const char *data)
{
        float value = read_number(data, n->number_size);
        int r = 0;

        if (!n->in_row && n->taken == n->count) {
                errors_add(n->files.errors, "%s: goes on after the last row of its matrix",
                        n->files.path);
                return -EBADMSG;
        }
        if (!n->in_row)
                r = begin_row(n);
        if (r >= 0 && !isfinite(value)) {
                errors_add(n->files.errors, "%s: row %zu, number %zu: is not a finite 32-bit float",
                        n->files.path, n->taken, rows_last(&n->rows)->length + 1);
                return -EBADMSG;
        }
        if (r >= 0)
                r = rows_add(&n->rows, value);
        if (r < 0 || rows_last(&n->rows)->length < n->dimension)
                return r;
        n->in_row = false;
        return rows_end(&n->rows);
}

/* Gathers until there are `size` bytes more; how many of the data it took. */
static size_t gather(struct npy *n, const char *data, size_t left, size_t size)
{
        size_t taken = MIN(left, size);

        text_append_bytes(&n->head, data, taken);
        return taken;
}

/* Numbers that lie in two pieces are put together. */
static int take_numbers(struct npy *n, const char *data, size_t size)
{
        int r = 0;

        while (size > 0 && r >= 0) {
                size_t taken = n->number_size;

                if (n->head.size == 0 && size >= taken)
                        r = take_number(n, data);
                else {
                        taken = gather(n, data, size, n->number_size - n->head.size);
                        if (text_failed(&n->head))
                                return -ENOMEM;
                        if (n->head.size == n->number_size) {
                                r = take_number(n, n->head.data);
                                text_clear(&n->head);
                        }
                }
                data += taken;
                size -= taken;
        }
        return r;
}

struct npy *npy_new(const struct npy_files *files)
{
        static const char mark[] = "\xef\xbb\xbf";
        struct npy *n = calloc(1, sizeof(*n));

        if (!n)
                return NULL;
        n->files = *files;
        n->next = files->ids;
        n->end = files->ids + files->ids_size;
        if (files->ids_size >= 3 && memcmp(files->ids, mark, 3) == 0)
                n->next += 3;
        n->rows.known = files->known;
        return n;
}

struct npy *npy_free(struct npy *n)
{
        if (!n)
                return NULL;
        text_done(&n->head);
        rows_done(&n->rows);
        free(n);
        return NULL;
}

int npy_feed(struct npy *n, const char *data, size_t size)
{
        ssize_t want = 1;

        while (!n->in_numbers && size > 0) {
                size_t taken = gather(n, data, size, (size_t)want);

                if (text_failed(&n->head))
                        return -ENOMEM;
                data += taken;
                size -= taken;
                want = want_head(n);
                if (want < 0)
                        return (int)want;
                if (n->in_numbers)
                        text_clear(&n->head);
        }
        return take_numbers(n, data, size);
}

int npy_end(struct npy *n, struct vector_set **ret)
{
        const struct row *twice;

        if (!n->in_numbers || n->in_row || n->taken < n->count || n->head.size > 0) {
                errors_add(n->files.errors, "%s: ends within its %s", n->files.path,
                        n->in_numbers ? "matrix" : "header");
                return -EBADMSG;
        }
        twice = rows_sort(&n->rows);
        if (twice) {
                errors_add(n->files.errors, "%s:%zu: the query id is there twice",
                        n->files.ids_path, twice->place.line);
                return -EBADMSG;
        }
        return rows_take(&n->rows, n->files.path, NULL, ret);
}

/* Version 1: the header's size, a line's end included, is a multiple of 64. */
static void append_header(const struct vector_set *set, struct text *t)
{
        const size_t prefix = MAGIC_SIZE + VERSION_SIZE + sizeof(uint16_t);
        char header[128];
        int size = snprintf(header, sizeof(header),
                "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %u), }", set->count,
                set->dimension);
        size_t padded = (prefix + (size_t)size + 1 + 63) / 64 * 64 - prefix;
        uint16_t little = htole16((uint16_t)padded);

        text_append_bytes(t, MAGIC "\x01\x00", MAGIC_SIZE + VERSION_SIZE);
        text_append_bytes(t, &little, sizeof(little));
        text_appendf(t, "%-*s\n", (int)padded - 1, header);
}

void npy_build(const struct vector_set *set, struct text *ret_matrix, struct text *ret_ids)
{
        (void)text_reserve(ret_matrix, set->count * set->dimension * sizeof(float));
        append_header(set, ret_matrix);
        for (size_t i = 0; i < set->count; i++) {
                for (unsigned k = 0; k < set->dimension; k++) {
                        uint32_t bits;

                        memcpy(&bits, &set->rows[i][k], sizeof(bits));
                        bits = htole32(bits);
                        text_append_bytes(ret_matrix, &bits, sizeof(bits));
                }
                text_appendf(ret_ids, "%s\n", set->ids[i]);
        }
}

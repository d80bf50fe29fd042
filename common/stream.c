/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <endian.h>
#include <errno.h>
#include <float.h>
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "pulse.h"
#include "text.h"

/* Of what is wrong, with a word of the parser's. */
#define SENTENCE_MAX 200
/* What is given to the parser at once. */
#define CHUNK ((size_t)16 << 10)
/* The parser's buffer for a token in two chunks, that for a string with escapes, its stack. */
#define SPARES 3
/* What the parser allocates at once beside what it is given: its buffers begin with 2 KB. */
#define SPARE_LEAST 8192

struct stream {
        const char *name; /* of a file; NULL: none */
        yajl_handle parser;
        yajl_alloc_funcs memory;
        stream_take_t take;
        void *userdata;
        /* yajl 2.1.0 does not look whether it got the memory that it asked for. When there is none
         * it gets these, which were there before it was given anything to parse. */
        void *spares[SPARES];
        size_t spare_size;
        bool short_of_memory; /* a spare was used */
        int code; /* why no more is taken; 0 */
        unsigned depth;
        size_t gap; /* bytes since the last value */
        char first; /* of the token after it; '\0': nothing but what stands between tokens */
        size_t told; /* bytes of what is parsed now, when the last value was told */
        struct text held; /* of such a gap, what the parser was not given yet */
        const char *chunk; /* what is parsed now */
        size_t passed; /* bytes of it before this place */
        size_t lines, column; /* from 0 */
        bool complete; /* the value has ended, in this chunk after `ended` bytes */
        size_t ended;
        unsigned marked; /* bytes of a byte order mark seen; 3: there can be none any more */
};

static void *take_spare(struct stream *s, size_t size)
{
        for (size_t i = 0; i < SPARES && size <= s->spare_size; i++)
                if (s->spares[i]) {
                        s->short_of_memory = true;
                        return take_ptr(s->spares[i]);
                }
        abort(); /* fill_spares() has seen to it that there is one */
}

static void *on_malloc(void *userdata, size_t size)
{
        void *p = malloc(size);

        return p ? p : take_spare(userdata, size);
}

/* A spare has room for whatever the block held: it was given out for less. */
static void *on_realloc(void *userdata, void *block, size_t size)
{
        struct stream *s = userdata;
        void *p = realloc(block, size);

        if (p)
                return p;
        p = take_spare(s, size);
        if (block)
                memcpy(p, block, MIN(size, malloc_usable_size(block)));
        free(block);
        return p;
}

static void on_free(void *userdata, void *block)
{
        free(block);
}

/* Before each chunk: what it may need, should malloc() fail meanwhile. The parser's buffers double,
 * and hold no more than the token that they are for. */
static int fill_spares(struct stream *s, size_t size)
{
        size_t need = 2 * (s->gap + size) + SPARE_LEAST;

        if (need > s->spare_size) {
                for (size_t i = 0; i < SPARES; i++) {
                        free(s->spares[i]);
                        s->spares[i] = NULL;
                }
                s->spare_size = 2 * need;
        }
        for (size_t i = 0; i < SPARES; i++)
                if (!s->spares[i] && !(s->spares[i] = malloc(s->spare_size)))
                        return -ENOMEM;
        return 0;
}

/* yajl's callbacks go on with everything but 0. */
static int tell(
        struct stream *s, enum stream_kind kind, unsigned depth, const char *text, size_t size)
{
        const struct stream_event event = {kind, depth, text, size};
        int r = s->take(&event, s->userdata);

        s->gap = 0;
        s->first = '\0';
        s->told = yajl_get_bytes_consumed(s->parser);
        if (depth == 0 && kind != STREAM_OBJECT && kind != STREAM_LIST) {
                s->complete = true;
                s->ended = s->told;
        }
        if (r < 0)
                s->code = r;
        return r >= 0;
}

static int on_null(void *userdata)
{
        struct stream *s = userdata;

        return tell(s, STREAM_NULL, s->depth, NULL, 0);
}

static int on_boolean(void *userdata, int value)
{
        struct stream *s = userdata;

        return tell(s, value ? STREAM_TRUE : STREAM_FALSE, s->depth, NULL, 0);
}

static int on_number(void *userdata, const char *text, size_t size)
{
        struct stream *s = userdata;

        return tell(s, STREAM_NUMBER, s->depth, text, size);
}

static int on_string(void *userdata, const unsigned char *text, size_t size)
{
        struct stream *s = userdata;

        return tell(s, STREAM_STRING, s->depth, (const char *)text, size);
}

static int on_key(void *userdata, const unsigned char *text, size_t size)
{
        struct stream *s = userdata;

        return tell(s, STREAM_KEY, s->depth, (const char *)text, size);
}

static int begin(struct stream *s, enum stream_kind kind)
{
        if (s->depth < STREAM_DEPTH_MAX)
                return tell(s, kind, s->depth++, NULL, 0);
        s->code = -ELOOP;
        return 0;
}

static int on_object(void *userdata)
{
        return begin(userdata, STREAM_OBJECT);
}

static int on_list(void *userdata)
{
        return begin(userdata, STREAM_LIST);
}

static int on_object_end(void *userdata)
{
        struct stream *s = userdata;

        return tell(s, STREAM_OBJECT_END, --s->depth, NULL, 0);
}

static int on_list_end(void *userdata)
{
        struct stream *s = userdata;

        return tell(s, STREAM_LIST_END, --s->depth, NULL, 0);
}

struct stream *stream_new(stream_take_t take, void *userdata)
{
        static const yajl_callbacks callbacks = {
                .yajl_null = on_null,
                .yajl_boolean = on_boolean,
                .yajl_number = on_number,
                .yajl_string = on_string,
                .yajl_start_map = on_object,
                .yajl_map_key = on_key,
                .yajl_end_map = on_object_end,
                .yajl_start_array = on_list,
                .yajl_end_array = on_list_end,
        };
        _cleanup_(stream_freep) struct stream *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->take = take;
        s->userdata = userdata;
        s->memory = (yajl_alloc_funcs){on_malloc, on_realloc, on_free, s};
        if (fill_spares(s, 0) < 0)
                return NULL;
        s->parser = yajl_alloc(&callbacks, &s->memory, s);
        return s->short_of_memory ? NULL : take_ptr(s);
}

struct stream *stream_free(struct stream *s)
{
        if (!s)
                return NULL;
        if (s->parser)
                yajl_free(s->parser);
        for (size_t i = 0; i < SPARES; i++)
                free(s->spares[i]);
        text_done(&s->held);
        free(s);
        return NULL;
}

void stream_name(struct stream *s, const char *name)
{
        s->name = name;
}

/* To the end of the first `size` bytes of the chunk. */
static void move_on(struct stream *s, size_t size)
{
        const char *data = s->chunk + s->passed, *end = s->chunk + size, *line;

        if (size <= s->passed)
                return;
        while ((line = memchr(data, '\n', (size_t)(end - data)))) {
                s->lines++;
                s->column = 0;
                data = line + 1;
        }
        s->column += (size_t)(end - data);
        s->passed = size;
}

struct stream_place stream_place(struct stream *s)
{
        if (s->chunk)
                move_on(s, yajl_get_bytes_consumed(s->parser));
        return (struct stream_place){s->lines + 1, MAX(s->column, (size_t)1)};
}

/* Beginning with the place that was reached. */
static int _printf_(4, 5) fail(struct stream *s, struct error *e, int code, const char *format, ...)
{
        char sentence[SENTENCE_MAX];
        size_t column = MAX(s->column, (size_t)1);
        va_list args;

        va_start(args, format);
        (void)vsnprintf(sentence, sizeof(sentence), format, args);
        va_end(args);
        s->code = code;
        return s->name
                ? error_set(e, code, "%s:%zu:%zu: %s", s->name, s->lines + 1, column, sentence)
                : error_set(e, code, "line %zu, column %zu: %s", s->lines + 1, column, sentence);
}

/* yajl's words, on one line. */
static int not_json(struct stream *s, struct error *e)
{
        unsigned char *words = yajl_get_error(s->parser, 0, NULL, 0);
        int size = words ? (int)strcspn((char *)words, "\n") : 0;
        int code = fail(s, e, -EBADMSG, "%.*s", size, words ? (char *)words : "");

        if (words)
                yajl_free_error(s->parser, words);
        return code;
}

/* What the parser's result means; what came of its callbacks goes before. */
static int judge(struct stream *s, yajl_status status, struct error *e)
{
        if (s->code >= 0 && s->short_of_memory)
                s->code = -ENOMEM;
        if (s->code == -ELOOP)
                return fail(s, e, -EMSGSIZE, "more than %d objects and lists within each other",
                        STREAM_DEPTH_MAX);
        if (s->code < 0 || status == yajl_status_ok)
                return s->code;
        return not_json(s, e);
}

/* yajl 2.1.0 passes over a text that begins after the value and never ends. */
static int check_rest(struct stream *s, const char *data, size_t size, struct error *e)
{
        size_t at = s->ended;

        if (!s->complete)
                return 0;
        while (at < size && strchr(" \t\r\n", data[at]) && data[at])
                at++;
        s->ended = 0;
        return at < size ? fail(s, e, -EBADMSG, "there is more after the value") : s->code;
}

/* What the token begins with that has not ended yet. */
static void note_first(struct stream *s, const char *data, size_t size)
{
        for (size_t at = s->told; !s->first && at < size; at++)
                if (!data[at] || !strchr(" \t\r\n,:", data[at]))
                        s->first = data[at];
}

static int parse(struct stream *s, const char *data, size_t size, struct error *e)
{
        yajl_status status;
        size_t before = s->gap;

        s->code = fill_spares(s, size);
        if (s->code < 0)
                return s->code;
        s->gap += size;
        s->told = 0;
        s->chunk = data;
        s->passed = 0;
        status = yajl_parse(s->parser, (const unsigned char *)data, size);
        move_on(s, status == yajl_status_ok ? size : yajl_get_bytes_consumed(s->parser));
        s->chunk = NULL;
        if (s->gap != before + size) /* a value ended within this chunk */
                s->gap = size - s->told;
        note_first(s, data, size);
        return judge(s, status, e) < 0 ? s->code : check_rest(s, data, size, e);
}

/* What Windows editors put before UTF-8. How much of the data it is. */
static size_t pass_mark(struct stream *s, const char *data, size_t size, struct error *e)
{
        static const char mark[] = "\xef\xbb\xbf";
        const unsigned whole = sizeof(mark) - 1;
        size_t n = 0;

        while (s->marked < whole && n < size && data[n] == mark[s->marked]) {
                s->marked++;
                n++;
        }
        if (n == size || s->marked == whole)
                return n;
        if (s->marked > 0)
                (void)fail(s, e, -EBADMSG, "neither JSON nor a byte order mark");
        s->marked = whole;
        return n;
}

/* With each chunk yajl reads a token that is not complete from its beginning. So that long ones are
 * not read a thousand times, what continues one is held back until it doubles it. */
static int give(struct stream *s, const char *data, size_t size, struct error *e)
{
        bool hold = s->gap >= CHUNK && s->held.size + size < s->gap;
        unsigned most = s->first == '"' ? STREAM_TOKEN_MAX : STREAM_GAP_MAX;

        if (s->gap + s->held.size + size > most)
                return fail(s, e, -EMSGSIZE, "nothing ends within %u bytes", most);
        if (!hold && s->held.size == 0)
                return parse(s, data, size, e);
        text_append_bytes(&s->held, data, size);
        if (text_failed(&s->held))
                return s->code = -ENOMEM;
        if (hold)
                return 0;
        (void)parse(s, s->held.data, s->held.size, e);
        text_clear(&s->held);
        return s->code;
}

int stream_feed(struct stream *s, const char *data, size_t size, struct error *e)
{
        size_t mark = s->code < 0 ? 0 : pass_mark(s, data, size, e);

        data += mark;
        size -= mark;
        while (size > 0 && s->code >= 0) {
                size_t n = MIN(size, CHUNK);

                s->code = pulse();
                if (s->code >= 0)
                        (void)give(s, data, n, e);
                data += n;
                size -= n;
        }
        return s->code;
}

int stream_end(struct stream *s, struct error *e)
{
        if (s->code >= 0 && s->held.size > 0)
                (void)parse(s, s->held.data, s->held.size, e);
        if (s->code >= 0)
                s->code = fill_spares(s, 0);
        return s->code < 0 ? s->code : judge(s, yajl_complete_parse(s->parser), e);
}

bool stream_is(const struct stream_event *event, const char *text)
{
        return event->size == strlen(text) && memcmp(event->text, text, event->size) == 0;
}

/* A decimal number as integer and power of ten. */
struct decimal {
        bool negative;
        uint64_t digits;
        unsigned count; /* of digits, leading zeros not counted */
        int exponent;
};

#define EACH_BYTE(x) (UINT64_C(0x0101010101010101) * (x))

/* Eight digits at once, after D. Lemire, "Number Parsing at a Gigabyte per Second", 2021:
 * neighbours are joined to pairs, fours and the whole. False where one of the bytes is no digit. */
static inline bool eight_digits(const char *p, uint64_t *ret)
{
        uint64_t v;

        memcpy(&v, p, sizeof(v));
        v = le64toh(v);
        if ((v & EACH_BYTE(0xf0)) != EACH_BYTE('0') ||
                ((v + EACH_BYTE(6)) & EACH_BYTE(0xf0)) != EACH_BYTE('0'))
                return false;
        v -= EACH_BYTE('0');
        v = (v * 10 + (v >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
        v = (v * 100 + (v >> 16)) & UINT64_C(0x0000ffff0000ffff);
        *ret = (v * 10000 + (v >> 32)) & UINT32_MAX;
        return true;
}

/* Zeros before the first digit that counts are passed over. */
static inline const char *read_digits(const char *p, const char *end, struct decimal *d, int step)
{
        const char *begin = p;
        uint64_t digits = d->digits, eight;

        while (digits == 0 && p < end && *p == '0')
                p++;
        d->exponent += step * (int)(p - begin);
        begin = p;
        if (end - p >= 8 && eight_digits(p, &eight)) {
                digits = digits * 100000000 + eight;
                p += 8;
        }
        for (; p < end && *p >= '0' && *p <= '9'; p++)
                digits = digits * 10 + (uint64_t)(*p - '0');
        d->digits = digits;
        d->count += (unsigned)(p - begin);
        d->exponent += step * (int)(p - begin);
        return p;
}

static void read_exponent(const char *p, const char *end, struct decimal *d)
{
        bool negative = p < end && *p == '-';
        int exponent = 0;

        for (p += p < end && (*p == '-' || *p == '+'); p < end; p++)
                exponent = MIN(exponent * 10 + (*p - '0'), 10000);
        d->exponent += negative ? -exponent : exponent;
}

/* JSON's grammar, which the parser has seen to. */
static void read_decimal(const char *p, const char *end, struct decimal *ret)
{
        ret->negative = p < end && *p == '-';
        p = read_digits(p + ret->negative, end, ret, 0);
        if (p < end && *p == '.')
                p = read_digits(p + 1, end, ret, -1);
        if (p < end)
                read_exponent(p + 1, end, ret);
}

/* Units in the last place of a product: that of the integer, of the power and of the product itself
 * are half a unit each, and each may be twice as much where the other factor is larger. */
#define FACTORS_ERROR 3

/* False where the product may be on the other side of the middle between two floats. */
static bool convert(const struct decimal *d, double *ret)
{
        static const double powers[] = {1e-27, 1e-26, 1e-25, 1e-24, 1e-23, 1e-22, 1e-21, 1e-20,
                1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8,
                1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
                1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
                1e22, 1e23, 1e24, 1e25, 1e26, 1e27};
        const int middle = ARRAY_SIZE(powers) / 2;
        int64_t from_middle;
        uint64_t bits;

        if (d->count > 19 || d->exponent < -middle || d->exponent > middle)
                return false;
        *ret = (double)d->digits * powers[d->exponent + middle];
        memcpy(&bits, ret, sizeof(bits));
        /* The 29 bits that a float lacks; below its normal range it lacks more. */
        from_middle = (int64_t)(bits & 0x1fffffff) - 0x10000000;
        return (from_middle < -FACTORS_ERROR || from_middle > FACTORS_ERROR) &&
                *ret < (double)FLT_MAX && (*ret >= (double)FLT_MIN || d->digits == 0);
}

static _cold_ double read_slowly(const char *text, size_t size)
{
        _cleanup_free_ char *copy = strndup(text, size);

        return copy ? (double)strtof(copy, NULL) : NAN;
}

const char *stream_to_float(const struct stream_event *event, float *ret)
{
        struct decimal d = {0};
        double value;

        if (event->kind == STREAM_NULL)
                return "is null";
        if (event->kind != STREAM_NUMBER)
                return "is not a number";
        read_decimal(event->text, event->text + event->size, &d);
        if (convert(&d, &value))
                value = d.negative ? -value : value;
        else
                value = read_slowly(event->text, event->size);
        if (isnan(value))
                return "cannot be read: out of memory";
        if (fabs(value) > (double)FLT_MAX)
                return "is too large for a 32-bit float";
        *ret = (float)value;
        return NULL;
}

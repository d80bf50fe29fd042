/* SPDX-License-Identifier: Apache-2.0 */
#include "zone.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "file.h"
#include "zone_rule.h"

#define DIRECTORY "/usr/share/zoneinfo"
#define LOCALTIME "/etc/localtime"
#define HEADER_SIZE 44
/* What RFC 8536, 3.2 allows, with a little for those of its version 1. */
#define OFFSET_MAX 93599
#define OFFSET_MIN (-89999)
/* Times are looked for in years that driftwatch may see. */
#define YEAR_MIN 1970

struct change {
        int64_t time;
        long offset; /* from then on */
};

struct zone {
        long before; /* the offset before the first change */
        struct change *changes; /* ascending */
        size_t count;
};

/* One of the two parts of a file: the same in 32 bits and in 64. */
struct part {
        const unsigned char *data;
        size_t time_size;
        uint32_t is_ut, is_standard, leaps, times, types, names;
};

static uint32_t read_32(const unsigned char *p)
{
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t read_time(const unsigned char *p, size_t size)
{
        if (size == 4)
                return (int32_t)read_32(p);
        return (int64_t)((uint64_t)read_32(p) << 32 | read_32(p + 4));
}

/* Bytes after its header; counts are at most the file's size, so that nothing overflows. */
static size_t part_size(const struct part *p)
{
        return p->times * (p->time_size + 1) + p->types * (size_t)6 + p->names +
                p->leaps * (p->time_size + 4) + p->is_standard + p->is_ut;
}

/* False when the data ends before it does. */
static bool read_part(const char *data, size_t size, size_t time_size, struct part *ret)
{
        const unsigned char *p = (const unsigned char *)data;
        uint32_t *counts[] = {
                &ret->is_ut, &ret->is_standard, &ret->leaps, &ret->times, &ret->types, &ret->names};

        if (size < HEADER_SIZE || memcmp(data, "TZif", 4) != 0)
                return false;
        *ret = (struct part){.data = p + HEADER_SIZE, .time_size = time_size};
        for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
                *counts[i] = read_32(p + 20 + 4 * i);
                if (*counts[i] > size)
                        return false;
        }
        return size - HEADER_SIZE >= part_size(ret);
}

static bool read_offset(const struct part *p, unsigned type, long *ret)
{
        const unsigned char *types = p->data + p->times * (p->time_size + 1);

        if (type >= p->types)
                return false;
        *ret = (int32_t)read_32(types + (size_t)type * 6);
        return *ret >= OFFSET_MIN && *ret <= OFFSET_MAX;
}

static const char *read_changes(const struct part *p, struct zone *z)
{
        const unsigned char *types = p->data + p->times * p->time_size;

        if (p->leaps > 0)
                return "counts leap seconds, which the clock does not";
        if (!read_offset(p, 0, &z->before))
                return "has no type of time that could be one";
        for (size_t i = 0; i < p->times; i++) {
                struct change *change = &z->changes[z->count++];

                change->time = read_time(p->data + i * p->time_size, p->time_size);
                if (!read_offset(p, types[i], &change->offset))
                        return "has a change to no type of time";
                if (i > 0 && change->time <= z->changes[i - 1].time)
                        return "has changes that are not in their order";
        }
        return NULL;
}

static void add_change(struct zone *z, int64_t time, long offset)
{
        if (z->count == 0 || time > z->changes[z->count - 1].time)
                z->changes[z->count++] = (struct change){time, offset};
}

/* South of the equator summer time ends before it begins. Each change is added only behind the last
 * one that the file has. */
static void follow_rule(struct zone *z, const struct zone_rule *rule)
{
        if (!rule->changes && z->count == 0)
                z->before = rule->standard;
        for (int year = YEAR_MIN; rule->changes && year <= ZONE_YEAR_MAX; year++) {
                int64_t begin = zone_rule_begin(rule, year), end = zone_rule_end(rule, year);

                if (begin > end)
                        add_change(z, end, rule->standard);
                add_change(z, begin, rule->summer);
                if (begin < end)
                        add_change(z, end, rule->standard);
        }
}

/* Between two line ends; nothing, where nobody knows how it goes on. */
static const char *read_footer(const char *data, size_t size, struct zone *z)
{
        char text[128];
        struct zone_rule rule;
        const char *end = size > 1 && *data == '\n' ? memchr(data + 1, '\n', size - 1) : NULL;
        size_t length = end ? (size_t)(end - data - 1) : 0;

        if (!end || length >= sizeof(text) || memchr(data, '\0', length + 1))
                return "does not end with a rule between two line ends";
        if (length == 0)
                return NULL;
        (void)snprintf(text, sizeof(text), "%.*s", (int)length, data + 1);
        if (!zone_rule_parse(text, &rule))
                return "ends with a rule that is none of POSIX";
        follow_rule(z, &rule);
        return NULL;
}

/* What is wrong with it; NULL when nothing is. `*memory_short` as it says. */
static const char *read_zone(const char *data, size_t size, struct zone *z, bool *memory_short)
{
        struct part part;
        const char *wrong;
        size_t rest;
        bool newer;

        if (!read_part(data, size, 4, &part))
                return "is no file of a time zone (TZif), or is cut off";
        newer = data[4] >= '2';
        rest = HEADER_SIZE + part_size(&part);
        if (newer && !read_part(data + rest, size - rest, 8, &part))
                return "is cut off in its part of 64 bits";
        z->changes =
                calloc(part.times + 2 * (ZONE_YEAR_MAX - YEAR_MIN + 1) + 1, sizeof(*z->changes));
        *memory_short = !z->changes;
        if (*memory_short)
                return "memory is short";
        wrong = read_changes(&part, z);
        if (wrong || !newer)
                return wrong;
        rest += HEADER_SIZE + part_size(&part);
        return read_footer(data + rest, size - rest, z);
}

int zone_parse(const char *data, size_t size, struct zone **ret, struct error *e)
{
        _cleanup_(zone_freep) struct zone *z = calloc(1, sizeof(*z));
        bool memory_short = !z;
        const char *wrong = z ? read_zone(data, size, z, &memory_short) : NULL;

        if (memory_short)
                return -ENOMEM;
        if (wrong)
                return error_set(e, -EBADMSG, "%s", wrong);
        *ret = take_ptr(z);
        return 0;
}

/* No way out of the directory, and nothing hidden. */
static bool is_name(const char *name)
{
        size_t length = strlen(name);

        if (length == 0 || length > ZONE_NAME_MAX || !isalpha((unsigned char)*name))
                return false;
        for (const char *s = name; *s; s++)
                if (!isalnum((unsigned char)*s) && !strchr("_+-", *s) &&
                        !(*s == '/' && isalpha((unsigned char)s[1])))
                        return false;
        return true;
}

static int load(const char *path, struct zone **ret, struct error *e)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r = file_read(path, ZONE_SIZE_MAX, &data, &size, e);

        if (r < 0)
                return r;
        r = zone_parse(data, size, ret, e);
        if (r == -EBADMSG)
                error_prefix(e, "%s", path);
        return r;
}

int zone_load(const char *name, struct zone **ret, struct error *e)
{
        char path[sizeof(DIRECTORY) + ZONE_NAME_MAX + 2];
        _cleanup_error_ struct error reading = {0};
        bool local = streq(name, "Local");
        struct zone *z = NULL;
        int r;

        if (streq(name, "UTC")) {
                *ret = NULL;
                return 0;
        }
        if (!is_name(name))
                return error_set(e, -EINVAL,
                        "\"%.80s\" is no name of a time zone, such as Europe/Berlin", name);
        (void)snprintf(path, sizeof(path), "%s/%s", DIRECTORY, name);
        r = load(local ? LOCALTIME : path, &z, &reading);
        if (r == -ENOENT && local)
                r = 0;
        else if (r == -ENOENT || r == -ENOTDIR)
                return error_set(e, -ENOENT,
                        "there is no time zone \"%s\": %s does not exist; is tzdata installed?",
                        name, path);
        if (r < 0)
                return error_set(e, r, "%s", error_text(&reading, r));
        *ret = z;
        return 0;
}

struct zone *zone_free(struct zone *z)
{
        if (z)
                free(z->changes);
        free(z);
        return NULL;
}

bool zone_equal(const struct zone *a, const struct zone *b)
{
        if (!a || !b)
                return a == b;
        if (a->before != b->before || a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (a->changes[i].time != b->changes[i].time ||
                        a->changes[i].offset != b->changes[i].offset)
                        return false;
        return true;
}

/* How many changes are not after this time. */
static size_t passed(const struct zone *z, int64_t time)
{
        size_t low = 0, high = z->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (z->changes[middle].time <= time)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

long zone_offset(const struct zone *z, int64_t time)
{
        size_t n = z ? passed(z, time) : 0;

        if (!z)
                return 0;
        return n > 0 ? z->changes[n - 1].offset : z->before;
}

int64_t zone_next(const struct zone *z, int64_t time)
{
        size_t n = z ? passed(z, time) : 0;

        return z && n < z->count ? z->changes[n].time : INT64_MAX;
}

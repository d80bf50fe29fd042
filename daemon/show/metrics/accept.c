/* SPDX-License-Identifier: Apache-2.0 */
#include "show/metrics/accept.h"

#include <strings.h>

#include "macro.h"

/* Prometheus sends five clauses, browsers about eight; what comes after this many is not read. */
#define CLAUSES_MAX 32

struct span {
        const char *start;
        size_t size;
};

/* One clause of an Accept or Accept-Encoding header: RANGE *( ; NAME = VALUE ). */
struct clause {
        struct span range;
        struct span version; /* start is NULL when absent */
        double q; /* 0 … 1; a malformed weight is 0: the clause does not count */
};

static bool span_is(struct span s, const char *word)
{
        return s.size == strlen(word) && strncasecmp(s.start, word, s.size) == 0;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static struct span span_trim(struct span s)
{
        while (s.size > 0 && is_blank(s.start[0])) {
                s.start++;
                s.size--;
        }
        while (s.size > 0 && is_blank(s.start[s.size - 1]))
                s.size--;
        return s;
}

/* What stands before the next delimiter outside of quotes; *p ends up on it. */
static struct span read_until(const char **p, const char *delimiters)
{
        const char *start = *p;
        bool quoted = false;

        for (; **p && (quoted || !strchr(delimiters, **p)); (*p)++) {
                if (**p == '"')
                        quoted = !quoted;
                else if (quoted && **p == '\\' && (*p)[1])
                        (*p)++;
        }
        return span_trim((struct span){start, (size_t)(*p - start)});
}

/* weight = "0" [ "." *3DIGIT ] / "1" [ "." *3"0" ] (RFC 9110 12.4.2), with any number of digits.
 * Not strtod(): it would read "inf", "0x1" and follow the locale. */
static double weight_parse(struct span s)
{
        double value, unit = 0.1;

        if (s.size == 0 || (s.start[0] != '0' && s.start[0] != '1') ||
                (s.size > 1 && s.start[1] != '.'))
                return 0;
        value = s.start[0] - '0';
        for (size_t i = 2; i < s.size; i++, unit /= 10) {
                if (s.start[i] < '0' || s.start[i] > '9')
                        return 0;
                value += (s.start[i] - '0') * unit;
        }
        return value <= 1 ? value : 0;
}

static void parameter_read(struct span s, struct clause *c)
{
        const char *p = s.start, *end = s.start + s.size;
        struct span name, value;

        while (p < end && *p != '=')
                p++;
        name = span_trim((struct span){s.start, (size_t)(p - s.start)});
        value = p < end ? span_trim((struct span){p + 1, (size_t)(end - p - 1)})
                        : (struct span){p, 0};
        if (value.size >= 2 && value.start[0] == '"' && value.start[value.size - 1] == '"')
                value = (struct span){value.start + 1, value.size - 2};
        if (span_is(name, "q"))
                c->q = weight_parse(value);
        else if (span_is(name, "version"))
                c->version = value;
}

/* Reads the next clause and steps over its comma; false at the end. */
static bool clause_next(const char **p, struct clause *ret)
{
        if (**p == '\0')
                return false;
        *ret = (struct clause){.range = read_until(p, ",;"), .q = 1};
        while (**p == ';') {
                (*p)++;
                parameter_read(read_until(p, ",;"), ret);
        }
        if (**p == ',')
                (*p)++;
        return true;
}

static bool clause_matches(const struct clause *c, enum exposition_format *ret)
{
        static const struct {
                const char *range, *version; /* NULL: none given */
                enum exposition_format format;
        } offers[] = {
                {"application/openmetrics-text", "1.0.0", EXPOSITION_OPENMETRICS},
                /* The grammar of 0.0.1 is that of 1.0.0, and no version means 0.0.1. */
                {"application/openmetrics-text", "0.0.1", EXPOSITION_OPENMETRICS},
                {"application/openmetrics-text", NULL, EXPOSITION_OPENMETRICS},
                {"text/plain", "0.0.4", EXPOSITION_TEXT},
                {"text/plain", NULL, EXPOSITION_TEXT},
                {"text/*", NULL, EXPOSITION_TEXT},
                {"*/*", NULL, EXPOSITION_TEXT},
        };

        for (size_t i = 0; i < ARRAY_SIZE(offers); i++) {
                if (!span_is(c->range, offers[i].range))
                        continue;
                if (offers[i].version ? c->version.start && span_is(c->version, offers[i].version)
                                      : !c->version.start) {
                        *ret = offers[i].format;
                        return true;
                }
        }
        return false;
}

enum exposition_format accept_exposition(const char *accept)
{
        enum exposition_format best = EXPOSITION_TEXT, format;
        double best_q = 0;
        struct clause c;

        for (unsigned n = 0; accept && n < CLAUSES_MAX && clause_next(&accept, &c); n++)
                if (c.q > best_q && clause_matches(&c, &format)) {
                        best = format;
                        best_q = c.q;
                }
        return best;
}

bool accept_gzip(const char *accept_encoding)
{
        bool named = false, gzip = false, any = false;
        struct clause c;

        for (unsigned n = 0;
                accept_encoding && n < CLAUSES_MAX && clause_next(&accept_encoding, &c); n++) {
                if (span_is(c.range, "gzip") || span_is(c.range, "x-gzip")) {
                        named = true;
                        gzip = c.q > 0;
                } else if (span_is(c.range, "*")) {
                        any = c.q > 0;
                }
        }
        return named ? gzip : any;
}

const char *exposition_content_type(enum exposition_format format)
{
        return format == EXPOSITION_OPENMETRICS
                ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                : "text/plain; version=0.0.4; charset=utf-8";
}

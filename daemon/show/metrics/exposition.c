/* SPDX-License-Identifier: Apache-2.0 */
#include "show/metrics/exposition.h"

#include <assert.h>
#include <math.h>

static const char *type_name(enum metric_type type, enum exposition_format format)
{
        switch (type) {
        case METRIC_COUNTER:
                return "counter";
        case METRIC_HISTOGRAM:
                return "histogram";
        case METRIC_INFO:
                /* Text 0.0.4 does not know the type; a scrape with it fails. */
                return format == EXPOSITION_OPENMETRICS ? "info" : "gauge";
        case METRIC_GAUGE:
                break;
        }
        return "gauge";
}

const char *metric_suffix(enum metric_type type)
{
        return type == METRIC_COUNTER ? "_total" : type == METRIC_INFO ? "_info" : "";
}

/* Bytes of the valid UTF-8 sequence at `s`, which is not ASCII; 0 when there is none. */
static size_t sequence_size(const char *s)
{
        unsigned char lead = (unsigned char)s[0];
        size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

        return strnlen(s, size) == size && utf8_valid(s, size) ? size : 0;
}

/* Whether a byte stands for itself wherever it is: most do, and they are what a scrape spends its
 * time on. */
static bool is_plain(char c)
{
        static const bool special[256] = {
                ['\0'] = true, ['\n'] = true, ['"'] = true, ['\\'] = true, [0x80 ... 0xff] = true};

        return !special[(unsigned char)c];
}

/* Appends `s` with `\`, line feed and, if wanted, `"` escaped, and every invalid byte as U+FFFD:
 * one of those would make a server refuse the whole scrape. */
static void append_escaped(struct text *t, const char *s, bool quote)
{
        const char *start = s;

        for (;;) {
                bool ascii;
                size_t size;

                while (is_plain(*s))
                        s++;
                if (!*s)
                        break;
                ascii = (unsigned char)*s < 0x80;
                size = ascii ? *s == '"' && !quote : sequence_size(s);
                if (size > 0) {
                        s += size;
                        continue;
                }
                text_append_bytes(t, start, (size_t)(s - start));
                if (!ascii)
                        text_append(t, "\xef\xbf\xbd");
                else
                        text_append(t, *s == '\n' ? "\\n" : *s == '"' ? "\\\"" : "\\\\");
                start = ++s;
        }
        text_append_bytes(t, start, (size_t)(s - start));
}

static void append_metadata(struct exposition *x, const char *keyword, const char *value)
{
        const struct metric_family *f = x->family;

        text_append(x->text, "# ");
        text_append(x->text, keyword);
        text_append(x->text, " ");
        text_append(x->text, f->name);
        /* OpenMetrics describes families, 0.0.4 describes samples' names. */
        if (x->format == EXPOSITION_TEXT)
                text_append(x->text, metric_suffix(f->type));
        text_append(x->text, " ");
        append_escaped(x->text, value, x->format == EXPOSITION_OPENMETRICS);
        text_append(x->text, "\n");
}

void exposition_family(struct exposition *x, const struct metric_family *family)
{
        x->family = family;
        append_metadata(x, "TYPE", type_name(family->type, x->format));
        if (family->unit && x->format == EXPOSITION_OPENMETRICS)
                append_metadata(x, "UNIT", family->unit);
        append_metadata(x, "HELP", family->help);
}

/* Everything of a sample up to the blank before its value. */
static void append_series(
        struct exposition *x, const char *suffix, const struct metric_label *labels)
{
        struct text *t = x->text;
        bool first = true;

        assert(x->family);
        text_append(t, x->family->name);
        text_append(t, metric_suffix(x->family->type));
        text_append(t, suffix);
        for (; labels->name; labels++) {
                if (!labels->value || !labels->value[0])
                        continue;
                text_append_bytes(t, first ? "{" : "\",", first ? 1 : 2);
                text_append(t, labels->name);
                text_append_bytes(t, "=\"", 2);
                append_escaped(t, labels->value, true);
                first = false;
        }
        text_append_bytes(t, first ? " " : "\"} ", first ? 1 : 3);
}

void exposition_sample(
        struct exposition *x, const char *suffix, const struct metric_label *labels, double value)
{
        append_series(x, suffix, labels);
        text_append_double(x->text, value);
        text_append(x->text, "\n");
}

void exposition_sample_float(struct exposition *x, const struct metric_label *labels, float value)
{
        append_series(x, "", labels);
        text_append_float(x->text, value);
        text_append(x->text, "\n");
}

double exposition_timestamp(usec_t t)
{
        return t > 0 ? (double)(t / USEC_PER_MSEC) / 1000 : NAN;
}

void exposition_end(struct exposition *x)
{
        if (x->format == EXPOSITION_OPENMETRICS)
                text_append(x->text, "# EOF\n");
}

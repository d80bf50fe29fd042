/* SPDX-License-Identifier: Apache-2.0 */
#include "model/matcher.h"

#include <ctype.h>
#include <errno.h>

/* What a bare value cannot have, as in Alertmanager's parser of 0.27. */
#define NOT_BARE "{}!=~,\\\"'`"
#define BLANKS " \t\r\n"

static const struct {
        const char *sign;
        bool pattern, negated;
} kinds[MATCHER_KIND_COUNT] = {
        [MATCHER_EQUAL] = {"=", false, false},
        [MATCHER_NOT_EQUAL] = {"!=", false, true},
        [MATCHER_PATTERN] = {"=~", true, false},
        [MATCHER_NOT_PATTERN] = {"!~", true, true},
};

const char *matcher_sign(enum matcher_kind kind)
{
        return kinds[kind].sign;
}

static void matcher_done(struct matcher *m)
{
        free(m->name);
        free(m->value);
        pattern_free(m->pattern);
        *m = (struct matcher){0};
}

static void shorten(struct matchers *m, size_t count)
{
        while (m->count > count)
                matcher_done(&m->matchers[--m->count]);
}

void matchers_done(struct matchers *m)
{
        shorten(m, 0);
        free(m->matchers);
        *m = (struct matchers){0};
}

static size_t name_length(const char *s)
{
        size_t length = 0;

        if (isdigit((unsigned char)*s))
                return 0;
        while (isalnum((unsigned char)s[length]) || s[length] == '_' || s[length] == ':')
                length++;
        return length;
}

static int check(const char *name, const char *value, struct error *e)
{
        size_t length = strlen(name);

        if (length == 0 || name_length(name) != length)
                return error_set(
                        e, -EINVAL, "\"%s\" is no name of a label, of letters, digits and _", name);
        if (length > MATCHER_NAME_MAX)
                return error_set(e, -EINVAL,
                        "the name of a label has %zu bytes; at most %d are allowed", length,
                        MATCHER_NAME_MAX);
        if (strlen(value) > MATCHER_VALUE_MAX)
                return error_set(e, -EINVAL,
                        "the value of %s has %zu bytes; at most %d are allowed", name,
                        strlen(value), MATCHER_VALUE_MAX);
        if (!utf8_valid(value, strlen(value)))
                return error_set(e, -EINVAL, "the value of %s is not UTF-8", name);
        return 0;
}

int matchers_add(struct matchers *m, enum matcher_kind kind, const char *name, const char *value,
        struct error *e)
{
        _cleanup_(matcher_done) struct matcher one = {.kind = kind};
        struct matcher *grown;
        int r = check(name, value, e);

        if (r == 0 && m->count >= MATCHERS_MAX)
                r = error_set(e, -EINVAL, "more than %d matchers", MATCHERS_MAX);
        if (r == 0)
                r = strdup_to(&one.name, name);
        if (r == 0)
                r = strdup_to(&one.value, value);
        if (r == 0 && kinds[kind].pattern)
                r = pattern_new(value, &one.pattern, e);
        if (r < 0)
                return r;
        grown = reallocarray(m->matchers, m->count + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        m->matchers = grown;
        grown[m->count++] = one;
        one = (struct matcher){0};
        return 0;
}

static void skip(const char **at)
{
        *at += strspn(*at, BLANKS);
}

static int take_sign(const char **at, enum matcher_kind *ret)
{
        /* The longer ones first. */
        static const enum matcher_kind order[] = {
                MATCHER_PATTERN, MATCHER_NOT_PATTERN, MATCHER_NOT_EQUAL, MATCHER_EQUAL};

        for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
                const char *sign = kinds[order[i]].sign;

                if (strncmp(*at, sign, strlen(sign)) != 0)
                        continue;
                *at += strlen(sign);
                *ret = order[i];
                return 0;
        }
        return -EINVAL;
}

/* After the quote. Other escapes stay as they are: they are the expression's. */
static int take_quoted(const char **at, struct text *t, struct error *e)
{
        const char *s = *at;

        for (; *s && *s != '"'; s++)
                if (*s == '\\' && s[1] && strchr("\"\\n", s[1]))
                        text_append_bytes(t, *++s == 'n' ? "\n" : s, 1);
                else
                        text_append_bytes(t, s, 1);
        if (*s != '"')
                return error_set(e, -EINVAL, "a quote is not closed");
        *at = s + 1;
        return 0;
}

static int take_value(const char **at, struct text *t, struct error *e)
{
        size_t length;

        if (**at == '"') {
                ++*at;
                return take_quoted(at, t, e);
        }
        length = strcspn(*at, NOT_BARE BLANKS);
        text_append_bytes(t, *at, length);
        *at += length;
        return 0;
}

static int take_name(const char **at, char **ret, struct error *e)
{
        size_t length = name_length(*at);

        if (length == 0)
                return error_set(e, -EINVAL,
                        **at ? "at \"%.40s\" the name of a label was expected"
                             : "the name of a label is missing",
                        *at);
        *ret = strndup(*at, length);
        *at += length;
        return *ret ? 0 : -ENOMEM;
}

static int take_matcher(struct matchers *m, const char **at, struct error *e)
{
        _cleanup_text_ struct text value = {0};
        _cleanup_free_ char *name = NULL;
        enum matcher_kind kind;
        int r = take_name(at, &name, e);

        if (r < 0)
                return r;
        skip(at);
        if (take_sign(at, &kind) < 0)
                return error_set(e, -EINVAL, "after %s one of = != =~ !~ was expected", name);
        skip(at);
        r = take_value(at, &value, e);
        if (r == 0 && text_failed(&value))
                r = -ENOMEM;
        return r < 0 ? r : matchers_add(m, kind, name, text_string(&value), e);
}

static int take_all(struct matchers *m, const char *at, struct error *e)
{
        bool braces = *at == '{', more = true;
        int r = 0;

        at += braces;
        skip(&at);
        while (r == 0 && more && !(braces && *at == '}')) {
                r = take_matcher(m, &at, e);
                skip(&at);
                more = *at == ',';
                at += more;
                skip(&at);
        }
        if (r == 0 && braces && *at != '}')
                r = error_set(e, -EINVAL,
                        *at ? "at \"%.40s\" a , or } was expected" : "a { is not closed", at);
        if (r < 0)
                return r;
        at += braces;
        skip(&at);
        return *at ? error_set(e, -EINVAL,
                             "at \"%.40s\" nothing more was expected; a value with blanks or signs "
                             "stands in quotes",
                             at)
                   : 0;
}

int matchers_parse(struct matchers *m, const char *text, struct error *e)
{
        size_t before = m->count;
        int r;

        skip(&text);
        r = take_all(m, text, e);
        if (r < 0)
                shorten(m, before);
        return r;
}

int matchers_copy(const struct matchers *from, struct matchers *ret)
{
        struct matchers copy = {calloc(from->count + 1, sizeof(*copy.matchers)), 0};
        int r = copy.matchers ? 0 : -ENOMEM;

        for (size_t i = 0; i < from->count && r >= 0; i++) {
                struct matcher *to = &copy.matchers[copy.count++];

                to->kind = from->matchers[i].kind;
                r = strdup_to(&to->name, from->matchers[i].name);
                if (r >= 0)
                        r = strdup_to(&to->value, from->matchers[i].value);
        }
        if (r < 0)
                matchers_done(&copy);
        else
                *ret = copy;
        return r;
}

static bool matches(const struct matcher *m, const char *value)
{
        bool same = m->pattern ? pattern_matches(m->pattern, value) : streq(m->value, value);

        return same != kinds[m->kind].negated;
}

bool matchers_match(const struct matchers *m, const struct labels *l)
{
        for (size_t i = 0; i < m->count; i++) {
                const char *value = labels_get(l, m->matchers[i].name);

                if (!matches(&m->matchers[i], value ? value : ""))
                        return false;
        }
        return true;
}

bool matchers_vacuous(const struct matchers *m)
{
        for (size_t i = 0; i < m->count; i++)
                if (!matches(&m->matchers[i], ""))
                        return false;
        return true;
}

size_t matchers_cost(const struct matchers *m)
{
        size_t cost = 0;

        for (size_t i = 0; i < m->count; i++)
                cost += m->matchers[i].pattern ? pattern_cost(m->matchers[i].pattern) : 0;
        return cost;
}

static void append_quoted(struct text *t, const char *s)
{
        text_append(t, "\"");
        for (; *s; s++)
                if (*s == '\n')
                        text_append(t, "\\n");
                else
                        text_appendf(t, strchr("\"\\", *s) ? "\\%c" : "%c", *s);
        text_append(t, "\"");
}

void matchers_build(const struct matchers *m, struct text *t)
{
        text_append(t, "{");
        for (size_t i = 0; i < m->count; i++) {
                text_appendf(t, "%s%s%s", i > 0 ? "," : "", m->matchers[i].name,
                        matcher_sign(m->matchers[i].kind));
                append_quoted(t, m->matchers[i].value);
        }
        text_append(t, "}");
}

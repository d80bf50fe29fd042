/* SPDX-License-Identifier: Apache-2.0 */
#include "pattern_steps.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>

#include "text.h"
#include "utf8.h"

struct compiler {
        struct pattern *p;
        const char *at, *text;
        struct error *error;
        unsigned depth;
};

static const struct named {
        const char *name; /* between [: and :], or one letter: after a backslash */
        struct range ranges[6]; /* ends with one of 0 to 0 */
} names[] = {
        {"d", {{'0', '9'}}},
        {"D", {{0, '/'}, {':', CODE_MAX}}},
        {"w", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
        {"W", {{0, '/'}, {':', '@'}, {'[', '^'}, {'`', '`'}, {'{', CODE_MAX}}},
        {"s", {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}},
        {"S", {{0, '\b'}, {'\v', '\v'}, {0x0e, 0x1f}, {'!', CODE_MAX}}},
        {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
        {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
        {"digit", {{'0', '9'}}},
        {"lower", {{'a', 'z'}}},
        {"upper", {{'A', 'Z'}}},
        {"space", {{'\t', '\r'}, {' ', ' '}}},
        {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
        {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
        {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
};

_printf_(2, 3) static int refuse(struct compiler *c, const char *format, ...)
{
        _cleanup_free_ char *why = NULL;
        va_list arguments;

        va_start(arguments, format);
        why = text_vformat(format, arguments);
        va_end(arguments);
        return error_set(c->error, -EINVAL, "the regular expression \"%s\" cannot be used: %s",
                c->text, why ? why : "memory is short");
}

/* Makes room for `count` steps at `at`. */
static int insert(struct compiler *c, int at, int count)
{
        struct pattern *p = c->p;

        if (p->count + count > PATTERN_STEPS_MAX)
                return refuse(c, "it is too long, or repeats too much: it takes more than %d steps",
                        PATTERN_STEPS_MAX);
        memmove(&p->steps[at + count], &p->steps[at], (size_t)(p->count - at) * sizeof(*p->steps));
        p->count += count;
        return 0;
}

static int put(struct compiler *c, int at, struct step step)
{
        int r = insert(c, at, 1);

        if (r == 0)
                c->p->steps[at] = step;
        return r;
}

static int append(struct compiler *c, struct step step)
{
        return put(c, c->p->count, step);
}

static int split(struct compiler *c, int at, int one, int other)
{
        return put(c, at, (struct step){STEP_SPLIT, .to = {one, other}});
}

static void add_range(struct compiler *c, struct step *class, uint32_t first, uint32_t last)
{
        struct pattern *p = c->p;

        p->ranges[p->range_count++] = (struct range){first, last};
        class->count++;
}

static struct step begin_class(const struct compiler *c)
{
        return (struct step){STEP_RANGES, .first = (uint16_t)c->p->range_count};
}

static int add_named(struct compiler *c, struct step *class, const char *name, size_t size)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct range *range = names[i].ranges;

                if (strlen(names[i].name) != size || memcmp(names[i].name, name, size) != 0)
                        continue;
                for (; range->last > 0; range++)
                        add_range(c, class, range->first, range->last);
                return 0;
        }
        return refuse(c, "[:%.*s:] is no class", (int)size, name);
}

static uint32_t take_code(struct compiler *c)
{
        size_t length = utf8_sequence(c->at, strlen(c->at));
        uint32_t code = utf8_code(c->at, length);

        c->at += length;
        return code;
}

/* What stands after a backslash, when it is one character. */
static int take_escape(struct compiler *c, uint32_t *ret)
{
        static const char letters[] = "tnrfv", meant[] = "\t\n\r\f\v";
        const char *letter = *c->at ? strchr(letters, *c->at) : NULL;

        if (!letter && !ispunct((unsigned char)*c->at))
                return *c->at
                        ? refuse(c, "\\%.*s is not known", (int)utf8_sequence(c->at, 4), c->at)
                        : refuse(c, "it ends with a backslash");
        *ret = letter ? (unsigned char)meant[letter - letters] : (unsigned char)*c->at;
        c->at++;
        return 0;
}

static bool names_class(const char *s)
{
        return *s && strchr("dDwWsS", *s);
}

/* "a", "\]" or the end of "a-z". */
static int take_member(struct compiler *c, uint32_t *ret)
{
        if (*c->at == '\0')
                return refuse(c, "a [ is not closed");
        if (*c->at == '\\') {
                c->at++;
                return take_escape(c, ret);
        }
        *ret = take_code(c);
        return 0;
}

static int take_span(struct compiler *c, struct step *class)
{
        uint32_t first, last;
        int r = take_member(c, &first);

        if (r < 0)
                return r;
        last = first;
        if (c->at[0] == '-' && c->at[1] != ']') {
                c->at++;
                r = take_member(c, &last);
        }
        if (r == 0 && last < first)
                r = refuse(c, "a range of a class ends before it begins");
        if (r == 0)
                add_range(c, class, first, last);
        return r;
}

static int take_class(struct compiler *c)
{
        struct step class = begin_class(c);
        const char *begin, *end;
        int r = 0;

        class.negated = *c->at == '^';
        c->at += class.negated;
        begin = c->at;
        while (r == 0 && (*c->at != ']' || c->at == begin)) {
                end = strncmp(c->at, "[:", 2) == 0 ? strstr(c->at, ":]") : NULL;
                if (end) {
                        r = add_named(c, &class, c->at + 2, (size_t)(end - c->at - 2));
                        c->at = end + 2;
                } else if (*c->at == '\\' && names_class(c->at + 1)) {
                        r = add_named(c, &class, c->at + 1, 1);
                        c->at += 2;
                } else
                        r = take_span(c, &class);
        }
        if (r < 0)
                return r;
        c->at++;
        return append(c, class);
}

static int append_code(struct compiler *c, uint32_t code)
{
        struct step class = begin_class(c);

        add_range(c, &class, code, code);
        return append(c, class);
}

static int take_dot(struct compiler *c)
{
        struct step class = begin_class(c);

        if (!c->p->dot_all)
                add_range(c, &class, '\n', '\n');
        class.negated = true;
        return append(c, class);
}

static int take_backslash(struct compiler *c)
{
        struct step class = begin_class(c);
        uint32_t code;
        int r;

        if (names_class(c->at)) {
                r = add_named(c, &class, c->at++, 1);
                return r < 0 ? r : append(c, class);
        }
        r = take_escape(c, &code);
        return r < 0 ? r : append_code(c, code);
}

static int take_choice(struct compiler *c);

static int take_group(struct compiler *c)
{
        int r;

        if (strncmp(c->at, "?:", 2) == 0)
                c->at += 2;
        else if (*c->at == '?')
                return refuse(c,
                        "of groups that begin with (? only (?: is known, and (?i) and "
                        "(?s) in the beginning");
        if (++c->depth > PATTERN_DEPTH_MAX)
                return refuse(c, "its groups are more than %d deep", PATTERN_DEPTH_MAX);
        r = take_choice(c);
        c->depth--;
        if (r == 0 && *c->at != ')')
                r = refuse(c, "a ( is not closed");
        c->at += r == 0;
        return r;
}

static int take_atom(struct compiler *c)
{
        switch (*c->at) {
        case '(':
                c->at++;
                return take_group(c);
        case '[':
                c->at++;
                return take_class(c);
        case '.':
                c->at++;
                return take_dot(c);
        case '\\':
                c->at++;
                return take_backslash(c);
        case '^':
                c->at++;
                return append(c, (struct step){.operation = STEP_BEGIN});
        case '$':
                c->at++;
                return append(c, (struct step){.operation = STEP_END});
        case '*':
        case '+':
        case '?':
                return refuse(c, "there is nothing before a %c that could be repeated", *c->at);
        default:
                return append_code(c, take_code(c));
        }
}

/* How often: from `least` to `most`, which is -1 for without end. */
struct times {
        int least, most;
};

static const char *read_count(const char *s, int *ret)
{
        int value = 0;

        if (!isdigit((unsigned char)*s))
                return NULL;
        for (; isdigit((unsigned char)*s); s++)
                value = MIN(value * 10 + (*s - '0'), PATTERN_STEPS_MAX + 1);
        *ret = value;
        return s;
}

/* "{2,5}" as RE2 reads it: what looks otherwise is text. */
static const char *read_braces(const char *s, struct times *ret)
{
        s = read_count(s + 1, &ret->least);
        if (!s)
                return NULL;
        ret->most = ret->least;
        if (*s == ',') {
                ret->most = -1;
                s++;
                if (*s != '}')
                        s = read_count(s, &ret->most);
        }
        return s && *s == '}' ? s + 1 : NULL;
}

static bool take_times(struct compiler *c, struct times *ret)
{
        static const char signs[] = "*+?";
        static const struct times meant[] = {{0, -1}, {1, -1}, {0, 1}};
        const char *sign = *c->at ? strchr(signs, *c->at) : NULL;
        const char *end = sign ? c->at + 1 : *c->at == '{' ? read_braces(c->at, ret) : NULL;

        if (!end)
                return false;
        if (sign)
                *ret = meant[sign - signs];
        c->at = end + (*end == '?'); /* whether as little or as much as possible is all the same */
        return true;
}

static int copy_steps(struct compiler *c, const struct step *steps, int size)
{
        int at = c->p->count, r = insert(c, at, size);

        if (r == 0)
                memcpy(&c->p->steps[at], steps, (size_t)size * sizeof(*steps));
        return r;
}

/* One more time without end, or at most once. */
static int repeat_last(struct compiler *c, int at, int size, bool endless)
{
        int r = split(c, at, 1, size + (endless ? 2 : 1));

        return r == 0 && endless ? split(c, c->p->count, -size - 1, -size - 1) : r;
}

/* Writes out what was compiled since `from`. */
static int repeat(struct compiler *c, int from, struct times times)
{
        int size = c->p->count - from, optional = times.most - times.least, r = 0;
        _cleanup_free_ struct step *steps = calloc((size_t)size + 1, sizeof(*steps));

        if (!steps)
                return -ENOMEM;
        if (times.most >= 0 && optional < 0)
                return refuse(c, "{%d,%d} is no number of times", times.least, times.most);
        if (MAX(times.least, times.most) > PATTERN_STEPS_MAX)
                return refuse(c, "it repeats something more than %d times", PATTERN_STEPS_MAX);
        memcpy(steps, &c->p->steps[from], (size_t)size * sizeof(*steps));
        c->p->count = from;
        for (int i = 0; r == 0 && i < times.least; i++)
                r = copy_steps(c, steps, size);
        for (int i = 0; r == 0 && i < (times.most < 0 ? 1 : optional); i++) {
                int at = c->p->count;

                r = copy_steps(c, steps, size);
                if (r == 0)
                        r = repeat_last(c, at, size, times.most < 0);
        }
        return r;
}

static int take_piece(struct compiler *c)
{
        int from = c->p->count, r = take_atom(c);
        struct times times;

        if (r < 0 || !take_times(c, &times))
                return r;
        r = repeat(c, from, times);
        if (r == 0 && take_times(c, &times))
                r = refuse(c, "what is repeated is repeated again; put it into ( )");
        return r;
}

static int take_choice(struct compiler *c)
{
        int from = c->p->count, size, r = 0;

        while (r == 0 && *c->at && *c->at != '|' && *c->at != ')')
                r = take_piece(c);
        if (r < 0 || *c->at != '|')
                return r;
        c->at++;
        size = c->p->count - from;
        r = split(c, from, 1, size + 2);
        if (r == 0)
                r = split(c, c->p->count, 0, 0);
        from += size + 1;
        if (r == 0)
                r = take_choice(c);
        if (r == 0) {
                int over = c->p->count - from;

                c->p->steps[from].to[0] = c->p->steps[from].to[1] = over;
        }
        return r;
}

/* "(?is)" in the beginning. */
static void take_flags(struct compiler *c)
{
        size_t size = strncmp(c->at, "(?", 2) == 0 ? strspn(c->at + 2, "is") : 0;

        if (size == 0 || c->at[2 + size] != ')')
                return;
        c->p->folds = memchr(c->at + 2, 'i', size);
        c->p->dot_all = memchr(c->at + 2, 's', size);
        c->at += size + 3;
}

int pattern_compile(struct pattern *p, const char *text, struct error *e)
{
        struct compiler c = {p, text, text, e, 0};
        int r;

        take_flags(&c);
        r = take_choice(&c);
        if (r == 0 && *c.at == ')')
                r = refuse(&c, "a ) closes nothing");
        if (r == 0)
                p->steps[p->count++] = (struct step){.operation = STEP_MATCH};
        return r;
}

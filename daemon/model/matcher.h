/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which label sets are meant: matchers as Alertmanager writes them, name="value", !=, =~ and !~,
 * alone or as {a="b", c=~"d|e"}. A list of them matches what each of them matches. Expressions are
 * those of pattern.h, of the whole value. A label that a set does not have is the empty one. */

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "model/alert.h"
#include "pattern.h"
#include "text.h"

/* Nobody reads more of them in one list. */
#define MATCHERS_MAX 32
#define MATCHER_NAME_MAX 200 /* bytes, as of labels */
#define MATCHER_VALUE_MAX PATTERN_SIZE_MAX

enum matcher_kind {
        MATCHER_EQUAL,
        MATCHER_NOT_EQUAL,
        MATCHER_PATTERN,
        MATCHER_NOT_PATTERN,
        MATCHER_KIND_COUNT,
};

struct matcher {
        enum matcher_kind kind;
        char *name, *value;
        struct pattern *pattern; /* of the two kinds that have one */
};

struct matchers {
        struct matcher *matchers;
        size_t count;
};

/* Adds what the text says: one matcher, or several between commas, with or without braces around
 * them. A value is quoted, with \" \\ and \n, or bare: then it has no blanks, commas, quotes,
 * braces, backslashes or signs of comparison. -EINVAL with a sentence, -ENOMEM; nothing was added
 * then. */
_must_check_ int matchers_parse(struct matchers *m, const char *text, struct error *e);
/* Adds one. The same errors. */
_must_check_ int matchers_add(struct matchers *m, enum matcher_kind kind, const char *name,
        const char *value, struct error *e);
/* Names and values, to be shown: what it yields must not be asked to match. -ENOMEM. */
_must_check_ int matchers_copy(const struct matchers *from, struct matchers *ret);
void matchers_done(struct matchers *m);
/* Whether all match; a list of none does. */
bool matchers_match(const struct matchers *m, const struct labels *l);
/* Whether it says nothing: each of them matches the empty value, and so do all labels that nobody
 * has. */
bool matchers_vacuous(const struct matchers *m);
/* Comparisons that a character of the values takes at most, of all expressions together. */
size_t matchers_cost(const struct matchers *m);
/* As {a="b",c=~"d|e"}, which matchers_parse() reads back. */
void matchers_build(const struct matchers *m, struct text *t);
/* "=", "!=", "=~", "!~". */
const char *matcher_sign(enum matcher_kind kind);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* YAML 1.1 (and so JSON) text as a tree in which every node knows its line and column. Anchors,
 * aliases, tags and several documents are refused: a configuration that needs them is not readable
 * at 3 a.m., and aliases are the way a small hostile file becomes a large tree. Duplicate keys are
 * errors. Meaning (types, ranges) is the caller's. */

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "text.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

/* What follows a plain scalar in its line, and how far it stands apart: a text that goes on with
 * "#42" is cut there without a word. */
enum yaml_comment {
        YAML_COMMENT_NONE,
        YAML_COMMENT_APART, /* two spaces before the #, one behind it: nobody meant a text */
        YAML_COMMENT_NEAR, /* one space before it, one behind it */
        YAML_COMMENT_GLUED, /* none behind it: #42 */
};

struct yaml_node {
        enum yaml_kind kind;
        unsigned line, column; /* of its first character, from 1 */
        char *scalar; /* YAML_SCALAR: its text, never NULL */
        bool plain; /* YAML_SCALAR: not quoted, so `5m`, `true`, `null` have meaning */
        enum yaml_comment comment; /* … and what follows it */
        unsigned comment_column; /* of its #, in the line in which the scalar ends: */
        unsigned end_line;
        struct yaml_node **keys; /* YAML_MAPPING: scalars, same order as values */
        struct yaml_node **values; /* YAML_SEQUENCE and YAML_MAPPING */
        size_t count;
};

/* Limits of one tree; deeper or larger input is an error at the place where the limit is passed. */
#define YAML_DEPTH_MAX 32
#define YAML_NODES_MAX 2000000

/* Parses `size` bytes of the file called `name` (used in messages only). An empty document gives an
 * empty mapping. Errors are added as "name:line:column: sentence" and -EBADMSG is returned; all
 * that libyaml can go on after are found at once. -ENOMEM is added, too. JSON's pairs of \u escapes
 * are understood; columns behind such a pair, in its line, count two less for each. */
_must_check_ int yaml_parse(const char *name, const char *data, size_t size, struct yaml_node **ret,
        struct errors *errors);
/* Not yaml_free(): libyaml exports that name and would call ours. */
struct yaml_node *yaml_node_free(struct yaml_node *node);
DEFINE_CLEANUP(struct yaml_node *, yaml_node_free)
/* The value under `key` of a mapping, NULL when absent. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);
/* A plain `null`, `~`, nothing after the colon, or NULL. */
bool yaml_is_null(const struct yaml_node *node);
_must_check_ int yaml_to_bool(const struct yaml_node *node, bool *ret); /* true | false */
/* A decimal number; -ERANGE when it is not finite. */
_must_check_ int yaml_to_double(const struct yaml_node *node, double *ret);
/* Decimal digits only, no leading zeros (YAML 1.1 reads 010 as eight); -ERANGE beyond 64 bits. */
_must_check_ int yaml_to_uint(const struct yaml_node *node, unsigned long *ret);
/* The string as a scalar in double quotes that reads back as the same one, whatever it holds; it
 * has to be UTF-8. */
void yaml_append_string(struct text *t, const char *s);
/* What kind of thing it is, for messages: "a mapping", "a list", "nothing", "\"soon\"" (on one
 * line, long ones cut). `buffer` may be used; 80 bytes are enough for any. */
const char *yaml_describe(const struct yaml_node *node, char *buffer, size_t size);

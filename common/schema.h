/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Reads a YAML tree into plain structures by a table of keys - type, offset, default, bounds, one
 * line of documentation - and complains about every unknown key, wrong type and value out of range,
 * each at its place. What the values mean together is the caller's: it goes on with what was read
 * and adds its own complaints by schema_error(). No files, no defaults other than the table's. */

#include <stdbool.h>
#include <stddef.h>

#include "duration.h"
#include "error.h"
#include "yaml.h"

/* What a key holds, and the C type at its offset. Strings and nodes point into the tree or the
 * table. */
enum schema_type {
        SCHEMA_STRING, /* const char *, not empty; NULL when absent */
        SCHEMA_DURATION, /* usec_t; USEC_INFINITY when absent */
        SCHEMA_INTEGER, /* unsigned; 0 when absent */
        SCHEMA_NUMBER, /* double, finite; NaN when absent */
        SCHEMA_BOOLEAN, /* bool; false when absent */
        SCHEMA_WORD, /* const char *: one of `words`; NULL when absent */
        SCHEMA_STRINGS, /* const struct yaml_node *: a list of non-empty strings; NULL when absent
                         */
        SCHEMA_STRING_MAP, /* const struct yaml_node *: a mapping to strings; NULL when absent */
        SCHEMA_MAPPING, /* const struct yaml_node *: any mapping that is not empty; NULL when absent
                         */
        SCHEMA_ANY, /* const struct yaml_node *: anything but null; NULL when absent */
        SCHEMA_OBJECT, /* the structure itself; absent, it is filled with its keys' defaults */
        SCHEMA_OBJECTS, /* struct schema_list of structures, a list in the file */
        SCHEMA_NAMED, /* struct schema_list of structures, a mapping by name in the file */
};

/* Where a structure comes from: every structure read by a schema begins with one. */
struct schema_place {
        const struct schema_place *parent; /* NULL: the whole file */
        const char *key; /* NULL: the whole file */
        const char *name; /* of an item of SCHEMA_NAMED */
        size_t index; /* of an item of SCHEMA_OBJECTS, else SIZE_MAX */
        const struct yaml_node *node; /* NULL when the file does not have it */
};

struct schema_list {
        void *items;
        size_t count;
};

struct schema_key {
        const char *name;
        enum schema_type type;
        size_t offset;
        bool required;
        const char *fallback; /* as written in YAML; for lists documentation only. NULL: none */
        const char *inherits; /* path of the key that counts when this one is absent; documentation
                                 only */
        double min, max; /* microseconds, the number itself, bytes of a string, items of a list; no
                          * bounds when both are 0. Integers need them */
        const char *const *words; /* of SCHEMA_WORD, ends with NULL; of SCHEMA_OBJECTS what may
                                   * stand there for a list, which then is empty; NULL: nothing */
        const char *(*name_at)(size_t i); /* names of SCHEMA_NAMED; NULL beyond the last */
        const struct schema
                *object; /* of SCHEMA_OBJECT, _OBJECTS, _NAMED; of _OBJECTS it may be the
                          * schema that the key is of, as deep as YAML_DEPTH_MAX allows
                          */
        const char *(*check)(const char *); /* of SCHEMA_STRING, and of each scalar within a
                                             * SCHEMA_MAPPING: what is wrong with it, NULL for
                                             * nothing */
        bool may_be_empty; /* of SCHEMA_STRING: "" says that there is to be nothing */
        const char *kind; /* type in the documentation, where it says more */
        const char *item; /* what to write for a name in paths: "<rule>" */
        const char *doc;
};

struct schema {
        const struct schema_key *keys;
        size_t count; /* at most SCHEMA_KEYS_MAX */
        size_t size; /* of the structure */
};
#define SCHEMA_KEYS_MAX 32

struct schema_reader {
        const char *file; /* in messages */
        struct errors *errors;
};

/* Reads `root` into `target`, which the caller provides zeroed and gives to schema_done() whatever
 * the result; it borrows from `root` and from itself, so neither may move. -EBADMSG when complaints
 * were added: what was wrong then reads as absent, the rest is usable for further checks. -ENOMEM.
 */
_must_check_ int schema_read(const struct schema_reader *reader, const struct schema *schema,
        const struct yaml_node *root, void *target);
/* Frees the lists within. */
void schema_done(const struct schema *schema, void *target);

/* Adds "file:line:column: path.of.key: sentence". The position is that of `node`; when NULL, that
 * of the key's value, or of the innermost structure around it that exists. `key` may be NULL. */
void schema_error(const struct schema_reader *reader, const struct schema_place *place,
        const char *key, const struct yaml_node *node, const char *format, ...) _printf_(5, 6);
/* Complains about items whose string at `offset` (NULL: skipped) an earlier item has too. -ENOMEM.
 */
_must_check_ int schema_unique(const struct schema_reader *reader, const struct schema_list *list,
        size_t item_size, const char *key, size_t offset);
/* "; did you mean \"interval\"?", or "" when no word is near. Returns `buffer`. */
#define SCHEMA_HINT_MAX 128
const char *schema_hint(
        char *buffer, size_t size, const char *word, const char *const *words, size_t count);

/* Whether `node`, which may be NULL, is one of `words`, without quotes. */
bool schema_is_word(const struct yaml_node *node, const char *const *words);

/* A string check: no control characters. */
const char *schema_check_line(const char *text);
/* That, and no $NAME or ${NAME}: whoever writes one expects it to be replaced, which is not done.
 */
const char *schema_check_value(const char *text);
/* For text that may speak of $money: no ${NAME}, and not a $NAME alone. */
const char *schema_check_text(const char *text);
/* What is wrong with the first `size` bytes of it, which name a variable; NULL when they do not. */
const char *schema_check_variable(const char *text, size_t size);

/* The documentation's view: the `i`-th key in the order of the table, nested keys after the one
 * that holds them, with its path as "collections[].bands[].below"; those of a schema within itself
 * once. False beyond the last. */
bool schema_key_at(const struct schema *schema, size_t i, const struct schema_key **ret, char *path,
        size_t size);
const char *schema_type_name(const struct schema_key *key);
/* "1s … 1d", "1 … 1000", "token, bearer, basic"; NULL when there are none. */
const char *schema_bounds(const struct schema_key *key, char *buffer, size_t size);

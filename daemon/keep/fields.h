/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Structs as JSON objects and back, by a table of their members: what is written with a table is
 * read with it, and nothing gets into a struct that the table does not allow. What is missing in
 * the JSON stays as it was in the struct, so that a table may grow. */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum field_type {
        FIELD_TIME, /* usec_t; one that is never stands as the largest number */
        FIELD_COUNT, /* uint64_t */
        FIELD_SIZE, /* size_t */
        FIELD_UNSIGNED,
        FIELD_INT,
        FIELD_INT64,
        FIELD_BOOL,
        FIELD_FLOAT, /* NaN as null, infinite ones as "inf" and "-inf" */
        FIELD_DOUBLE,
        FIELD_TEXT, /* char *, owned; NULL as null */
        FIELD_WORD, /* an enum, as one of `words` */
        FIELD_TYPE_COUNT,
};

struct field {
        const char *name;
        enum field_type type;
        size_t offset;
        double min, max; /* of numbers; both 0: what the type holds */
        const char *const *words;
        size_t word_count;
};
#define FIELD(struct_, member, type_) \
        { \
                .name = #member, .type = type_, .offset = offsetof(struct_, member) \
        }
#define FIELD_WITHIN(struct_, member, type_, least, most) \
        { \
                .name = #member, .type = type_, .offset = offsetof(struct_, member), .min = least, \
                .max = most \
        }
#define FIELD_OF_WORDS(struct_, member, list) \
        { \
                .name = #member, .type = FIELD_WORD, .offset = offsetof(struct_, member), \
                .words = list, .word_count = ARRAY_SIZE(list) \
        }

/* Adds all members to a hash (hash.h): another one whenever a member is another. */
uint64_t fields_hash(uint64_t hash, const struct field *fields, size_t count, const void *object);
#define FIELDS_HASH(hash, table, object) fields_hash(hash, table, ARRAY_SIZE(table), object)
/* A new reference; NULL when memory is short. */
json_t *fields_build(const struct field *fields, size_t count, const void *object);
/* Adds them to an object; -ENOMEM. */
_must_check_ int fields_put(
        json_t *json, const struct field *fields, size_t count, const void *object);
/* Texts that are in the struct are freed where others take their place. -EBADMSG, with a sentence
 * that names the member: the struct may have some of them, and is to be thrown away. -ENOMEM. */
_must_check_ int fields_parse(const struct field *fields, size_t count, const json_t *json,
        void *object, struct error *e);

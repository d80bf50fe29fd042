/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An HTML document that knows its parts: elements with an id and a version, which is a digest of
 * what is in them. Who has the document already is told only of parts with another version, so that
 * an update costs what has changed and not what there is. How long ago something was is no change:
 * what stands within <time> does not count. It knows nothing of what the parts say. */

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

#define SHEET_VERSION_LENGTH 12 /* hexadecimal digits */

struct sheet_part {
        size_t start, body, end; /* of the element, and of what its version is of, in the text */
        char key[24];
        char version[SHEET_VERSION_LENGTH + 1];
        bool list; /* its children are parts, and its version is of their keys */
        bool listed; /* it is a child of one */
};

struct sheet {
        struct text text;
        struct text title; /* plain */
        const char *verdict; /* static string */
        struct sheet_part *parts;
        size_t count, allocated;
        size_t list; /* the open one, from 1; 0: none */
        size_t version_at; /* in the text: a place that is kept for the version of the whole; 0:
                              none */
};

void sheet_done(struct sheet *s);
/* Opens <element id="key" …> as a part; `attributes` is markup, or "". Parts do not lie within each
 * other, but within a list. */
void sheet_open(struct sheet *s, const char *element, const char *key, const char *attributes);
void sheet_close(struct sheet *s, const char *element);
/* The same of an element that holds nothing but parts, in an order that may change. */
void sheet_open_list(struct sheet *s, const char *element, const char *key, const char *attributes);
void sheet_close_list(struct sheet *s, const char *element);
/* A key for whatever has this name: the letter and a digest of the name. */
void sheet_key(char letter, const char *name, char ret[24]);
/* Of the whole: title, and every part. */
void sheet_version(const struct sheet *s, char ret[SHEET_VERSION_LENGTH + 1]);
/* To be called when all is rendered: writes the whole's version into its place. */
void sheet_finish(struct sheet *s);
/* {"version", "title", "verdict", "parts": {key: element}, "lists": {key: {"version", "keys"}}}:
 * what is not among the versions in `have`, which are separated by blanks. False when memory is
 * short. */
bool sheet_changes(const struct sheet *s, const char *have, struct text *body);

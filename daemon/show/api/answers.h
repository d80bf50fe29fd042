/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The answers to one query, the baseline's and today's, beside each other and with the first words
 * of their documents. The words were read before; nobody is asked here. */

#include <jansson.h>

#include "model/view.h"

/* Of each of the two answers so many are looked at, nearest first. */
#define ANSWERS_SHOWN 10
#define ANSWERS_WORDS_MAX 200 /* bytes */

struct answers_record {
        const char *id; /* borrowed of the view */
        bool there; /* the collection has it */
        char *words; /* owned; NULL: it has no document */
};

/* What is known of the records of both answers, each once. */
struct answers_records {
        struct answers_record records[2 * ANSWERS_SHOWN];
        size_t count;
};

/* Those that a query's answers name; nothing is known of them. */
void answers_collect(const struct collection_view *c, size_t query, struct answers_records *ret);
void answers_records_done(struct answers_records *r);
/* {"collection", "query", "then": [{"rank", "id", "distance", "there", "words"}], "now": [...]};
 * "then" null without a baseline, "now" null before the first answer. NULL when memory is short. */
json_t *answers_json(
        const struct collection_view *c, size_t query, const struct answers_records *records);

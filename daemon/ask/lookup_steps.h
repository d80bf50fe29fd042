/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the steps of a lookup share: what is under way, and how one step asks, reads what came and
 * goes on with the next. Only the files of lookup.h include this. */

#include "ask/exchange.h"
#include "ask/lookup.h"
#include "ask/records.h"

struct lookup {
        struct exchange exchange;
        sd_event_source *defer; /* begins: no step runs within lookup_start() */
        const struct lookup_target *target;
        struct suspects *suspects;
        lookup_done_t done;
        void *userdata;
        size_t page, page_end; /* of `wanted` or of `lists`: under way */
        size_t selves[SUSPECTS_SELF]; /* records to ask for with their own vectors */
        float *vectors; /* theirs, of the suspects' dimension */
        size_t self_count;
        const struct query *filtering; /* whose filter is asked for */
        size_t filters; /* how many were */
        size_t next; /* of `missing`: not yet looked up by metadata, or behind its filter */
        size_t by_metadata; /* how many are or were */
        bool elements; /* it is looked up by the elements of lists */
        enum {
                BY_ID,
                BY_VALUE,
                BY_ELEMENT
        } found[SUSPECTS_EXPECTED]; /* of `missing`: as what it exists */
        bool unreadable; /* the server fails to read vectors of expected records */
        bool knows_no_lists; /* the server refuses to look into lists */
        struct error error;
};

/* Calls back: the lookup is over. */
void lookup_finish(struct lookup *i);
/* Sends what was built with the result `code`; ends the lookup when it cannot be sent. */
void lookup_ask(struct lookup *i, int code, http_done_t done);
void lookup_ask_records(struct lookup *i, const struct records_request *request, http_done_t done);
/* The answer to a /get of `what`; a negative errno or RULING_*, with the sentence in `i->error`. */
_must_check_ int lookup_receive_records(struct lookup *i, const struct http_response *response,
        const char *what, struct records *ret);
/* False when the lookup is over. */
_must_check_ bool lookup_accept_records(struct lookup *i, const struct http_response *response,
        const char *what, struct records *ret);
/* Whether what was found has the vector of the suspect, which has one: it lies as far from the
 * query that the suspect left. */
bool lookup_has_vector(const struct lookup *i, const struct suspect *r,
        const struct records *records, size_t found);
/* Unless it is among them. */
void lookup_add_id(const char **ids, size_t *count, const char *id);
/* The steps, in their order: each goes on with the next. */
void lookup_ask_expected(struct lookup *i);
void lookup_ask_documents(struct lookup *i);

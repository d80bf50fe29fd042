/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Chroma's answers to /query, read as they arrive: for each vector a row of ids, distances and, if
 * asked for, metadata. A defect of one row makes that row unusable and no other. No I/O. */

#include "ask/chroma.h"

/* What reads the answer to `count` vectors with at most `results` records each; owned by a request.
 * `include` is a set of enum chroma_include. NULL when memory is short. */
struct http_sink *results_sink(size_t count, unsigned results, unsigned include);

/* The functions below expect a 2xx response to such a request, each of which may be read once, and
 * return -EBADMSG with a sentence when the whole of it is not right. */
/* One query's share of a response: an answer, or why there is none. */
struct results_row {
        struct answer *answer; /* reference; NULL when unusable */
        const char *unmeasured; /* sentence when answer is NULL: "a distance is null", …; static,
                                   or of a refused one whoever holds the array keeps it */
        bool refused; /* the server did not take the query */
};
/* Into `ret[0 … count-1]`, which the caller provides zeroed and whose answers it then owns. An
 * empty row is an answer without records. */
_must_check_ int results_read(
        const struct http_response *response, struct results_row *ret, struct error *e);
/* Releases their answers; zeroed again. */
void results_forget(struct results_row *rows, size_t count);
/* How many ids each row has, of a request that included nothing. Any defect, and a row of more than
 * was asked for, is -EBADMSG. */
_must_check_ int results_read_counts(
        const struct http_response *response, size_t *ret, struct error *e);
/* The ids themselves, of one vector; strings and array are the caller's. */
_must_check_ int results_read_ids(
        const struct http_response *response, char ***ret, size_t *ret_count, struct error *e);

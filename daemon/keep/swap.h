/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Looks at a file on storage that several machines share, and replaces its content if it still is
 * what was expected. A child process does it, because such storage may hang for minutes, and
 * whoever waits for it there cannot even be killed: the daemon measures on meanwhile. The file is
 * written in place, so that its owner and mode stay and no other machine goes on to read the one
 * before. */

#include <sys/types.h>

#include "error.h"
#include "text.h"

struct swap {
        pid_t child; /* 0: none */
        int output; /* of the child, to wait for and to give to swap_collect() */
        struct text answer;
};

/* What is asked. `content` NULL: it is only looked at. */
struct swap_request {
        const char *path;
        const void *expected, *content;
        size_t expected_size, content_size;
        size_t limit; /* bytes; a larger file is an error */
};

/* Begins; a file that is missing is made, empty. The request is done with when it returns. */
_must_check_ int swap_start(struct swap *s, const struct swap_request *request);
/* Takes what the child has to say. 0: not all of it; 1: `s->answer` is what the file said before,
 * and `*ret_written` whether it says `content` now. Else a negative errno with a sentence. */
_must_check_ int swap_collect(struct swap *s, bool *ret_written, struct error *error);
/* Ends the child, if there is one. */
void swap_done(struct swap *s);

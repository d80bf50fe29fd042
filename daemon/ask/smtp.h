/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an SMTP server answers, as far as it decides about one mail (RFC 5321): libcurl tells only
 * the last status of a conversation, and of several recipients not who was refused. It is given
 * the server's lines as they come, counts the answers from MAIL on - one to MAIL, one to each RCPT,
 * one to DATA, one to the mail itself - and neither speaks nor waits. Pure. */

#include "text.h"

/* Bytes kept of what the server says, of one answer and of all refused recipients. */
#define SMTP_WORDS_MAX 300U

struct smtp {
        char *const *recipients; /* NULL-terminated, borrowed */
        bool begun; /* the next answer is the one to MAIL */
        size_t answers, refused; /* since then; of the recipients */
        bool answered; /* the last line was the last of an answer */
        unsigned status; /* of the last answer that says something of the whole mail; 0: none yet */
        bool over; /* it is decided, and the server is asked nothing but to end */
        struct text words; /* of the last answer, without its status */
        struct text refusals; /* "a@example.org (550 no such user)", one after the other */
};

/* Zeroed with `recipients` it is ready. */
void smtp_begin(struct smtp *s);
/* One line, with its end. */
void smtp_take(struct smtp *s, const char *line, size_t size);
/* Appends who was refused, if somebody was and others were not; nothing otherwise. */
void smtp_append_refused(const struct smtp *s, struct text *t);
void smtp_done(struct smtp *s);

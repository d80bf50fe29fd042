/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/smtp.h"

#include <ctype.h>

#define CODE_SIZE 3

static size_t recipients(const struct smtp *s)
{
        size_t count = 0;

        while (s->recipients[count])
                count++;
        return count;
}

void smtp_begin(struct smtp *s)
{
        s->begun = true;
        s->answers = s->refused = s->status = 0;
        text_clear(&s->words);
        text_clear(&s->refusals);
}

/* The status at the beginning of a line; 0 for none. */
static unsigned read_status(const char *line, size_t size)
{
        unsigned status = 0;

        for (size_t i = 0; i < CODE_SIZE; i++) {
                if (size <= i || !isdigit((unsigned char)line[i]))
                        return 0;
                status = status * 10 + (unsigned)(line[i] - '0');
        }
        return status;
}

static void keep(struct text *t, const char *words, size_t size)
{
        size_t room = t->size < SMTP_WORDS_MAX ? SMTP_WORDS_MAX - t->size : 0;

        while (size > 0 && isspace((unsigned char)words[size - 1]))
                size--;
        if (size > 0 && t->size > 0 && room > 0)
                text_append(t, " ");
        text_append_bytes(t, words, MIN(size, room));
}

static void refuse(struct smtp *s, size_t recipient, unsigned status)
{
        s->refused++;
        /* Somebody may yet be taken: what is passing decides before what is final. */
        if (s->status < 400 || s->status > 499)
                s->status = status;
        if (s->refusals.size >= SMTP_WORDS_MAX)
                return;
        text_appendf(&s->refusals, "%s%s (%u", s->refusals.size > 0 ? ", " : "",
                s->recipients[recipient], status);
        if (s->words.size > 0)
                text_appendf(&s->refusals, " %s", text_string(&s->words));
        text_append(&s->refusals, ")");
}

/* The answer to the `i`-th recipient. */
static void take_recipient(struct smtp *s, size_t i, size_t count, unsigned status)
{
        if (i == 0)
                s->status = 0;
        if (status < 200 || status > 299)
                refuse(s, i, status);
        if (i + 1 < count)
                return;
        s->over = s->refused == count;
        if (!s->over)
                s->status = 0;
}

static void take_answer(struct smtp *s, unsigned status)
{
        size_t count = recipients(s), i;

        if (!s->begun) {
                s->status = status;
                return;
        }
        i = s->answers++;
        if (i > 0 && i <= count) {
                take_recipient(s, i - 1, count, status);
                return;
        }
        s->status = status;
        s->over = i == 0 ? status >= 400 : i == count + 1 ? status != 354 : true;
}

void smtp_take(struct smtp *s, const char *line, size_t size)
{
        unsigned status = read_status(line, size);
        bool more = size > CODE_SIZE && line[CODE_SIZE] == '-';

        if (s->over || status == 0)
                return;
        if (s->answered)
                text_clear(&s->words);
        s->answered = !more;
        keep(&s->words, line + MIN(size, (size_t)CODE_SIZE + 1),
                size - MIN(size, (size_t)CODE_SIZE + 1));
        if (!more)
                take_answer(s, status);
}

void smtp_append_refused(const struct smtp *s, struct text *t)
{
        size_t count = recipients(s);

        if (s->refused > 0 && s->refused < count)
                text_appendf(t, "%zu of %zu recipients refused: %s", s->refused, count,
                        text_string(&s->refusals));
}

void smtp_done(struct smtp *s)
{
        text_done(&s->words);
        text_done(&s->refusals);
}

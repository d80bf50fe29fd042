/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of one that does not say, and the least that is kept to: in less, breaking helps nobody. */
#define COLUMNS 80
#define COLUMNS_MIN 40
/* What goes on in the next line stands so much farther to the right. */
#define INDENT 4

struct terminal terminal_of_stdout(void)
{
        const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
        struct winsize size = {0};

        if (!isatty(STDOUT_FILENO))
                return (struct terminal){0};
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                size.ws_col = COLUMNS;
        return (struct terminal){.columns = MAX((size_t)size.ws_col, (size_t)COLUMNS_MIN),
                .colour = !(none && *none) && !streq(term, "dumb")};
}

/* The bytes of at most so many characters, up to a blank or the end; a word that is too long is
 * not broken. */
static size_t line_size(const char *s, size_t size, size_t columns)
{
        size_t width = 0, blank = 0;

        for (size_t i = 0; i < size; i++) {
                if (s[i] == ' ' && i > 0 && s[i - 1] != ' ')
                        blank = i;
                width += ((unsigned char)s[i] & 0xc0) != 0x80;
                if (width > columns && blank > 0)
                        return blank;
        }
        return size;
}

/* Where the outcome begins that the line is about; the line's end when there is none. */
static size_t outcome_at(const char *s, size_t size, size_t *ret_size, int *ret_colour)
{
        static const struct {
                const char *word;
                int colour; /* SGR */
        } outcomes[] = {
                {"pass", 32}, {"drift", 33}, {"fail", 31}, {"unmeasured", 36}, {"unjudged", 36}};
        static const char lead[] = "verdict: ";
        size_t at = 0;

        while (at < size && s[at] == ' ')
                at++;
        if (at == 0 && strncmp(s, lead, strlen(lead)) == 0)
                at = strlen(lead);
        for (size_t i = 0; at > 0 && i < ARRAY_SIZE(outcomes); i++) {
                size_t n = strlen(outcomes[i].word);

                if (at + n < size && strncmp(s + at, outcomes[i].word, n) == 0 &&
                        s[at + n] == ' ') {
                        *ret_size = n;
                        *ret_colour = outcomes[i].colour;
                        return at;
                }
        }
        return size;
}

static void append_coloured(struct text *t, const char *s, size_t size)
{
        size_t n = 0, at;
        int colour = 0;

        at = outcome_at(s, size, &n, &colour);
        text_append_bytes(t, s, at);
        if (at == size)
                return;
        text_appendf(t, "\033[%dm%.*s\033[0m", colour, (int)n, s + at);
        text_append_bytes(t, s + at + n, size - at - n);
}

static void append_line(const struct terminal *terminal, const char *s, size_t size, struct text *t)
{
        size_t indent = MIN(strspn(s, " ") + INDENT, (size_t)COLUMNS_MIN / 2);
        const char *end = s + size;
        size_t n = terminal->columns > 0 ? line_size(s, size, terminal->columns) : size;

        if (terminal->colour)
                append_coloured(t, s, n);
        else
                text_append_bytes(t, s, n);
        for (s += n; s < end; s += n) {
                while (s < end && *s == ' ')
                        s++;
                n = line_size(s, (size_t)(end - s), terminal->columns - indent);
                text_appendf(t, "\n%*s%.*s", (int)indent, "", (int)n, s);
        }
}

void terminal_fit(const struct terminal *terminal, const char *s, struct text *t)
{
        while (*s) {
                size_t n = strcspn(s, "\n");

                append_line(terminal, s, n, t);
                text_append(t, "\n");
                s += n + (s[n] == '\n');
        }
}

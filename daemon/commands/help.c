/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/help.h"

#include <stdio.h>
#include <string.h>

#include "commands/say.h"
#include "macro.h"

#define WIDTH 80
#define WORDS_AT \
        26 /* column of the words; what stands before and is longer has a line of its own */

/* `s` from this column on, where the line has come to `at`. */
static void print_words(const char *s, int column, int at)
{
        if (at >= column) {
                say("\n");
                at = 0;
        }
        say("%*s", column - at, "");
        at = column;
        while (*s) {
                int n = (int)strcspn(s, " ");

                if (at > column && at + 1 + n > WIDTH) {
                        say("\n%*s", column, "");
                        at = column;
                }
                say("%s%.*s", at > column ? " " : "", n, s);
                at += n + (at > column);
                s += n + (s[n] == ' ');
        }
        say("\n");
}

static void print_row(const char *name, const char *argument, const char *doc)
{
        char left[64];
        int n = snprintf(left, sizeof(left), "  %s%s%s", name, argument ? "=" : "",
                argument ? argument : "");

        say("%s", left);
        print_words(doc, WORDS_AT, n);
}

static void print_flag(enum flag_id id)
{
        char name[48];

        (void)snprintf(name, sizeof(name), "--%s", flag_words[id].name);
        print_row(name, flag_words[id].argument, flag_words[id].doc);
}

/* The flag's bits: of every command, or of a few. */
static bool is_common(enum flag_id id)
{
        return flag_words[id].commands == ~0U;
}

static void print_command(const struct command_words *c, enum command_id id)
{
        say("driftwatch %s%s%s\n", c->name, c->words ? " " : "", c->words ? c->words : "");
        print_words(c->doc, 2, 0);
        say("\nExample:\n  driftwatch %s %s\n\nFlags:\n", c->name, c->example);
        for (enum flag_id f = 0; f < FLAG_COUNT; f++)
                if (command_knows(id, f))
                        print_flag(f);
        print_row("--help", NULL, "print this and exit");
}

static void print_all(void)
{
        say("driftwatch - notices that retrieval from Chroma got worse, and says why\n\n"
            "Usage: driftwatch COMMAND [FLAG...]\n\nCommands:\n");
        for (enum command_id id = 0; id < COMMAND_COUNT; id++)
                print_row(command_words[id].name, NULL, command_words[id].doc);
        print_row("help [COMMAND]", NULL, "what a command does, its flags, an example");
        print_row("version", NULL, "print the version");
        say("\nFlags of every command:\n");
        for (enum flag_id f = 0; f < FLAG_COUNT; f++)
                if (is_common(f))
                        print_flag(f);
        print_row("--help", NULL, "print this and exit; after a command, what help COMMAND prints");
        print_row("--version", NULL, "print the version and exit");
        say("\nExit status of check and coverage: 0 passed, 1 failed, 2 usage or configuration,\n"
            "3 not measured. Of ack, unack and silence: 0 done, 1 no such incident or\n"
            "silence, 2 usage, 3 the daemon did not do it.\n");
}

void help_print(enum command_id command)
{
        if (command < COMMAND_COUNT)
                print_command(&command_words[command], command);
        else
                print_all();
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/table.h"
#include "config/config.h"
#include "describe/describe.h"
#include "show/metrics/metrics.h"

/* As text of a paragraph: nothing in it is a request, and a hyphen is one that can be copied. */
static void append_plain(struct text *t, const char *s)
{
        if (*s == '.' || *s == '\'')
                text_append(t, "\\&");
        for (; *s; s++)
                if (*s == '\\')
                        text_append(t, "\\e");
                else if (*s == '-')
                        text_append(t, "\\-");
                else if (*s == '`')
                        text_append(t, "");
                else
                        text_append_bytes(t, s, 1);
}

static void append_line(struct text *t, const char *s)
{
        append_plain(t, s);
        text_append(t, "\n");
}

/* As a sentence: its first letter is a capital one where it is a plain word's, and it has an end.
 */
static void append_sentence(struct text *t, const char *s)
{
        size_t n = strlen(s), word = strcspn(s, " :");
        char first[2] = {s[0], '\0'};

        if (s[0] >= 'a' && s[0] <= 'z' && s[word] != ':' && strcspn(s, "/.(") > word)
                first[0] = (char)(s[0] - 'a' + 'A');
        append_plain(t, first);
        append_plain(t, s + 1);
        text_append(t, n > 0 && s[n - 1] == '.' ? "\n" : ".\n");
}

static void append_synopsis(struct text *t)
{
        for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
                const struct command_words *c = &command_words[id];

                text_append(t, id > 0 ? ".br\n.B driftwatch " : ".B driftwatch ");
                append_line(t, c->name);
                if (c->words)
                        append_line(t, c->words);
                text_append(t, ".RI [ flag ...]\n");
        }
}

static void append_commands(struct text *t)
{
        for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
                const struct command_words *c = &command_words[id];

                text_append(t, ".TP\n.B ");
                append_line(t, c->name);
                append_sentence(t, c->doc);
                if (c->more)
                        append_line(t, c->more);
                text_append(t, ".IP\n.B driftwatch ");
                append_plain(t, c->name);
                text_append(t, " ");
                append_line(t, c->example);
        }
}

static void append_known_by(struct text *t, enum flag_id flag)
{
        const char *separator = ".RB ( ";

        if (flag_words[flag].commands == ~0U)
                return;
        for (enum command_id id = 0; id < COMMAND_COUNT; id++)
                if (command_knows(id, flag)) {
                        text_append(t, separator);
                        append_plain(t, command_words[id].name);
                        separator = " \", \" ";
                }
        text_append(t, " )\n");
}

static void append_options(struct text *t)
{
        for (enum flag_id id = 0; id < FLAG_COUNT; id++) {
                const struct flag_words *f = &flag_words[id];

                text_append(t, f->argument ? ".TP\n.BI \\-\\-" : ".TP\n.B \\-\\-");
                append_plain(t, f->name);
                if (f->argument)
                        text_appendf(t, "= %s", f->argument);
                text_append(t, "\n");
                append_sentence(t, f->doc);
                if (f->more)
                        append_line(t, f->more);
                append_known_by(t, id);
        }
}

static void append_key(struct text *t, const struct config_key_info *key)
{
        text_append(t, ".TP\n.B ");
        append_line(t, key->path);
        append_plain(t, key->type);
        if (key->required)
                text_append(t, ", required");
        else if (key->fallback) {
                text_append(t, ", default ");
                append_plain(t, key->fallback);
        } else if (key->inherits) {
                text_append(t, ", default as ");
                append_plain(t, key->inherits);
        }
        if (key->bounds) {
                text_append(t, ", ");
                append_plain(t, key->bounds);
        }
        text_append(t, key->reloadable ? ".\n.br\n" : "; not reloadable.\n.br\n");
        append_line(t, key->doc);
}

static void append_keys(struct text *t)
{
        char buffer[CONFIG_KEY_TEXT_MAX];
        struct config_key_info key;

        for (size_t i = 0; config_key_info(i, &key, buffer, sizeof(buffer)); i++)
                append_key(t, &key);
}

static void append_metrics(struct text *t)
{
        static const char *const types[] = {
                [METRIC_GAUGE] = "gauge",
                [METRIC_COUNTER] = "counter",
                [METRIC_HISTOGRAM] = "histogram",
                [METRIC_INFO] = "info",
        };

        for (size_t i = 0; i < metric_count; i++) {
                const struct metric_family *f = &metrics[i].family;

                text_append(t, ".TP\n.BR ");
                append_plain(t, f->name);
                text_appendf(t, "%s \" (%s)\"\n", metric_suffix(f->type), types[f->type]);
                append_line(t, f->help);
        }
}

bool describe_part(const char *line, struct text *t)
{
        static const struct {
                const char *line;
                void (*append)(struct text *t);
        } parts[] = {
                {"@SYNOPSIS@", append_synopsis},
                {"@COMMANDS@", append_commands},
                {"@OPTIONS@", append_options},
                {"@KEYS@", append_keys},
                {"@METRICS@", append_metrics},
        };

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (streq(parts[i].line, line)) {
                        parts[i].append(t);
                        return true;
                }
        return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/table.h"
#include "describe/describe.h"

/* The shells have no quoting in common but this: what the tables say has no single quote. */
static void append_quoted(struct text *t, const char *s)
{
        text_append(t, "'");
        for (; *s; s++)
                if (*s == '\'')
                        text_append(t, "'\\''");
                else
                        text_append_bytes(t, s, 1);
        text_append(t, "'");
}

static void append_names(struct text *t)
{
        for (enum command_id id = 0; id < COMMAND_COUNT; id++)
                text_appendf(t, "%s ", command_words[id].name);
        text_append(t, "help version");
}

/* ---- bash: flags with a value end with "=", after which the value is completed. */

static void append_bash_flags(struct text *t, enum command_id id)
{
        text_appendf(t, "                %s) flags='", command_words[id].name);
        for (enum flag_id f = 0; f < FLAG_COUNT; f++)
                if (command_knows(id, f))
                        text_appendf(t, "--%s%s ", flag_words[f].name,
                                flag_words[f].argument ? "=" : "");
        text_appendf(t, "--help'; words='%s' ;;\n",
                command_words[id].choices ? command_words[id].choices : "");
}

static void append_bash_values(struct text *t)
{
        for (enum flag_id f = 0; f < FLAG_COUNT; f++)
                if (flag_words[f].choices)
                        text_appendf(t, "                --%s) values='%s' ;;\n",
                                flag_words[f].name, flag_words[f].choices);
}

static void append_bash(struct text *t)
{
        text_append(t,
                "# Completion of driftwatch for bash, made of its table of commands.\n"
                "_driftwatch() {\n"
                "        local line=${COMP_LINE:0:COMP_POINT} current flag value command= flags words values i\n"
                "        current=${line##* }\n"
                "        for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "                case ${COMP_WORDS[i]} in -*|=) ;; *) [[ ${COMP_WORDS[i-1]} == = ]] || "
                "{ command=${COMP_WORDS[i]}; break; } ;; esac\n"
                "        done\n"
                "        COMPREPLY=()\n"
                "        if [[ $current == --*=* ]]; then\n"
                "                flag=${current%%=*} value=${current#*=}\n"
                "                case $flag in\n");
        append_bash_values(t);
        text_append(t,
                "                *) COMPREPLY=($(compgen -f -- \"$value\")); compopt -o filenames; return ;;\n"
                "                esac\n"
                "                COMPREPLY=($(compgen -W \"$values\" -- \"$value\"))\n"
                "                return\n"
                "        fi\n"
                "        case $command in\n");
        for (enum command_id id = 0; id < COMMAND_COUNT; id++)
                append_bash_flags(t, id);
        text_append(t, "                help) flags=; words='");
        append_names(t);
        text_append(t, "' ;;\n                *) flags='--help --version'; words='");
        append_names(t);
        text_append(t,
                "' ;;\n"
                "        esac\n"
                "        COMPREPLY=($(compgen -W \"$flags $words\" -- \"$current\"))\n"
                "        [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace\n"
                "}\n"
                "complete -F _driftwatch driftwatch\n");
}

/* ---- zsh */

static void append_zsh_text(struct text *t, const char *s)
{
        for (; *s; s++) {
                if (strchr("[]:\\", *s))
                        text_append(t, "\\");
                if (*s == '\'')
                        text_append(t, "'\\''");
                else
                        text_append_bytes(t, s, 1);
        }
}

static void append_zsh_flag(struct text *t, const struct flag_words *f)
{
        text_appendf(t, "                        '%s--%s%s[", f->argument ? "*" : "", f->name,
                f->argument ? "=" : "");
        append_zsh_text(t, f->doc);
        text_append(t, "]");
        if (f->choices)
                text_appendf(t, ":%s:(%s)", f->argument, f->choices);
        else if (f->argument)
                text_appendf(t, ":%s:_files", f->argument);
        text_append(t, "' \\\n");
}

static void append_zsh(struct text *t)
{
        text_append(t,
                "#compdef driftwatch\n"
                "# Completion of driftwatch for zsh, made of its table of commands.\n"
                "_driftwatch() {\n"
                "        local -a commands=(\n");
        for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
                text_appendf(t, "                '%s:", command_words[id].name);
                append_zsh_text(t, command_words[id].doc);
                text_append(t, "'\n");
        }
        text_append(t,
                "                'help:what a command does' 'version:print the version'\n"
                "        )\n"
                "        if (( CURRENT == 2 )); then\n"
                "                _describe command commands\n"
                "                return\n"
                "        fi\n"
                "        case $words[2] in\n"
                "        help) _describe command commands ;;\n");
        for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
                text_appendf(
                        t, "        %s)\n                _arguments \\\n", command_words[id].name);
                for (enum flag_id f = 0; f < FLAG_COUNT; f++)
                        if (command_knows(id, f))
                                append_zsh_flag(t, &flag_words[f]);
                if (command_words[id].choices)
                        text_appendf(t, "                        '2:word:(%s)' \\\n",
                                command_words[id].choices);
                text_append(t, "                        '--help[print this and exit]' ;;\n");
        }
        text_append(t, "        esac\n}\n_driftwatch \"$@\"\n");
}

/* ---- fish */

static void append_fish_command(struct text *t, const char *name, const char *doc)
{
        text_appendf(t, "complete -c driftwatch -n __fish_use_subcommand -f -a %s -d ", name);
        append_quoted(t, doc);
        text_append(t, "\n");
}

static void append_fish_flag(struct text *t, enum command_id id, const struct flag_words *f)
{
        text_appendf(t, "complete -c driftwatch -n '__fish_seen_subcommand_from %s' -l %s",
                command_words[id].name, f->name);
        if (f->choices)
                text_appendf(t, " -x -a '%s'", f->choices);
        else if (f->argument)
                text_append(t, " -r");
        text_append(t, " -d ");
        append_quoted(t, f->doc);
        text_append(t, "\n");
}

static void append_fish(struct text *t)
{
        text_append(t, "# Completion of driftwatch for fish, made of its table of commands.\n");
        for (enum command_id id = 0; id < COMMAND_COUNT; id++)
                append_fish_command(t, command_words[id].name, command_words[id].doc);
        append_fish_command(t, "help", "what a command does");
        append_fish_command(t, "version", "print the version");
        text_append(t, "complete -c driftwatch -n '__fish_seen_subcommand_from help' -f -a '");
        append_names(t);
        text_append(t, "'\n");
        for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
                if (command_words[id].choices)
                        text_appendf(t,
                                "complete -c driftwatch -n '__fish_seen_subcommand_from %s' -f -a '%s'\n",
                                command_words[id].name, command_words[id].choices);
                for (enum flag_id f = 0; f < FLAG_COUNT; f++)
                        if (command_knows(id, f))
                                append_fish_flag(t, id, &flag_words[f]);
        }
}

bool describe_completion(const char *shell, struct text *t)
{
        static const struct {
                const char *name;
                void (*append)(struct text *t);
        } shells[] = {{"bash", append_bash}, {"zsh", append_zsh}, {"fish", append_fish}};

        for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
                if (streq(shells[i].name, shell)) {
                        shells[i].append(t);
                        return true;
                }
        return false;
}

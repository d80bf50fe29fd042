/* SPDX-License-Identifier: Apache-2.0 */

/* From argv to a command: one table of flags, one of commands. --help and the manual page
 * name the same flags; a test compares them. */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "build_config.h"
#include "commands/command.h"
#include "commands/say.h"
#include "json.h"
#include "log.h"
#include "version.h"

enum use {
        USE_RUN = 1,
        USE_CHECK = 2,
        USE_VALIDATE = 4,
        USE_STATUS = 8,
        USE_BASELINE = 16,
        USE_COVERAGE = 32,
        USE_REPORT = 64,
        USE_NOTIFY_TEST = 128,
        USE_STATE = 256,
        USE_ACK = 512,
        USE_UNACK = 1024,
        USE_SILENCE = 2048,
        USE_ACTS = USE_ACK | USE_UNACK | USE_SILENCE,
        USE_ALL = 4095,
};

struct settings {
        struct options options;
        int log_level;
        enum log_format log_format;
};

struct flag {
        const char *name;
        const char *argument; /* its name in the help; NULL: takes none */
        unsigned uses; /* the commands that know it */
        int (*set)(struct settings *s, const char *value); /* negative errno: the value is wrong */
        const char *doc;
};

struct command_entry {
        const char *name;
        unsigned use;
        int (*run)(const struct options *options);
        const char *doc;
        size_t words; /* that may follow it: what to do, and about what */
        const char *format; /* default of --format; NULL: it has none */
        const char *usage; /* words and flags of an example */
};

static int add_value(struct option_values *values, const char *value)
{
        if (values->count == OPTION_VALUES_MAX)
                return -E2BIG;
        values->values[values->count++] = value;
        return 0;
}

static int set_config_file(struct settings *s, const char *value)
{
        s->options.config_file = value;
        return 0;
}

static int set_storage_path(struct settings *s, const char *value)
{
        s->options.storage_path = value;
        return 0;
}

static int set_listen_address(struct settings *s, const char *value)
{
        return add_value(&s->options.listen_addresses, value);
}

/* An empty name, as an unset variable of a unit gives it, is none. */
static int set_web_config_file(struct settings *s, const char *value)
{
        s->options.web_config_file = *value ? value : NULL;
        return 0;
}

static int set_http_config_file(struct settings *s, const char *value)
{
        s->options.http_config_file = *value ? value : NULL;
        return 0;
}

static int set_external_url(struct settings *s, const char *value)
{
        s->options.external_url = value;
        return strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0 ? 0
                                                                                       : -EINVAL;
}

static int set_shard(struct settings *s, const char *value)
{
        return shard_parse(value, &s->options.shard);
}

static int set_systemd_socket(struct settings *s, const char *value)
{
        s->options.systemd_socket = true;
        return 0;
}

static int set_log_level(struct settings *s, const char *value)
{
        return log_level_parse(value, &s->log_level);
}

static int set_log_format(struct settings *s, const char *value)
{
        return log_format_parse(value, &s->log_format);
}

static int set_collection(struct settings *s, const char *value)
{
        return add_value(&s->options.collections, value);
}

static int set_format(struct settings *s, const char *value)
{
        s->options.format = value;
        return 0;
}

static int set_fail_on(struct settings *s, const char *value)
{
        s->options.fail_on = value;
        return 0;
}

static int set_output(struct settings *s, const char *value)
{
        return add_value(&s->options.outputs, value);
}

static int set_baseline(struct settings *s, const char *value)
{
        s->options.baseline = true;
        return 0;
}

static int set_baseline_file(struct settings *s, const char *value)
{
        return add_value(&s->options.baseline_files, value);
}

static int set_by(struct settings *s, const char *value)
{
        s->options.by = value;
        return 0;
}

static int set_comment(struct settings *s, const char *value)
{
        s->options.comment = value;
        return 0;
}

static int set_alert(struct settings *s, const char *value)
{
        s->options.alert = true;
        return 0;
}

static int set_for(struct settings *s, const char *value)
{
        int r = duration_parse(value, &s->options.length);

        return r >= 0 && s->options.length == 0 ? -EINVAL : r;
}

static int set_reason(struct settings *s, const char *value)
{
        s->options.reason = value;
        return 0;
}

static int set_force(struct settings *s, const char *value)
{
        s->options.force = true;
        return 0;
}

static int set_fresh(struct settings *s, const char *value)
{
        s->options.fresh = true;
        return 0;
}

static int set_audit(struct settings *s, const char *value)
{
        s->options.audit = true;
        return 0;
}

static int set_new_only(struct settings *s, const char *value)
{
        s->options.new_only = true;
        return 0;
}

static int set_floor(struct settings *s, const char *value)
{
        s->options.floor = true;
        return 0;
}

static int set_online(struct settings *s, const char *value)
{
        s->options.online = true;
        return 0;
}

static int set_pause(struct settings *s, const char *value)
{
        return duration_parse(value, &s->options.pause);
}

static int set_timeout(struct settings *s, const char *value)
{
        return duration_parse(value, &s->options.timeout);
}

static int parse_share(const char *value, double *ret)
{
        char *end;
        double share;

        errno = 0;
        share = strtod(value, &end);
        if (errno != 0 || end == value || *end != '\0' || !(share >= 0 && share <= 1))
                return -EINVAL;
        *ret = share;
        return 0;
}

static int set_fail_under(struct settings *s, const char *value)
{
        return parse_share(value, &s->options.fail_under);
}

static int set_compare(struct settings *s, const char *value)
{
        s->options.compare = value;
        return 0;
}

static int set_override(struct settings *s, const char *value)
{
        s->options.override = value;
        return 0;
}

static int set_min_pass(struct settings *s, const char *value)
{
        return parse_share(value, &s->options.min_pass);
}

static int set_no_baseline(struct settings *s, const char *value)
{
        s->options.no_baseline = true;
        return 0;
}

static int set_dry_run(struct settings *s, const char *value)
{
        s->options.dry_run = true;
        return 0;
}

static int set_json(struct settings *s, const char *value)
{
        s->options.json = true;
        return 0;
}

static const struct flag flags[] = {
        {"config.file", "FILE",
                USE_RUN | USE_CHECK | USE_VALIDATE | USE_BASELINE | USE_COVERAGE | USE_REPORT |
                        USE_NOTIFY_TEST,
                set_config_file, "configuration (/etc/driftwatch/driftwatch.yaml)"},
        {"storage.path", "DIRECTORY",
                USE_RUN | USE_CHECK | USE_VALIDATE | USE_BASELINE | USE_REPORT | USE_STATE,
                set_storage_path,
                "what survives a restart ($STATE_DIRECTORY, else /var/lib/driftwatch)"},
        {"web.listen-address", "ADDRESS", USE_RUN | USE_STATUS | USE_ACTS, set_listen_address,
                "host:port or unix:/path to serve on, or to ask; repeatable (127.0.0.1:9820)"},
        {"web.config.file", "FILE", USE_RUN | USE_VALIDATE, set_web_config_file,
                "TLS, users and tokens of the web server, as the Prometheus exporter-toolkit has them"},
        {"http.config.file", "FILE", USE_STATUS | USE_ACTS, set_http_config_file,
                "how to speak to the daemon: user, token, TLS, as promtool has it"},
        {"web.external-url", "URL", USE_RUN | USE_NOTIFY_TEST, set_external_url,
                "how people reach this daemon; used in links of alerts"},
        {"web.systemd-socket", NULL, USE_RUN, set_systemd_socket,
                "insist on sockets passed by systemd; passed ones always win over addresses"},
        {"replay.shard", "INDEX/OF", USE_RUN | USE_VALIDATE, set_shard,
                "watch only this part of the collections, such as 0/3; wins over the configuration"},
        {"collection", "NAME", USE_CHECK | USE_BASELINE | USE_COVERAGE | USE_REPORT, set_collection,
                "only this collection (its label); repeatable, not for coverage"},
        {"format", "FORMAT", USE_CHECK | USE_BASELINE | USE_COVERAGE | USE_REPORT, set_format,
                "text or json; check also: junit, markdown, github; baseline diff: markdown (text); report: markdown, html or json (markdown)"},
        {"output", "FILE", USE_CHECK, set_output,
                "also write this file: .json, .xml (JUnit) or .md; repeatable"},
        {"baseline", NULL, USE_CHECK, set_baseline,
                "insist on an approved baseline: without one nothing is measured"},
        {"no-baseline", NULL, USE_CHECK, set_no_baseline,
                "judge by the expectations alone, whatever was approved"},
        {"min-pass", "SHARE", USE_CHECK, set_min_pass,
                "pass when this share of the judged queries does, from 0 to 1 (1)"},
        {"baseline.file", "FILE", USE_CHECK, set_baseline_file,
                "an approved baseline, instead of that in the storage; repeatable"},
        {"override", "REASON", USE_CHECK, set_override,
                "exit 0 whatever the verdict, and say so everywhere; needs --by"},
        {"fail-under", "SHARE", USE_COVERAGE, set_fail_under,
                "exit 1 when a smaller share of the values is watched, from 0 to 1 (0)"},
        {"compare", "FILE", USE_COVERAGE, set_compare,
                "exit 1 when a value that had records in this earlier --format=json has none any more"},
        {"audit", NULL, USE_CHECK, set_audit,
                "read every vector and compare with the true neighbours; takes its time"},
        {"fail-on", "OUTCOME", USE_CHECK, set_fail_on,
                "drift: any drift or fail fails the gate; fail: only fail does (drift)"},
        {"by", "NAME", USE_BASELINE | USE_COVERAGE | USE_CHECK | USE_ACTS, set_by,
                "who approves, overrides, or takes an incident; coverage: metadata.KEY, whose values are listed"},
        {"comment", "TEXT", USE_ACK | USE_SILENCE, set_comment, "why, for whoever looks next"},
        {"alert", NULL, USE_ACK | USE_UNACK, set_alert,
                "the word is no incident but the fingerprint of a single alert"},
        {"for", "DURATION", USE_SILENCE, set_for, "how long the silence lasts, from now on"},
        {"reason", "TEXT", USE_BASELINE, set_reason, "why it is approved"},
        {"force", NULL, USE_BASELINE, set_force, "approve what the cause speaks against"},
        {"new-only", NULL, USE_BASELINE, set_new_only,
                "record only queries that the approved baseline does not know"},
        {"floor", NULL, USE_BASELINE, set_floor,
                "record no answers but what the index does by itself, after a restart or an upsert"},
        {"fresh", NULL, USE_BASELINE, set_fresh,
                "record with new vectors, of the embedder or the file, not the approved ones"},
        {"pause", "DURATION", USE_BASELINE, set_pause,
                "between the replays that have to agree (2s)"},
        {"timeout", "DURATION", USE_BASELINE, set_timeout,
                "how long to wait for the collection to stand still (10m)"},
        {"online", NULL, USE_VALIDATE, set_online,
                "also ask the servers: are the collections there, and do vectors and bands fit?"},
        {"dry-run", NULL, USE_NOTIFY_TEST, set_dry_run,
                "print the requests as they would be sent, without secrets, and send none"},
        {"json", NULL, USE_STATUS, set_json, "the API's answer instead of a table"},
        {"log.level", "LEVEL", USE_ALL, set_log_level,
                "debug, info, warn or error (run: info, else error)"},
        {"log.format", "FORMAT", USE_ALL, set_log_format,
                "logfmt or json, where not to the journal (logfmt)"},
};

static const struct command_entry commands[] = {
        {"run", USE_RUN, command_run, "the daemon", 0, NULL,
                "--config.file=/etc/driftwatch/driftwatch.yaml"},
        {"check", USE_CHECK, command_check, "replay once; the exit status is the verdict", 0,
                "text", "--collection=handbook --format=junit"},
        {"baseline", USE_BASELINE, command_baseline,
                "propose, diff, approve, show, list or rollback what answers are compared with", 2,
                "text", "approve --by=anna --reason=\"new handbook\""},
        {"coverage", USE_COVERAGE, command_coverage, "which records no canonical query watches", 0,
                "text", "--collection=handbook --by=metadata.chapter"},
        {"report", USE_REPORT, command_report,
                "replay once; how far distances and borders are to be believed", 0, "markdown",
                "--collection=handbook --format=html"},
        {"validate", USE_VALIDATE, command_validate,
                "read configuration and query sets, print every error", 0, NULL, "--online"},
        {"status", USE_STATUS, command_status, "what the running daemon sees", 0, NULL,
                "--web.listen-address=127.0.0.1:9820"},
        {"notify-test", USE_NOTIFY_TEST, command_notify_test,
                "tell a receiver of a made-up incident and its end; print what came back", 1, NULL,
                "search-team --dry-run"},
        {"state", USE_STATE, command_state,
                "check or dump what survives restarts; a running daemon is not disturbed", 1, NULL,
                "check --storage.path=/var/lib/driftwatch"},
        {"ack", USE_ACK, command_ack, "take an incident: nobody else is told while you have it", 1,
                NULL, "handbook --by=anna --comment='looking into it'"},
        {"unack", USE_UNACK, command_unack, "give it back: the escalation begins again", 1, NULL,
                "handbook --by=anna"},
        {"silence", USE_SILENCE, command_silence,
                "add, list or expire what nobody is told of for a while", 1 + OPTION_VALUES_MAX,
                NULL, "add collection=handbook --for=2h --by=anna --comment=re-ingest"},
};

/* Of one command, or of all where it is NULL. */
static void print_flags(const struct command_entry *command)
{
        for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
                char left[64];

                if (command && !(flags[i].uses & command->use))
                        continue;
                (void)snprintf(left, sizeof(left), "--%s%s%s", flags[i].name,
                        flags[i].argument ? "=" : "", flags[i].argument ? flags[i].argument : "");
                say("  %-32s %s", left, flags[i].doc);
                for (size_t k = 0, n = 0; !command && k < ARRAY_SIZE(commands); k++)
                        if (flags[i].uses & commands[k].use)
                                say("%s%s", n++ > 0 ? " " : " [", commands[k].name);
                say("%s\n", command ? "" : "]");
        }
        say("  %-32s print the version and exit\n  %-32s print this and exit\n\n", "--version",
                "--help");
}

static void print_help(const struct command_entry *command)
{
        if (command) {
                say("driftwatch %s - %s\n\nExample: driftwatch %s %s\n\nFlags:\n", command->name,
                        command->doc, command->name, command->usage);
                print_flags(command);
                return;
        }
        say("driftwatch - notices that retrieval from Chroma got worse, and says why\n\n"
            "Usage: driftwatch COMMAND [FLAG...]\n\nCommands:\n");
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                say("  %-12s %s\n", commands[i].name, commands[i].doc);
        say("\nFlags, and the commands that know them:\n");
        print_flags(NULL);
        say("Exit status of check and coverage: 0 passed, 1 failed, 2 usage or configuration, 3 not measured.\n"
            "Of ack, unack and silence: 0 done, 1 no such incident or silence, 2 usage, 3 the daemon did not do it.\n");
}

static int _printf_(1, 2) usage_error(const char *format, ...)
{
        _cleanup_free_ char *sentence = NULL;
        va_list arguments;

        va_start(arguments, format);
        if (vasprintf(&sentence, format, arguments) < 0)
                sentence = NULL;
        va_end(arguments);
        complain("driftwatch: %s; try driftwatch --help\n", sentence ? sentence : "out of memory");
        return EXIT_USAGE;
}

static const struct command_entry *find_command(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                if (streq(commands[i].name, name))
                        return &commands[i];
        return NULL;
}

/* Whose help is asked for, before the flags are understood: the first word that is a command. */
static const struct command_entry *command_among(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                const struct command_entry *command = find_command(argv[i]);

                if (command)
                        return command;
        }
        return NULL;
}

#define OPTION_HELP 1000
#define OPTION_VERSION 1001

static void fill_options(struct option *long_options)
{
        size_t i;

        for (i = 0; i < ARRAY_SIZE(flags); i++)
                long_options[i] = (struct option){flags[i].name,
                        flags[i].argument ? required_argument : no_argument, NULL, (int)i + 1};
        long_options[i++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
        long_options[i++] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
        long_options[i] = (struct option){NULL, 0, NULL, 0};
}

/* -1: go on; else the exit status. `used` collects the flags that were given. */
static int parse_flags(int argc, char **argv, struct settings *s, bool *used)
{
        struct option long_options[ARRAY_SIZE(flags) + 3];
        int c;

        fill_options(long_options);
        opterr = 0;
        while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) >= 0) {
                if (c == OPTION_HELP || c == 'h') {
                        print_help(command_among(argc, argv));
                        return EXIT_SUCCESS;
                }
                if (c == OPTION_VERSION) {
                        say("driftwatch, version %s (revision: %s)\n", DRIFTWATCH_VERSION,
                                DRIFTWATCH_REVISION);
                        return EXIT_SUCCESS;
                }
                if (c == ':')
                        return usage_error("%s needs a value", argv[optind - 1]);
                if (c == '?')
                        return usage_error("%s is not a flag", argv[optind - 1]);
                used[c - 1] = true;
                if (flags[c - 1].set(s, optarg) < 0) {
                        complain("driftwatch: --%s: \"%s\" is not usable; expected %s\n",
                                flags[c - 1].name, optarg, flags[c - 1].doc);
                        return EXIT_USAGE;
                }
        }
        return -1;
}

/* What follows the command: what to do, and about what. */
static int take_words(
        struct options *o, const struct command_entry *command, char **words, size_t count)
{
        if (count > command->words) {
                (void)usage_error("%s is one argument too many", words[command->words]);
                return -E2BIG;
        }
        o->word = count > 0 ? words[0] : NULL;
        o->argument = count > 1 ? words[1] : NULL;
        for (size_t i = 1; i < count; i++)
                (void)add_value(&o->words, words[i]);
        return 0;
}

static const char *default_storage_path(void)
{
        const char *path = getenv("STATE_DIRECTORY");

        return path && *path ? path : "/var/lib/driftwatch";
}

/* Closed by whoever started us, they would be given to the next sockets, and messages be written
 * into these. Opened the wrong way round, so that an answer that nobody gets is still an error. */
static int open_standard_streams(void)
{
        static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
                        return -errno;
        return 0;
}

int main(int argc, char **argv)
{
        struct settings s = {
                .options = {.config_file = "/etc/driftwatch/driftwatch.yaml",
                        .storage_path = default_storage_path(),
                        .fail_on = "drift",
                        .min_pass = 1,
                        .pause = 2 * USEC_PER_SEC,
                        .timeout = 10 * USEC_PER_MINUTE},
                .log_level = -1,
                .log_format = LOG_LOGFMT,
        };
        bool used[ARRAY_SIZE(flags)] = {false};
        const struct command_entry *command;
        int r = open_standard_streams();

        if (r < 0) {
                complain(
                        "driftwatch: standard streams are closed, and /dev/null cannot be opened: %s\n",
                        strerror(-r));
                return EXIT_FAILURE;
        }
        json_init();
        r = parse_flags(argc, argv, &s, used);
        if (r >= 0)
                return r;
        if (optind >= argc)
                return usage_error("a command is needed");
        command = find_command(argv[optind]);
        if (!command)
                return usage_error("%s is not a command", argv[optind]);
        if (take_words(&s.options, command, argv + optind + 1, (size_t)(argc - optind - 1)) < 0)
                return EXIT_USAGE;
        for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
                if (used[i] && !(flags[i].uses & command->use))
                        return usage_error("%s does not know --%s", command->name, flags[i].name);
        if (s.options.listen_addresses.count == 0)
                (void)add_value(&s.options.listen_addresses, "127.0.0.1:9820");
        /* Commands print their answer; what the daemon would log about it is in there. */
        if (s.log_level < 0)
                s.log_level = command->use == USE_RUN ? LOG_INFO : LOG_ERR;
        if (!s.options.format)
                s.options.format = command->format;
        log_init(s.log_level, s.log_format);
        return command->run(&s.options);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* From argv to a command: what each flag of commands/table.h sets, and what each command runs. */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/help.h"
#include "commands/say.h"
#include "json.h"
#include "log.h"
#include "revision.h"
#include "text.h"
#include "version.h"

struct settings {
        struct options options;
        int log_level;
        enum log_format log_format;
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
        s->options.storage_given = true;
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

static int set_strict(struct settings *s, const char *value)
{
        s->options.strict = true;
        return 0;
}

static int set_topics(struct settings *s, const char *value)
{
        s->options.topics = value;
        return 0;
}

static int set_qrels(struct settings *s, const char *value)
{
        s->options.qrels = value;
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

static int set_directory(struct settings *s, const char *value)
{
        s->options.directory = value;
        return *value ? 0 : -EINVAL;
}

static int parse_number(const char *value, uint64_t max, uint64_t *ret)
{
        errno = 0;
        *ret = strtoull(value, NULL, 10);
        return errno != 0 || !*value || value[strspn(value, "0123456789")] || *ret > max ? -EINVAL
                                                                                         : 0;
}

static int set_sample(struct settings *s, const char *value)
{
        uint64_t sample;

        if (parse_number(value, SAMPLE_MAX, &sample) < 0 || sample == 0)
                return -EINVAL;
        s->options.sample = (size_t)sample;
        return 0;
}

static int set_seed(struct settings *s, const char *value)
{
        return parse_number(value, UINT64_MAX, &s->options.seed);
}

static int set_tenant(struct settings *s, const char *value)
{
        s->options.tenant = value;
        return 0;
}

static int set_database(struct settings *s, const char *value)
{
        s->options.database = value;
        return 0;
}

static int set_auth(struct settings *s, const char *value)
{
        s->options.auth = value;
        return streq(value, "token") || streq(value, "bearer") || streq(value, "basic") ? 0
                                                                                        : -EINVAL;
}

static int set_secret_file(struct settings *s, const char *value)
{
        s->options.secret_file = value;
        return 0;
}

static int set_ca_file(struct settings *s, const char *value)
{
        s->options.ca_file = value;
        return 0;
}

/* What a flag does with its value; negative errno: the value is wrong. */
static int (*const setters[FLAG_COUNT])(struct settings *s, const char *value) = {
        [FLAG_CONFIG_FILE] = set_config_file,
        [FLAG_STORAGE_PATH] = set_storage_path,
        [FLAG_LISTEN_ADDRESS] = set_listen_address,
        [FLAG_WEB_CONFIG_FILE] = set_web_config_file,
        [FLAG_HTTP_CONFIG_FILE] = set_http_config_file,
        [FLAG_EXTERNAL_URL] = set_external_url,
        [FLAG_SYSTEMD_SOCKET] = set_systemd_socket,
        [FLAG_SHARD] = set_shard,
        [FLAG_COLLECTION] = set_collection,
        [FLAG_FORMAT] = set_format,
        [FLAG_OUTPUT] = set_output,
        [FLAG_TOPICS] = set_topics,
        [FLAG_QRELS] = set_qrels,
        [FLAG_BASELINE] = set_baseline,
        [FLAG_NO_BASELINE] = set_no_baseline,
        [FLAG_MIN_PASS] = set_min_pass,
        [FLAG_BASELINE_FILE] = set_baseline_file,
        [FLAG_OVERRIDE] = set_override,
        [FLAG_FAIL_UNDER] = set_fail_under,
        [FLAG_COMPARE] = set_compare,
        [FLAG_AUDIT] = set_audit,
        [FLAG_FAIL_ON] = set_fail_on,
        [FLAG_BY] = set_by,
        [FLAG_COMMENT] = set_comment,
        [FLAG_ALERT] = set_alert,
        [FLAG_FOR] = set_for,
        [FLAG_REASON] = set_reason,
        [FLAG_FORCE] = set_force,
        [FLAG_NEW_ONLY] = set_new_only,
        [FLAG_FLOOR] = set_floor,
        [FLAG_FRESH] = set_fresh,
        [FLAG_PAUSE] = set_pause,
        [FLAG_TIMEOUT] = set_timeout,
        [FLAG_ONLINE] = set_online,
        [FLAG_STRICT] = set_strict,
        [FLAG_DRY_RUN] = set_dry_run,
        [FLAG_JSON] = set_json,
        [FLAG_DIRECTORY] = set_directory,
        [FLAG_SAMPLE] = set_sample,
        [FLAG_SEED] = set_seed,
        [FLAG_TENANT] = set_tenant,
        [FLAG_DATABASE] = set_database,
        [FLAG_AUTH] = set_auth,
        [FLAG_SECRET_FILE] = set_secret_file,
        [FLAG_CA_FILE] = set_ca_file,
        [FLAG_LOG_LEVEL] = set_log_level,
        [FLAG_LOG_FORMAT] = set_log_format,
};

static int (*const runs[COMMAND_COUNT])(const struct options *options) = {
        [COMMAND_RUN] = command_run,
        [COMMAND_CHECK] = command_check,
        [COMMAND_INIT] = command_init,
        [COMMAND_BASELINE] = command_baseline,
        [COMMAND_COVERAGE] = command_coverage,
        [COMMAND_REPORT] = command_report,
        [COMMAND_VALIDATE] = command_validate,
        [COMMAND_IMPORT] = command_import,
        [COMMAND_STATUS] = command_status,
        [COMMAND_NOTIFY_TEST] = command_notify_test,
        [COMMAND_STATE] = command_state,
        [COMMAND_ACK] = command_ack,
        [COMMAND_UNACK] = command_unack,
        [COMMAND_SILENCE] = command_silence,
};

static int _printf_(1, 2) usage_error(const char *format, ...)
{
        _cleanup_free_ char *sentence = NULL;
        va_list arguments;

        va_start(arguments, format);
        sentence = text_vformat(format, arguments);
        va_end(arguments);
        complain("driftwatch: %s; try driftwatch --help\n", sentence ? sentence : "out of memory");
        return EXIT_USAGE;
}

/* Whose help is asked for, before the flags are understood: the first word that is a command. */
static enum command_id command_among(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                enum command_id command = command_find(argv[i]);

                if (command < COMMAND_COUNT)
                        return command;
        }
        return COMMAND_COUNT;
}

static int print_version(void)
{
        say("driftwatch, version %s (revision: %s)\n", DRIFTWATCH_VERSION, DRIFTWATCH_REVISION);
        return EXIT_SUCCESS;
}

static int unknown_command(const char *name)
{
        const char *nearest = command_nearest(name);

        if (nearest)
                return usage_error("%s is not a command, but %s is", name, nearest);
        return usage_error("%s is not a command", name);
}

/* The words that are no command of the tables: -1 for another one, else the exit status. */
static int run_word(char **words, size_t count)
{
        enum command_id command;

        if (streq(words[0], "version"))
                return count > 1 ? usage_error("%s is one argument too many", words[1])
                                 : print_version();
        if (!streq(words[0], "help"))
                return -1;
        command = count > 1 ? command_find(words[1]) : COMMAND_COUNT;
        if (count > 1 && command == COMMAND_COUNT)
                return unknown_command(words[1]);
        help_print(command);
        return EXIT_SUCCESS;
}

#define OPTION_HELP 1000
#define OPTION_VERSION 1001

static void fill_options(struct option *long_options)
{
        size_t i;

        for (i = 0; i < FLAG_COUNT; i++)
                long_options[i] = (struct option){flag_words[i].name,
                        flag_words[i].argument ? required_argument : no_argument, NULL, (int)i + 1};
        long_options[i++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
        long_options[i++] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
        long_options[i] = (struct option){NULL, 0, NULL, 0};
}

/* -1: go on; else the exit status. `used` collects the flags that were given. */
static int parse_flags(int argc, char **argv, struct settings *s, bool *used)
{
        struct option long_options[FLAG_COUNT + 3];
        int c;

        fill_options(long_options);
        opterr = 0;
        while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) >= 0) {
                if (c == OPTION_HELP || c == 'h') {
                        help_print(command_among(argc, argv));
                        return EXIT_SUCCESS;
                }
                if (c == OPTION_VERSION)
                        return print_version();
                if (c == ':')
                        return usage_error("%s needs a value", argv[optind - 1]);
                if (c == '?')
                        return usage_error("%s is not a flag", argv[optind - 1]);
                used[c - 1] = true;
                if (setters[c - 1](s, optarg) < 0) {
                        complain("driftwatch: --%s: \"%s\" is not usable; expected %s\n",
                                flag_words[c - 1].name, optarg, flag_words[c - 1].doc);
                        return EXIT_USAGE;
                }
        }
        return -1;
}

/* What follows the command: what to do, and about what. */
static int take_words(
        struct options *o, const struct command_words *command, char **words, size_t count)
{
        if (count > command->word_count) {
                (void)usage_error("%s is one argument too many", words[command->word_count]);
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
                        .timeout = 10 * USEC_PER_MINUTE,
                        .directory = ".",
                        .auth = "token",
                        .sample = 200,
                        .seed = 1},
                .log_level = -1,
                .log_format = LOG_LOGFMT,
        };
        bool used[FLAG_COUNT] = {false};
        enum command_id command;
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
        r = run_word(argv + optind, (size_t)(argc - optind));
        if (r >= 0)
                return r;
        command = command_find(argv[optind]);
        if (command == COMMAND_COUNT)
                return unknown_command(argv[optind]);
        if (take_words(&s.options, &command_words[command], argv + optind + 1,
                    (size_t)(argc - optind - 1)) < 0)
                return EXIT_USAGE;
        for (enum flag_id i = 0; i < FLAG_COUNT; i++)
                if (used[i] && !command_knows(command, i))
                        return usage_error("%s does not know --%s", command_words[command].name,
                                flag_words[i].name);
        if (s.options.listen_addresses.count == 0)
                (void)add_value(&s.options.listen_addresses, "127.0.0.1:9820");
        /* Commands print their answer; what the daemon would log about it is in there. */
        if (s.log_level < 0)
                s.log_level = command == COMMAND_RUN ? LOG_INFO : LOG_ERR;
        if (!s.options.format)
                s.options.format = command_words[command].format;
        log_init(s.log_level, s.log_format);
        return runs[command](&s.options);
}

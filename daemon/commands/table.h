/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the command line knows, as two tables: commands and flags with their words. Help, completion
 * and the manual page are made of them; what a flag sets and what a command runs is main.c's. */

#include <stdbool.h>
#include <stddef.h>

enum command_id {
        COMMAND_RUN,
        COMMAND_CHECK,
        COMMAND_INIT,
        COMMAND_BASELINE,
        COMMAND_COVERAGE,
        COMMAND_REPORT,
        COMMAND_VALIDATE,
        COMMAND_IMPORT,
        COMMAND_STATUS,
        COMMAND_NOTIFY_TEST,
        COMMAND_STATE,
        COMMAND_ACK,
        COMMAND_UNACK,
        COMMAND_SILENCE,
        COMMAND_COUNT,
};

enum flag_id {
        FLAG_CONFIG_FILE,
        FLAG_STORAGE_PATH,
        FLAG_LISTEN_ADDRESS,
        FLAG_WEB_CONFIG_FILE,
        FLAG_HTTP_CONFIG_FILE,
        FLAG_EXTERNAL_URL,
        FLAG_SYSTEMD_SOCKET,
        FLAG_SHARD,
        FLAG_COLLECTION,
        FLAG_FORMAT,
        FLAG_OUTPUT,
        FLAG_TOPICS,
        FLAG_QRELS,
        FLAG_BASELINE,
        FLAG_NO_BASELINE,
        FLAG_MIN_PASS,
        FLAG_BASELINE_FILE,
        FLAG_OVERRIDE,
        FLAG_FAIL_UNDER,
        FLAG_COMPARE,
        FLAG_AUDIT,
        FLAG_FAIL_ON,
        FLAG_BY,
        FLAG_COMMENT,
        FLAG_ALERT,
        FLAG_FOR,
        FLAG_REASON,
        FLAG_FORCE,
        FLAG_NEW_ONLY,
        FLAG_FLOOR,
        FLAG_FRESH,
        FLAG_PAUSE,
        FLAG_TIMEOUT,
        FLAG_ONLINE,
        FLAG_STRICT,
        FLAG_DRY_RUN,
        FLAG_JSON,
        FLAG_DIRECTORY,
        FLAG_SAMPLE,
        FLAG_SEED,
        FLAG_TENANT,
        FLAG_DATABASE,
        FLAG_AUTH,
        FLAG_SECRET_FILE,
        FLAG_CA_FILE,
        FLAG_LOG_LEVEL,
        FLAG_LOG_FORMAT,
        FLAG_COUNT,
};

struct command_words {
        const char *name;
        const char *doc; /* a few words, for a list */
        const char *more; /* sentences, for the manual page; NULL: none */
        const char *words; /* what may follow it, as in a synopsis; NULL: nothing */
        const char *choices; /* of the first of these words, with blanks between; NULL: any */
        size_t word_count; /* at most */
        const char *format; /* default of --format; NULL: it has none */
        const char *example; /* what follows "driftwatch NAME" in one */
};
extern const struct command_words command_words[COMMAND_COUNT];

struct flag_words {
        const char *name;
        const char *argument; /* its name: "FILE"; NULL: it takes none */
        const char *choices; /* what it may be, with blanks between; NULL: anything */
        unsigned commands; /* a bit for each that knows it: 1 << COMMAND_RUN */
        const char *doc;
        const char *more; /* sentences, for the manual page; NULL: none */
};
extern const struct flag_words flag_words[FLAG_COUNT];

/* COMMAND_COUNT when there is none of this name. */
enum command_id command_find(const char *name);
/* The name that is meant, among the commands, help and version; NULL when none is near. */
const char *command_nearest(const char *name);
bool command_knows(enum command_id command, enum flag_id flag);

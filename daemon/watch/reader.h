/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Reads what the daemon works by - the configuration with all that it names, and approved baselines
 * - without stopping the loop: the worker reads, and the loop gets a whole that nobody else holds.
 * It reads one thing at a time; whatever is wanted meanwhile is read once more after it. What is
 * done with it is the owner's business. */

#include "config/config.h"
#include "serve/worker.h"
#include "watch/approvals.h"

/* What was read. */
struct material {
        bool configuration; /* that was wanted, too */
        int result; /* of it: config_load_shard()'s, or why it could not begin */
        struct config *config; /* NULL unless that is 0 */
        struct errors errors; /* of the configuration */
        struct approvals approvals;
};

struct reader;

/* All is borrowed for life; `shard` as for config_load_shard(). -ENOMEM. */
_must_check_ int reader_new(struct worker *worker, const char *config_path,
        const struct shard *shard, const char *storage_path, struct reader **ret);
/* When nobody works. Who asked for what is read is answered that the daemon stops. */
struct reader *reader_free(struct reader *r);

/* Something is to be read: baselines, or the configuration as well. */
void reader_want(struct reader *r, bool configuration);
/* As reader_want() of the configuration; the command, which is taken, is answered by
 * reader_done() once what was read from now on is there. */
void reader_ask(struct reader *r, struct command *command);
bool reader_wants_configuration(const struct reader *r);
/* Begins to read what is wanted, unless the worker does something: COMMAND_WORKED comes then. Until
 * reader_end(), `before` (NULL: none) must stay as it is. 0: nothing is to be begun. A failure is
 * in what reader_end() yields, which is due at once. */
_must_check_ int reader_begin(
        struct reader *r, const struct config *before, struct watch *const *watches, size_t count);
/* What was read; the reader's until reader_done(), though its configuration may be taken. */
struct material *reader_end(struct reader *r);
/* It is used: who asked for it is answered, with 500 and the sentence unless that is NULL. */
void reader_done(struct reader *r, const char *sentence);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the command line said, and the commands that act on it. Flags and commands are tables in
 * main.c; each command is one file and returns the exit status. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "duration.h"
#include "model/shard.h"

/* Exit statuses shared by all commands; the gate's own are show/check.h's. */
#define EXIT_USAGE 2 /* usage or configuration */
#define EXIT_UNMEASURED 3 /* nothing could be measured, or the daemon did not answer */

/* init: more canaries of a collection than these would be a copy of it. */
#define SAMPLE_MAX 10000

/* Bound of repeatable flags: more addresses or collections than that are a mistake in a script. */
#define OPTION_VALUES_MAX 64

struct option_values {
        const char *values[OPTION_VALUES_MAX];
        size_t count;
};

struct options {
        const char *config_file;
        const char *storage_path;
        bool storage_given; /* by its flag */
        struct option_values listen_addresses;
        const char *web_config_file; /* NULL: none */
        const char *http_config_file; /* how the daemon is spoken to; NULL: none */
        const char *external_url;
        bool systemd_socket;
        struct shard shard; /* of 0: not given */
        struct option_values collections;
        const char *format;
        const char *fail_on;
        bool json;
        const char *word; /* the second word, of baseline, import, notify-test and state; NULL */
        const char *argument; /* the third one, of baseline rollback and import; NULL */
        struct option_values words; /* all after the second, of silence */
        const char *by; /* baseline: who approves; check: who overrides; coverage: "metadata.KEY";
                         * ack, unack, silence: who does it */
        const char *comment; /* ack, silence: why */
        bool alert; /* ack, unack: the word is the fingerprint of an alert */
        usec_t length; /* silence: how long; 0: not given */
        const char *override; /* check: why the release goes through whatever is found; NULL */
        const char *reason;
        bool force, fresh, new_only, floor, audit;
        bool dry_run; /* notify-test: print the requests and send none */
        bool online; /* validate: ask the servers, too */
        bool strict; /* validate: warnings are errors */
        const char *topics, *qrels; /* import: the second file; NULL: none */
        usec_t pause, timeout;
        struct option_values baseline_files; /* check: instead of those in the storage */
        bool baseline; /* check: that there is no approved baseline is a finding */
        bool no_baseline; /* check: judge by the expectations alone */
        double min_pass; /* check: share of the judged queries that suffices */
        struct option_values outputs; /* check: files, format by extension; import: one */
        double fail_under; /* coverage: 0 … 1 */
        const char *directory; /* init, as what follows: where its files go */
        const char *tenant, *database; /* NULL: Chroma's defaults */
        const char *auth, *secret_file, *ca_file; /* files: NULL for none */
        size_t sample; /* canaries of a collection */
        uint64_t seed;
        bool brief; /* init proposes: neither answers nor what to do next */
        const char *compare; /* coverage: file of an earlier run's JSON; NULL */
};

/* Whether every --web.listen-address is an address; -EINVAL after a sentence on stderr. */
int check_addresses(const struct options *options);

int command_run(const struct options *options);
int command_check(const struct options *options);
int command_coverage(const struct options *options);
int command_report(const struct options *options);
int command_validate(const struct options *options);
int command_baseline(const struct options *options);
int command_import(const struct options *options);
int command_status(const struct options *options);
int command_notify_test(const struct options *options);
int command_state(const struct options *options);
int command_init(const struct options *options);
int command_ack(const struct options *options);
int command_unack(const struct options *options);
int command_silence(const struct options *options);

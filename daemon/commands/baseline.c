/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/baseline.h"

#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "commands/round.h"
#include "commands/say.h"
#include "judge/attribution.h"
#include "judge/drift.h"
#include "judge/floor.h"
#include "keep/baselines.h"
#include "show/gate/diff.h"
#include "text.h"

/* For each chosen collection; the worst exit status. */
int baseline_each(const struct options *options,
        int (*act)(const struct options *options, const struct collection_config *c))
{
        _cleanup_(round_done) struct round round = {0};
        int status = EXIT_SUCCESS;

        if (round_load_config(&round, options) < 0)
                return EXIT_USAGE;
        for (size_t i = 0; i < round.config->collection_count; i++) {
                const struct collection_config *c = round.config->collections[i];
                int r = round_chosen(options, c->label) ? act(options, c) : EXIT_SUCCESS;

                status = MAX(status, r);
        }
        return status;
}

/* NULL and a sentence on stderr when there is none that can be used, unless it is `optional`. */
int baseline_load(const struct options *options, const char *label, enum baseline_kind kind,
        bool optional, struct baseline **ret)
{
        _cleanup_error_ struct error error = {0};
        int r = baselines_load(options->storage_path, label, kind, NULL, ret, &error);

        if (r >= 0 || (r == -ENOENT && optional))
                return 0;
        complain("driftwatch: %s\n", error_text(&error, r));
        return r;
}

/* Why the candidate must not become the reference; NULL: it may. */
static const char *refusal(const struct collection_config *c, const struct baseline *b,
        const struct baseline *before, char *buffer, size_t size)
{
        const struct index_health health = {
                .unreachable = floor_unreachable(b), .copies = b->copies};
        int64_t lost = index_health_lost(&health, floor_unreachable(before));
        double limit =
                drift_limit(c->policy.limits[RULE_INDEX_INCOMPLETE], RULE_UNREACHABLE_LIMIT, NULL);

        for (size_t i = 0; i < b->cause_count; i++) {
                if (!cause_refuses_approval(b->causes[i]))
                        continue;
                (void)snprintf(buffer, size, "%s cause of its difference is %s: %s",
                        b->cause_count > 1 ? "a" : "the", cause_name(b->causes[i]),
                        cause_meaning(b->causes[i]));
                return buffer;
        }
        if (b->epoch.records > 0 && (double)lost > limit * (double)b->epoch.records) {
                (void)snprintf(buffer, size, "search cannot reach %lld of its %lld records",
                        (long long)health.unreachable, (long long)b->epoch.records);
                return buffer;
        }
        return NULL;
}

static int approve(const struct options *options, const struct collection_config *c)
{
        _cleanup_(baseline_unrefp) struct baseline *b = NULL, *before = NULL;
        _cleanup_error_ struct error error = {0};
        const char *refused;
        char buffer[512];
        int r;

        if (baseline_load(options, c->label, BASELINE_CANDIDATE, false, &b) < 0 ||
                baseline_load(options, c->label, BASELINE_APPROVED, true, &before) < 0)
                return EXIT_USAGE;
        refused = refusal(c, b, before, buffer, sizeof(buffer));
        if (refused && !options->force) {
                complain("driftwatch: %s: candidate %u is refused: %s; mend that and propose "
                         "again, or give --force\n",
                        c->label, b->number, refused);
                return EXIT_FAILURE;
        }
        if (baselines_next(options->storage_path, c->label, &b->number, &error) < 0) {
                complain("driftwatch: %s\n", error.message);
                return EXIT_USAGE;
        }
        b->forced = refused != NULL;
        r = baseline_sign(b, options);
        if (r >= 0)
                r = baselines_approve(options->storage_path, b, &error);
        if (r < 0) {
                complain("driftwatch: %s\n", error_text(&error, r));
                return EXIT_USAGE;
        }
        say("%s: baseline %u is approved by %s: %s\n"
            "  a running driftwatch compares with it from now on\n",
                c->label, b->number, b->approved_by, b->reason);
        return EXIT_SUCCESS;
}

bool baseline_signed(const struct options *options, const char *word)
{
        if (options->by && *options->by && options->reason && *options->reason)
                return true;
        complain("driftwatch: baseline %s needs --by NAME and --reason TEXT: who decides that this "
                 "is good retrieval, and why?\n",
                word);
        return false;
}

int baseline_sign(struct baseline *b, const struct options *options)
{
        char *by, *reason;
        int r = strdup_to(&by, options->by);

        if (r < 0)
                return r;
        r = strdup_to(&reason, options->reason);
        if (r < 0) {
                free(by);
                return r;
        }
        free(b->approved_by);
        free(b->reason);
        b->approved_by = by;
        b->reason = reason;
        b->approved = clock_usec(CLOCK_REALTIME);
        return 0;
}

static int baseline_approve(const struct options *options)
{
        return baseline_signed(options, "approve") ? baseline_each(options, approve) : EXIT_USAGE;
}

int baseline_print(const struct options *options, const struct text *text)
{
        if (streq(options->format, "text"))
                return say_document(text) < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        if (text_failed(text) || fwrite(text->data, 1, text->size, stdout) != text->size ||
                fflush(stdout) != 0)
                return EXIT_USAGE;
        return EXIT_SUCCESS;
}

/* Those that its answers are to be read with. */
static int bands_of(const struct collection_config *c, const struct baseline *b, struct bands *ret)
{
        int r = bands_choose(c->bands_source, &c->bands, &b->bands, b->epoch.space, ret);

        if (r < 0)
                complain("driftwatch: %s: %s\n", c->label, strerror(-r));
        return r;
}

static int diff(const struct options *options, const struct collection_config *c)
{
        _cleanup_(baseline_unrefp) struct baseline *candidate = NULL, *approved = NULL;
        const struct diff_format *format = diff_format_find(options->format);
        _cleanup_(bands_done) struct bands bands = {0};
        _cleanup_text_ struct text text = {0};

        if (baseline_load(options, c->label, BASELINE_CANDIDATE, false, &candidate) < 0 ||
                baseline_load(options, c->label, BASELINE_APPROVED, true, &approved) < 0 ||
                bands_of(c, candidate, &bands) < 0)
                return EXIT_USAGE;
        format->render(approved, candidate, &bands, &text);
        return baseline_print(options, &text);
}

static int baseline_diff(const struct options *options)
{
        if (!diff_format_find(options->format)) {
                complain("--format: \"%s\" is none of text, json and markdown\n", options->format);
                return EXIT_USAGE;
        }
        return baseline_each(options, diff);
}

static int show(const struct options *options, const struct collection_config *c)
{
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        _cleanup_(bands_done) struct bands bands = {0};
        _cleanup_text_ struct text text = {0};

        if (baseline_load(options, c->label, BASELINE_APPROVED, false, &b) < 0 ||
                bands_of(c, b, &bands) < 0)
                return EXIT_USAGE;
        diff_show(b, &bands, streq(options->format, "json"), &text);
        return baseline_print(options, &text);
}

static int baseline_show(const struct options *options)
{
        if (!streq(options->format, "text") && !streq(options->format, "json")) {
                complain("--format: \"%s\" is neither text nor json\n", options->format);
                return EXIT_USAGE;
        }
        return baseline_each(options, show);
}

int command_baseline(const struct options *options)
{
        static const struct {
                const char *word;
                int (*run)(const struct options *options);
        } words[] = {{"propose", baseline_propose}, {"diff", baseline_diff},
                {"approve", baseline_approve}, {"show", baseline_show}, {"list", baseline_list},
                {"rollback", baseline_rollback}};

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (streq(words[i].word, options->word) && options->argument &&
                        !streq(options->word, "rollback"))
                        complain("driftwatch: %s is one argument too many\n", options->argument);
                else if (streq(words[i].word, options->word))
                        return words[i].run(options);
        complain("driftwatch: baseline needs one of propose, diff, approve, show, list and "
                 "rollback\n");
        return EXIT_USAGE;
}

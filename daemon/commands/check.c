/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/audit.h"
#include "commands/found.h"
#include "commands/say.h"
#include "file.h"
#include "show/gate/check.h"
#include "show/gate/formats.h"

static int write_to(FILE *f, const struct text *text)
{
        if (text->size > 0 && fwrite(text->data, 1, text->size, f) != text->size)
                return -EIO;
        return fflush(f) == 0 ? 0 : -errno;
}

/* A runner obeys lines of any output; only ours are meant. */
static int write_stdout(const struct check *check, const struct check_format *format)
{
        _cleanup_text_ struct text text = {0}, safe = {0};

        format->render(check, &text);
        if (on_github() && !streq(format->name, "github")) {
                github_defuse(text_string(&text), format->hash, &safe);
                return text_failed(&text) || text_failed(&safe) ? -ENOMEM : write_to(stdout, &safe);
        }
        if (streq(format->name, "text"))
                return say_document(&text);
        return text_failed(&text) ? -ENOMEM : write_to(stdout, &text);
}

/* Readable by the pipeline's other users, unlike what file_replace() makes. */
static int write_report(const struct check *check, const char *path)
{
        _cleanup_text_ struct text text = {0};
        _cleanup_error_ struct error e = {0};
        bool existed = access(path, F_OK) == 0;
        mode_t mask = umask(0);
        int r;

        (void)umask(mask);
        check_find_extension(path)->render(check, &text);
        r = text_failed(&text) ? -ENOMEM : file_replace(path, text.data, text.size, &e);
        if (r >= 0 && !existed && chmod(path, 0644 & ~mask) < 0)
                r = -errno;
        if (r < 0)
                complain("--output: %s was not written: %s\n", path, error_text(&e, r));
        return r;
}

/* GitHub drops a step's summary beyond this, silently. */
#define STEP_SUMMARY_MAX (1L << 20)

static int append_summary(const struct check *check, const char *path)
{
        _cleanup_text_ struct text text = {0};
        FILE *f = fopen(path, "ae");
        int r = f ? 0 : -errno;

        check_find_format("markdown")->render(check, &text);
        if (r >= 0 && text_failed(&text))
                r = -ENOMEM;
        if (r >= 0 && (fseek(f, 0, SEEK_END) < 0 || ftell(f) + (long)text.size > STEP_SUMMARY_MAX))
                r = -EFBIG;
        if (r >= 0)
                r = write_to(f, &text);
        if (f && fclose(f) != 0 && r >= 0)
                r = -errno;
        if (r < 0)
                complain("$GITHUB_STEP_SUMMARY: %s was not written: %s\n", path, strerror(-r));
        return r;
}

/* stdout holds nothing but one document when that is for machines. */
static int tell_github(const struct check *check, const char *printed)
{
        const char *summary = getenv("GITHUB_STEP_SUMMARY");
        _cleanup_text_ struct text text = {0};
        bool plain = streq(printed, "text") || streq(printed, "markdown");
        int r = 0;

        if (!streq(printed, "github")) {
                check_find_format("github")->render(check, &text);
                r = text_failed(&text) ? -ENOMEM : write_to(plain ? stdout : stderr, &text);
        }
        if (r >= 0 && summary && *summary)
                r = append_summary(check, summary);
        return r;
}

static int publish(const struct check *check, const struct options *options)
{
        int r = write_stdout(check, check_find_format(options->format));
        bool written = true;

        if (r < 0)
                return r;
        for (size_t i = 0; i < options->outputs.count; i++)
                written &= write_report(check, options->outputs.values[i]) >= 0;
        if (on_github())
                written &= tell_github(check, options->format) >= 0;
        return written ? check_exit_status(check) : EXIT_USAGE;
}

static int print(const struct round *r, const struct check_audit *audits,
        struct baseline *const *found, const struct options *options)
{
        struct check check;

        check_init(&check);
        check.collections = r->views;
        check.audits = audits;
        check.found = found;
        check.count = r->count;
        check.started = r->started;
        check.duration = r->duration;
        check.policy.drift_passes = streq(options->fail_on, "fail");
        check.policy.pass_share = options->min_pass;
        check.override_reason = options->override;
        check.override_by = options->by;
        check.workspace = getenv("GITHUB_WORKSPACE");
        if (options->override)
                complain("driftwatch: the verdict is %s, and %s lets it through: %s\n",
                        verdict_name(check_verdict(&check)), options->by, options->override);
        return publish(&check, options);
}

/* An override without a name or a reason would be one that nobody answers for. */
static bool override_valid(const struct options *options)
{
        bool by = options->by && *options->by;

        if (!options->override && !options->by)
                return true;
        if (options->override && *options->override && by)
                return true;
        complain("driftwatch: check --override REASON and --by NAME go together: who lets the "
                 "release through, and why?\n");
        return false;
}

static bool usage_valid(const struct options *options)
{
        if (!check_find_format(options->format)) {
                complain("--format: \"%s\" is not a format; known are:", options->format);
                for (size_t i = 0; i < check_format_count; i++)
                        complain(" %s", check_formats[i].name);
                complain("\n");
                return false;
        }
        if (!streq(options->fail_on, "drift") && !streq(options->fail_on, "fail")) {
                complain("--fail-on: \"%s\" is neither drift nor fail\n", options->fail_on);
                return false;
        }
        for (size_t i = 0; i < options->outputs.count; i++)
                if (!check_find_extension(options->outputs.values[i])) {
                        complain("--output: \"%s\" ends in none of .json, .xml, .md, .html\n",
                                options->outputs.values[i]);
                        return false;
                }
        return override_valid(options);
}

/* The exact audit, where it was asked for. */
static int audit(const struct round *r, const struct options *options, struct check_audit **ret)
{
        if (!options->audit)
                return 0;
        *ret = calloc(r->count + 1, sizeof(**ret));
        return *ret ? audit_round(r, *ret) : -ENOMEM;
}

int command_check(const struct options *options)
{
        _cleanup_(round_done) struct round round = {0};
        struct check_audit *audits = NULL;
        struct baseline **found = NULL;
        int r;

        if (!usage_valid(options))
                return EXIT_USAGE;
        r = round_load(&round, options);
        if (r == -EBADMSG)
                return EXIT_USAGE;
        if (r >= 0)
                r = round_run(&round);
        if (r >= 0)
                r = audit(&round, options, &audits);
        if (r >= 0)
                r = found_round(&round, &found);
        if (r >= 0)
                r = print(&round, audits, found, options);
        found_done(found, round.count);
        audits_done(audits, round.count);
        if (r < 0) {
                complain("driftwatch: cannot check: %s\n", strerror(-r));
                return EXIT_UNMEASURED;
        }
        return r;
}

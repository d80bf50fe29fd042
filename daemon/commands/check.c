/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "commands/round.h"
#include "show/check.h"

static const struct check_format *find_format(const char *name)
{
        for (size_t i = 0; i < check_format_count; i++)
                if (streq(check_formats[i].name, name))
                        return &check_formats[i];
        return NULL;
}

static int print(const struct round *r, const struct options *options)
{
        _cleanup_text_ struct text text = {0};
        const struct check check = {
                .collections = r->views,
                .count = r->count,
                .started = r->started,
                .duration = r->duration,
                .fail_only = streq(options->fail_on, "fail"),
        };

        find_format(options->format)->render(&check, &text);
        if (text_failed(&text))
                return -ENOMEM;
        if (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0)
                return -errno;
        return check_exit_status(check_verdict(&check));
}

static bool usage_valid(const struct options *options)
{
        if (!find_format(options->format)) {
                fprintf(stderr, "--format: \"%s\" is not a format; known are:", options->format);
                for (size_t i = 0; i < check_format_count; i++)
                        fprintf(stderr, " %s", check_formats[i].name);
                fputc('\n', stderr);
                return false;
        }
        if (!streq(options->fail_on, "drift") && !streq(options->fail_on, "fail")) {
                fprintf(stderr, "--fail-on: \"%s\" is neither drift nor fail\n", options->fail_on);
                return false;
        }
        return true;
}

int command_check(const struct options *options)
{
        _cleanup_(round_done) struct round round = {0};
        int r;

        if (!usage_valid(options))
                return EXIT_USAGE;
        r = round_load(&round, options, false);
        if (r == -EBADMSG)
                return EXIT_USAGE;
        if (r >= 0)
                r = round_run(&round);
        if (r >= 0)
                r = print(&round, options);
        if (r < 0) {
                fprintf(stderr, "driftwatch: cannot check: %s\n", strerror(-r));
                return EXIT_UNMEASURED;
        }
        return r;
}

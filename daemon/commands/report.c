/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "commands/round.h"
#include "commands/say.h"
#include "show/report/report.h"

struct reports {
        struct report *reports;
        size_t count;
};

static void reports_done(struct reports *r)
{
        for (size_t i = 0; i < r->count; i++)
                report_done(&r->reports[i]);
        free(r->reports);
}

static int compute(const struct round *round, struct reports *r)
{
        usec_t now = clock_usec(CLOCK_REALTIME);
        int code = 0;

        r->reports = calloc(round->count + 1, sizeof(*r->reports));
        if (!r->reports)
                return -ENOMEM;
        for (size_t i = 0; i < round->count && code >= 0; i++) {
                code = report_compute(round->views[i], now, &r->reports[i]);
                r->count += code >= 0;
        }
        return code;
}

static int print(const struct round *round, const struct report_format *format)
{
        _cleanup_(reports_done) struct reports r = {NULL, 0};
        _cleanup_text_ struct text text = {0};
        int code = compute(round, &r);

        if (code < 0)
                return code;
        format->render(r.reports, r.count, &text);
        if (text_failed(&text))
                return -ENOMEM;
        if (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0)
                return -errno;
        for (size_t i = 0; i < round->count; i++)
                if (round->views[i]->verdict == VERDICT_UNMEASURED)
                        return EXIT_UNMEASURED;
        return EXIT_SUCCESS;
}

static const struct report_format *find_format(const char *name)
{
        const struct report_format *format = report_format_find(name);

        if (format)
                return format;
        complain("--format: \"%s\" is not a format of reports; known are:", name);
        for (size_t i = 0; i < report_format_count; i++)
                complain(" %s", report_formats[i].name);
        complain("\n");
        return NULL;
}

int command_report(const struct options *options)
{
        _cleanup_(round_done) struct round round = {0};
        const struct report_format *format = find_format(options->format);
        int r;

        if (!format)
                return EXIT_USAGE;
        r = round_load(&round, options);
        if (r == -EBADMSG)
                return EXIT_USAGE;
        if (r >= 0)
                r = round_run(&round);
        if (r >= 0)
                r = print(&round, format);
        if (r < 0) {
                complain("driftwatch: cannot report: %s\n", strerror(-r));
                return EXIT_UNMEASURED;
        }
        return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "commands/baseline.h"
#include "commands/say.h"
#include "json.h"
#include "keep/baselines.h"
#include "show/gate/versions.h"
#include "text.h"

static void free_versions(struct baseline **versions, size_t count)
{
        for (size_t i = 0; i < count; i++)
                baseline_unref(versions[i]);
        free(versions);
}

/* Every version on disk, ascending; what cannot be read is told and left out. */
static int load_versions(
        const struct options *options, const char *label, struct baseline ***ret, size_t *ret_count)
{
        _cleanup_error_ struct error error = {0};
        _cleanup_free_ unsigned *numbers = NULL;
        struct baseline **versions;
        size_t count, n = 0;
        int r = baselines_versions(options->storage_path, label, &numbers, &count, &error);

        versions = r < 0 ? NULL : calloc(count + 1, sizeof(*versions));
        if (!versions) {
                complain("driftwatch: %s\n", error_text(&error, r < 0 ? r : -ENOMEM));
                return -EIO;
        }
        for (size_t i = 0; i < count; i++) {
                _cleanup_error_ struct error reading = {0};
                int code = baselines_load_version(
                        options->storage_path, label, numbers[i], &versions[n], &reading);

                if (code >= 0)
                        n++;
                else
                        complain("driftwatch: %s\n", error_text(&reading, code));
                r = MIN(r, code);
        }
        *ret = versions;
        *ret_count = n;
        return r;
}

static int list(const struct options *options, const struct collection_config *c)
{
        _cleanup_(baseline_unrefp) struct baseline *approved = NULL, *candidate = NULL;
        struct baseline **versions = NULL;
        _cleanup_text_ struct text text = {0};
        size_t count = 0;
        int r = baseline_load(options, c->label, BASELINE_APPROVED, true, &approved);
        int loaded = baseline_load(options, c->label, BASELINE_CANDIDATE, true, &candidate);

        r = MIN(r, loaded);
        loaded = load_versions(options, c->label, &versions, &count);
        r = MIN(r, loaded);
        versions_render(c->label, versions, count, approved, candidate,
                streq(options->format, "json"), &text);
        free_versions(versions, count);
        loaded = baseline_print(options, &text);
        return r < 0 ? EXIT_USAGE : loaded;
}

int baseline_list(const struct options *options)
{
        if (!streq(options->format, "text") && !streq(options->format, "json")) {
                complain("--format: \"%s\" is neither text nor json\n", options->format);
                return EXIT_USAGE;
        }
        return baseline_each(options, list);
}

static int restore(const struct options *options, const struct collection_config *c)
{
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        _cleanup_error_ struct error error = {0};
        unsigned number = (unsigned)strtoul(options->argument, NULL, 10);
        int r = baselines_load_version(options->storage_path, c->label, number, &b, &error);

        if (r >= 0)
                r = baselines_next(options->storage_path, c->label, &b->number, &error);
        if (r >= 0)
                r = baseline_sign(b, options);
        if (r >= 0) {
                b->restores = number;
                r = baselines_restore(options->storage_path, b, &error);
        }
        if (r < 0) {
                complain("driftwatch: %s\n", error_text(&error, r));
                return EXIT_USAGE;
        }
        say("%s: baseline %u is baseline %u again, approved by %s: %s\n"
            "  a running driftwatch compares with it from now on\n",
                c->label, b->number, number, b->approved_by, b->reason);
        return EXIT_SUCCESS;
}

int baseline_rollback(const struct options *options)
{
        const char *n = options->argument;

        if (!n || !*n || strlen(n) > 9 || n[strspn(n, "0123456789")]) {
                complain("driftwatch: baseline rollback needs the number of a version; driftwatch "
                         "baseline list has them\n");
                return EXIT_USAGE;
        }
        if (!baseline_signed(options, "rollback"))
                return EXIT_USAGE;
        if (options->collections.count != 1) {
                complain("driftwatch: baseline rollback needs one --collection: numbers are "
                         "those of one collection\n");
                return EXIT_USAGE;
        }
        return baseline_each(options, restore);
}

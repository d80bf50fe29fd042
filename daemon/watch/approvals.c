/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/approvals.h"

#include <errno.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "keep/baselines.h"
#include "log.h"

int approvals_watch(sd_event *event, const char *storage, sd_event_inotify_handler_t handler,
        void *userdata, sd_event_source **ret)
{
        _cleanup_free_ char *directory = baselines_directory(storage);
        int r;

        if (!directory)
                return -ENOMEM;
        if (mkdir(directory, 0750) < 0 && errno != EEXIST)
                return -errno;
        r = sd_event_add_inotify(
                event, ret, directory, IN_MOVED_TO | IN_DELETE | IN_ONLYDIR, handler, userdata);
        return r < 0 ? r : sd_event_source_set_description(*ret, "approvals");
}

static bool check(const char *storage, struct watch *w)
{
        _cleanup_(baseline_unrefp) struct baseline *baseline = NULL;
        const char *label = watch_config(w)->label;
        uint64_t signature = baselines_signature(storage, label);
        _cleanup_error_ struct error error = {0};
        int r = 0;

        if (signature == watch_baseline_signature(w))
                return false;
        if (signature != 0)
                r = baselines_load(storage, label, BASELINE_APPROVED, &baseline, &error);
        if (r < 0) {
                log_error("%s; going on with the baseline in use", error_text(&error, r));
                watch_set_baseline(w, watch_view(w)->baseline, signature);
                return false;
        }
        if (baseline)
                log_event(LOG_NOTICE, LOG_ID_BASELINE, log_fields({"DRIFTWATCH_COLLECTION", label}),
                        "%s: comparing with baseline %u, approved by %s: %s", label,
                        baseline->number, baseline->approved_by, baseline->reason);
        else
                log_event(LOG_NOTICE, LOG_ID_BASELINE, log_fields({"DRIFTWATCH_COLLECTION", label}),
                        "%s: its baseline was removed: comparing with nothing", label);
        watch_set_baseline(w, baseline, signature);
        return true;
}

bool approvals_check(const char *storage, struct watch *const *watches, size_t count)
{
        bool changed = false;

        for (size_t i = 0; i < count; i++)
                changed |= check(storage, watches[i]);
        return changed;
}

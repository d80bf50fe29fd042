/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What survives a restart, as one JSON file that is replaced as a whole: the home band of every
 * query. Without it a daemon restarted while retrieval is bad would call that normal. */

#include "error.h"
#include "model/view.h"

#define SNAPSHOT_FILE_MAX (256U << 20)

/* Changes whenever something that is kept has changed, distances measured at home aside. */
uint64_t snapshot_signature(const struct view *view);
_must_check_ int snapshot_save(const char *path, const struct view *view, struct error *e);
/* Reads the file and calls back for each home in it. -ENOENT without a file; -EBADMSG when it is
 * damaged or of another version: it was renamed to PATH.damaged then, and no call was made. */
typedef void (*snapshot_home_t)(const char *collection, const char *query, const char *band,
        float home_distance, void *userdata);
_must_check_ int snapshot_load(
        const char *path, snapshot_home_t home, void *userdata, struct error *e);

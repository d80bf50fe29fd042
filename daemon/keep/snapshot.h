/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The file in which versions up to 0.1 kept the home band of every query, as JSON. It is read once,
 * so that an update costs no home, and never written. */

#include "error.h"

#define SNAPSHOT_FILE "snapshot.json"
#define SNAPSHOT_FILE_MAX (256U << 20)

/* Reads the file and calls back for each home in it. -ENOENT without a file; -EBADMSG when it is
 * damaged or of another version: it was renamed to PATH.damaged then, and no call was made. -ENOMEM
 * says nothing of the file. */
typedef void (*snapshot_home_t)(const char *collection, const char *query, const char *band,
        float home_distance, void *userdata);
_must_check_ int snapshot_load(
        const char *path, snapshot_home_t home, void *userdata, struct error *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a server is asked for, so that what it costs is told apart. */

enum task {
        TASK_REPLAY, /* as often as configured */
        TASK_LOOKUP, /* what a replay's answers have become; once after one */
        TASK_PROBE,
        TASK_SURVEY,
        TASK_LISTING, /* of collections that are not watched */
        TASK_COUNT,
};

/* "replay", …; static. */
const char *task_name(enum task task);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The renderers behind check_formats[], one file each. They escape whatever came from outside and
 * judge nothing. */

#include "show/gate/check.h"

/* Rows of Markdown end before this, so that a report and a step summary (1 MiB) have room. */
#define MARKDOWN_MAX (512U << 10)
/* GitHub shows ten errors of a step; the last says how many more there are. */
#define GITHUB_ERRORS_MAX 10

void format_json(const struct check *check, struct text *text);
void format_text(const struct check *check, struct text *text);
/* The strict dialect that Jenkins's xUnit plugin validates: a suite a collection, a case a query
 * and one for the collection as a whole; `failure` is a judgement, `error` a lack of one. */
void format_junit(const struct check *check, struct text *text);
void format_markdown(const struct check *check, struct text *text);
/* One file for a browser or an archive of builds, with what the report begins with. */
void format_html(const struct check *check, struct text *text);
/* Workflow commands of GitHub Actions, worst first; nothing for a pass. */
void format_github(const struct check *check, struct text *text);
/* Output that a runner reads must not contain commands: a line that would begin with "::" gets a
 * dot before it, and the '#' of "##[" is written as `hash`. Appends. */
void github_defuse(const char *output, const char *hash, struct text *text);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The verdict of `driftwatch check` over one replay of several collections, and the formats it is
 * printed in. It neither replays nor writes files. There is no "4 of 5" here: a gate has one
 * replay, and that one counts. */

#include <jansson.h>

#include "model/view.h"
#include "text.h"

enum check_verdict { CHECK_PASS, CHECK_FAIL, CHECK_UNMEASURED };

/* As configured; NaN: the default. */
struct check_limits {
        double distance; /* top-1 or mean top-k above the baseline's */
        double set_shift; /* winsorised mean shift of mean top-k */
        double index; /* share of the records that search cannot reach */
};

/* What an exact audit of one collection found. */
struct check_audit {
        char *error; /* why there is none; NULL */
        uint64_t records; /* compared with */
        size_t queries;
        double recall; /* mean recall@k by id; NaN, as the next two */
        double recall_by_distance; /* a returned record as near as the true k-th counts */
        double worst_recall;
        size_t worst; /* index of that query; SIZE_MAX */
};

struct check {
        const struct collection_view *const *collections;
        const struct check_audit *audits; /* of each collection; NULL: not asked for */
        size_t count;
        usec_t started; /* wall clock */
        usec_t duration;
        bool fail_only; /* --fail-on=fail: drift does not fail the gate */
        bool baseline; /* --baseline: what differs from the approved baseline counts */
        const struct check_limits *limits; /* NULL: the defaults */
};

/* Bytes of a sentence with its NUL, where `ret` takes one; longer ones are cut, at a whole
 * character. */
#define CHECK_SENTENCE_MAX 1000
#define CHECK_FINDINGS_MAX 7

/* What is wrong with a collection as a whole. */
struct check_findings {
        size_t count;
        bool fails; /* the gate, as it was asked for */
        bool blind; /* a baseline was asked for, but no query could be compared with it */
        char sentences[CHECK_FINDINGS_MAX][CHECK_SENTENCE_MAX];
};

/* Always: unreachable records above the limit. With a baseline: set shift, share of queries that
 * moved up (max(3, 10 %) of those compared), another space, dimension, configuration or embedder.
 * Shift and share are drift: fail_only lets them pass. */
void check_find(
        const struct check *check, const struct collection_view *c, struct check_findings *ret);
/* The replay's outcome, or drift when it passed but lies more than the limit above its baseline, or
 * in a worse band by more than BAND_HYSTERESIS. */
enum outcome check_outcome(
        const struct check *check, const struct collection_view *c, size_t query);
/* Why the outcome is not a pass, "" for a pass. */
void check_reason(
        const struct check *check, const struct collection_view *c, size_t query, char *ret);
/* The collection's audit, NULL when none was asked for. */
const struct check_audit *check_audit(const struct check *check, const struct collection_view *c);
/* It as a sentence. */
void check_audit_text(const struct check_audit *audit, const struct collection_view *c, char *ret);
/* Adds the collection's queries by outcome. */
void check_count(const struct check *check, const struct collection_view *c, size_t *outcomes);
/* Indices: fail, drift, unmeasured, pass. The caller's; NULL when memory is short. */
size_t *check_worst_first(const struct check *check, const struct collection_view *c);

/* A query whose outcome at the baseline was pass and now fails the gate, or the other way round. */
enum transition { TRANSITION_NONE, TRANSITION_BROKEN, TRANSITION_MENDED };
enum transition check_transition(
        const struct check *check, const struct collection_view *c, size_t query);

/* What this number of measured queries could have seen; NaN when none was measured. */
struct check_sensitivity {
        size_t queries;
        double excluded; /* nothing was hit: at 95 % confidence less than this share is affected */
        double detectable; /* a fault of this share touches at least one query with 80 % */
};
struct check_sensitivity check_sensitivity(const struct collection_view *c);
/* The same as a sentence; false when nothing was measured. */
bool check_sensitivity_text(struct check_sensitivity s, char *ret);

/* Unmeasured when the replay failed (so too few were measured to say anything), the set is empty,
 * or nothing could be compared with the baseline that was asked for; else fail when any query
 * failed (or drifted, unless fail_only) or a finding fails the gate; else unmeasured when any query
 * has no valid answer, or an audit that was asked for could not be made; else pass. */
enum check_verdict check_collection(const struct check *check, const struct collection_view *c);
/* Fail before unmeasured before pass. An empty run is unmeasured. */
enum check_verdict check_verdict(const struct check *check);
/* 0, 1, 3. */
int check_exit_status(enum check_verdict verdict);
const char *check_verdict_name(enum check_verdict verdict);

/* The object that the format "json" prints. New reference; NULL when memory is short. */
json_t *check_json(const struct check *check);

/* Text is for people: control characters in what servers sent are blanks, so that nothing can move
 * a terminal's cursor. A renderer that ran out of memory leaves text_failed(). */
struct check_format {
        const char *name; /* "text", "json", "junit", "markdown", "github" */
        const char *extension; /* of --output; NULL: none */
        const char *hash; /* how a '#' is written that must not begin a workflow command */
        void (*render)(const struct check *check, struct text *text);
};
extern const struct check_format check_formats[];
extern const size_t check_format_count;
/* NULL when there is none. */
const struct check_format *check_find_format(const char *name);
const struct check_format *check_find_extension(const char *path);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One run of `driftwatch check` over several collections, and the formats it is printed in.
 * Outcomes, findings and verdicts are those of the views, judged elsewhere; what this gate lets
 * through beyond them is said in every format. */

#include <jansson.h>

#include "judge/verdict.h"
#include "text.h"

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
        /* Of each collection what its queries that do not pass found, with first words, as a
         * candidate would keep it; NULL: not looked at. */
        struct baseline *const *found;
        size_t count;
        usec_t started; /* wall clock */
        usec_t duration;
        struct verdict_policy policy;
        /* The release goes through whatever is found, because somebody said so; NULL: it does not.
         */
        const char *override_reason, *override_by;
        const char *workspace; /* paths below it are told relative to it; NULL */
};
/* Nothing is let through. */
void check_init(struct check *check);

/* Bytes of a sentence with its NUL, where `ret` takes one; longer ones are cut, at a whole
 * character. */
#define CHECK_SENTENCE_MAX 1000

/* The collection's audit, NULL when none was asked for. */
const struct check_audit *check_audit(const struct check *check, const struct collection_view *c);
/* Why there is none although it was asked for; NULL: there is, or it was not. What was asked for
 * and not found out is no pass. */
const char *check_audit_reason(const struct check *check, const struct collection_view *c);
/* What it found, or why there is none, as a sentence; false when none was asked for. */
bool check_audit_text(const struct check *check, const struct collection_view *c, char *ret);

/* How a query stands to what is known of it: to the baseline that the collection is compared with,
 * and to being known to fail. */
enum transition {
        TRANSITION_NONE,
        TRANSITION_BROKEN, /* passed at the baseline, and fails the gate now */
        TRANSITION_MENDED, /* the other way round */
        TRANSITION_EXPECTED, /* its answer is the baseline's: what is expected of it is new */
        TRANSITION_NEW, /* the baseline does not know it */
        TRANSITION_KNOWN, /* it is known to fail, and does not pass */
        TRANSITION_PASSING, /* it is known to fail, but passes again */
};
enum transition check_transition(
        const struct check *check, const struct collection_view *c, size_t query);
/* What a query that does not pass found; NULL where nobody looked. */
const struct baseline_query *check_found(
        const struct check *check, const struct collection_view *c, size_t query);
/* What the baseline knows of the same question: another text under the same id is another one. */
const struct baseline_query *check_before(const struct collection_view *c, size_t query);
/* In the order in which they are listed, with what people and programs call them. */
struct transition_name {
        enum transition transition;
        const char *title, *key;
        const char *hint; /* what to do about it; NULL */
};
extern const struct transition_name transition_names[];
extern const size_t transition_name_count;

/* The ids of the queries in such a list, comma by comma; nothing for none. `append` escapes. */
void check_list(const struct check *check, const struct collection_view *c, enum transition t,
        void (*append)(struct text *text, const char *s), struct text *text);

/* "15 queries: 7 pass, 0 drift, 8 fail, 0 unmeasured, 0 unjudged", of all collections. */
void check_counts_text(const struct check *check, char *ret);
/* What this gate lets through: drift, a share of the queries, or everything, and who said so. False
 * when it lets nothing through. */
bool check_lenience_text(const struct check *check, char *ret);
/* "REMOVED, EDIT", the main one first; "unknown". */
void check_causes_text(const struct collection_view *c, char *ret);
/* summary_remark(), as a sentence. */
void check_reason_text(const struct collection_view *c, size_t query, char *ret);
/* The file of the collection's query set, relative to the workspace when it lies below. */
const char *check_file(const struct check *check, const struct collection_view *c);

/* What this number of judged queries could have seen; NaN when none was measured. */
struct check_sensitivity {
        size_t queries; /* judged ones */
        double excluded; /* nothing was hit: at 95 % confidence less than this share is affected */
        double detectable; /* a fault of this share touches at least one query with 80 % */
};
struct check_sensitivity check_sensitivity(const struct collection_view *c);
/* The same as a sentence; false when nothing was measured. */
bool check_sensitivity_text(struct check_sensitivity s, char *ret);

/* As verdict_judge() with what this gate lets through; unmeasured at best where an audit that was
 * asked for could not be made. */
enum verdict check_collection(const struct check *check, const struct collection_view *c);
/* The worst of them; an empty run is unmeasured. */
enum verdict check_verdict(const struct check *check);
/* verdict_exit_status(), or 0 when it is overridden. */
int check_exit_status(const struct check *check);
/* Whether a query with this outcome fails this gate. */
bool check_fails(const struct check *check, const struct collection_view *c, size_t query);

/* The object that the format "json" prints. New reference; NULL when memory is short. */
json_t *check_json(const struct check *check);

struct check_format {
        const char *name;
        const char *extension; /* by which --output chooses it; NULL: it cannot */
        const char *hash; /* how it writes a '#' that must not be read as a command */
        void (*render)(const struct check *check, struct text *text);
};
extern const struct check_format check_formats[];
extern const size_t check_format_count;
/* NULL for an unknown one. */
const struct check_format *check_find_format(const char *name);
const struct check_format *check_find_extension(const char *path);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is wrong with a query or with a collection as a whole, as data: of which kind, since when,
 * from which cause, and the sentence that it is told with at every door. judge/finding.h makes
 * findings; gate, alerts, page, report, API and metrics read them and judge nothing themselves. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "duration.h"
#include "model/attribution.h"
#include "model/rule.h"
#include "model/topic.h"

/* By precedence: what comes first may explain what comes after it. */
enum finding_kind {
        FINDING_REPLAY_FAILED,
        FINDING_CONFIGURATION,
        FINDING_EMBEDDER_CHANGED,
        FINDING_EMBEDDER_UNREACHABLE,
        FINDING_INDEX_INCOMPLETE,
        FINDING_RECALL_LOW,
        FINDING_REPLACED, /* another collection, other content */
        FINDING_REBUILT, /* another collection, the baseline's content */
        FINDING_BASELINE_UNREADABLE, /* the approved one */
        FINDING_NOT_COMPARED, /* with the baseline, although there is one or one is demanded */
        FINDING_TOPIC_LOST, /* many records that answered the queries of a tag are gone or edited */
        FINDING_TOPIC_MOVED, /* most queries of a tag */
        FINDING_SET_SHIFTED,
        FINDING_SET_MOVED, /* a share of the queries */
        FINDING_REPLACED_ANSWERS, /* most records that answered are gone or hold something else */
        FINDING_REKEYED, /* the same records under other ids */
        FINDING_UNFINISHED, /* an ingest stopped half-way */
        FINDING_CROWDED, /* new records that should not be there fill the answers */
        FINDING_MISSING, /* of a query, as all that follow: the expected record */
        FINDING_OUT_OF_RANGE,
        FINDING_BAND_CROSSED,
        FINDING_DISTANT,
        FINDING_COUNT,
};

/* What a finding does to the verdict. */
enum effect { EFFECT_NONE, EFFECT_DRIFT, EFFECT_FAIL, EFFECT_UNMEASURED };

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITY_COUNT };

struct finding_type {
        const char *name; /* "expected-result-missing" */
        bool of_query;
        enum severity severity; /* by which findings are compared; alerts have their rule's */
        enum effect effect;
        enum rule_id rule; /* the alert that it raises; RULE_COUNT: none */
        unsigned explains; /* bits of the kinds that are its consequences … */
        unsigned causes; /* … where these causes hold of them; bits of enum cause */
};
extern const struct finding_type finding_types[FINDING_COUNT];
#define FINDING_BIT(kind) (1U << (kind))

#define FINDING_COLLECTION SIZE_MAX

struct finding {
        enum finding_kind kind;
        size_t query; /* index in the set; FINDING_COLLECTION */
        usec_t since; /* wall clock when it was first seen */
        usec_t seen; /* when it was last judged: later replays could not tell */
        bool waiting; /* an ingest is under way: nobody is told yet */
        usec_t fading; /* what explained it is over since then, and it seems to follow; 0: no */
        enum effect effect; /* its type's, unless the collection lets it count for less */
        bool excused; /* of a query that is known to fail: shown, and no more */
        size_t explained; /* index of the finding whose consequence it is; SIZE_MAX: none */
        enum cause cause; /* of its own */
        double value, limit, before; /* as the kind has them; NaN */
        struct topic_list topics; /* those that it is about; none where the kind is not of topics */
        char *sentence; /* whole, owned */
};

/* In the order of kinds, those of queries by kind and then by query. */
struct findings {
        atomic_uint references;
        struct finding *findings;
        size_t count;
};

struct findings *findings_new(void);
struct findings *findings_ref(struct findings *f);
struct findings *findings_unref(struct findings *f);
DEFINE_CLEANUP(struct findings *, findings_unref)
/* Appends a copy, the sentence too. -ENOMEM. */
_must_check_ int findings_add(struct findings *f, const struct finding *finding);
/* The finding of this kind and query, NULL. `f` NULL: there is none. */
const struct finding *findings_find(const struct findings *f, enum finding_kind kind, size_t query);

/* `f` with all times moved by as much as the clock was set. A new reference, NULL when memory is
 * short. */
struct findings *findings_jump(const struct findings *f, int64_t by);

struct query_set;
/* `f` for another query set: findings of queries that `to` has no more, or with another text, are
 * left out. A new reference, NULL for none or when memory is short. */
struct findings *findings_rebase(
        const struct findings *f, const struct query_set *from, const struct query_set *to);

/* "info", "warning", "critical". */
const char *severity_name(enum severity s);

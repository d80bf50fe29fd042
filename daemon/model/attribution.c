/* SPDX-License-Identifier: Apache-2.0 */
#include "model/attribution.h"

#include <errno.h>
#include <math.h>

static const struct {
        const char *name, *meaning, *action;
        const char *acceptance; /* NULL: the action */
        bool refuses_approval;
} causes[CAUSE_COUNT] = {
        [CAUSE_UNKNOWN] = {NULL,
                "The cause is not known: there is no baseline, or the collection could not be "
                "asked.",
                "Approve a baseline while retrieval is good; if there is one, find out why the "
                "collection did not answer."},
        [CAUSE_NONE] = {"NONE", "Nothing that the canonical queries see has changed.",
                "Nothing is to be done."},
        [CAUSE_EMBEDDER] = {"EMBEDDER",
                "The embedder gives other vectors for the same texts; the collection is unchanged.",
                "Find out which model or version now answers, and go back to it or re-embed the "
                "collection."},
        [CAUSE_REEMBED] = {"REEMBED", "The stored vectors have changed throughout.",
                "Check which model re-embedded the collection; queries must use the same one."},
        [CAUSE_METRIC] = {"METRIC", "The distance itself is another: space or normalisation.",
                "Find out who changed the normalisation of the stored vectors, and undo it.",
                .refuses_approval = true},
        [CAUSE_GROWTH] = {"GROWTH", "New records have come nearer than the ones before.",
                "Find out which ingest wrote the new records, and whether it was meant.",
                "If the ingest was meant, approve a new baseline."},
        [CAUSE_FLOOD] = {"FLOOD",
                "New records crowd the answers: near-duplicates, or a few that come first "
                "everywhere.",
                "Remove them and find the ingest that wrote them."},
        [CAUSE_REMOVED] = {"REMOVED", "Records that used to answer have been deleted.",
                "Restore the deleted records, or change the expectations of the queries that "
                "asked for them.",
                "Find out who deleted the records; if that was meant, approve a new baseline."},
        [CAUSE_REMOVED_TOPIC] = {"REMOVED_TOPIC", "The records of a whole topic have been deleted.",
                "Restore the deleted records, or change the expectations of the queries that "
                "asked for them.",
                "Find out who deleted the records; if that was meant, approve a new baseline."},
        [CAUSE_EDIT] = {"EDIT", "Records have been edited: their ids hold other contents now.",
                "Find out who edited the records, and whether it was meant.",
                "If the edit was meant, approve a new baseline."},
        [CAUSE_INDEX_LOSS] = {"INDEX_LOSS",
                "The index has lost records that the collection still holds.",
                "Rebuild the index: recreate the collection from its records; a restart does not "
                "heal it.",
                .refuses_approval = true},
        [CAUSE_ANN_RECALL] = {"ANN_RECALL",
                "The index misses records that it could find: its search is too shallow.",
                "Raise ef_search and restart the server, which it needs to take effect, or rebuild "
                "the index.",
                .refuses_approval = true},
        [CAUSE_REKEYED] = {"REKEYED",
                "The same records have new ids: what is expected by id is stale, and retrieval is "
                "not worse.",
                "Find out who renamed the records; put the new ids into the expectations and "
                "approve a new baseline."},
        [CAUSE_REPLACED] = {"REPLACED", "The ids hold other documents now.",
                "Find out which ingest wrote other documents under these ids, and load the right "
                "ones."},
        [CAUSE_MISPAIRED] = {"MISPAIRED",
                "The vectors belong to other records than the ones that they are stored with.",
                "Load the records again, each with its own vector, and mend the ingest that paired "
                "them.",
                .refuses_approval = true},
        [CAUSE_SCALE] = {"SCALE", "The stored vectors have another length.",
                "Find out who changed the normalisation of the stored vectors, and undo it.",
                .refuses_approval = true},
        [CAUSE_UNFINISHED] = {"UNFINISHED",
                "An ingest stopped half-way: old and new records stand side by side, or what was "
                "added last is missing.",
                "Find out why the ingest stopped, and run it again to its end."},
        [CAUSE_TRANSPORT] = {"TRANSPORT", "Too few queries got an answer to judge retrieval.",
                "Look at the server and the network first.", .refuses_approval = true},
};

void attribution_init(struct attribution *a)
{
        *a = (struct attribution){
                .cause = CAUSE_UNKNOWN,
                .evidence = {.fit_rms = NAN,
                        .overdispersion = NAN,
                        .scale = NAN,
                        .overlap = NAN,
                        .recall = NAN,
                        .records_before = -1,
                        .records_after = -1,
                        .embedder_distance = NAN,
                        .embedder_length = NAN},
        };
}

const char *cause_name(enum cause cause)
{
        return causes[cause].name;
}

int cause_parse(const char *name, enum cause *ret)
{
        for (enum cause c = CAUSE_NONE; c < CAUSE_COUNT; c++)
                if (streq(causes[c].name, name)) {
                        *ret = c;
                        return 0;
                }
        return -ENOENT;
}

const char *cause_meaning(enum cause cause)
{
        return causes[cause].meaning;
}

const char *cause_action(enum cause cause)
{
        return causes[cause].action;
}

const char *cause_acceptance(enum cause cause)
{
        return causes[cause].acceptance ? causes[cause].acceptance : causes[cause].action;
}

bool cause_refuses_approval(enum cause cause)
{
        return causes[cause].refuses_approval;
}

bool cause_is_distance(enum cause cause)
{
        return cause == CAUSE_METRIC || cause == CAUSE_SCALE;
}

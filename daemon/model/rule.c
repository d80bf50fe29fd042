/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rule.h"

#include <errno.h>
#include <math.h>

const struct rule_default rule_defaults[RULE_COUNT] = {
        [RULE_EXPECTED_RESULT_MISSING] =
                {
                        .name = "RetrievalExpectedResultMissing",
                        .severity = "critical",
                        .limit = NAN,
                        .summary = "A canonical query does not find its expected result.",
                        .together = "do not find their expected result",
                        .doc = "The expected record is not among the first `within` answers.",
                },
        [RULE_BAND_CROSSED] =
                {
                        .name = "RetrievalBandCrossed",
                        .severity = "warning",
                        .limit = NAN,
                        .summary = "A canonical query has left its home band for a worse one.",
                        .together = "have left their home band for a worse one",
                        .doc = "The best answer's confirmed distance band (4 of 5 replays, "
                               "hysteresis 0.01) is worse than the query's home band.",
                },
        [RULE_DISTANCE_DRIFT] =
                {
                        .name = "RetrievalDistanceDrift",
                        .severity = "warning",
                        .limit = RULE_DISTANCE_LIMIT,
                        .limits_distance = true,
                        .limit_doc = "the distance above the baseline",
                        .summary = "A canonical query answers from farther away than its baseline.",
                        .together = "answer from farther away than their baseline or range",
                        .doc = "The best answer, or the mean of all, is confirmed (4 of 5 replays) "
                               "to lie farther from the baseline than the limit, or the expected "
                               "answer lies outside of the range that the query expects.",
                },
        [RULE_SET_DRIFT] =
                {
                        .name = "RetrievalSetDrift",
                        .severity = "warning",
                        .limit = RULE_SHIFT_LIMIT,
                        .limits_distance = true,
                        .limit_doc = "the winsorised mean shift of the whole set",
                        .summary = "The canonical queries as a set have moved from their baseline.",
                        .doc = "The mean shift of all queries is confirmed (4 of 5 replays) above "
                               "the limit, or a tenth of the queries or half of those of a tag, "
                               "at least three, has moved up, or many of their records are gone, "
                               "or near-duplicates crowd the answers.",
                },
        [RULE_REPLAY_FAILING] =
                {
                        .name = "RetrievalReplayFailing",
                        .severity = "critical",
                        /* Counted at replays, so that one failed replay never is enough. */
                        .for_usec = 2 * USEC_PER_MINUTE,
                        .limit = NAN,
                        .inhibits_server = true,
                        .summary = "The canonical queries of a collection cannot be measured.",
                        .doc = "The last replay as a whole failed: the server was not reached, or "
                               "it gave no valid answer; or the approved baseline cannot be read, "
                               "so that nothing is compared with it.",
                },
        [RULE_INDEX_INCOMPLETE] =
                {
                        .name = "RetrievalIndexIncomplete",
                        .severity = "critical",
                        .limit = RULE_UNREACHABLE_LIMIT,
                        .limit_doc = "the share of live records that search cannot reach",
                        .summary = "The index has lost records that the collection still holds.",
                        .doc = "Asked for as many records as the collection counts, search returns "
                               "fewer.",
                },
        [RULE_RECALL_LOW] =
                {
                        .name = "RetrievalRecallLow",
                        .severity = "warning",
                        .limit = RULE_RECALL_LIMIT,
                        .limit_doc = "the recall below which it fires",
                        .summary = "Search misses records that a deeper search finds.",
                        .doc = "Of the first answers of a deep search, a normal one returns less "
                               "than the limit.",
                },
        [RULE_COLLECTION_REPLACED] =
                {
                        .name = "RetrievalCollectionReplaced",
                        .severity = "warning",
                        .limit = NAN,
                        .summary = "The collection was deleted and created again.",
                        .doc = "The collection has another id than the baseline's; without a "
                               "baseline, than it had within the last hour.",
                },
        [RULE_CONFIGURATION_CHANGED] =
                {
                        .name = "RetrievalConfigurationChanged",
                        .severity = "critical",
                        .limit = NAN,
                        .summary = "The collection measures or searches in another way.",
                        .doc = "Space, dimension, index parameters or the declared embedding "
                               "function differ from the baseline's; without a baseline, from "
                               "those within the last hour.",
                },
        [RULE_EMBEDDER_CHANGED] =
                {
                        .name = "RetrievalEmbedderChanged",
                        .severity = "critical",
                        .limit = NAN,
                        .summary = "The embedder gives other vectors for the canonical queries.",
                        .doc = "At least half of the fresh vectors, or two of them, differ from "
                               "the pinned ones.",
                },
        [RULE_EMBEDDER_UNREACHABLE] =
                {
                        .name = "RetrievalEmbedderUnreachable",
                        .severity = "warning",
                        .for_usec = 15 * USEC_PER_MINUTE,
                        .limit = NAN,
                        .summary = "The embedder of a collection cannot be asked.",
                        .doc = "The embedder gave no vectors the last time it was asked, or not "
                               "for every query, so that nobody would notice another model.",
                },
        [RULE_NOTIFICATION_FAILING] =
                {
                        .name = "DriftwatchNotificationFailing",
                        .severity = "warning",
                        .for_usec = 10 * USEC_PER_MINUTE,
                        .limit = NAN,
                        .summary = "Notifications of driftwatch do not arrive.",
                        .doc = "The last attempt to tell a destination failed, or within the last "
                               "hour something was lost that is not told again.",
                },
        [RULE_STORAGE_FAILING] =
                {
                        .name = "DriftwatchStorageFailing",
                        .severity = "warning",
                        .for_usec = 5 * USEC_PER_MINUTE,
                        .limit = NAN,
                        .summary = "State that must survive a restart is not written.",
                        .doc = "The state cannot be written: the disk is full, read-only, or "
                               "closed to driftwatch.",
                },
        [RULE_HEARTBEAT] =
                {
                        .name = "DriftwatchHeartbeat",
                        .severity = "none",
                        .off = true,
                        .limit = NAN,
                        .summary = "What driftwatch tells arrives.",
                        .doc = "Always, while driftwatch runs: for a dead man's switch that says "
                               "when it stops to arrive. Off unless it is named in `rules`.",
                },
};

const char *const rule_severities[] = {"critical", "high", "warning", "info", NULL};

unsigned rule_severity_rank(const char *severity)
{
        unsigned rank = 0;

        while (rule_severities[rank] && !streq(rule_severities[rank], severity))
                rank++;
        return rank;
}

int rule_find(const char *name, enum rule_id *ret)
{
        for (enum rule_id i = 0; i < RULE_COUNT; i++)
                if (streq(rule_defaults[i].name, name)) {
                        *ret = i;
                        return 0;
                }
        return -ENOENT;
}

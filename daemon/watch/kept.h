/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How a dossier's rows are written, for the two files that do: memory.c puts them, recall.c reads
 * them. Nobody else includes this. */

#include "hash.h"
#include "json.h"
#include "keep/fields.h"
#include "keep/item.h"
#include "keep/state.h"
#include "text.h"
#include "watch/state.h"

/* Key: the collection's label; with the query's id on a second line. */
static const struct state_kind collection_kind = {.name = "collection", .bulk = true};
static const struct state_kind query_kind = {.name = "query", .bulk = true};

/* Findings of a collection that are kept, those of queries last: a few milliseconds' work. The rest
 * is found anew. */
#define FINDINGS_KEPT 1000

/* Of a collection: more than any disk has. */
#define RECORDS_MAX 1e15

static const char *const outcomes[OUTCOME_COUNT] = {
        [OUTCOME_PASS] = "pass",
        [OUTCOME_DRIFT] = "drift",
        [OUTCOME_FAIL] = "fail",
        [OUTCOME_UNMEASURED] = "unmeasured",
        [OUTCOME_UNJUDGED] = "unjudged",
};
static const char *const effects[] = {
        [EFFECT_NONE] = "none",
        [EFFECT_DRIFT] = "drift",
        [EFFECT_FAIL] = "fail",
        [EFFECT_UNMEASURED] = "unmeasured",
};
static const char *const verdicts[VERDICT_COUNT] = {
        [VERDICT_PASS] = "pass",
        [VERDICT_UNJUDGED] = "unjudged",
        [VERDICT_UNMEASURED] = "unmeasured",
        [VERDICT_FAIL] = "fail",
};
static const char *const records[EXPECTED_COUNT] = {
        [EXPECTED_UNKNOWN] = "unknown",
        [EXPECTED_GONE] = "gone",
        [EXPECTED_UNFOUND] = "unfound",
        [EXPECTED_FILTERED] = "filtered",
        [EXPECTED_UNREACHED] = "unreached",
        [EXPECTED_MISSED] = "missed",
        [EXPECTED_REFUSED] = "refused",
};

/* struct band_state and what belongs to it, in members that a table can name. */
struct kept_band {
        int recent[BAND_WINDOW];
        unsigned samples;
        int confirmed, home;
        float home_distance;
        unsigned rank;
};
struct kept_level {
        unsigned recent, inside, need, samples, cleared;
        bool on;
};

#define BAND_FIELD(member) FIELD_WITHIN(struct kept_band, member, FIELD_INT, -1, BANDS_MAX - 1)
static const struct field band_fields[] = {
        BAND_FIELD(recent[0]),
        BAND_FIELD(recent[1]),
        BAND_FIELD(recent[2]),
        BAND_FIELD(recent[3]),
        BAND_FIELD(recent[4]),
        FIELD_WITHIN(struct kept_band, samples, FIELD_UNSIGNED, 0, BAND_WINDOW),
        BAND_FIELD(confirmed),
        BAND_FIELD(home),
        FIELD(struct kept_band, home_distance, FIELD_FLOAT),
        FIELD(struct kept_band, rank, FIELD_UNSIGNED),
};
static const struct field level_fields[] = {
        FIELD_WITHIN(struct kept_level, recent, FIELD_UNSIGNED, 0, (1 << LEVEL_WINDOW) - 1),
        FIELD_WITHIN(struct kept_level, inside, FIELD_UNSIGNED, 0, UINT16_MAX),
        FIELD_WITHIN(struct kept_level, need, FIELD_UNSIGNED, 1, LEVEL_HOLD_MAX),
        FIELD_WITHIN(struct kept_level, samples, FIELD_UNSIGNED, 0, INT32_MAX),
        FIELD_WITHIN(struct kept_level, cleared, FIELD_UNSIGNED, 0, INT32_MAX),
        FIELD(struct kept_level, on, FIELD_BOOL),
};
static const struct field judgement_fields[] = {
        FIELD_OF_WORDS(struct judgement, outcome, outcomes),
        FIELD_OF_WORDS(struct judgement, expected, outcomes),
        FIELD(struct judgement, out_of_range, FIELD_BOOL),
        FIELD(struct judgement, distance, FIELD_FLOAT),
        FIELD(struct judgement, expected_distance, FIELD_FLOAT),
        FIELD(struct judgement, expected_rank, FIELD_UNSIGNED),
        FIELD_WITHIN(struct judgement, band, FIELD_INT, -1, BANDS_MAX - 1),
        FIELD_WITHIN(struct judgement, confirmed_band, FIELD_INT, -1, BANDS_MAX - 1),
        FIELD_WITHIN(struct judgement, home_band, FIELD_INT, -1, BANDS_MAX - 1),
        FIELD(struct judgement, home_distance, FIELD_FLOAT),
        FIELD(struct judgement, crossed, FIELD_BOOL),
        FIELD_OF_WORDS(struct judgement, expected_record, records),
        FIELD(struct judgement, reason, FIELD_TEXT),
};
static const struct field memory_fields[] = {
        FIELD(struct drift_memory, baseline[LEVEL_TOP1], FIELD_DOUBLE),
        FIELD(struct drift_memory, baseline[LEVEL_TOPK], FIELD_DOUBLE),
        FIELD_WITHIN(struct drift_memory, standing, FIELD_UNSIGNED, 0, DRIFT_SETTLED),
};
#define VIEW_FIELD(member, type) FIELD(struct collection_view, member, type)
static const struct field view_fields[] = {
        VIEW_FIELD(replays, FIELD_COUNT),
        VIEW_FIELD(failed_replays, FIELD_COUNT),
        VIEW_FIELD(failed_probes, FIELD_COUNT),
        VIEW_FIELD(replayed, FIELD_BOOL),
        VIEW_FIELD(up, FIELD_BOOL),
        VIEW_FIELD(last_started, FIELD_TIME),
        VIEW_FIELD(last_finished, FIELD_TIME),
        VIEW_FIELD(last_success, FIELD_TIME),
        VIEW_FIELD(last_duration, FIELD_TIME),
        VIEW_FIELD(last_error, FIELD_TEXT),
        VIEW_FIELD(note, FIELD_TEXT),
        VIEW_FIELD(refused, FIELD_SIZE),
        VIEW_FIELD(canonical_total, FIELD_COUNT),
        VIEW_FIELD(canonical_good_total, FIELD_COUNT),
        VIEW_FIELD(epoch_changes, FIELD_UNSIGNED),
        VIEW_FIELD(epoch_since, FIELD_TIME),
        VIEW_FIELD(unprovoked_at, FIELD_TIME),
        VIEW_FIELD(judged, FIELD_TIME),
        FIELD_OF_WORDS(struct collection_view, verdict, verdicts),
        VIEW_FIELD(incident_since, FIELD_TIME),
        VIEW_FIELD(replaced, FIELD_COUNT),
        VIEW_FIELD(replaced_at, FIELD_TIME),
        VIEW_FIELD(drift.queries, FIELD_SIZE),
        VIEW_FIELD(drift.valid, FIELD_SIZE),
        VIEW_FIELD(drift.compared, FIELD_SIZE),
        VIEW_FIELD(drift.changed, FIELD_BOOL),
        VIEW_FIELD(drift.set_shifted, FIELD_BOOL),
        VIEW_FIELD(drift.share_moved, FIELD_BOOL),
        VIEW_FIELD(epoch.id, FIELD_TEXT),
        VIEW_FIELD(epoch.space, FIELD_TEXT),
        VIEW_FIELD(epoch.dimension, FIELD_UNSIGNED),
        VIEW_FIELD(epoch.configuration, FIELD_TEXT),
        VIEW_FIELD(epoch.version, FIELD_COUNT),
        VIEW_FIELD(epoch.log_position, FIELD_COUNT),
        FIELD_WITHIN(struct collection_view, epoch.records, FIELD_INT64, -1, RECORDS_MAX),
        VIEW_FIELD(epoch.newest, FIELD_TEXT),
        VIEW_FIELD(health.at, FIELD_TIME),
        FIELD_WITHIN(struct collection_view, health.records, FIELD_INT64, -1, RECORDS_MAX),
        FIELD_WITHIN(struct collection_view, health.unreachable, FIELD_INT64, -1, RECORDS_MAX),
        FIELD_WITHIN(struct collection_view, health.copies, FIELD_INT64, -1, RECORDS_MAX),
        VIEW_FIELD(health.capped, FIELD_BOOL),
        FIELD_WITHIN(struct collection_view, health.recall, FIELD_DOUBLE, 0, 1),
        VIEW_FIELD(health.recall_queries, FIELD_SIZE),
        VIEW_FIELD(health.recall_places, FIELD_SIZE),
        VIEW_FIELD(health.self_asked, FIELD_SIZE),
        VIEW_FIELD(health.self_found, FIELD_SIZE),
        VIEW_FIELD(health.expected, FIELD_SIZE),
        VIEW_FIELD(health.gone, FIELD_SIZE),
        VIEW_FIELD(health.lost, FIELD_SIZE),
        VIEW_FIELD(health.error, FIELD_TEXT),
};
static const struct field epoch_fields[] = {
        FIELD(struct epoch, id, FIELD_TEXT),
        FIELD(struct epoch, space, FIELD_TEXT),
        FIELD(struct epoch, dimension, FIELD_UNSIGNED),
        FIELD(struct epoch, configuration, FIELD_TEXT),
        FIELD(struct epoch, version, FIELD_COUNT),
        FIELD(struct epoch, log_position, FIELD_COUNT),
        FIELD_WITHIN(struct epoch, records, FIELD_INT64, -1, RECORDS_MAX),
        FIELD(struct epoch, newest, FIELD_TEXT),
};
static const struct field finding_fields[] = {
        FIELD(struct finding, since, FIELD_TIME),
        FIELD(struct finding, seen, FIELD_TIME),
        FIELD(struct finding, waiting, FIELD_BOOL),
        FIELD(struct finding, fading, FIELD_TIME),
        FIELD_OF_WORDS(struct finding, effect, effects),
        FIELD(struct finding, excused, FIELD_BOOL),
        FIELD(struct finding, value, FIELD_DOUBLE),
        FIELD(struct finding, limit, FIELD_DOUBLE),
        FIELD(struct finding, before, FIELD_DOUBLE),
        FIELD(struct finding, sentence, FIELD_TEXT),
};
#define BUILD(table, object) fields_build(table, ARRAY_SIZE(table), object)
#define PARSE(table, json, object, e) fields_parse(table, ARRAY_SIZE(table), json, object, e)

/* Another one whenever they are. */
static inline uint64_t bands_hash(const struct bands *b)
{
        uint64_t hash = HASH_INIT;

        for (size_t i = 0; i < b->count; i++) {
                char border[NUMBER_TEXT_MAX];

                (void)float_format(border, b->bands[i].below);
                hash = hash_text(hash_text(hash, b->bands[i].name), border);
        }
        return hash;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "model/evidence.h"

#define FIELD(name, shown, type, younger) \
        { \
#name, shown, EVIDENCE_##type, offsetof(struct evidence, name), younger \
        }

const struct evidence_field evidence_fields[] = {
        FIELD(queries, "queries", SIZE, false),
        FIELD(unanswered, "unanswered", SIZE, false),
        FIELD(same, "same_records", SIZE, false),
        FIELD(changed, "changed_distances", SIZE, false),
        FIELD(fit_rms, "fit_rms", DOUBLE, false),
        FIELD(square_root, "square_root", BOOL, false),
        FIELD(scale, "scale", DOUBLE, true),
        FIELD(kept, "kept_distances", SIZE, true),
        FIELD(places, "places", SIZE, true),
        FIELD(lost, "lost_places", SIZE, true),
        FIELD(holes, "missing", SIZE, false),
        FIELD(sampled, "missing_looked_up", SIZE, false),
        FIELD(gone, "gone", SIZE, false),
        FIELD(edited, "edited", SIZE, false),
        FIELD(present, "present", SIZE, false),
        FIELD(unreadable, "unreadable", SIZE, false),
        FIELD(self_asked, "self_asked", SIZE, false),
        FIELD(self_found, "self_found", SIZE, false),
        FIELD(words_kept, "documents_kept", SIZE, true),
        FIELD(words_changed, "documents_changed", SIZE, true),
        FIELD(sought, "words_sought", SIZE, true),
        FIELD(recut, "words_elsewhere", SIZE, true),
        FIELD(renamed, "renamed", SIZE, true),
        FIELD(ordered, "ordered", SIZE, true),
        FIELD(trailing, "trailing", SIZE, true),
        FIELD(intruders, "intruders", SIZE, false),
        FIELD(firsts, "new_first_answers", SIZE, true),
        FIELD(entries, "twin_candidates", SIZE, false),
        FIELD(near_duplicates, "near_duplicates", SIZE, false),
        FIELD(overdispersion, "overdispersion", DOUBLE, false),
        FIELD(overlap, "overlap", DOUBLE, false),
        FIELD(recall, "exact_recall", DOUBLE, true),
        FIELD(records_before, "records_before", COUNT, false),
        FIELD(records_after, "records_after", COUNT, false),
        FIELD(embedder_compared, "embedder_compared", SIZE, false),
        FIELD(embedder_moved, "embedder_moved", SIZE, false),
        FIELD(embedder_distance, "embedder_distance", DOUBLE, false),
        FIELD(embedder_length, "embedder_length", DOUBLE, true),
        FIELD(other_space, "other_space", BOOL, false),
};
const size_t evidence_field_count = ARRAY_SIZE(evidence_fields);

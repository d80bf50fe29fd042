/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>

#include "judge/attribution.h"
#include "judge/embedder.h"
#include "text.h"

/* "1 record", "14 records" */
static void append_count(struct text *t, size_t n, const char *noun)
{
        text_appendf(t, "%zu %s%s", n, noun, n == 1 ? "" : "s");
}

static void append_records(struct text *t, const struct evidence *e, const char *before)
{
        if (e->records_before >= 0 && e->records_after >= 0 &&
                e->records_before != e->records_after)
                text_appendf(t, "%sthe collection went from %" PRId64 " to %" PRId64 " records",
                        before, e->records_before, e->records_after);
}

static void append_missing(struct text *t, const struct evidence *e)
{
        append_count(t, e->holes, "baseline record");
        text_append(t, e->holes == 1 ? " is missing" : " are missing");
}

/* What else was found in place of missing records: causes can coincide. */
static void append_besides(struct text *t, size_t n, const char *what)
{
        if (n > 0)
                text_appendf(t, ", %zu %s", n, what);
}

static void append_nearer(struct text *t, const struct evidence *e)
{
        append_count(t, e->intruders, "new record");
        text_append(t, e->intruders == 1 ? " is" : " are");
        text_append(t, " nearer than the last one of the baseline's answer");
}

static void describe_unknown(const struct evidence *e, struct text *t)
{
        if (e->queries == 0) {
                text_append(t, "there is no baseline answer to compare with");
                return;
        }
        append_missing(t, e);
        text_append(t, " and could not be looked up");
        append_records(t, e, "; ");
}

static void describe_none(const struct evidence *e, struct text *t)
{
        if (e->holes + e->intruders > 0) {
                append_missing(t, e);
                text_append(t, " and ");
                append_nearer(t, e);
                text_append(t, ", in no more answers than an index changes by itself");
                append_records(t, e, "; ");
                return;
        }
        text_appendf(t,
                "of the %zu records that are in both answers none has moved, and none is "
                "missing or new",
                e->same);
        append_records(t, e, "; ");
}

static void describe_embedder(const struct evidence *e, struct text *t)
{
        text_appendf(t, "%zu of %zu fresh vectors differ from the pinned ones (", e->embedder_moved,
                e->embedder_compared);
        if (isfinite(e->embedder_distance)) {
                text_appendf(t, "median 1 - cos %.3g", e->embedder_distance);
        } else
                text_append(t, "they have another number of components");
        if (fabs(e->embedder_length - 1) > EMBEDDER_LENGTH) {
                text_append(t, "; ");
                embedder_length_describe(e->embedder_length, t);
        }
        text_append(t, "), while the pinned ones find what they found");
}

static void describe_changed(const struct evidence *e, struct text *t)
{
        if (e->changed == 0)
                return;
        text_appendf(t, "%zu of %zu records that are in both answers have another distance",
                e->changed, e->same);
}

static void describe_reembed(const struct evidence *e, struct text *t)
{
        describe_changed(e, t);
        if (e->changed > 0 && isfinite(e->fit_rms))
                text_appendf(t, ", by no common rule (rms of the fit %.3g)", e->fit_rms);
        if (e->edited > 0)
                text_appendf(t,
                        "%s%zu of %zu missing records looked up are stored with another vector",
                        e->changed > 0 ? "; " : "", e->edited, e->sampled);
}

static void describe_metric(const struct evidence *e, struct text *t)
{
        if (e->square_root)
                text_appendf(t,
                        "the distances of %zu records are the square roots of what they were",
                        e->changed);
        else if (e->changed > 0 && isfinite(e->fit_rms)) {
                describe_changed(e, t);
                text_appendf(t, ", a linear function of the former one (rms %.3g)", e->fit_rms);
        } else
                text_append(t, "the collection has another space or dimension than the baseline's");
}

static void describe_growth(const struct evidence *e, struct text *t)
{
        if (e->intruders > 0)
                append_nearer(t, e);
        append_records(t, e, e->intruders > 0 ? "; " : "");
}

static void describe_kept(const struct evidence *e, struct text *t)
{
        text_appendf(t,
                "%zu of %zu places in the answers have the distance that they had, under another "
                "id",
                e->kept, e->places);
        append_records(t, e, "; ");
}

static void describe_replaced(const struct evidence *e, struct text *t)
{
        describe_reembed(e, t);
        text_appendf(t,
                "; of the documents looked at, %zu begin with other words and %zu as before",
                e->words_changed, e->words_kept);
}

static void describe_scale(const struct evidence *e, struct text *t)
{
        describe_changed(e, t);
        text_appendf(t, ", as if vectors were %.4g times as long", e->scale);
}

static void describe_flood(const struct evidence *e, struct text *t)
{
        text_appendf(t,
                "%zu of %zu records in the answers looked at are new and have a "
                "near-duplicate beside them",
                e->near_duplicates, e->entries);
        if (e->firsts > 0)
                text_appendf(
                        t, "; %zu of %zu queries have a new first answer", e->firsts, e->queries);
        append_records(t, e, "; ");
}

static void describe_removed(const struct evidence *e, struct text *t)
{
        append_missing(t, e);
        if (e->sampled > 0) {
                text_appendf(t, ": %zu of %zu looked up no longer exist", e->gone, e->sampled);
                append_besides(t, e->edited, "stored with other contents");
                append_besides(t, e->present, "there unchanged");
        }
        append_records(t, e, "; ");
}

static void describe_topic(const struct evidence *e, struct text *t)
{
        describe_removed(e, t);
        text_appendf(t, "; few queries lost most of their answer (overdispersion %.1f)",
                e->overdispersion);
}

static void describe_unfinished(const struct evidence *e, struct text *t)
{
        describe_removed(e, t);
        if (e->recut > 0)
                text_appendf(t, "; the first words of %zu of %zu gone ones stand in new records",
                        e->recut, e->sought);
        if (e->renamed > 0)
                text_appendf(t, "; the vectors of %zu stand under other ids", e->renamed);
        if (e->trailing > 0)
                text_appendf(t,
                        "; of %zu records whose order is known the %zu that were added last are "
                        "gone",
                        e->ordered, e->trailing);
}

static void describe_edit(const struct evidence *e, struct text *t)
{
        describe_changed(e, t);
        if (e->sampled > 0) {
                text_append(t, e->changed > 0 ? "; " : "");
                append_missing(t, e);
                text_appendf(t, ": %zu of %zu looked up are stored with other contents", e->edited,
                        e->sampled);
                append_besides(t, e->gone, "gone");
                append_besides(t, e->present, "there unchanged");
        }
}

static void describe_index(const struct evidence *e, struct text *t)
{
        if (e->sampled == 0 && e->holes == 0) {
                text_appendf(t, "%zu of %zu queries got an error instead of an answer",
                        e->unanswered, e->queries);
                return;
        }
        append_missing(t, e);
        text_appendf(t, ": %zu of %zu looked up are in the collection%s", e->present, e->sampled,
                e->unreadable > 0 ? ", but the server fails to read their vectors" : ", unchanged");
        if (e->self_asked > 0)
                text_appendf(t, ", and %zu of %zu are found by their own vector", e->self_found,
                        e->self_asked);
        append_besides(t, e->gone, "gone");
        append_besides(t, e->edited, "stored with other contents");
}

static void describe_transport(const struct evidence *e, struct text *t)
{
        text_appendf(t, "%zu of %zu queries got no full answer", e->unanswered, e->queries);
}

static void (*const describe[CAUSE_COUNT])(const struct evidence *e, struct text *t) = {
        [CAUSE_UNKNOWN] = describe_unknown,
        [CAUSE_NONE] = describe_none,
        [CAUSE_EMBEDDER] = describe_embedder,
        [CAUSE_REEMBED] = describe_reembed,
        [CAUSE_METRIC] = describe_metric,
        [CAUSE_GROWTH] = describe_growth,
        [CAUSE_FLOOD] = describe_flood,
        [CAUSE_REMOVED] = describe_removed,
        [CAUSE_REMOVED_TOPIC] = describe_topic,
        [CAUSE_EDIT] = describe_edit,
        [CAUSE_INDEX_LOSS] = describe_index,
        [CAUSE_ANN_RECALL] = describe_index,
        [CAUSE_TRANSPORT] = describe_transport,
        [CAUSE_REKEYED] = describe_kept,
        [CAUSE_REPLACED] = describe_replaced,
        [CAUSE_MISPAIRED] = describe_kept,
        [CAUSE_SCALE] = describe_scale,
        [CAUSE_UNFINISHED] = describe_unfinished,
};

void attribution_describe(const struct attribution *a, struct text *text)
{
        describe[a->cause](&a->evidence, text);
}

/* The most urgent first: what makes the others hard to see, then what loses records, then what only
 * changes them. */
static const struct {
        enum cause cause;
        const char *before_others; /* where it is not alone */
} urgency[] = {
        {CAUSE_TRANSPORT, "Look at the server and the network first; then judge the rest."},
        {CAUSE_METRIC, "Undo the change of the distance first; then judge the rest."},
        {CAUSE_SCALE, "Undo the change of the vectors' length first; then judge the rest."},
        {CAUSE_MISPAIRED,
                "First load the records again, each with its own vector; then judge the rest."},
        {CAUSE_REPLACED, "First load the right documents again; then judge the rest."},
        {CAUSE_REEMBED,
                "First check which model re-embedded the collection, because queries must use the "
                "same one; then judge the rest."},
        {CAUSE_INDEX_LOSS,
                "Rebuild the index first: recreate the collection from its records; then judge the "
                "rest."},
        {CAUSE_ANN_RECALL,
                "First raise ef_search and restart the server, or rebuild the index; then judge "
                "the rest."},
        {CAUSE_UNFINISHED, "Run the ingest that stopped to its end first; then judge the rest."},
        {CAUSE_REMOVED_TOPIC, "Restore the deleted records first; then judge the rest."},
        {CAUSE_REMOVED, "Restore the deleted records first; then judge the rest."},
        {CAUSE_EMBEDDER,
                "First find out which model or version of the embedder answers, and go back to it; "
                "then judge the rest."},
        {CAUSE_FLOOD, "Remove the new records first; then judge the rest."},
        {CAUSE_REKEYED, NULL},
        {CAUSE_EDIT, NULL},
        {CAUSE_GROWTH, NULL},
};

static bool holds(const struct attribution *a, const struct fates *f, enum cause cause)
{
        return a->cause == cause || (f && f->cause_queries[cause] > 0);
}

/* What was meant is settled by a new baseline, unless that would approve of a loss. */
static bool is_settled_by_approval(const struct fates *f, enum cause cause)
{
        return f && !f->expected_lost && cause_acceptance(cause) != cause_action(cause);
}

static const char *advise(const struct attribution *a, const struct fates *f, size_t first)
{
        enum cause cause = urgency[first].cause;
        bool alone = true;

        if (cause == CAUSE_METRIC && a->evidence.other_space)
                return "Recreate the collection from its records, with the space and dimension "
                       "that the baseline was approved with.";
        for (size_t i = 0; i < ARRAY_SIZE(urgency); i++)
                alone &= i == first || !holds(a, f, urgency[i].cause);
        return alone || !urgency[first].before_others ? cause_action(cause)
                                                      : urgency[first].before_others;
}

const char *attribution_advise(const struct attribution *a, const struct fates *fates)
{
        enum cause settled = CAUSE_UNKNOWN;

        for (size_t i = 0; i < ARRAY_SIZE(urgency); i++) {
                enum cause cause = urgency[i].cause;

                if (!holds(a, fates, cause))
                        continue;
                if (!is_settled_by_approval(fates, cause))
                        return advise(a, fates, i);
                if (settled == CAUSE_UNKNOWN)
                        settled = cause;
        }
        return settled == CAUSE_UNKNOWN ? cause_action(a->cause) : cause_acceptance(settled);
}

static void append_cause(
        const struct fates *f, enum cause cause, const char *separator, struct text *t)
{
        size_t queries = f ? f->cause_queries[cause] : 0;

        text_append(t, cause_name(cause));
        if (queries > 0)
                text_appendf(t, " (%zu quer%s)", queries, queries == 1 ? "y" : "ies");
        text_appendf(t, ": %s%s", cause_meaning(cause), separator);
}

void attribution_reason(const struct attribution *a, const struct fates *fates,
        const enum cause *causes, size_t count, const char *separator, struct text *text)
{
        _cleanup_text_ struct text records = {0};

        /* What is wrong although nothing changed has another reason than the records. */
        if (count == 0 || causes[0] == CAUSE_NONE)
                return;
        text_append(text, count > 1 ? "Probable causes: " : "Probable cause: ");
        for (size_t i = 0; i < count; i++)
                append_cause(fates, causes[i], separator, text);
        if (a->cause == causes[0]) {
                attribution_describe(a, text);
                text_appendf(text, ".%s", separator);
        }
        fates_describe(fates, separator, &records);
        if (records.size > 0)
                text_appendf(text, "Records %s.%s", text_string(&records), separator);
        text->failed |= text_failed(&records);
}

const char *attribution_first_step(const struct attribution *a, const struct fates *fates,
        const enum cause *causes, size_t count)
{
        if (count == 0 || causes[0] == CAUSE_NONE)
                return NULL;
        /* Of a cause that only a finding knows, the answers say nothing. */
        return holds(a, fates, causes[0]) ? attribution_advise(a, fates) : cause_action(causes[0]);
}

void attribution_explain(const struct attribution *a, const struct fates *fates,
        const enum cause *causes, size_t count, const char *separator, struct text *text)
{
        const char *step = attribution_first_step(a, fates, causes, count);

        attribution_reason(a, fates, causes, count, separator, text);
        if (step)
                text_append(text, step);
}

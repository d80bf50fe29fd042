/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "judge/epoch.h"
#include "judge/judge.h"
#include "log.h"
#include "watch/state.h"

/* Sentinels are other ones from time to time: what became of theirs the looks know. */
static void note_change(
        const struct dossier *d, struct collection_view *v, const struct replay_result *result)
{
        struct epoch before = v->epoch;

        before.sentinels = 0;
        if (before.id && epoch_compare(&before, &result->epoch) != 0)
                v->epoch_since = result->started;
        v->epoch_since = MAX(v->epoch_since, d->ingest.changed);
}

void dossier_note_epoch(struct dossier *d, struct collection_view *v, struct replay_result *result)
{
        struct epoch *e = &result->epoch;

        if (!e->id)
                return;
        note_change(d, v, result);
        if (v->epoch.id && !streq(v->epoch.id, e->id)) {
                v->replaced++;
                v->replaced_at = result->started;
                dossier_forget_sentinels(d);
                log_event(LOG_DEBUG, LOG_ID_COLLECTION_REPLACED,
                        log_fields({"DRIFTWATCH_COLLECTION", d->config->label},
                                {"DRIFTWATCH_COLLECTION_ID", e->id}),
                        "%s: the collection was replaced: its id was %s and is now %s",
                        d->config->label, v->epoch.id, e->id);
        }
        epoch_done(&v->epoch);
        v->epoch = *e;
        epoch_init(e);
        if (d->sentinel_count == 0)
                v->epoch.sentinels = 0; /* of those just forgotten */
        v->ingesting = result->ingesting;
}

/* Against the baseline, whose sentinels were others. Without one, against how the collection was
 * until an hour ago. */
unsigned dossier_compare_reference(struct dossier *d, const struct epoch *now_seen, usec_t now)
{
        struct epoch reference;
        unsigned changes;

        if (!d->baseline &&
                (!d->reference.id ||
                        (d->reference_changed > 0 && now > d->reference_changed + DOSSIER_NEWS))) {
                epoch_done(&d->reference);
                d->reference_changed = 0;
                if (epoch_copy(now_seen, &d->reference) < 0)
                        return 0;
        }
        reference = d->baseline ? d->baseline->epoch : d->reference;
        reference.sentinels = 0;
        changes = epoch_compare(&reference, now_seen);
        if (d->rebuilt && streq(d->rebuilt, now_seen->id))
                changes &= ~(unsigned)EPOCH_REPLACED;
        if (d->reference_changed == 0 &&
                (changes & (EPOCH_REPLACED | EPOCH_SPACE | EPOCH_CONFIGURATION)))
                d->reference_changed = now;
        return changes;
}
const struct epoch *dossier_seen(const struct dossier *d)
{
        return d->ingest.seen.id ? &d->ingest.seen : NULL;
}

/* The best answers of a few queries: known records whose vectors are looked at in every survey. */
void dossier_choose_sentinels(struct dossier *d)
{
        size_t n = query_count(d), step = MAX(n / SURVEY_SENTINELS_MAX, (size_t)1);

        for (size_t i = 0; i < n && d->sentinel_count < SURVEY_SENTINELS_MAX; i += step) {
                const struct answer *a = d->queries[i].answer;
                bool known = false;

                for (size_t k = 0; a && a->count > 0 && k < d->sentinel_count; k++)
                        known |= streq(d->sentinels[k], a->ids[0]);
                if (!a || a->count == 0 || known)
                        continue;
                if (strdup_to(&d->sentinels[d->sentinel_count], a->ids[0]) < 0)
                        return;
                d->sentinel_count++;
        }
}

void dossier_note_look(struct dossier *d, const struct replay_result *result, usec_t now)
{
        if (streq(result->failure, "not_found"))
                ingest_look_away(&d->ingest, now);
        else if (result->epoch.id)
                (void)ingest_look(&d->ingest, &result->epoch, now);
        if (result->ingesting)
                ingest_note(&d->ingest, now);
        d->held = result->ingesting || ingest_young(&d->ingest, now);
}

void dossier_hold_band(const struct dossier *d, struct query_state *s)
{
        if (!d->held)
                return;
        s->band = s->band_before;
        judge_note_band(&s->band, &s->judgement);
}

/* A collection that was created again with the content of the baseline stands for it from then on.
 */
void dossier_note_rebuilt(struct dossier *d)
{
        const struct finding *f =
                findings_find(d->view->findings, FINDING_REBUILT, FINDING_COLLECTION);

        if (!f || d->view->ingest_under_way)
                return;
        free(d->rebuilt);
        if (strdup_to(&d->rebuilt, d->view->epoch.id) < 0)
                d->rebuilt = NULL;
}
/* Sentinels are chosen among answers: what they were like is seen by the survey after them first.
 */
void dossier_note_sentinels(struct dossier *d, uint64_t sentinels)
{
        struct collection_view *v = sentinels != 0 ? dossier_same_view(d) : NULL;

        if (!v)
                return;
        v->epoch.sentinels = sentinels;
        dossier_show(d, v);
}

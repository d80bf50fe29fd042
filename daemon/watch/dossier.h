/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Everything that is known about one watched collection: what its queries answered and how they
 * were judged, its baseline, its epoch, the probable cause of what changed, the health of its
 * index, what its embedder says - and the view of all that. It is fed with results and asks nobody
 * itself; when what is asked for is watch.h's business. */

#include "ask/embed.h"
#include "ask/probe.h"
#include "ask/replay.h"
#include "ask/survey.h"
#include "config/config.h"
#include "judge/attribution.h"
#include "model/view.h"

/* Without a baseline, how long a collection that was replaced or reconfigured is news. */
#define DOSSIER_NEWS (USEC_PER_HOUR)

struct dossier;

/* `config` is borrowed for life. */
_must_check_ int dossier_new(const struct collection_config *config, struct dossier **ret);
struct dossier *dossier_free(struct dossier *d);
DEFINE_CLEANUP(struct dossier *, dossier_free)
/* Takes over what `old` knows, per query id, under an earlier configuration. Band states start
 * afresh when the bands were changed; of a query whose text was, nothing but its history stays: 1
 * when there is such a one. `old` is good for nothing but dossier_free() then. */
_must_check_ int dossier_adopt(struct dossier *d, struct dossier *old);
/* Tells a query, not yet replayed, which band was its home in an earlier life and how far its best
 * answer lay then. Unknown queries and bands are ignored: the configuration has changed since. Only
 * before the view was shared. */
void dossier_restore_home(
        struct dossier *d, const char *query_id, const char *band, float home_distance);
/* Compares with this baseline from now on; takes a reference; NULL for none. The bands of its
 * answers are the queries' homes. */
_must_check_ int dossier_set_baseline(struct dossier *d, struct baseline *baseline);

/* Says in the log where its baseline cannot be compared with as a whole; after either of the two
 * above, which only other threads may be about. */
void dossier_warn(const struct dossier *d);
/* There is an approved baseline, but it cannot be read for this reason: the one in use stays in
 * use. -ENOMEM. */
_must_check_ int dossier_refuse_baseline(struct dossier *d, const char *error);
/* From now on one replay counts, as a gate judges: nothing is confirmed and nothing waits for an
 * ingest. With `demands_baseline` that there is none is a finding. */
void dossier_judge_at_once(struct dossier *d, bool demands_baseline);
/* From now on the embedder's vectors come first, then the configured ones, and those of the
 * baseline last: for recording a baseline of another model. -ENOMEM. */
_must_check_ int dossier_prefer_fresh(struct dossier *d);
/* From now on what the embedder gives is compared with what it gave before: its noise. */
void dossier_repeat(struct dossier *d);
bool dossier_prefers_fresh(const struct dossier *d);

/* What is to be asked. The vectors to replay with: the baseline's, else the configured ones, else
 * the embedder's; NULL while there are none. Known records to look at in a survey. Both borrowed
 * until the next result. */
struct vector_set *dossier_vectors(const struct dossier *d);
const char *const *dossier_sentinels(const struct dossier *d, size_t *ret_count);
/* The collection as the last look saw it; NULL: there is nothing to compare with. Borrowed
 * likewise. */
const struct epoch *dossier_seen(const struct dossier *d);
/* The vectors that the embedder gave last; NULL: none. Borrowed likewise. */
struct vector_set *dossier_fresh_vectors(const struct dossier *d);
/* The last answer of each query, NULL for none; an array to be freed, NULL when memory is short. */
struct answer **dossier_answers(const struct dossier *d);

/* Results. Each makes a new view. A replay judges every query. Suspects that are to be looked up
 * are is put into `*ret_suspects`, borrowed until dossier_looked_up(); NULL for none. */
void dossier_replayed(
        struct dossier *d, struct replay_result *result, struct suspects **ret_suspects);
/* When (wall clock) the replay after that will be. Only before the view was shared. */
void dossier_set_due(struct dossier *d, usec_t due);
/* The suspects have been looked up, as far as `error` (NULL: wholly) let it. */
void dossier_looked_up(struct dossier *d, const char *error, usec_t now);
/* Whether the collection has changed since the last look, which a replay begins with, too.
 * `*ret_replay`: it stands still, and is to be replayed: it is not as the last replay saw it, or an
 * ingest is over. */
bool dossier_surveyed(
        struct dossier *d, const struct survey_result *result, usec_t now, bool *ret_replay);
/* Wall clock from when on a replay tells what waits for the end of an ingest; USEC_INFINITY when
 * nothing does. */
usec_t dossier_excuse_ends(const struct dossier *d);
/* Who wrote to the collection says that it is done: the next replay waits for nothing. */
void dossier_ingested(struct dossier *d);
void dossier_probed(struct dossier *d, struct probe_result *result, usec_t now);
/* True when a query has a vector now that had none. */
bool dossier_embedded(struct dossier *d, struct embed_result *result, usec_t now);
/* A replay with the fresh vectors: judged by the expectations alone. */
void dossier_replayed_fresh(struct dossier *d, const struct replay_result *result);

/* The clock was set: moves all times by as much, in a new view. */
void dossier_jump(struct dossier *d, int64_t by);

/* The state after the last result or baseline, or before any. Borrowed until the next; take a
 * reference to keep it. */
struct collection_view *dossier_view(const struct dossier *d);

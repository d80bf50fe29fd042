/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Baselines on disk, below STORAGE/baselines/: LABEL.json is the approved one, LABEL.N.json every
 * approved version, LABEL.candidate.json what awaits approval (LABEL percent-encoded). Each is one
 * JSON object with the SHA-256 of its content, replaced atomically and synced, readable for the
 * owner of the directory whoever wrote it. The format is documented in docs/baselines.md. */

#include "error.h"
#include "model/baseline.h"

#define BASELINE_FILE_MAX (512U << 20)

enum baseline_kind { BASELINE_APPROVED, BASELINE_CANDIDATE };

/* STORAGE/baselines; owned, NULL when memory is short. */
char *baselines_directory(const char *storage);
/* Path of one; owned, NULL when memory is short. */
char *baselines_path(const char *storage, const char *label, enum baseline_kind kind);
/* -ENOENT with a sentence that names the command to run when there is none; -EBADMSG when it is
 * damaged (hash), of another format version or of another collection, another errno when it may not
 * be read: nothing is loaded or moved. Of an approved one the sentence names the newest version
 * that can be read in its place. Vectors that `known` has, which may be NULL, are shared
 * with it. */
_must_check_ int baselines_load(const char *storage, const char *label, enum baseline_kind kind,
        struct vector_set *known, struct baseline **ret, struct error *e);
/* The number that the next approved version gets: one above the highest on disk, whether or not it
 * is in force, so that no version is ever overwritten. */
_must_check_ int baselines_next(
        const char *storage, const char *label, unsigned *ret, struct error *e);
/* The numbers of all versions on disk, ascending; an array to be freed, which is NULL or of no
 * members where there are none. */
_must_check_ int baselines_versions(
        const char *storage, const char *label, unsigned **ret, size_t *ret_count, struct error *e);
/* One version, as baselines_load(). */
_must_check_ int baselines_load_version(const char *storage, const char *label, unsigned number,
        struct baseline **ret, struct error *e);
/* An approved baseline of any collection from a file of any name; the same errors. */
_must_check_ int baselines_load_file(
        const char *path, struct vector_set *known, struct baseline **ret, struct error *e);
/* Writes the candidate, replacing an earlier one. Creates the directory. */
_must_check_ int baselines_propose(
        const char *storage, const struct baseline *candidate, struct error *e);
/* Makes `b` (its approval fields set, its number from baselines_next()) the approved one: its
 * version first, then LABEL.json, then the candidate is removed. */
_must_check_ int baselines_approve(const char *storage, const struct baseline *b, struct error *e);
/* As baselines_approve(), for a baseline that was approved before: the candidate stays. */
_must_check_ int baselines_restore(const char *storage, const struct baseline *b, struct error *e);
/* Changes whenever the approved file was replaced (inode, size, times), or can no longer be looked
 * at; 0 when there is none. For noticing an approval without reading it. */
uint64_t baselines_signature(const char *storage, const char *label);

/* The bytes of a file; -ENOMEM. */
_must_check_ int baseline_build(const struct baseline *b, char **ret, size_t *ret_size);

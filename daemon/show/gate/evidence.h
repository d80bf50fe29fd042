/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The parts of a replay's JSON that say why: findings, what broke and what
 * mended, and how much the set could have seen. New references; NULL when memory is short. */

#include "show/gate/check.h"

/* Sentences about the collection as a whole. */
json_t *evidence_findings(const struct check *check, const struct collection_view *c);
/* {"pass_to_fail": [ids], "fail_to_pass": [ids]} against the baseline. */
json_t *evidence_lists(const struct check *check, const struct collection_view *c);
/* {"queries": n, "excluded_share": …, "detectable_share": …, "sentence": …} */
/* The exact audit; null when none was asked for. */
json_t *evidence_audit(const struct check *check, const struct collection_view *c);
json_t *evidence_sensitivity(const struct collection_view *c);

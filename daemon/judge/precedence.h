/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which findings are the consequence of which: people are told of causes. By the table of
 * model/finding.h; it makes no finding. */

#include "model/finding.h"

struct query_set;
/* Sets `explained` of all findings of this set's queries. What comes first explains first; a
 * finding of topics explains those of their queries only. -ENOMEM. */
_must_check_ int precedence_explain(const struct query_set *set, struct findings *f);

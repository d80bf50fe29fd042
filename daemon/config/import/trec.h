/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The files of the Text Retrieval Conferences: topics, in angle brackets or one a line, and qrels.
 * Of a topic only its number and its title are a query; what describes it to assessors is not. */

#include "config/import/draft.h"

/* Topics as queries. 0, also after losses; -ENOMEM, -E2BIG. */
_must_check_ int trec_topics(struct draft *d, const char *data, size_t size);
/* "topic iteration record grade" a line, of topics that came before. The same. */
_must_check_ int trec_qrels(struct draft *d, const char *data, size_t size);

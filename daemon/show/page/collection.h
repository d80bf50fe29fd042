/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A collection: what is wrong with it, its facts, how its queries spread over outcomes and bands,
 * the queries, and what happened to it. */

#include "show/page/frame.h"

unsigned collection_render(const struct page *p, const struct collection_view *c);
/* Its name as a heading, with its verdict. */
void collection_append_title(const struct page *p, const struct collection_view *c);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The page as HTTP has it: parameters of a request become a document or an update of it, and what a
 * document links to is served for ever under its name. */

#include "serve/exchange.h"

/* The document that the request asks for; with the header Driftwatch-Have, JSON with what differs
 * from the versions in it, or 304 where If-None-Match is the document's. */
void pages_document(struct exchange *x);
/* The page of the runbook that the subject names, in any case; without one what leads to them. */
void pages_runbook(struct exchange *x);
/* The style sheet or script that the subject names. */
void pages_asset(struct exchange *x);

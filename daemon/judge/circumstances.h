/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the records that left, entered or changed amount to, in places of the answers, so that
 * causes which coincide can be weighed against each other. Which cause that speaks for is
 * attribution.h's business. */

#include "judge/attribution.h"
#include "judge/fit.h"

/* Places in the answers: of two causes that coincide the one with more of them is told. */
struct places {
        size_t compared; /* all */
        size_t same, changed; /* of records in both answers; at another distance */
        size_t holes, intruders;
        size_t gone, edited, present; /* of holes whose record's fate is known */
        size_t renamed; /* of holes that are rekeyed */
        size_t rekeyed; /* of all that left */
        size_t moved; /* of holes whose record exists, by fate or not */
        size_t displaced_gone, displaced_edited; /* no holes, but looked up as well */
        size_t listed, twins; /* in the answers looked at */
};

/* The findings beside the evidence, and what each of them speaks for, as numbers of places. */
struct circumstances {
        const struct attribution_input *input;
        const struct suspects *suspects;
        const struct evidence *e;
        struct fit fit; /* of the distances of records in both answers */
        struct places places;
        size_t silent; /* queries without any answer */
        size_t lost; /* places of records that are gone or edited, as far as looked up */
        double gone, edited, present, twins;
};

/* Counts what was found about the suspects, which must be settled, as records. */
void circumstances_count(const struct suspects *s, struct evidence *e);
/* The same as places: fills `c`, whose `input`, `suspects` and `e` are set, and the rest of the
 * evidence, which is what `c->e` points to. */
void circumstances_find(struct circumstances *c, struct evidence *e);
/* Whether new near-duplicates crowd the answers. */
bool circumstances_crowded(const struct circumstances *c);
/* Whether a few new records are the first answer to most queries: many times more than by their
 * share of the collection. */
bool circumstances_overrun(const struct circumstances *c);

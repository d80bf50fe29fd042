/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `baseline propose` and `validate --online` say of a collection's bands: how the answers fall
 * into them, and borders that would tell them apart where these do not. */

#include "model/view.h"

/* To stdout, indented by two. `vectors` were asked with; may be NULL. */
void spread_print(const struct collection_view *v, const struct vector_set *vectors);
/* As they are written in the configuration, a line. */
void spread_print_bands(const struct bands *bands);
/* Borders for the answers of this view; a count of 0 when there are too few or too equal ones.
 * -ENOMEM. */
_must_check_ int spread_of_view(const struct collection_view *v, struct bands *ret);

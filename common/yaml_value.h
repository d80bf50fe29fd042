/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a finished tree's nodes hold: the half of yaml.h that needs no libyaml. Only yaml.c, which
 * quotes scalars in its own messages, needs this; everybody else yaml.h. */

#include "yaml.h"

/* Enough for yaml_quote(). */
#define YAML_QUOTE_MAX 68
/* "\"text\"" on one line, cut where it is too long for a message. Returns `buffer`. */
const char *yaml_quote(const char *s, char *buffer, size_t size);

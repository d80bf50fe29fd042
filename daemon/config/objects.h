/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The life of what a configuration is made of. A collection of which a reload changed nothing -
 * what it says, its server, embedder and secrets, its query set and vectors - is the same object in
 * the earlier configuration and in the later one, so that whoever holds it need not ask. */

#include "config/config.h"

/* Replaces each collection of `c` that is as in `before` by that one. Query sets and vectors are
 * compared as objects: who loads them shares those that are equal. For the thread that uses
 * `before`: secrets are compared as they are now. */
void config_share(struct config *c, const struct config *before);
/* Leaves to others the collections that are not of this shard, with their query sets and vectors.
 * -ENOMEM: the configuration is good for nothing but config_free(). */
_must_check_ int config_confine(struct config *c, const struct shard *shard);

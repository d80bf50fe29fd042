/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A body that somebody wrote for a receiver of their own: JSON in whose strings "{{ title }}" and
 * the like stand for what a message says. What they stand for is put into the strings of the value,
 * never into its text, so that nothing that a query is called can become anything but a string.
 * Pure. */

#include "tell/channel.h"

/* Half of what is sent at most: the rest is for what is said. */
#define TEMPLATE_SIZE_MAX (NOTICE_BODY_MAX / 2)
/* Of all strings of one together. */
#define TEMPLATE_PLACEHOLDERS_MAX 64

/* How many placeholders a string has. -EINVAL with a sentence: one that is not known, or without an
 * end. -ENOMEM. */
_must_check_ int template_check(const char *text, struct error *e);
/* The value of a template, given as JSON text, with everything filled in; as JSON text it has at
 * most NOTICE_BODY_MAX bytes, because what stands for a placeholder is left out or cut until it
 * fits. A new reference; -EBADMSG: it is no JSON, -ENOMEM. */
_must_check_ int template_fill(
        const char *template, const struct channel_context *context, json_t **ret);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a browser sends of an HTML form, as the JSON that the API takes: the page's forms work
 * without a script, and there is one reader of what a person does. Pure. */

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* Whether a Content-Type is a form's; NULL is none. */
bool form_is(const char *content_type);
/* The fields (application/x-www-form-urlencoded) as one flat object of strings, without those that
 * are empty. The field "back", with which the page says where to go afterwards, is yielded instead,
 * owned: parameters of the page, "?incident=x"; NULL where it is absent or anything else. -EINVAL:
 * it is not UTF-8. -ENOMEM. */
_must_check_ int form_read(const char *body, struct text *json, char **ret_back);

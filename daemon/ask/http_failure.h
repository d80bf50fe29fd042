/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an exchange that did not complete is told as, from what libcurl knows of it. Private to
 * http_transfer.c. */

#include "ask/http_transfer.h"

/* The errno that http.h lists. The sentence is the caller's; NULL when memory is short. */
int http_failure_describe(const struct http_transfer *t, CURLcode code, char **ret_sentence);

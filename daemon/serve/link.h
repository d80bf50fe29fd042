/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Links in messages by which incidents are acknowledged. What a link may do is in its token, which
 * is proven here before the loop hears of it; nobody has to be on this machine for that. Looking
 * changes nothing, because programs that scan mails and show previews follow links, too; a person
 * confirms. Pure. */

#include "model/view.h"
#include "tell/act.h"

/* Who follows it: appends the page, and returns its HTTP status. */
unsigned link_look(const struct view *view, const char *token, usec_t now, struct text *page);
/* Who confirms: yields the act that it stands for, which the loop has to do; or NULL, with the page
 * that says why not and its status. */
unsigned link_take(const struct view *view, const char *token, usec_t now, struct act **ret,
        struct text *page);
/* The page for how the loop answered it, and its status. */
unsigned link_answer(unsigned status, struct text *page);

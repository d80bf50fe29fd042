/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/beside.h"

#include "show/markup.h"

void beside_server(struct text *t, const struct server_view *s)
{
        const struct unwatched *u = &s->unwatched;

        if (u->count == 0)
                return;
        text_append(t, "<p class=\"muted\">");
        markup_text(t, s->name);
        text_appendf(
                t, ": %zu collection%s not watched: ", u->count, u->count == 1 ? " is" : "s are");
        for (size_t i = 0; i < u->named; i++) {
                text_append(t, i > 0 ? ", " : "");
                markup_text(t, u->names[i]);
        }
        if (u->named < u->count)
                text_appendf(t, " and %zu more", u->count - u->named);
        text_append(t, "</p>\n");
}

void beside_shard(struct text *t, const struct view *v)
{
        if (v->shard.of > 1)
                text_appendf(t,
                        "<p class=\"muted\">Shard %u of %u: %zu collection%s watched by the other "
                        "daemons</p>\n",
                        v->shard.index, v->shard.of, v->elsewhere,
                        v->elsewhere == 1 ? " is" : "s are");
}

void beside_lease(struct text *t, const struct view *v)
{
        if (!v->leased)
                return;
        text_append(t, "<p class=\"muted\">Receivers are told by ");
        if (v->lease_held)
                text_append(t, "this daemon, ");
        markup_text(t, *v->lease_holder ? v->lease_holder : "nobody");
        if (v->lease_error) {
                text_append(t, "; the lease cannot be looked at: ");
                markup_text(t, v->lease_error);
        }
        text_append(t, "</p>\n");
}

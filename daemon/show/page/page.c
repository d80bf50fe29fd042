/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/page.h"

#include "show/page/collection.h"
#include "show/page/home.h"
#include "show/page/incident.h"
#include "show/page/notifications.h"
#include "show/page/one.h"
#include "show/page/replays.h"

static unsigned missing(const struct page *p, const char *what, const char *name)
{
        frame_missing(p, what, name);
        return 404;
}

static unsigned render_collection(const struct page *p)
{
        const struct page_query *q = p->query;
        const struct collection_view *c = view_find_collection(p->view, q->collection);
        const struct query *one;

        if (!c)
                return missing(p, "collection", q->collection);
        if (!q->query)
                return collection_render(p, c);
        one = query_set_find(c->query_set, q->query);
        return one ? one_render(p, c, (size_t)(one - c->query_set->queries))
                   : missing(p, "query", q->query);
}

static unsigned render_incident(const struct page *p)
{
        const struct incident_view *i = incident_find(p->view, p->query->incident);

        return i ? incident_render(p, i) : missing(p, "incident", p->query->incident);
}

static unsigned render_shown(const struct page *p)
{
        static const struct {
                const char *name;
                unsigned (*render)(const struct page *p);
        } documents[] = {{"replays", replays_render}, {"notifications", notifications_render}};

        for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
                if (streq(documents[i].name, p->query->show))
                        return documents[i].render(p);
        return missing(p, "document", p->query->show);
}

unsigned page_render(
        struct sheet *s, const struct view *view, const struct page_query *query, usec_t now)
{
        const struct page p = {
                .sheet = s, .text = &s->text, .view = view, .query = query, .now = now};

        if (query->collection)
                return render_collection(&p);
        if (query->incident)
                return render_incident(&p);
        return query->show ? render_shown(&p) : home_render(&p);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "show/gate/versions.h"

#include "json.h"
#include "show/facts.h"
#include "show/values.h"

static const char *state_of(const struct baseline *b, const struct baseline *approved)
{
        if (b->approved == 0)
                return "candidate";
        return approved && approved->number == b->number ? "in force" : "earlier";
}

static void append_row(struct text *t, const struct baseline *b, const struct baseline *approved)
{
        char time[TIME_TEXT_MAX];

        /* A candidate gets its number when it is approved. */
        if (b->approved > 0)
                text_appendf(t, "%6u", b->number);
        else
                text_append(t, "     -");
        text_appendf(t, "  %-9s  %-24s  %7zu  ", state_of(b, approved),
                time_format(time, sizeof(time), b->approved > 0 ? b->approved : b->recorded),
                b->count);
        if (b->approved > 0) {
                text_append_line(t, b->approved_by);
                text_append(t, b->forced ? " by force: " : ": ");
                text_append_line(t, b->reason);
        }
        if (b->restores > 0)
                text_appendf(t, " (baseline %u again)", b->restores);
        text_append(t, "\n");
}

static int add_json(json_t *list, const struct baseline *b, const struct baseline *approved)
{
        json_t *object = facts_baseline(b);

        if (json_put(object, "state", json_string(state_of(b, approved))) < 0 ||
                json_put(object, "restores", value_count_or_null(b->restores)) < 0) {
                json_decref(object);
                return -1;
        }
        return json_array_append_new(list, object);
}

static void render_json(const char *collection, struct baseline *const *versions, size_t count,
        const struct baseline *approved, const struct baseline *candidate, struct text *t)
{
        _cleanup_json_ json_t *list = json_array(), *root = NULL;
        _cleanup_free_ char *text = NULL;
        int r = list ? 0 : -1;

        for (size_t i = 0; r == 0 && i < count; i++)
                r = add_json(list, versions[i], approved);
        if (r == 0 && candidate)
                r = add_json(list, candidate, approved);
        if (r == 0)
                root = json_pack(
                        "{s:o, s:O}", "collection", value_string(collection), "versions", list);
        text = root ? json_text(root, JSON_INDENT(2), NULL) : NULL;
        if (text)
                text_appendf(t, "%s\n", text);
        else
                t->failed = true;
}

void versions_render(const char *collection, struct baseline *const *versions, size_t count,
        const struct baseline *approved, const struct baseline *candidate, bool json,
        struct text *text)
{
        if (json) {
                render_json(collection, versions, count, approved, candidate, text);
                return;
        }
        text_append_line(text, collection);
        text_append(text, "\nNUMBER  STATE      WHEN                      QUERIES  BY AND WHY\n");
        for (size_t i = 0; i < count; i++)
                append_row(text, versions[i], approved);
        if (candidate)
                append_row(text, candidate, approved);
        if (count == 0 && !candidate)
                text_append(text, "none yet; driftwatch baseline propose records one\n");
}

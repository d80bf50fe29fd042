/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fate.h"

#include <stdlib.h>

#include "http.h"
#include "text.h"

/* Bytes of an id, and of a document's first words, that are shown. */
#define ID_SHOWN 80
#define WORDS_SHOWN 40

struct fates *fates_new(void)
{
        struct fates *f = calloc(1, sizeof(*f));

        if (f)
                atomic_init(&f->references, 1);
        return f;
}

struct fates *fates_ref(struct fates *f)
{
        if (f)
                atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed);
        return f;
}

struct fates *fates_unref(struct fates *f)
{
        if (!f || atomic_fetch_sub_explicit(&f->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        for (size_t i = 0; i < f->count; i++) {
                free(f->records[i].id);
                free(f->records[i].excerpt);
        }
        free(f->records);
        free(f->lost);
        free(f);
        return NULL;
}

const char *fate_name(enum fate fate)
{
        static const char *const names[FATE_COUNT] = {
                [FATE_GONE] = "gone",
                [FATE_REKEYED] = "rekeyed",
                [FATE_EDITED] = "edited",
                [FATE_UNREACHABLE] = "unreachable",
                [FATE_CROWDED_OUT] = "crowded out",
                [FATE_NEAR_COPY] = "near-copy",
                [FATE_NEW] = "new",
                [FATE_FOUND] = "found",
                [FATE_UNKNOWN] = "unknown",
        };

        return names[fate];
}

static size_t new_records(const struct fates *f)
{
        size_t copies = f->cause_queries[CAUSE_FLOOD] > 0 ? 0 : f->totals[FATE_NEAR_COPY];

        return f->totals[FATE_NEW] + copies;
}

/* New ones without a copy are a growth's where there is one. */
static size_t flooding_records(const struct fates *f)
{
        size_t others = f->cause_queries[CAUSE_GROWTH] > 0 ? 0 : f->totals[FATE_NEW];

        return f->totals[FATE_NEAR_COPY] + others;
}

size_t fates_records(const struct fates *f, enum cause cause)
{
        switch (cause) {
        case CAUSE_REMOVED:
        case CAUSE_REMOVED_TOPIC:
        case CAUSE_UNFINISHED:
                return f->totals[FATE_GONE];
        case CAUSE_REKEYED:
                return f->totals[FATE_REKEYED];
        case CAUSE_EDIT:
        case CAUSE_REEMBED:
        case CAUSE_REPLACED:
        case CAUSE_MISPAIRED:
                return f->totals[FATE_EDITED];
        case CAUSE_INDEX_LOSS:
        case CAUSE_ANN_RECALL:
                return f->totals[FATE_UNREACHABLE];
        case CAUSE_FLOOD:
                return flooding_records(f);
        case CAUSE_GROWTH:
                return new_records(f);
        default:
                return 0;
        }
}

/* A server's bytes for a person: on one line, and read in the direction in which they stand. */
static void append_quoted(struct text *t, const char *s, size_t max)
{
        _cleanup_free_ char *clean = http_body_excerpt(s, strlen(s), max);

        if (!clean) {
                t->failed = true;
                return;
        }
        text_append(t, "\"");
        text_append(t, clean);
        text_append(t, strlen(s) > max ? "\"…" : "\"");
}

static void append_fate(struct text *t, const struct fates *f, enum fate fate)
{
        size_t shown = 0;

        text_appendf(t, "%s:", fate_name(fate));
        for (size_t i = 0; i < f->count && shown < FATES_SHOWN; i++) {
                const struct touched_record *r = &f->records[i];

                if (r->fate != fate)
                        continue;
                text_append(t, shown++ > 0 ? ", " : " ");
                append_quoted(t, r->id, ID_SHOWN);
                if (r->excerpt) {
                        text_append(t, " (");
                        append_quoted(t, r->excerpt, WORDS_SHOWN);
                        text_append(t, ")");
                }
        }
        if (f->totals[fate] > shown)
                text_appendf(t, " and %zu more", f->totals[fate] - shown);
}

void fates_describe(const struct fates *f, const char *separator, struct text *text)
{
        static const enum fate told[] = {
                FATE_GONE, FATE_REKEYED, FATE_EDITED, FATE_UNREACHABLE, FATE_NEAR_COPY, FATE_NEW};
        bool first = true;

        for (size_t i = 0; f && i < ARRAY_SIZE(told); i++)
                if (f->totals[told[i]] > 0) {
                        if (!first)
                                text_appendf(text, ";%s", separator);
                        append_fate(text, f, told[i]);
                        first = false;
                }
}

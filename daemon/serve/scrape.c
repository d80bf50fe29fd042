/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/scrape.h"

#include <errno.h>

#include "macro.h"
#include "serve/process.h"
#include "serve/response.h"

/* Pieces are packed together until they are so large: each costs a table of codes, and begins
 * without anything to refer to. */
#define UNIT_SIZE (16U << 10)

/* Some pieces of the page that follow one another, packed. */
struct unit {
        size_t first, pieces;
        struct gzip_piece packed;
};

static void forget_response(struct MHD_Response **r)
{
        if (*r)
                MHD_destroy_response(*r);
        *r = NULL;
}

static void forget_responses(struct scrape *s)
{
        for (size_t i = 0; i < ARRAY_SIZE(s->formats); i++) {
                forget_response(&s->formats[i].plain);
                forget_response(&s->formats[i].gzip);
        }
}

static void units_free(struct unit *units, size_t count)
{
        for (size_t i = 0; i < count; i++)
                gzip_piece_done(&units[i].packed);
        free(units);
}

/* Not a function: what it refers to lives in the block that calls. */
#define HEAD(scrape, format, encoding) \
        (&(const struct response_head){.content_type = exposition_content_type(format), \
                .web = (scrape)->web, \
                .extra = response_headers({MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding"}, \
                        {MHD_HTTP_HEADER_CONTENT_ENCODING, encoding})})

static int begin(struct scrape *s, struct view *view, usec_t now)
{
        text_done(&s->spare); /* nobody wanted it since the last time */
        forget_responses(s);
        s->read = now;
        process_read(&s->process);
        if (!s->started)
                s->start_time_seconds = s->process.start_time_seconds;
        s->started = true;
        s->process.start_time_seconds = s->start_time_seconds;
        return fragments_update(&s->fragments, view);
}

/* A plain page that is being sent. */
struct page {
        struct scrape *scrape;
        struct text text;
};

/* Its memory is for the next one: to give some hundred kilobytes back and to touch them again takes
 * longer than to fill them. */
static void on_sent(void *userdata)
{
        struct page *p = userdata;

        text_done(&p->scrape->spare);
        p->scrape->spare = p->text;
        free(p);
}

static struct MHD_Response *plain(struct scrape *s, enum exposition_format format)
{
        struct page *p = calloc(1, sizeof(*p));

        if (!p)
                return NULL;
        *p = (struct page){s, s->spare};
        s->spare = (struct text){0};
        text_clear(&p->text);
        (void)text_reserve(&p->text, s->formats[format].size);
        fragments_append(&s->fragments, format, &p->text);
        metrics_render_process(&p->text, format, &s->process);
        if (text_failed(&p->text)) {
                on_sent(p);
                return NULL;
        }
        s->formats[format].size = p->text.size;
        return response_lent(p->text.data, p->text.size, on_sent, p, HEAD(s, format, NULL));
}

/* The page while it is packed anew: the unit that grows, those that are ready, and those before. */
struct packing {
        struct scrape_format *format;
        struct unit *units;
        size_t unit_count;
        size_t old; /* the first of those before that may still be taken over */
        size_t first, next; /* pieces in the unit, and beyond */
        uint64_t version; /* the highest of them */
        struct text text;
};

/* The unit before of the same pieces, when none of them has changed. */
static struct unit *same_unit(struct packing *p)
{
        const struct scrape_format *f = p->format;

        while (p->old < f->unit_count && f->units[p->old].first < p->first)
                p->old++;
        return p->old < f->unit_count && f->units[p->old].first == p->first &&
                        f->units[p->old].pieces == p->next - p->first && p->version <= f->version
                ? &f->units[p->old]
                : NULL;
}

static int end_unit(struct packing *p)
{
        struct unit *grown, *before = same_unit(p);
        struct gzip_piece packed = {0};
        int r;

        if (p->text.size == 0)
                return 0;
        grown = reallocarray(p->units, p->unit_count + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        p->units = grown;
        if (before) {
                packed = before->packed;
                before->packed = (struct gzip_piece){0};
        } else {
                r = gzip_pack(p->text.data, p->text.size, false, &packed);
                if (r < 0)
                        return r;
        }
        grown[p->unit_count++] = (struct unit){p->first, p->next - p->first, packed};
        text_clear(&p->text);
        p->first = p->next;
        p->version = 0;
        return 0;
}

static int add_piece(const char *data, size_t size, uint64_t version, void *userdata)
{
        struct packing *p = userdata;
        int r = 0;

        if (p->text.size >= UNIT_SIZE || size >= UNIT_SIZE)
                r = end_unit(p);
        text_append_bytes(&p->text, data, size);
        p->version = MAX(p->version, version);
        p->next++;
        return r < 0 || !text_failed(&p->text) ? r : -ENOMEM;
}

static void pack_done(struct packing *p)
{
        text_done(&p->text);
        units_free(p->units, p->unit_count);
}

/* Packs what changed since the last time. */
static int pack(
        const struct fragments *fragments, enum exposition_format format, struct scrape_format *f)
{
        _cleanup_(pack_done) struct packing p = {.format = f};
        int r;

        if (f->units && f->version == fragments->version)
                return 0;
        r = fragments_visit(fragments, format, add_piece, &p);
        if (r >= 0)
                r = end_unit(&p);
        /* Those that were taken over are gone from the old ones, also when this failed. */
        units_free(f->units, f->unit_count);
        f->units = NULL;
        f->unit_count = 0;
        if (r < 0)
                return r;
        f->units = take_ptr(p.units);
        f->unit_count = p.unit_count;
        p.unit_count = 0;
        f->version = fragments->version;
        return 0;
}

static struct MHD_Response *packed(struct scrape *s, enum exposition_format format)
{
        const struct scrape_format *f = &s->formats[format];
        _cleanup_(gzip_piece_done) struct gzip_piece last = {0};
        _cleanup_text_ struct text text = {0};
        struct gzip_member member;
        char *body;
        size_t size;

        if (pack(&s->fragments, format, &s->formats[format]) < 0)
                return NULL;
        metrics_render_process(&text, format, &s->process);
        if (text_failed(&text) || gzip_pack(text.data, text.size, true, &last) < 0)
                return NULL;
        gzip_begin(&member);
        for (size_t i = 0; i < f->unit_count; i++)
                gzip_add(&member, &f->units[i].packed);
        gzip_add(&member, &last);
        gzip_end(&member);
        body = text_take(&member.text, &size);
        return body ? response_new(body, size, HEAD(s, format, "gzip")) : NULL;
}

struct MHD_Response *scrape_response(
        struct scrape *s, struct view *view, enum exposition_format format, bool gzip, usec_t now)
{
        struct scrape_format *f = &s->formats[format];

        if (s->fragments.view != view || now - s->read >= SCRAPE_AGE_USEC)
                if (begin(s, view, now) < 0)
                        return NULL;
        if (gzip && !f->gzip)
                f->gzip = packed(s, format);
        if (gzip && f->gzip)
                return f->gzip;
        if (!f->plain)
                f->plain = plain(s, format);
        return f->plain;
}

void scrape_dress(struct scrape *s, struct web_config *web)
{
        if (s->web == web)
                return;
        forget_responses(s);
        web_config_unref(s->web);
        s->web = web_config_ref(web);
}

void scrape_tidy(struct scrape *s)
{
        fragments_tidy(&s->fragments);
}

void scrape_done(struct scrape *s)
{
        forget_responses(s);
        for (size_t i = 0; i < ARRAY_SIZE(s->formats); i++)
                units_free(s->formats[i].units, s->formats[i].unit_count);
        text_done(&s->spare);
        fragments_done(&s->fragments);
        web_config_unref(s->web);
}

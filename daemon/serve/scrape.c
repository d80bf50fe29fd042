/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/scrape.h"

#include "macro.h"
#include "serve/process.h"
#include "serve/response.h"
#include "text.h"

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

static void forget_view(struct scrape *s)
{
        for (size_t i = 0; i < ARRAY_SIZE(s->formats); i++) {
                text_done(&s->formats[i].page);
                gzip_piece_done(&s->formats[i].packed);
        }
        s->view = view_unref(s->view);
}

static void begin(struct scrape *s, struct view *view, usec_t now)
{
        forget_responses(s);
        if (s->view != view) {
                forget_view(s);
                s->view = view_ref(view);
        }
        s->read = now;
        process_read(&s->process);
        if (!s->started)
                s->start_time_seconds = s->process.start_time_seconds;
        s->started = true;
        s->process.start_time_seconds = s->start_time_seconds;
}

static struct MHD_Response *make(
        char *body, size_t size, enum exposition_format format, const char *encoding)
{
        return response_new(body, size, exposition_content_type(format), NULL,
                response_headers({MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding"},
                        {MHD_HTTP_HEADER_CONTENT_ENCODING, encoding}));
}

/* The page of the view; false when memory is short. */
static bool render(struct scrape *s, enum exposition_format format)
{
        struct text *page = &s->formats[format].page;

        if (page->size == 0)
                metrics_render_view(page, format, s->view);
        if (text_failed(page))
                text_done(page);
        return page->size > 0;
}

static struct MHD_Response *plain(struct scrape *s, enum exposition_format format)
{
        _cleanup_text_ struct text text = {0};
        char *body;
        size_t size;

        if (!render(s, format))
                return NULL;
        text_append_bytes(&text, s->formats[format].page.data, s->formats[format].page.size);
        metrics_render_process(&text, format, &s->process);
        body = text_take(&text, &size);
        return body ? make(body, size, format, NULL) : NULL;
}

/* Where nobody wants it plain, only the packed page is kept. */
static bool pack(struct scrape *s, enum exposition_format format)
{
        struct scrape_format *f = &s->formats[format];
        int r;

        if (f->packed.data)
                return true;
        if (!render(s, format))
                return false;
        r = gzip_pack(f->page.data, f->page.size, false, &f->packed);
        if (!f->plain)
                text_done(&f->page);
        return r >= 0;
}

static struct MHD_Response *packed(struct scrape *s, enum exposition_format format)
{
        struct scrape_format *f = &s->formats[format];
        _cleanup_(gzip_piece_done) struct gzip_piece last = {0};
        _cleanup_text_ struct text text = {0};
        char *body;
        size_t size;

        if (!pack(s, format))
                return NULL;
        metrics_render_process(&text, format, &s->process);
        if (text_failed(&text) || gzip_pack(text.data, text.size, true, &last) < 0 ||
                gzip_join(&f->packed, &last, &body, &size) < 0)
                return NULL;
        return make(body, size, format, "gzip");
}

struct MHD_Response *scrape_response(
        struct scrape *s, struct view *view, enum exposition_format format, bool gzip, usec_t now)
{
        struct scrape_format *f = &s->formats[format];

        if (s->view != view || now - s->read >= SCRAPE_AGE_USEC)
                begin(s, view, now);
        if (gzip && !f->gzip)
                f->gzip = packed(s, format);
        if (gzip && f->gzip)
                return f->gzip;
        if (!f->plain)
                f->plain = plain(s, format);
        return f->plain;
}

void scrape_done(struct scrape *s)
{
        forget_responses(s);
        forget_view(s);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/scrape.h"

#include "macro.h"
#include "serve/gzip.h"
#include "serve/process.h"
#include "serve/response.h"
#include "text.h"

static void forget(struct scrape *s)
{
        for (size_t i = 0; i < ARRAY_SIZE(s->formats); i++) {
                if (s->formats[i].plain)
                        MHD_destroy_response(s->formats[i].plain);
                if (s->formats[i].gzip)
                        MHD_destroy_response(s->formats[i].gzip);
                s->formats[i] = (struct scrape_format){0};
        }
        s->view = view_unref(s->view);
}

static void begin(struct scrape *s, struct view *view, usec_t now)
{
        forget(s);
        s->view = view_ref(view);
        s->rendered = now;
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

static void render(struct scrape *s, enum exposition_format format)
{
        struct scrape_format *f = &s->formats[format];
        _cleanup_text_ struct text text = {0};
        char *body;
        size_t size;

        metrics_render(&text, format, s->view, &s->process);
        body = text_take(&text, &size);
        if (!body)
                return;
        f->plain = make(body, size, format, NULL);
        if (f->plain) {
                f->data = body;
                f->size = size;
        }
}

static void compress(struct scrape *s, enum exposition_format format)
{
        struct scrape_format *f = &s->formats[format];
        char *body;
        size_t size;

        if (gzip_compress(f->data, f->size, &body, &size) == 0)
                f->gzip = make(body, size, format, "gzip");
}

struct MHD_Response *scrape_response(
        struct scrape *s, struct view *view, enum exposition_format format, bool gzip, usec_t now)
{
        struct scrape_format *f = &s->formats[format];

        if (s->view != view || now - s->rendered >= SCRAPE_AGE_USEC)
                begin(s, view, now);
        if (!f->plain)
                render(s, format);
        if (f->plain && gzip && !f->gzip)
                compress(s, format);
        return gzip && f->gzip ? f->gzip : f->plain;
}

void scrape_done(struct scrape *s)
{
        forget(s);
}

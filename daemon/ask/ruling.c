/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/ruling.h"

#include <errno.h>
#include <limits.h>
#include <strings.h>

#include "json.h"
#include "text.h"

/* How much of a body is quoted, and how large a body is searched for the server's own words. */
#define EXCERPT_MAX 200
#define ERROR_BODY_MAX (64U << 10)

/* What the server itself says about a failure: Chroma's {"error": NAME, "message": TEXT} with
 * nothing beside it (its Python servers may leave out the text), or FastAPI's {"detail": ...}. The
 * strings are the document's. */
struct complaint {
        json_t *document;
        const char *name, *message, *detail;
        bool own; /* Chroma's error object */
        bool detailed; /* FastAPI's */
        bool quota;
};

static void complaint_done(struct complaint *c)
{
        json_decref(c->document);
}

static bool is_own(const struct complaint *c)
{
        return c->name && *c->name && json_object_size(c->document) == 1u + (c->message != NULL);
}

static const char *words_of(const struct complaint *c)
{
        return c->message ? c->message : c->name ? c->name : c->detail;
}

static void complaint_read(struct complaint *ret, const struct http_response *response)
{
        const char *words;

        *ret = (struct complaint){0};
        if (response->body_size > ERROR_BODY_MAX)
                return;
        ret->document = json_loadb(response->body, response->body_size, 0, NULL);
        ret->name = json_string_value(json_object_get(ret->document, "error"));
        ret->message = json_string_value(json_object_get(ret->document, "message"));
        ret->detail = json_string_value(json_object_get(ret->document, "detail"));
        ret->own = is_own(ret);
        ret->detailed = json_object_get(ret->document, "detail");
        words = words_of(ret);
        ret->quota = words && (strcasestr(words, "quota") || strcasestr(words, "billing limit"));
}

enum voice { VOICE_ANY, VOICE_OWN, VOICE_CLIENT /* Chroma's or FastAPI's */, VOICE_QUOTA };

/* The first row that fits decides. */
static const struct ruling {
        unsigned first, last; /* status */
        enum voice voice;
        const char *name; /* of the complaint; NULL: any or none */
        int code;
        const char *hint; /* "" for none */
} rulings[] = {
        {400, 400, VOICE_QUOTA, NULL, RULING_QUOTA, ""},
        {403, 403, VOICE_QUOTA, NULL, RULING_QUOTA, ""},
        {422, 422, VOICE_QUOTA, NULL, RULING_QUOTA, ""},
        {429, 429, VOICE_QUOTA, NULL, RULING_QUOTA, ""},
        {401, 401, VOICE_ANY, NULL, -EACCES, "; look at the server's `auth`"},
        {403, 403, VOICE_ANY, NULL, -EACCES, "; look at the server's `auth`"},
        {404, 404, VOICE_OWN, NULL, -ENOENT, ""},
        {404, 404, VOICE_ANY, NULL, -EOPNOTSUPP,
                "; the server has no such route: look at the server's `url`, and whether this is "
                "Chroma with the v2 API (0.5.16 or later)"},
        {410, 410, VOICE_ANY, NULL, -EOPNOTSUPP,
                "; the v1 API is gone from this server: the server's `url` must not contain /api/v1"},
        /* The Python servers up to 0.6.3 have this name where the later ones have 404. */
        {400, 400, VOICE_OWN, "InvalidCollection", -ENOENT, ""},
        {400, 400, VOICE_CLIENT, NULL, RULING_REFUSED, ""},
        {422, 422, VOICE_CLIENT, NULL, RULING_REFUSED, ""},
        {500, 500, VOICE_OWN, NULL, RULING_REFUSED, ""},
        {429, 429, VOICE_ANY, NULL, -EAGAIN, ""},
        {503, 503, VOICE_ANY, NULL, -EAGAIN, ""},
        {300, 399, VOICE_ANY, NULL, -EREMOTEIO,
                "; redirects are not followed: look at the server's `url`"},
        {413, 413, VOICE_ANY, NULL, -EREMOTEIO, "; a smaller `batch` makes smaller requests"},
        {0, UINT_MAX, VOICE_ANY, NULL, -EREMOTEIO, ""},
};

static bool ruling_fits(const struct ruling *r, unsigned status, const struct complaint *c)
{
        const bool heard[] = {[VOICE_ANY] = true,
                [VOICE_OWN] = c->own,
                [VOICE_CLIENT] = c->own || c->detailed,
                [VOICE_QUOTA] = c->quota};

        return status >= r->first && status <= r->last && heard[r->voice] &&
                (!r->name || streq(r->name, c->name));
}

static const struct ruling *find_ruling(unsigned status, const struct complaint *c)
{
        const struct ruling *r = rulings;

        while (!ruling_fits(r, status, c))
                r++;
        return r;
}

static bool begins_with(const struct http_response *response, const char *beginning)
{
        const char *body = response->body + strspn(response->body, " \t\r\n");

        return strncasecmp(body, beginning, strlen(beginning)) == 0;
}

/* A page for people: a proxy's, a login's. Not everybody says so in the header. */
static bool is_page(const struct http_response *response)
{
        const char *type = response->content_type;

        return (type && strncasecmp(type, "text/html", strlen("text/html")) == 0) ||
                begins_with(response, "<!doctype html") || begins_with(response, "<html");
}

static bool is_success(const struct http_response *response)
{
        return response->status >= 200 && response->status <= 299;
}

/* Its title, or how it begins; owned, NULL when memory is short. */
static char *page_excerpt(const struct http_response *response)
{
        const char *begin = strcasestr(response->body, "<title>");
        const char *end = begin ? strcasestr(begin, "</title>") : NULL;

        if (!end)
                return http_body_excerpt(response->body, response->body_size, EXCERPT_MAX);
        begin += strlen("<title>");
        return http_body_excerpt(begin, (size_t)(end - begin), EXCERPT_MAX);
}

/* The server's words as one printable line; owned, NULL when memory is short. */
static char *complaint_text(const struct complaint *c, const struct http_response *response)
{
        const char *said = words_of(c);

        if (said && *said)
                return http_body_excerpt(said, strlen(said), EXCERPT_MAX);
        if (response->body_size == 0)
                return strdup("empty body");
        return http_body_excerpt(response->body, response->body_size, EXCERPT_MAX);
}

static int reject_page(
        const struct http_response *response, const char *what, int code, struct error *e)
{
        _cleanup_free_ char *text = page_excerpt(response);

        return error_set(e, code,
                "%s: HTTP %u: a page (text/html), \"%s\", is no answer of Chroma; is there a proxy "
                "or a login before Chroma?",
                what, response->status, text ? text : "out of memory");
}

/* Chroma answers with JSON always. */
static int check_success(const struct http_response *response, const char *what, struct error *e)
{
        if (response->body_size == 0)
                return error_set(e, -EBADMSG,
                        "%s: HTTP %u without a body is no answer of Chroma; look at the server's "
                        "`url`, and at what is before Chroma",
                        what, response->status);
        return is_page(response) ? reject_page(response, what, -EBADMSG, e) : 0;
}

int ruling_check(const struct http_response *response, const char *what, struct error *e)
{
        _cleanup_(complaint_done) struct complaint complaint = {0};
        _cleanup_free_ char *text = NULL;
        const struct ruling *ruling;

        if (response->result != 0)
                return error_set(e, response->result, "%s: %s", what,
                        response->error ? response->error : "no answer");
        if (is_success(response))
                return check_success(response, what, e);
        complaint_read(&complaint, response);
        ruling = find_ruling(response->status, &complaint);
        if (is_page(response))
                return reject_page(response, what, ruling->code, e);
        text = complaint_text(&complaint, response);
        return error_set(e, ruling->code, "%s: HTTP %u: %s%s%s%s%s", what, response->status,
                text ? text : "out of memory", ruling->hint, response->url ? " (" : "",
                response->url ? response->url : "", response->url ? ")" : "");
}

bool ruling_reached(const struct http_response *response)
{
        _cleanup_(complaint_done) struct complaint complaint = {0};

        if (response->result != 0 || is_page(response))
                return false;
        if (is_success(response))
                return response->body_size > 0;
        if (response->status < 502 || response->status > 504)
                return true;
        complaint_read(&complaint, response);
        return complaint.own;
}

bool ruling_refused(int code)
{
        return code == RULING_REFUSED || code == RULING_QUOTA;
}

bool ruling_divisible(int code)
{
        return ruling_refused(code) || code == -EMSGSIZE;
}

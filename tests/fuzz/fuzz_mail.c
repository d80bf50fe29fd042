/* SPDX-License-Identifier: Apache-2.0 */

/* Any text as what a mail server says, as addresses, as a header's value and as a body: nobody is
 * refused who was not asked for, and what is written has lines that end and are short. */

#include "ask/smtp.h"
#include "fuzz.h"
#include "mail.h"
#include "mime.h"
#include "tell/channel.h"

static void check_lines(const char *s, size_t max)
{
        for (size_t length; *s; s += length + 2) {
                length = strcspn(s, "\r\n");
                REQUIRE(length <= max);
                REQUIRE(s[length] == '\r' && s[length + 1] == '\n');
        }
}

static void check_written(const char *value)
{
        _cleanup_text_ struct text header = {0}, body = {0};

        mime_append_header(&header, "Subject", value);
        mime_append_quoted(&body, value);
        check_lines(text_string(&header), 78);
        check_lines(text_string(&body), 76);
        for (const char *at = text_string(&header); (at = strstr(at, "\r\n")); at += 2)
                REQUIRE(at[2] == ' ' || at[2] == '\0');
}

static void check_addresses(const char *list)
{
        _cleanup_(mail_envelope_freep) struct mail_envelope *e = NULL;
        _cleanup_text_ struct text header = {0};

        if (mime_check_addresses(list))
                return;
        e = mail_envelope_new(list, list);
        REQUIRE(e && e->to[0] && streq(e->from, e->to[0]));
        for (char **to = e->to; *to; to++)
                REQUIRE(!mime_check_address(*to));
        mime_append_addresses(&header, "To", list);
        check_lines(text_string(&header), MIME_ADDRESS_MAX + 8);
}

static void check_conversation(const char *s)
{
        static char *const recipients[] = {(char *)"a@b", (char *)"c@d", (char *)"e@f", NULL};
        _cleanup_(smtp_done) struct smtp smtp = {.recipients = recipients};

        smtp_begin(&smtp);
        while (*s) {
                size_t size = strcspn(s, "\n") + 1;

                size = s[size - 1] ? size : size - 1;
                smtp_take(&smtp, s, size);
                REQUIRE(smtp.refused <= 3 && smtp.status <= 999);
                REQUIRE(smtp.words.size <= SMTP_WORDS_MAX + 1);
                REQUIRE(smtp.refusals.size <= 2 * SMTP_WORDS_MAX + 100);
                s += size;
        }
        REQUIRE(channel_email.judge(&(struct http_response){.mail = true, .status = smtp.status}) <=
                DELIVERY_FAILED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *s = strndup((const char *)data, size);

        if (!s)
                return 0;
        check_written(s);
        check_addresses(s);
        check_conversation(s);
        return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an e-mail is made of: header lines that no value can end (RFC 5322, folded; RFC 2047 where
 * they are not ASCII), addresses, bodies as quoted-printable (RFC 2045). Lines end with CRLF and
 * have at most 76 bytes, but for a word or an address that is longer. It sends nothing. */

#include "duration.h"
#include "text.h"

/* More bytes in an address than this no server takes (RFC 5321, section 4.5.3.1). */
#define MIME_ADDRESS_MAX 254

/* "search@example.org", "Search <search@example.org>", "\"Search, Ltd.\" <search@example.org>" */
struct mime_address {
        const char *name; /* within the text, not terminated; without quotes around it */
        size_t name_size; /* 0: none */
        char address[MIME_ADDRESS_MAX + 1];
};

/* The address at the start of a list of them, divided by commas, and in `*ret_rest` what follows;
 * "" at the end. -EINVAL for what is none: the part before the @ is ASCII without quotes, the
 * domain a name or an address in brackets. */
_must_check_ int mime_next_address(
        const char *list, struct mime_address *ret, const char **ret_rest);
/* What is wrong with one address, with a list of at least one; NULL for nothing. */
const char *mime_check_address(const char *address);
const char *mime_check_addresses(const char *list);
/* "Name: value" for people, whatever the value holds: what steers becomes a blank. */
void mime_append_header(struct text *t, const char *name, const char *value);
/* The same of a list of addresses that were checked. */
void mime_append_addresses(struct text *t, const char *name, const char *list);
/* "Date: Mon, 23 Nov 2026 01:00:00 +0000" */
void mime_append_date(struct text *t, usec_t realtime);
/* A body as quoted-printable; lines of `s` end with \n. */
void mime_append_quoted(struct text *t, const char *s);

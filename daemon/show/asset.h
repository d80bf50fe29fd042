/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The style sheet and the script of the page, which are files of their own in the sources and part
 * of the program: nothing is loaded from anywhere else. What is served under a name never changes,
 * because the name is a digest of it. Written by embed.py. */

#include <stddef.h>

enum { ASSET_STYLE, ASSET_SCRIPT, ASSET_COUNT };

struct asset {
        const char *path; /* "assets/0123456789abcdef.css", as the page links it */
        const char *etag; /* with its quotes */
        const char *type;
        const unsigned char *data; /* size, and a NUL */
        size_t size;
};
extern const struct asset assets[ASSET_COUNT];
/* What the page has in common with the report, which carries it within itself. */
extern const char *const asset_base_style;

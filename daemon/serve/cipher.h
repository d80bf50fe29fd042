/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From what a web configuration file says of TLS - versions, cipher suites and curves by the names
 * of Go's crypto/tls - to a priority string of GnuTLS, which has no suites but ciphers, key
 * exchanges and hashes: a list that is not their product is refused, never widened. Pure. */

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct cipher_choice {
        const char *min_version, *max_version; /* "TLS10" … "TLS13" */
        const char *const *suites; /* for TLS up to 1.2; 1.3 keeps those of its own that have one
                                    * of their ciphers */
        size_t suite_count; /* 0: GnuTLS chooses */
        const char *const *curves; /* "X25519", … */
        size_t curve_count; /* 0: GnuTLS chooses */
        bool server_prefers;
};

/* The versions, ending with NULL. */
extern const char *const cipher_versions[];
/* Owned. -EINVAL with a sentence; -ENOMEM. */
_must_check_ int cipher_priority(const struct cipher_choice *choice, char **ret, struct error *e);

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/bcrypt.h"

#include <crypt.h>
#include <gnutls/gnutls.h>

#include "macro.h"

/* "$2y$10$", 22 characters of salt and 31 of the hash. */
#define HASH_LENGTH 60
#define PREFIX_LENGTH 7

const char *bcrypt_check_hash(const char *hash)
{
        static const char digits[] =
                "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        unsigned cost;

        if (strlen(hash) != HASH_LENGTH || strncmp(hash, "$2", 2) != 0 || !strchr("aby", hash[2]) ||
                hash[3] != '$' || hash[6] != '$' || strspn(hash + 4, "0123456789") != 2 ||
                strspn(hash + PREFIX_LENGTH, digits) != HASH_LENGTH - PREFIX_LENGTH)
                return "is not a bcrypt hash such as $2y$10$…, which htpasswd -nBC 10 '' prints";
        cost = (unsigned)(hash[4] - '0') * 10 + (unsigned)(hash[5] - '0');
        if (cost < 4 || cost > BCRYPT_COST_MAX)
                return "has a cost that is not within 4 and 14: a login would stop all others for "
                       "seconds";
        return NULL;
}

bool bcrypt_matches(const char *hash, const char *password)
{
        struct crypt_data *data = calloc(1, sizeof(*data)); /* 32 KiB: not for a stack */
        /* Not crypt_r(), which the address sanitizer has, too: linked with that, libcrypt is not.
         */
        const char *made = data ? crypt_rn(password, hash, data, (int)sizeof(*data)) : NULL;
        bool matches = made && strlen(made) == HASH_LENGTH && strlen(hash) == HASH_LENGTH &&
                gnutls_memcmp(made, hash, HASH_LENGTH) == 0;

        if (data)
                explicit_bzero(data, sizeof(*data));
        free(data);
        return matches;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/item.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

int item_put(struct state *s, const struct state_kind *kind, const char *key, const json_t *value,
        uint64_t signature)
{
        size_t size = 0;
        _cleanup_free_ char *text = value ? json_text(value, JSON_COMPACT, &size) : NULL;

        return text ? state_put(s, kind, key, text, size, signature) : -ENOMEM;
}

void item_number(uint64_t number, char ret[ITEM_NUMBER_SIZE])
{
        (void)snprintf(ret, ITEM_NUMBER_SIZE, "%016llx", (unsigned long long)number);
}

int item_parse_number(const char *digits, uint64_t *ret)
{
        if (!digits || strlen(digits) != 16 || strspn(digits, "0123456789abcdef") != 16)
                return -EBADMSG;
        *ret = strtoull(digits, NULL, 16);
        return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/canary.h"

#include <math.h>

#include "digest.h"
#include "judge/distance.h"
#include "text.h"

#define PREFIX "canary-"
/* Hexadecimal digits that tell ids apart of which only the beginning is kept. */
#define DIGEST_DIGITS 16
/* Distances are sums of single-precision products: equal ones differ by some units in the last
 * place of the vector's squared length, and those of cosine by 5e-7. */
#define ROUNDING 1e-5

static unsigned place_of(const struct answer *answer, const char *id)
{
        unsigned i = 0;

        while (i < answer->count && !streq(answer->ids[i], id))
                i++;
        return i;
}

enum canary canary_judge(const char *space, const float *vector, unsigned dimension, const char *id,
        const struct answer *answer, unsigned results)
{
        const bool cosine = streq(space, "cosine");
        const double squared = distance_square(vector, dimension);
        const double rounding = ROUNDING * (cosine ? 1 : squared);
        const unsigned place = place_of(answer, id);
        double own = streq(space, "ip") ? 1 - squared : 0, last;

        if (cosine && squared == 0)
                return CANARY_CROWDED;
        if (answer->count < results)
                return place < answer->count ? CANARY_FOUND : CANARY_LOST;
        if (place < answer->count)
                own = (double)answer->distances[place];
        last = (double)answer->distances[answer->count - 1];
        /* The last one of its answer may be the only one of its distance; nobody knows. */
        if (fabs(last - own) <= rounding)
                return CANARY_CROWDED;
        if (place < answer->count)
                return CANARY_FOUND;
        return last < own ? CANARY_NEARER : CANARY_LOST;
}

/* Whether it is shown as it is, on one line. */
static bool is_plain(const char *id)
{
        _cleanup_free_ char *line = utf8_line(id, strlen(id));

        return line && streq(line, id);
}

char *canary_id(const char *record_id)
{
        _cleanup_free_ char *line = NULL;
        _cleanup_text_ struct text t = {0};
        char digest[DIGEST_TEXT_MAX];

        text_append(&t, PREFIX);
        if (strlen(PREFIX) + strlen(record_id) <= QUERY_ID_MAX && is_plain(record_id)) {
                text_append(&t, record_id);
                return text_take(&t, NULL);
        }
        line = utf8_line(record_id, strlen(record_id));
        if (!line || digest_sha256(record_id, strlen(record_id), digest) < 0)
                return NULL;
        text_append_bytes(&t, line,
                utf8_prefix(line, QUERY_ID_MAX - strlen(PREFIX) - strlen("~") - DIGEST_DIGITS));
        text_appendf(&t, "~%.*s", DIGEST_DIGITS, digest);
        return text_take(&t, NULL);
}

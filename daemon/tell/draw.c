/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/draw.h"

#include <stdint.h>
#include <stdlib.h>

#include "macro.h"

void draw_key(char ret[DRAW_KEY_MAX])
{
        static const char digits[] = "0123456789abcdef";
        unsigned char random[(DRAW_KEY_MAX - 1) / 2];

        arc4random_buf(random, sizeof(random));
        for (size_t i = 0; i < sizeof(random); i++) {
                ret[2 * i] = digits[random[i] >> 4];
                ret[2 * i + 1] = digits[random[i] & 15];
        }
        ret[2 * sizeof(random)] = '\0';
}

usec_t draw_wait(usec_t min, usec_t max, unsigned failures)
{
        usec_t ceiling = min;
        uint64_t random;

        for (unsigned i = 0; i < failures && ceiling < max; i++)
                ceiling *= 2;
        ceiling = MIN(ceiling, max);
        arc4random_buf(&random, sizeof(random));
        return random % (ceiling + 1);
}

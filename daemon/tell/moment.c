/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/moment.h"

#include "macro.h"

usec_t moment_deadline(const struct moment *m, usec_t expires)
{
        if (expires == USEC_INFINITY)
                return USEC_INFINITY;
        return expires > m->wall ? m->boot + (expires - m->wall) : 0;
}

usec_t moment_since(const struct moment *m, usec_t created)
{
        usec_t age = m->wall > created ? m->wall - created : 0;

        return m->boot > age ? m->boot - age : 1;
}

usec_t moment_wall(const struct moment *m, usec_t boot)
{
        usec_t age = m->boot > boot ? m->boot - boot : 0;

        if (boot == 0)
                return 0;
        return m->wall > age ? m->wall - age : 1;
}

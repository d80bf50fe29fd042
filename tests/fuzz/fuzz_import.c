/* SPDX-License-Identifier: Apache-2.0 */

/* Other tools' data of any content: the first byte says of which format, a NUL stands between its
 * two files. What is taken is a query set, and what is said of the rest is one line each. */

#include <errno.h>

#include "config/import/import.h"
#include "fuzz.h"

static void check_set(const struct draft *d)
{
        _cleanup_(query_set_unrefp) struct query_set *set = NULL;
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_text_ struct text t = {0};

        draft_yaml(d, &t);
        REQUIRE(!text_failed(&t));
        REQUIRE(query_set_parse("set", t.data, t.size, &set, &errors) == 0);
        REQUIRE(set->count == d->count);
        for (size_t i = 0; i < set->count; i++) {
                REQUIRE(strcmp(set->queries[i].id, d->queries[i].id) == 0);
                REQUIRE(strcmp(set->queries[i].text, d->queries[i].text) == 0);
                REQUIRE(set->queries[i].expect.grade_count == d->queries[i].grade_count);
                for (size_t k = 0; k < d->queries[i].grade_count; k++) {
                        const struct grade *g = &set->queries[i].expect.grades[k];

                        REQUIRE(strcmp(g->id, d->queries[i].grades[k].id) == 0);
                        REQUIRE(g->grade == d->queries[i].grades[k].grade);
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *)data + 1, *between;
        struct import_file first = {"first", text, 0}, second = {"second", text, 0};
        _cleanup_draft_ struct draft d = {0};
        _cleanup_error_ struct error e = {0};
        int r;

        if (size == 0)
                return 0;
        between = memchr(text, '\0', size - 1);
        first.size = between ? (size_t)(between - text) : size - 1;
        if (between) {
                second.data = between + 1;
                second.size = size - 2 - first.size;
        }
        REQUIRE(draft_init(&d) == 0);
        r = import_read(&import_formats[data[0] % import_format_count], &first, &second, &d, &e);
        REQUIRE(r == 0 || r == -EBADMSG || r == -ENODATA || r == -E2BIG);
        REQUIRE((r == 0) == (e.message == NULL));
        if (r == 0)
                check_set(&d);
        for (size_t i = 0; i < d.losses.count; i++)
                REQUIRE(!strchr(d.losses.messages[i], '\n'));
        return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "show/document_html.h"
#include "show/report/body.h"

void report_html(const struct report *reports, size_t count, struct text *text)
{
        struct document d;

        document_html_begin(
                &d, text, "Threshold confidence report", count == 1 ? reports[0].c->label : NULL);
        report_head(&d, count > 0 ? reports[0].now : 0);
        for (size_t i = 0; i < count; i++)
                report_body(&reports[i], &d);
        document_html_end(&d);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Prints what /metrics would say of a sample view, for oracles that others wrote:
 * metrics_sample text|openmetrics [QUERIES]. With a number the view has so many queries. */

#include <stdio.h>

#include "sample_view.h"
#include "show/metrics/fragment.h"

int main(int argc, char *argv[])
{
        static const struct process_metrics process = {
                .cpu_seconds = 1.25,
                .start_time_seconds = 1795305594.25,
                .resident_bytes = 9437184,
                .virtual_bytes = 31457280,
                .open_fds = 14,
                .max_fds = 1024,
                .threads = 2,
        };
        _cleanup_view_ struct view *view = NULL;
        _cleanup_text_ struct text text = {0};
        enum exposition_format format;
        struct fragments fragments = {0};

        if (argc < 2)
                return EXIT_FAILURE;
        view = argc > 2 ? sample_view_large(strtoul(argv[2], NULL, 10), 1) : sample_view();
        format = streq(argv[1], "openmetrics") ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT;
        if (fragments_update(&fragments, view) < 0)
                return EXIT_FAILURE;
        fragments_append(&fragments, format, &text);
        fragments_done(&fragments);
        metrics_render_process(&text, format, &process);
        if (text_failed(&text) || fwrite(text.data, 1, text.size, stdout) != text.size)
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Prints the table of configuration keys as JSON - with --web that of the web configuration file -,
 * or, given files, what is wrong with them as configurations. */

#include <stdio.h>

#include "config/config.h"
#include "config/web.h"
#include "json.h"

static json_t *text_or_null(const char *s)
{
        return s ? json_string(s) : json_null();
}

static int add_row(json_t *rows, const struct config_key_info *key)
{
        json_t *row = json_pack("{ss ss so so sb sb so ss}", "path", key->path, "type", key->type,
                "default", text_or_null(key->fallback), "inherits", text_or_null(key->inherits),
                "required", key->required, "reloadable", key->reloadable, "bounds",
                text_or_null(key->bounds), "doc", key->doc);

        return json_array_append_new(rows, row);
}

static int print_table(void)
{
        _cleanup_json_ json_t *rows = json_array();
        _cleanup_free_ char *text = NULL;
        struct config_key_info key;
        char buffer[CONFIG_KEY_TEXT_MAX];

        for (size_t i = 0; config_key_info(i, &key, buffer, sizeof(buffer)); i++)
                if (add_row(rows, &key) < 0)
                        return EXIT_FAILURE;
        text = json_text(rows, JSON_INDENT(1), NULL);
        return text && puts(text) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print_web_table(void)
{
        _cleanup_json_ json_t *rows = json_array();
        _cleanup_free_ char *text = NULL;
        const struct schema_key *key;
        char path[CONFIG_KEY_TEXT_MAX], bounds[CONFIG_KEY_TEXT_MAX];

        for (size_t i = 0; schema_key_at(&web_file_schema, i, &key, path, sizeof(path)); i++) {
                const struct config_key_info info = {
                        .path = path,
                        .type = schema_type_name(key),
                        .fallback = key->fallback,
                        .required = key->required,
                        .bounds = schema_bounds(key, bounds, sizeof(bounds)),
                        .doc = key->doc,
                };

                if (add_row(rows, &info) < 0)
                        return EXIT_FAILURE;
        }
        text = json_text(rows, JSON_INDENT(1), NULL);
        return text && puts(text) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int validate(const char *path)
{
        _cleanup_(config_freep) struct config *config = NULL;
        _cleanup_errors_ struct errors errors = {0};
        int r = config_load(path, NULL, &config, &errors);

        for (size_t i = 0; i < errors.count; i++)
                (void)puts(errors.messages[i]);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
        int status = argc > 1 ? EXIT_SUCCESS : print_table();

        if (argc == 2 && streq(argv[1], "--web"))
                return print_web_table();
        for (int i = 1; i < argc; i++)
                if (validate(argv[i]) != EXIT_SUCCESS)
                        status = EXIT_FAILURE;
        return status;
}

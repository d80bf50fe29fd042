/* SPDX-License-Identifier: Apache-2.0 */

/* YAML of any content: a tree whose nodes have their place and no duplicate keys, or sentences. */

#include "fuzz.h"
#include "yaml.h"

static void check(const struct yaml_node *node, unsigned depth)
{
        REQUIRE(depth <= YAML_DEPTH_MAX);
        REQUIRE(node->line > 0 && node->column > 0);
        REQUIRE(node->kind != YAML_SCALAR || node->scalar);
        for (size_t i = 0; i < node->count; i++) {
                if (node->kind == YAML_MAPPING)
                        REQUIRE(yaml_get(node, node->keys[i]->scalar) == node->values[i]);
                check(node->values[i], depth + 1);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(yaml_node_freep) struct yaml_node *tree = NULL;
        _cleanup_errors_ struct errors errors = {0};
        int r = yaml_parse("x.yaml", (const char *)data, size, &tree, &errors);

        REQUIRE((r == 0) == (errors_total(&errors) == 0));
        REQUIRE((r == 0) == (tree != NULL));
        if (tree)
                check(tree, 0);
        return 0;
}

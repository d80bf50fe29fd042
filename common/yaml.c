/* SPDX-License-Identifier: Apache-2.0 */

#include "yaml.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <yaml.h>

#ifndef YAML_DECLARE
#error "<yaml.h> is not libyaml's: compile this file with -iquote common, not -Icommon"
#endif

#include "pulse.h"
#include "text.h"
#include "yaml_value.h"

/* A container that is not finished. It is attached to its parent already, its key is not to it. */
struct frame {
        struct yaml_node *node;
        struct yaml_node *key;
        size_t allocated;
};

/* A character's index, as libyaml counts, and where it begins. */
struct cursor {
        size_t index, offset;
};

struct builder {
        const char *name;
        const char *data; /* as libyaml sees it */
        size_t size;
        struct errors *errors;
        bool failed; /* an error was added; the tree is still built to find the others */
        struct yaml_node *root;
        struct frame frames[YAML_DEPTH_MAX];
        size_t depth, nodes, documents;
        struct cursor ended; /* where the last plain scalar did: events come in order */
};

struct place {
        size_t line, column; /* from 0 */
};

struct yaml_node *yaml_node_free(struct yaml_node *node)
{
        if (!node)
                return NULL;
        for (size_t i = 0; i < node->count; i++) {
                if (node->keys)
                        (void)yaml_node_free(node->keys[i]);
                (void)yaml_node_free(node->values[i]);
        }
        free(node->keys);
        free(node->values);
        free(node->scalar);
        free(node);
        return NULL;
}

static struct place place_of(const yaml_mark_t *mark)
{
        return (struct place){mark->line, mark->column};
}

/* Always -EBADMSG, for `return add_error(...)` where parsing cannot go on. */
static int _printf_(3, 4) add_error(struct builder *b, struct place place, const char *format, ...)
{
        _cleanup_free_ char *sentence = NULL;
        va_list arguments;

        b->failed = true;
        va_start(arguments, format);
        sentence = text_vformat(format, arguments);
        va_end(arguments);
        errors_add(b->errors, "%s:%zu:%zu: %s", b->name, place.line + 1, place.column + 1,
                sentence ? sentence : "(message lost: out of memory)");
        return -EBADMSG;
}

/* Where the byte at `offset` is; columns are characters, as libyaml counts them. */
static struct place place_of_offset(const struct builder *b, size_t offset)
{
        struct place place = {0, 0};

        for (size_t i = 0; i < offset && i < b->size; i++) {
                char c = b->data[i];

                if (c == '\n' || (c == '\r' && (i + 1 == b->size || b->data[i + 1] != '\n')))
                        place = (struct place){place.line + 1, 0};
                else if (((unsigned char)c & 0xc0) != 0x80)
                        place.column++;
        }
        return place;
}

/* Where the character with that index begins; `size` beyond the end. */
static size_t byte_offset(const struct builder *b, size_t index)
{
        size_t i = 0;

        for (; i < b->size; i++)
                if (((unsigned char)b->data[i] & 0xc0) != 0x80 && index-- == 0)
                        break;
        return i;
}

static int compare_keys(const void *a, const void *b)
{
        const struct yaml_node *x = *(struct yaml_node *const *)a;
        const struct yaml_node *y = *(struct yaml_node *const *)b;
        int order = strcmp(x->scalar, y->scalar);

        if (order == 0)
                order = (x->line > y->line) - (x->line < y->line);
        return order ? order : (x->column > y->column) - (x->column < y->column);
}

/* Sorted, because a hostile file may hold a hundred thousand keys in one mapping. */
static int check_duplicates(struct builder *b, const struct yaml_node *mapping)
{
        _cleanup_free_ struct yaml_node **keys = NULL;
        const struct yaml_node *first;
        char buffer[YAML_QUOTE_MAX];

        if (mapping->kind != YAML_MAPPING || mapping->count < 2)
                return 0;
        keys = calloc(mapping->count, sizeof(struct yaml_node *));
        if (!keys)
                return -ENOMEM;
        memcpy(keys, mapping->keys, mapping->count * sizeof(struct yaml_node *));
        qsort(keys, mapping->count, sizeof(struct yaml_node *), compare_keys);
        first = keys[0];
        for (size_t i = 1; i < mapping->count; i++) {
                if (!streq(keys[i]->scalar, first->scalar)) {
                        first = keys[i];
                        continue;
                }
                (void)add_error(b, (struct place){keys[i]->line - 1, keys[i]->column - 1},
                        "duplicate key %s, already used in line %u, column %u",
                        yaml_quote(first->scalar, buffer, sizeof(buffer)), first->line,
                        first->column);
        }
        return 0;
}

static int node_new(
        struct builder *b, enum yaml_kind kind, struct place place, struct yaml_node **ret)
{
        struct yaml_node *node;

        if (b->nodes == YAML_NODES_MAX)
                return add_error(b, place, "the file has more than %d values", YAML_NODES_MAX);
        node = calloc(1, sizeof(*node));
        if (!node)
                return -ENOMEM;
        node->kind = kind;
        node->line = (unsigned)place.line + 1;
        node->column = (unsigned)place.column + 1;
        b->nodes++;
        *ret = node;
        return 0;
}

static int frame_grow(struct frame *frame)
{
        size_t wanted = MAX(frame->allocated * 2, (size_t)4);
        struct yaml_node **values, **keys;

        if (frame->node->count < frame->allocated)
                return 0;
        values = reallocarray(frame->node->values, wanted, sizeof(struct yaml_node *));
        if (!values)
                return -ENOMEM;
        frame->node->values = values;
        if (frame->node->kind == YAML_MAPPING) {
                keys = reallocarray(frame->node->keys, wanted, sizeof(struct yaml_node *));
                if (!keys)
                        return -ENOMEM;
                frame->node->keys = keys;
        }
        frame->allocated = wanted;
        return 0;
}

/* Gives the node to the container being read, as its next key or value. Takes the node only when it
 * succeeds. */
static int attach(struct builder *b, struct yaml_node *node)
{
        struct frame *frame = b->depth > 0 ? &b->frames[b->depth - 1] : NULL;
        int r;

        if (!frame) {
                b->root = node;
                return 0;
        }
        if (frame->node->kind == YAML_MAPPING && !frame->key) {
                if (node->kind != YAML_SCALAR)
                        return add_error(b, (struct place){node->line - 1, node->column - 1},
                                "a key must be a single word or string, not %s",
                                yaml_describe(node, NULL, 0));
                frame->key = node;
                return 0;
        }
        r = frame_grow(frame);
        if (r < 0)
                return r;
        if (frame->key)
                frame->node->keys[frame->node->count] = take_ptr(frame->key);
        frame->node->values[frame->node->count++] = node;
        return 0;
}

static void go_to(const struct builder *b, size_t index, struct cursor *c)
{
        for (; c->index < index && c->offset < b->size; c->index++)
                do
                        c->offset++;
                while (c->offset < b->size && ((unsigned char)b->data[c->offset] & 0xc0) == 0x80);
}

/* What follows in the line in which a plain scalar ends. */
static enum yaml_comment comment_after(struct builder *b, size_t index, size_t *ret_spaces)
{
        const char *p, *end = b->data + b->size;
        size_t spaces;

        go_to(b, index, &b->ended);
        p = b->data + b->ended.offset;
        for (spaces = 0; p < end && (*p == ' ' || *p == '\t'); spaces++)
                p++;
        *ret_spaces = spaces;
        if (spaces == 0 || p == end || *p != '#')
                return YAML_COMMENT_NONE;
        while (p < end && *p == '#')
                p++;
        if (p < end && !isspace((unsigned char)*p))
                return YAML_COMMENT_GLUED;
        return spaces == 1 ? YAML_COMMENT_NEAR : YAML_COMMENT_APART;
}

static void note_comment(struct builder *b, const yaml_event_t *event, struct yaml_node *node)
{
        size_t spaces;

        node->comment = comment_after(b, event->end_mark.index, &spaces);
        node->end_line = (unsigned)event->end_mark.line + 1;
        node->comment_column = (unsigned)(event->end_mark.column + spaces) + 1;
}

/* `event` NULL: it is not plain. */
static int add_scalar(struct builder *b, struct place place, const char *value, size_t length,
        const yaml_event_t *event)
{
        _cleanup_(yaml_node_freep) struct yaml_node *node = NULL;
        int r;

        r = node_new(b, YAML_SCALAR, place, &node);
        if (r < 0)
                return r;
        node->plain = event != NULL;
        if (event)
                note_comment(b, event, node);
        node->scalar = strndup(value, length);
        if (!node->scalar)
                return -ENOMEM;
        r = attach(b, node);
        if (r == 0)
                node = NULL;
        return r;
}

static void refuse_properties(
        struct builder *b, struct place place, const yaml_char_t *anchor, bool tagged)
{
        if (anchor)
                (void)add_error(b, place, "anchors (&%s) are not supported; write the value out",
                        (const char *)anchor);
        if (tagged)
                (void)add_error(b, place,
                        "tags (!…) are not supported; put a value in quotes to make it a string");
}

static int on_alias(struct builder *b, const yaml_event_t *event)
{
        const char *anchor = (const char *)event->data.alias.anchor;
        struct place place = place_of(&event->start_mark);

        (void)add_error(b, place, "aliases (*%s) are not supported; write the value out", anchor);
        return add_scalar(b, place, anchor, strlen(anchor), NULL);
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
        const char *value = (const char *)event->data.scalar.value;
        size_t length = event->data.scalar.length;
        struct place place = place_of(&event->start_mark);
        bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

        /* libyaml drops the tag "!" and leaves only this trace of it. */
        refuse_properties(b, place, event->data.scalar.anchor,
                event->data.scalar.tag || (plain && !event->data.scalar.plain_implicit));
        if (memchr(value, '\0', length))
                (void)add_error(b, place, "a string cannot contain the character U+0000");
        return add_scalar(b, place, value, length, plain ? event : NULL);
}

static int on_container(struct builder *b, const yaml_event_t *event)
{
        bool mapping = event->type == YAML_MAPPING_START_EVENT;
        struct place place = place_of(&event->start_mark);
        struct yaml_node *node;
        int r;

        if (mapping)
                refuse_properties(b, place, event->data.mapping_start.anchor,
                        event->data.mapping_start.tag != NULL);
        else
                refuse_properties(b, place, event->data.sequence_start.anchor,
                        event->data.sequence_start.tag != NULL);
        if (b->depth == YAML_DEPTH_MAX)
                return add_error(b, place, "nested more than %d levels deep", YAML_DEPTH_MAX);
        r = node_new(b, mapping ? YAML_MAPPING : YAML_SEQUENCE, place, &node);
        if (r < 0)
                return r;
        r = attach(b, node);
        if (r < 0) {
                (void)yaml_node_free(node);
                return r;
        }
        b->frames[b->depth++] = (struct frame){.node = node};
        return 0;
}

static int on_document(struct builder *b, const yaml_event_t *event)
{
        struct place place = place_of(&event->start_mark);

        if (b->documents++ > 0)
                return add_error(b, place, "only one document is expected in a file");
        if (event->data.document_start.tag_directives.start !=
                event->data.document_start.tag_directives.end)
                (void)add_error(b, place, "%%TAG directives are not supported");
        return 0;
}

static int on_event(struct builder *b, const yaml_event_t *event)
{
        switch (event->type) {
        case YAML_DOCUMENT_START_EVENT:
                return on_document(b, event);
        case YAML_ALIAS_EVENT:
                return on_alias(b, event);
        case YAML_SCALAR_EVENT:
                return on_scalar(b, event);
        case YAML_SEQUENCE_START_EVENT:
        case YAML_MAPPING_START_EVENT:
                return on_container(b, event);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                return check_duplicates(b, b->frames[--b->depth].node);
        default:
                return 0;
        }
}

/* Whether ": " stands in that line before the character: what follows the first one is a value, in
 * which the second is not meant. */
static bool colon_before(const struct builder *b, size_t index)
{
        const char *end = b->data + byte_offset(b, index), *p = end;

        while (p > b->data && p[-1] != '\n' && p[-1] != '\r')
                p--;
        return memmem(p, (size_t)(end - p), ": ", 2);
}

/* In [...] and {...}, a text without quotes ends where one of these begins, and what libyaml misses
 * there is a comma. NULL: something else is wrong. */
static const char *text_breaker(const struct builder *b, const yaml_parser_t *parser)
{
        static const char *const breakers[] = {": ", "[", "{"};
        size_t offset = byte_offset(b, parser->problem_mark.index), before = offset;

        while (before > 0 && isspace((unsigned char)b->data[before - 1]))
                before--;
        if (!strstr(parser->problem, "expected ','") || before == 0 || offset >= b->size ||
                strchr("\"'[]{}", b->data[before - 1]))
                return NULL;
        for (size_t i = 0; i < ARRAY_SIZE(breakers); i++)
                if (b->data[offset] == *breakers[i])
                        return breakers[i];
        return NULL;
}

static int on_parser_error(struct builder *b, const yaml_parser_t *parser)
{
        struct place place = place_of(&parser->problem_mark);
        const char *breaker;
        size_t offset;
        char c;

        switch (parser->error) {
        case YAML_MEMORY_ERROR:
                return -ENOMEM;
        case YAML_READER_ERROR:
                return add_error(b, place_of_offset(b, parser->problem_offset),
                        "the character U+%04X is not allowed; in a quoted string write it as "
                        "\"\\u%04x\"",
                        (unsigned)parser->problem_value, (unsigned)parser->problem_value);
        default:
                break;
        }
        if (strcmp(parser->problem, "found character that cannot start any token") == 0) {
                offset = byte_offset(b, parser->problem_mark.index);
                c = offset < b->size ? b->data[offset] : '\0';
                if (c == '\t')
                        return add_error(b, place, "a tab cannot indent; use spaces");
                return add_error(b, place, "a value cannot begin with %c; put it in quotes", c);
        }
        if (strcmp(parser->problem, "mapping values are not allowed in this context") == 0 &&
                colon_before(b, parser->problem_mark.index))
                return add_error(b, place,
                        "\": \" stands in a value that has no quotes around it; put the text in "
                        "quotes");
        breaker = text_breaker(b, parser);
        if (breaker)
                return add_error(b, place,
                        "\"%s\" stands in a value that has no quotes around it; put the text in "
                        "quotes, or a comma between two values",
                        breaker);
        if (!parser->context)
                return add_error(b, place, "%s", parser->problem);
        return add_error(b, place, "%s (%s that begins in line %zu)", parser->problem,
                parser->context, parser->context_mark.line + 1);
}

static int read_events(struct builder *b, yaml_parser_t *parser)
{
        yaml_event_type_t type;
        yaml_event_t event;
        int r;

        do {
                r = pulse();
                if (r < 0)
                        return r;
                if (!yaml_parser_parse(parser, &event))
                        return on_parser_error(b, parser);
                type = event.type;
                r = on_event(b, &event);
                yaml_event_delete(&event);
        } while (r == 0 && type != YAML_STREAM_END_EVENT);
        return r;
}

static int build(struct builder *b)
{
        yaml_parser_t parser;
        int r;

        if (!yaml_parser_initialize(&parser))
                return -ENOMEM;
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, (const unsigned char *)b->data, b->size);
        r = read_events(b, &parser);
        yaml_parser_delete(&parser);
        /* After an error, what was read so far is still worth checking. */
        while (b->depth > 0) {
                struct frame *frame = &b->frames[--b->depth];

                if (check_duplicates(b, frame->node) < 0)
                        r = -ENOMEM;
                (void)yaml_node_free(frame->key);
        }
        if (r == 0 && b->failed)
                r = -EBADMSG;
        return r;
}

static bool read_surrogate(const char *s, size_t left, unsigned first, unsigned *ret)
{
        char digits[5] = "";
        char *end;
        unsigned long value;

        if (left < 6 || s[0] != '\\' || s[1] != 'u' || !isxdigit((unsigned char)s[2]))
                return false;
        memcpy(digits, s + 2, 4);
        value = strtoul(digits, &end, 16);
        if (*end || value < first || value > first + 0x3ff)
                return false;
        *ret = (unsigned)value - first;
        return true;
}

/* JSON writes a character beyond U+FFFF as two escapes, "\ud83d\ude00" - Python's json module by
 * default -, which libyaml 0.2.5 refuses. YAML's own escape takes their place. `*ret` stays NULL
 * when there is nothing to do: the text does not begin like JSON or has no such pair. */
static int join_surrogates(const char *data, size_t size, char **ret, size_t *ret_size)
{
        _cleanup_text_ struct text t = {0};
        size_t first = 0, copied = 0;

        while (first < size && isspace((unsigned char)data[first]))
                first++;
        if (first >= size || (data[first] != '{' && data[first] != '['))
                return 0;
        for (const char *p = memchr(data, '\\', size); p;) {
                size_t i = (size_t)(p - data);
                unsigned high, low;

                if (read_surrogate(p, size - i, 0xd800, &high) &&
                        read_surrogate(p + 6, size - i - 6, 0xdc00, &low)) {
                        text_append_bytes(&t, data + copied, i - copied);
                        text_appendf(&t, "\\U%08x", 0x10000 + (high << 10) + low);
                        copied = i + 12;
                }
                i = MAX(i + 2, copied);
                p = i < size ? memchr(data + i, '\\', size - i) : NULL;
        }
        if (copied == 0)
                return 0;
        text_append_bytes(&t, data + copied, size - copied);
        *ret = text_take(&t, ret_size);
        return *ret ? 0 : -ENOMEM;
}

static int parse(struct builder *b)
{
        _cleanup_free_ char *joined = NULL;
        size_t invalid = utf8_invalid_at(b->data, b->size);
        int r;

        if (invalid < b->size)
                return add_error(b, place_of_offset(b, invalid),
                        "byte 0x%02X is not valid UTF-8; save the file as UTF-8",
                        (unsigned char)b->data[invalid]);
        r = join_surrogates(b->data, b->size, &joined, &b->size);
        if (r < 0)
                return r;
        if (joined)
                b->data = joined;
        r = build(b);
        if (r < 0)
                return r;
        if (b->root && (b->root->kind != YAML_SCALAR || !b->root->plain || *b->root->scalar))
                return 0;
        b->root = yaml_node_free(b->root);
        return node_new(b, YAML_MAPPING, (struct place){0, 0}, &b->root);
}

int yaml_parse(const char *name, const char *data, size_t size, struct yaml_node **ret,
        struct errors *errors)
{
        static const char mark[] = "\xef\xbb\xbf"; /* what Windows editors put before UTF-8 */
        struct builder b = {.name = name, .data = data, .size = size, .errors = errors};
        int r;

        if (size >= 3 && memcmp(data, mark, 3) == 0) {
                b.data += 3;
                b.size -= 3;
        }
        r = parse(&b);
        if (r < 0) {
                if (r == -ENOMEM)
                        errors_add(errors, "%s: out of memory", name);
                (void)yaml_node_free(b.root);
                return r;
        }
        *ret = b.root;
        return 0;
}

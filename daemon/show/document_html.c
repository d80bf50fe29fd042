/* SPDX-License-Identifier: Apache-2.0 */
#include "show/document_html.h"

#include "show/asset.h"
#include "show/markup.h"

/* Tables scroll by themselves; on paper everything is black on white and nothing is cut. */
static const char document_css[] =
        "main{max-width:66rem;padding-bottom:2rem}h1{font-size:1.5rem;margin:1.5rem 0 .5rem}h2{"
        "font-size:1.25rem;margin:2rem 0 .5rem;overflow-wrap:anywhere}h3{font-size:1.05rem;"
        "margin:0 0 .6rem}p,ul{margin:.5rem 0;max-width:62rem;overflow-wrap:anywhere}ul{"
        "padding-left:1.2rem}section,figure{margin:0 0 1rem}section{padding:1rem 1.1rem;"
        "border:1px solid var(--line);border-radius:10px;background:var(--card);"
        "box-shadow:var(--shadow)}.pass{--tone:var(--pass)}.drift{--tone:var(--drift)}.fail{"
        "--tone:var(--fail)}.unmeasured{--tone:var(--unmeasured)}.note{padding:.55rem .8rem;"
        "border-left:4px solid var(--tone);border-radius:4px;background:var(--soft)}.note+section{"
        "margin-top:1rem}li{margin:.25rem 0}.scroll{"
        "overflow-x:auto;margin:.8rem 0}table{border-collapse:collapse;font-size:.9rem}caption,"
        "figcaption{text-align:left;font-weight:600;padding:0 0 .35rem;font-size:.9rem;"
        "color:var(--text)}th,td{text-align:left;vertical-align:top;padding:.3rem 1.1rem .3rem 0;"
        "border-top:1px solid var(--line)}tbody th{font-weight:400}"
        "thead th{color:var(--muted);font-size:.8rem;font-weight:500;border-top:0;"
        "vertical-align:bottom}tbody th,td{overflow-wrap:break-word;max-width:34rem}.n{text-align:right;white-space:nowrap;"
        "font-variant-numeric:tabular-nums}.plot{display:block;width:100%;height:auto;"
        "max-width:62rem}.plot text{fill:var(--text);font-size:12.5px}.plot .small{"
        "fill:var(--muted);font-size:12px}.plot .middle{text-anchor:middle}.plot .end{"
        "text-anchor:end}.axis{stroke:var(--muted)}.grid{stroke:var(--line);stroke-width:.8}"
        ".border{stroke:var(--muted);stroke-dasharray:2 3}.region,.bar{fill:var(--band)}.range{"
        "stroke:var(--muted);stroke-width:2}.tau{fill:var(--band);fill-opacity:.35;"
        "stroke:var(--band);stroke-width:.8}circle.mark{fill:var(--tone)}path.mark{"
        "stroke:var(--tone);stroke-width:2.2;fill:var(--card)}.median,.worst{fill:none;"
        "stroke:var(--band);stroke-width:2}.worst{stroke:var(--drift);stroke-dasharray:6 3}"
        "@media(max-width:44rem){header,main,footer{padding-left:.8rem;padding-right:.8rem}"
        "figure{overflow-x:auto}.plot{min-width:40rem}section{padding:.9rem .8rem}th,td{"
        "padding-right:.7rem}tbody th{min-width:6.5rem}}@media print{:root{color-scheme:light;"
        "--page:#fff;--card:#fff;--line:#ccc;--soft:#f4f4f4;--text:#000;--muted:#444;"
        "--pass:#18794e;--drift:#9a6700;--fail:#c4262e;--unmeasured:#66707d;--band:#3565b5;"
        "--shadow:none}section{border:0;padding:0}h2,h3,caption{break-after:avoid}figure,tr,"
        "thead,.note{break-inside:avoid}.scroll{overflow:visible}*{"
        "print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

static void append_element(struct document *d, const char *element, const char *s)
{
        text_appendf(d->text, "<%s>", element);
        markup_text(d->text, s);
        text_appendf(d->text, "</%s>\n", element);
}

static void end_section(struct document *d)
{
        if (d->section)
                text_append(d->text, "</section>\n");
        d->section = false;
}

static void append_heading(struct document *d, unsigned level, const char *s)
{
        static const char *const elements[] = {"h1", "h2", "h3"};

        end_section(d);
        if (level == ARRAY_SIZE(elements)) {
                text_append(d->text, "<section>");
                d->section = true;
        }
        append_element(d, elements[level - 1], s);
}

static void append_sentence(struct document *d, const char *s)
{
        append_element(d, "p", s);
}

static void append_item(struct document *d, const char *s)
{
        if (!d->listing)
                text_append(d->text, "<ul>");
        append_element(d, "li", s);
}

static void end_list(struct document *d)
{
        text_append(d->text, "</ul>\n");
}

static void append_note(struct document *d, const char *tone, const char *lead, const char *s)
{
        markup_note(d->text, tone, lead, s);
}

static const char *cell_class(const struct document *d, size_t column)
{
        return d->columns[column].numeric ? " class=\"n\"" : "";
}

static void begin_table(struct document *d, const char *caption)
{
        text_append(d->text, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
        markup_text(d->text, caption);
        text_append(d->text, "\"><table><caption>");
        markup_text(d->text, caption);
        text_append(d->text, "</caption><thead><tr>");
        for (size_t i = 0; i < d->column_count; i++) {
                text_appendf(d->text, "<th scope=\"col\"%s>", cell_class(d, i));
                markup_text(d->text, d->columns[i].name);
                text_append(d->text, "</th>");
        }
        text_append(d->text, "</tr></thead><tbody>\n");
}

static void begin_row(struct document *d)
{
        text_append(d->text, "<tr>");
}

static void append_cell(struct document *d, size_t column, const char *s)
{
        text_appendf(
                d->text, column == 0 ? "<th scope=\"row\"%s>" : "<td%s>", cell_class(d, column));
        markup_text(d->text, s);
        text_append(d->text, column == 0 ? "</th>" : "</td>");
}

static void end_row(struct document *d)
{
        text_append(d->text, "</tr>\n");
}

static void end_table(struct document *d)
{
        text_append(d->text, "</tbody></table></div>\n");
}

static void append_drawing(struct document *d, const char *caption, const char *svg)
{
        text_append(d->text, "<figure tabindex=\"0\"><figcaption>");
        markup_text(d->text, caption);
        text_append(d->text, "</figcaption>");
        text_append(d->text, svg);
        text_append(d->text, "</figure>\n");
}

static const struct document_style style = {
        .heading = append_heading,
        .sentence = append_sentence,
        .item = append_item,
        .note = append_note,
        .begin_table = begin_table,
        .begin_row = begin_row,
        .cell = append_cell,
        .end_row = end_row,
        .end_table = end_table,
        .drawing = append_drawing,
        .close = end_list,
};

void document_html_begin(
        struct document *d, struct text *text, const char *title, const char *about)
{
        *d = (struct document){.style = &style, .text = text};
        text_append(text,
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
        markup_text(text, title);
        if (about) {
                text_append(text, ": ");
                markup_text(text, about);
        }
        text_appendf(text, "</title>\n<style>%s%s</style>\n</head>\n<body>\n<main>\n",
                asset_base_style, document_css);
}

void document_html_end(struct document *d)
{
        document_finish(d);
        end_section(d);
        text_append(d->text, "</main>\n</body>\n</html>\n");
}

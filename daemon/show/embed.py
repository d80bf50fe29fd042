# SPDX-License-Identifier: Apache-2.0
"""Writes the style sheets and the script of the page as C arrays: embed.py OUTPUT BASE.css PAGE.css PAGE.js.

Comments and indentation of style sheets stay behind. The name under which one is served says what is in it."""
import hashlib
import pathlib
import re
import sys


def style(path):
    text = re.sub(r"/\*.*?\*/", "", pathlib.Path(path).read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", text).replace(" { ", "{").replace(" }", "}").replace("; ", ";").strip().encode()


def array(name, data):
    return f"static const unsigned char {name}[] = {{{','.join(map(str, data + bytes(1)))}}};\n"


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def path(data, suffix):
    return f"assets/{digest(data)}.{suffix}"


def entry(name, suffix, kind, data):
    return f'\t{{"{path(data, suffix)}", "\\"{digest(data)}\\"", "{kind}; charset=utf-8", {name}, {len(data)}}},\n'


def main(output, base, page, script):
    plain = style(base)
    sheet, code = plain + style(page), pathlib.Path(script).read_bytes()
    text = '#include "show/asset.h"\n\n'
    text += array("base", plain) + array("sheet", sheet) + array("code", code)
    text += "\nconst struct asset assets[ASSET_COUNT] = {\n"
    text += entry("sheet", "css", "text/css", sheet) + entry("code", "js", "text/javascript", code)
    text += "};\nconst char *const asset_base_style = (const char *)base;\n"
    pathlib.Path(output).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])

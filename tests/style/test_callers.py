# SPDX-License-Identifier: Apache-2.0
"""Every function of the program is there for the program: what only tests call is no part of it."""
import pytest

import callers

# What tests need and the program does not, with the reason.
ONLY_FOR_TESTS = {
    "history_size": "its memory is bounded",
    "outbox_set_backoff": "a test cannot wait a second",
}


def program(texts):
    return {name: text for name, text in texts.items()
            if name.endswith((".c", ".h")) and name.startswith(("common/", "daemon/"))}


def test_no_function_is_there_for_tests_only(texts):
    found = callers.unreached(program(texts), ["main", *ONLY_FOR_TESTS])
    assert found == [], "give it a user, or delete it with its test"


def test_the_exceptions_are_used_by_nothing_but_tests(texts):
    unused = {name for _, name in callers.unreached(program(texts), ["main"])}
    assert sorted(ONLY_FOR_TESTS.keys() - unused) == []


@pytest.mark.parametrize("code, found", [
    ("void f(void)\n{\n}\n", ["f"]),
    ("void f(void)\n{\n}\nint main(void)\n{\n        f();\n}\n", []),
    ("void f(void)\n{\n        f();\n}\n", ["f"]),
    ("void g(void);\nvoid f(void)\n{\n        g();\n}\nvoid g(void)\n{\n        f();\n}\n", ["f", "g"]),
    ('/* f() */\nvoid f(void)\n{\n}\nint main(void)\n{\n        puts("f");\n}\n', ["f"]),
    ("void f(void)\n{\n}\nstatic const call_t table[] = {f};\n", ["f"]),
    ("void f(void)\n{\n}\nstatic const call_t table[] = {f};\nint main(void)\n{\n        table[0]();\n}\n", []),
    ("static const struct {\n        call_t call;\n} rows[] = {{f}};\nvoid f(void)\n{\n}\n"
     "int main(void)\n{\n        rows[0].call();\n}\n", []),
    ("#define CALL(x) \\\n        f(x)\nvoid f(int x)\n{\n}\nint main(void)\n{\n        CALL(1);\n}\n", []),
    ("DEFINE_CLEANUP(struct x *, f)\nvoid f(struct x *x)\n{\n}\n"
     "int main(void)\n{\n        _cleanup_(fp) struct x *x = NULL;\n}\n", []),
    ("static void f(void)\n{\n}\n", []),
])
def test_what_main_reaches(code, found):
    assert [name for _, name in callers.unreached({"a.c": code}, ["main"])] == found


def test_a_static_function_hides_another_file_s():
    texts = {"a.c": "static void f(void)\n{\n}\nint main(void)\n{\n        f();\n}\n", "b.c": "void f(void)\n{\n}\n"}
    assert callers.unreached(texts, ["main"]) == [("b.c", "f")]

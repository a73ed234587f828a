from __future__ import annotations

import pytest

from synapse.mcp_servers.names import BadPath, parts_of


@pytest.mark.parametrize(
    "path",
    [
        "../x", "a/../../x", "a/..", "/etc/passwd", "//x", "/proc/self/root/etc/passwd", "a//b", "a/", "a/./b", "a\x00b", "a\nb",
        "..\\x", "a\\b", "C:x", "a.md:x", "CON", "con.txt", "a/NUL", "COM1.md", "report.md.", "report.md ", " report.md", "a /b",
        "x" * 300, "é" * 101, "/".join("a" * 17), "a" * 199 + "/" + "/".join(["b" * 199] * 6),
        "re\u0301sume\u0301.md", "a\u202etxt.md", "a\u200bb", "a\ud800b", '"a"', "a?b", "a*b", "a|b", "<a>", ".synapse-1.tmp",
    ],
)  # fmt: skip
def test_a_path_that_might_mean_another_file_is_refused(path: str) -> None:
    with pytest.raises(BadPath):
        parts_of(path)


@pytest.mark.parametrize("path", ["a", "a/b/c.md", "résumé.md", "2026-11-23 answer.md", ".hidden", "a..b", "日本.txt", "it's.md"])
def test_an_ordinary_path_is_taken_apart(path: str) -> None:
    assert parts_of(path) == tuple(path.split("/"))


def test_the_root_has_no_parts() -> None:
    assert parts_of("") == parts_of(".") == ()

from __future__ import annotations

import os
from pathlib import Path

from synapse.mcp_servers.listing import page


def _names(folder: int, most: int) -> list[str]:
    names: list[str] = []
    after: str | None = ""
    while after is not None:
        entries, after = page(folder, after, most)
        names += [entry.name for entry in entries]
    return names


def test_ten_thousand_entries_are_told_once_each_and_in_order(tmp_path: Path) -> None:
    expected = sorted(f"file {number * 7919 % 10_000:04}.md" for number in range(10_000))
    for name in expected:
        (tmp_path / name).touch()
    assert _names(os.open(tmp_path, os.O_RDONLY), 1000) == expected


def test_files_that_come_and_go_between_pages_move_no_other(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    for name in "bdfh":
        (tmp_path / name).touch()
    entries, after = page(folder, "", 2)
    assert ([entry.name for entry in entries], after) == (["b", "d"], "d")
    (tmp_path / "d").unlink()
    (tmp_path / "a").touch()
    (tmp_path / "e").touch()
    entries, after = page(folder, after or "", 2)
    assert ([entry.name for entry in entries], after) == (["e", "f"], "f")


def test_the_last_page_may_be_full_and_is_still_the_last(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / name).touch()
    folder = os.open(tmp_path, os.O_RDONLY)
    assert page(folder, "b", 2)[1] is None
    assert page(folder, "zzz", 2) == ((), None)


def test_what_no_path_may_name_or_no_reader_read_is_left_out(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("secret")
    (root / "good").write_text("12")
    (root / "directory").mkdir()
    (root / "link").symlink_to("good")
    os.link(tmp_path / "secret", root / "hard")
    os.mkfifo(root / "fifo")
    for odd in (b"a:b", b"x\xff", "cafe\u0301".encode(), b"CON", b"trailing ", b".synapse-ledger", "a\u202eb".encode(), b"line\nbreak"):
        (root / os.fsdecode(odd)).touch()
    entries, after = page(os.open(root, os.O_RDONLY), "", 100)
    assert [(entry.name, entry.kind, entry.bytes) for entry in entries] == [("directory", "directory", 0), ("good", "file", 2)]
    assert after is None

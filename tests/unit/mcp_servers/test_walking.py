from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.mcp_servers import walking
from synapse.mcp_servers.confined import ConfinedFiles
from synapse.mcp_servers.walking import walk

_PATHS = st.lists(st.lists(st.sampled_from(["a", "b", "a b", "b-", "é"]), min_size=1, max_size=4).map(tuple), max_size=15)


def _made(root: Path, paths: list[tuple[str, ...]]) -> set[str]:
    made = set()
    for names in paths:
        path = root.joinpath(*names[:-1], f"{names[-1]}.md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        made.add(path.relative_to(root).as_posix())
    return made


def _pages(files: ConfinedFiles, most: int) -> list[list[str]]:
    pages, cursor = [], ""
    for _ in range(1000):
        found, following = walk(files, cursor, most)
        pages.append([each.path for each in found])
        if following is None:
            return pages
        assert following != cursor
        cursor = following
    raise AssertionError("it never ends")


@given(paths=_PATHS, most=st.integers(1, 5), folders=st.integers(1, 5))
def test_every_file_is_on_one_page_in_the_order_of_names(paths: list[tuple[str, ...]], most: int, folders: int) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(walking, "_FOLDERS", folders)
        made = _made(Path(name), paths)
        pages = _pages(ConfinedFiles(Path(name)), most)
    found = [path for page in pages for path in page]
    assert found == sorted(made, key=lambda path: path.split("/"))
    assert all(len(page) <= most for page in pages)


def test_what_goes_and_comes_between_two_pages_moves_nothing_else(tmp_path: Path) -> None:
    files = ConfinedFiles(tmp_path)
    _made(tmp_path, [("a", "1"), ("a", "2"), ("b", "1"), ("c",)])
    first, cursor = walk(files, "", 1)
    (tmp_path / "a" / "1.md").unlink()
    (tmp_path / "a" / "2.md").rename(tmp_path / "a" / "3.md")
    (tmp_path / "a" / "0.md").write_text("too late")
    second, cursor_2 = walk(files, cursor or "", 1)
    for path in (tmp_path / "a").iterdir():
        path.unlink()
    (tmp_path / "a").rmdir()
    (tmp_path / "a").write_text("a file by now")
    rest, end = walk(files, cursor_2 or "", 10)
    assert [each.path for each in (*first, *second, *rest)] == ["a/1.md", "a/3.md", "b/1.md", "c.md"]
    assert end is None


def test_links_are_neither_files_nor_ways(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.md").write_text("x")
    root = tmp_path / "root"
    _made(root, [("d", "a")])
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "d" / "link.md").symlink_to(tmp_path / "outside" / "secret.md")
    files = ConfinedFiles(root)
    assert [each.path for each in walk(files, "", 10)[0]] == ["d/a.md"]
    # Nor is one that stands in a cursor.
    for cursor in ("link/", "../outside/", "link/secret.md", "/etc/", "../", "\x00/", "d/../../outside/"):
        assert "secret.md" not in str(walk(files, cursor, 10)[0])


def test_a_root_that_is_not_there_yet_has_no_files(tmp_path: Path) -> None:
    assert walk(ConfinedFiles(tmp_path / "absent"), "", 10) == ([], None)

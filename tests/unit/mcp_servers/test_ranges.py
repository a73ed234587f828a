from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.mcp_servers import ranges
from synapse.mcp_servers.ranges import Part, Text, read_part
from synapse.mcp_servers.refusals import BadRange, Changed, NotText, TooLarge


def _read(path: Path, part: Part | None = None, most: int = 1000) -> Text:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return read_part(descriptor, part or Part(), most)
    finally:
        os.close(descriptor)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a"
    path.write_text("one\nzwei Grüße\ndrei", encoding="utf-8")
    return path


def test_without_a_part_all_of_it_is_read_or_nothing(file: Path) -> None:
    assert _read(file) == Text(file.read_bytes(), "one\nzwei Grüße\ndrei", 0, None)
    assert _read(file, most=21).next_cursor is None
    with pytest.raises(TooLarge, match="in parts"):
        _read(file, most=20)


def test_bytes_are_read_from_an_offset(file: Path) -> None:
    part = _read(file, Part(offset=4, length=4))
    assert (part.text, part.offset) == ("zwei", 4)
    assert _read(file, Part(offset=17)).text == "drei"
    assert _read(file, Part(offset=21)) == Text(b"", "", 21, None)


def test_a_character_is_never_cut(file: Path) -> None:
    part = _read(file, Part(offset=9, length=3))
    assert (part.text, part.data) == ("Gr", b"Gr")
    assert _read(file, Part(cursor=part.next_cursor, length=2)).text == "ü"
    with pytest.raises(BadRange, match="byte 12 is inside a character"):
        _read(file, Part(offset=12))
    with pytest.raises(BadRange, match="longer than the part"):
        _read(file, Part(offset=11, length=1))


def test_lines_are_counted_from_one(file: Path) -> None:
    assert _read(file, Part(first_line=1, lines=1)).text == "one\n"
    assert _read(file, Part(first_line=2, lines=1)).text == "zwei Grüße\n"
    last = _read(file, Part(first_line=3, lines=5))
    assert (last.text, last.next_cursor) == ("drei", None)
    assert _read(file, Part(first_line=2)).text == "zwei Grüße\ndrei"
    with pytest.raises(BadRange, match="the file has 3 lines"):
        _read(file, Part(first_line=4))


def test_lines_far_into_a_large_file_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_text("".join(f"{number}\n" for number in range(1, 400_001)))
    assert _read(path, Part(first_line=390_000, lines=2)).text == "390000\n390001\n"
    monkeypatch.setattr(ranges, "_SCANNED", 1 << 20)
    with pytest.raises(TooLarge, match="offset"):
        _read(path, Part(first_line=390_000))


def test_a_line_longer_than_an_answer_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x" * 25 + "\nend\n")
    first = _read(path, Part(first_line=1, lines=1), most=10)
    assert (first.text, first.next_cursor is not None) == ("x" * 10, True)
    assert _read(path, Part(cursor=first.next_cursor, lines=1), most=100).text == "x" * 15 + "\n"


def test_a_range_behind_the_end_is_refused(file: Path) -> None:
    with pytest.raises(BadRange, match="ends at byte 21"):
        _read(file, Part(offset=22))


@pytest.mark.parametrize("part", [Part(offset=1, first_line=1), Part(offset=0, cursor="x"), Part(first_line=1, cursor="x")])
def test_only_one_thing_says_where_to_begin(file: Path, part: Part) -> None:
    with pytest.raises(BadRange, match="only one"):
        _read(file, part)


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.2.3", "-1.21.0.0", "١.2.3.4", "1.2.3.4\n", "9" * 100 + ".1.1.1"])
def test_a_cursor_that_was_never_given_out_is_refused(file: Path, cursor: str) -> None:
    with pytest.raises(BadRange, match="cursor"):
        _read(file, Part(cursor=cursor))


def test_a_cursor_of_a_file_that_was_changed_since_is_refused(file: Path) -> None:
    cursor = _read(file, Part(offset=0, length=4)).next_cursor
    assert _read(file, Part(cursor=cursor, lines=1)).text == "zwei Grüße\n"
    content = file.read_bytes()
    file.rename(file.with_name("kept"))
    file.write_bytes(content)
    with pytest.raises(Changed):
        _read(file, Part(cursor=cursor))


def test_what_is_no_text_is_refused_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"good \xff\xfe bad")
    with pytest.raises(NotText, match="byte 5 "):
        _read(path)
    assert _read(path, Part(length=5)).text == "good "
    path.write_bytes("cut in the middle: ü".encode()[:-1])
    with pytest.raises(NotText, match="byte 19 "):
        _read(path)


def test_a_file_that_grows_while_it_is_read_stays_within_the_answer(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fstat
    monkeypatch.setattr(ranges.os, "fstat", lambda _: real(os.open(os.devnull, os.O_RDONLY)))
    with pytest.raises(TooLarge):
        _read(file, most=10)


def test_an_empty_file_has_no_text(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert _read(tmp_path / "a") == Text(b"", "", 0, None)


@given(st.text(alphabet="aü€😀\n", max_size=60), st.integers(min_value=4, max_value=11), st.none() | st.integers(min_value=1, max_value=3))
def test_the_parts_put_together_are_the_file(tmp_path_factory: pytest.TempPathFactory, text: str, length: int, lines: int | None) -> None:
    path = tmp_path_factory.getbasetemp() / "parts"
    path.write_bytes(text.encode())
    got, part = "", Part(offset=0, length=length, lines=lines)
    while True:
        read = _read(path, part)
        got += read.text
        assert len(read.data) <= length
        if read.next_cursor is None:
            break
        part = Part(cursor=read.next_cursor, length=length, lines=lines)
    assert got == text

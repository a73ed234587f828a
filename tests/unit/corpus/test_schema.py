from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.corpus.schema import checked_name, dunders_told, names_split, sections_of
from synapse.errors import InvalidInput
from synapse.extract.blocks import Blocks, Extracted


@pytest.mark.parametrize("name", ["a", "python-docs", "v1.2_x", "0"])
def test_an_ordinary_name_is_accepted(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "a/b", "..", "a..b", ".a", "a.", "-a", "a b", "a" * 65, "a\n", "ä", "../x"])
def test_a_name_that_could_be_a_path_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        checked_name(name)


def test_names_are_found_by_their_words_too() -> None:
    assert names_split("BackgroundTasks.add") == "BackgroundTasks.add Background Tasks.add"
    assert names_split("plain words") == "plain words"
    assert dunders_told("uses __slots__ and __x") == "uses __slots__ dunderslots and __x"


@given(st.lists(st.tuples(st.booleans(), st.text(alphabet="ab \n", min_size=1, max_size=300)), max_size=30), st.integers(1, 40))
def test_sections_joined_are_the_text(parts: list[tuple[bool, str]], repeat: int) -> None:
    blocks = Blocks()
    for is_heading, text in parts:
        blocks.heading(text, 2) if is_heading else blocks.paragraph(text * repeat)
    document = Extracted(title="t", text=blocks.text, headings=tuple(blocks.headings))
    sections = list(sections_of(document))
    assert "".join(body for _, body in sections) == document.text
    assert all(body and len(body) <= 6_000 for _, body in sections)


def test_headings_with_little_below_them_share_a_section_and_are_all_named() -> None:
    blocks = Blocks()
    for heading in ("Top", "f(a)", "f(b)"):
        blocks.heading(heading, 2)
    blocks.paragraph(
        "What both of them do is told here in a sentence that is long enough to stand as a section, all on its own, without others."
    )
    blocks.heading("g(c)", 2)
    blocks.paragraph("Another one.")
    document = Extracted(title="t", text=blocks.text, headings=tuple(blocks.headings))
    assert [heading for heading, _ in sections_of(document)] == ["Top f(a) f(b)", "g(c)"]

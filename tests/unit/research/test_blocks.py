from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synapse.research.blocks import Kind, blocks


def kinds(text: str) -> list[tuple[Kind, str]]:
    return [(block.kind, text[block.start : block.end]) for block in blocks(text)]


def test_a_short_line_without_a_stop_is_a_heading() -> None:
    assert kinds("Tides\n\nTides rise and fall.") == [(Kind.HEADING, "Tides"), (Kind.PROSE, "Tides rise and fall.")]


def test_a_paragraph_knows_its_heading() -> None:
    assert [block.heading for block in blocks("# Locks\n\nA lock is held.\n\n## Waiting\n\nOthers wait.")] == [
        "Locks",
        "Locks",
        "Waiting",
        "Waiting",
    ]


def test_hard_wrapped_lines_are_one_paragraph() -> None:
    text = "When a coroutine is wrapped into a Task with functions like\nasyncio.create_task() the coroutine is scheduled."
    assert kinds(text) == [(Kind.PROSE, text)]


def test_a_heading_right_above_its_paragraph_is_not_glued_to_it() -> None:
    assert kinds("Coroutines\nPython coroutines are awaitables and can be awaited.")[0] == (Kind.HEADING, "Coroutines")


def test_fenced_indented_and_prompted_code_is_code() -> None:
    for code in ("```\nx is one.\n```", "    The first line.\n    The second.", ">>> run(main())\nhello\nworld", "$ pip install this"):
        assert {block.kind for block in blocks(f"Some words come first.\n\n{code}\n\nSome words follow.")} == {Kind.PROSE, Kind.CODE}, code


def test_bare_code_is_code() -> None:
    for code in (
        "import asyncio",
        "async def main():",
        "x = compute(y)",
        "task.cancel()",
        "VACUUM [ FULL ] [ FREEZE ]",
        "SELECT a, b",
        "if (x) {",
    ):
        assert {block.kind for block in blocks(code)} <= {Kind.CODE, Kind.TERM}, code


def test_a_sentence_that_opens_with_a_keyword_is_prose() -> None:
    for sentence in ("CREATE TABLE will create a new table.", "Return values are ignored.", "From there it goes on."):
        assert kinds(sentence) == [(Kind.PROSE, sentence)]


def test_rows_with_bars_are_a_table() -> None:
    assert kinds("| a | b |\n| 1 | 2 |") == [(Kind.TABLE, "| a | b |\n| 1 | 2 |")]


def test_list_items_are_apart() -> None:
    assert [kind for kind, _ in kinds("- The first item is here.\n- The second item is here.")] == [Kind.LIST, Kind.LIST]


def test_signatures_options_and_glossary_entries_are_terms() -> None:
    for term in (
        "csv.reader(csvfile, dialect='excel')",
        "class csv.DictReader(f)",
        "autovacuum_naptime (integer)",
        "FULL",
        "--verbose",
        "global interpreter lock",
    ):
        assert kinds(f"{term}\n\nSomething about it.")[0] == (Kind.TERM, term)


@given(st.text(alphabet=st.sampled_from("ab .,:;()=|>-*#`~\n\tXY1é。"), max_size=200))
def test_blocks_are_in_order_and_never_overlap(text: str) -> None:
    end = 0
    for block in blocks(text):
        assert end <= block.start < block.end <= len(text)
        assert text[block.start : block.end].strip()
        end = block.end

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.research.sentences import cells, sentences


def split(text: str) -> list[str]:
    return [span.text for span in sentences(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Some databases, e.g. PostgreSQL, keep old rows.",
        "Use it with care, i.e. Not at all.",
        "Python 3.11 and PostgreSQL 15.2 are supported.",
        "Call asyncio.run() to start the loop.",
        "Dr. Smith met Mr. J. R. Jones in St. Louis.",
        "See Fig. 3 and Sec. 4.2 for the details of this.",
        "It works on the U.S. East Coast as well.",
        "It waits (this may take long. Be patient) and then goes on.",
        "The file is called config.yaml and holds settings.",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(sentence: str) -> None:
    assert split(sentence) == [sentence]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It runs. Then it stops.", ["It runs.", "Then it stops."]),
        ("It is done! Is it? Yes.", ["It is done!", "Is it?", "Yes."]),
        ("It starts the loop. asyncio.run() blocks until then.", ["It starts the loop.", "asyncio.run() blocks until then."]),
        ("They are released. timeout is the default of wait().", ["They are released.", "timeout is the default of wait()."]),
        ("He said “stop.” She went on.", ["He said “stop.”", "She went on."]),
        ("Locks, queues, etc. The next part is new.", ["Locks, queues, etc.", "The next part is new."]),
        ("これは文です。次の文です。", ["これは文です。", "次の文です。"]),
    ],
)
def test_sentences_end_where_a_reader_sees_them_end(text: str, parts: list[str]) -> None:
    assert split(text) == parts


def test_headings_code_and_tables_give_no_sentences() -> None:
    text = "# A heading\n\n    code is. Here it is.\n\n| a. | B. | c. |\n\nOnly this is prose."
    assert split(text) == ["Only this is prose."]


def test_a_wrapped_sentence_reads_on_one_line_but_quotes_the_page() -> None:
    text = "The coroutine is wrapped into a Task by functions such\n   as create_task and scheduled."
    (span,) = sentences(text)
    assert span.text == "The coroutine is wrapped into a Task by functions such as create_task and scheduled."
    assert text[span.start : span.end] == text


def test_the_first_sentence_under_a_signature_knows_it() -> None:
    text = "csv.reader(csvfile)\n\nReturn a reader object. It iterates over lines."
    first, second = sentences(text)
    assert first.term is not None
    assert text[first.term[0] : first.term[1]] == "csv.reader(csvfile)"
    assert second.term is None


def test_a_list_item_loses_its_marker_only() -> None:
    assert split("1. Open the file first.\n2. Read it then.") == ["Open the file first.", "Read it then."]


_prose = st.text(alphabet=st.sampled_from("abcdeABC. !?()\"“”'\n-*1e.g。é\t"), max_size=300)


@given(_prose)
def test_offsets_resolve_and_spans_never_overlap(text: str) -> None:
    end = 0
    for span in sentences(text):
        piece = text[span.start : span.end]
        assert span.start >= end
        assert piece
        assert piece == piece.strip()
        assert " ".join(piece.split()) == span.text
        end = span.end


def test_a_row_under_a_head_knows_its_heading_and_head() -> None:
    text = "Prices\n\n| Product | Price |\n|---|---|\n| Logger | £20 |"
    (row,) = sentences(text)
    assert [text[slice(*place)] for place in row.lead] == ["Prices", "| Product | Price |"]
    assert cells(row.text) == ["Logger", "£20"]


def test_bars_without_rows_of_the_same_width_are_no_table() -> None:
    assert sentences("Home | About | Contact\n\nDocs | Blog") == []


def test_an_item_knows_what_opens_its_list_and_a_sentence_the_one_before() -> None:
    text = "These are paid:\n\n- Meals: £36"
    assert [text[slice(*place)] for span in sentences(text) for place in span.lead] == ["These are paid:"]
    first, second = sentences("A logger is sent. It stays there.")
    assert second.before == first

from __future__ import annotations

from lxml import etree, html

from synapse.extract.alike import add_alike

LINES = [f"Paragraph number {name} tells a part of the story in some words" for name in ("one", "two", "three", "four")]


def _body(*texts: str) -> etree._Element:
    body = etree.Element("body")
    for text in texts:
        etree.SubElement(body, "p").text = text
    return body


def _after(markup: str, *taken: str) -> list[str]:
    body = _body(*taken)
    add_alike(html.document_fromstring(markup), body)
    return [str(paragraph.text) for paragraph in body]


def _chunks(kind: str, *lines: str) -> str:
    return "".join(f"<div{kind}><p>{line}</p></div><div class='ad'>Buy</div>" for line in lines)


def test_the_other_pieces_of_a_cut_article_are_added_in_order() -> None:
    page = f"<article>{_chunks(' class=chunk', *LINES)}</article>"
    assert _after(page, LINES[0], LINES[2]) == LINES
    assert _after(page, LINES[0]) == LINES


def test_paragraphs_in_another_kind_of_element_are_not() -> None:
    page = f"<article>{_chunks(' class=chunk', LINES[0])}{_chunks(' class=comment', *LINES[1:])}</article>"
    assert _after(page, LINES[0]) == [LINES[0]]


def test_paragraphs_of_another_article_are_not() -> None:
    page = f"<article>{_chunks(' class=chunk', LINES[0])}</article><article>{_chunks(' class=chunk', *LINES[1:])}</article>"
    assert _after(page, LINES[0]) == [LINES[0]]


def test_where_elements_are_of_no_kind_nothing_is_known() -> None:
    assert _after(f"<article>{_chunks('', *LINES)}</article>", LINES[0]) == [LINES[0]]


def test_little_that_is_missing_was_left_out_for_a_reason() -> None:
    long = "word " * 400
    assert _after(f"<article>{_chunks(' class=chunk', long, LINES[0])}</article>", long) == [long]


def test_what_is_there_within_a_longer_block_is_not_told_twice() -> None:
    page = f"<article>{_chunks(' class=chunk', *LINES[:2])}</article>"
    assert _after(page, LINES[0], f"{LINES[1]} and more") == [LINES[0], f"{LINES[1]} and more"]


def test_nothing_taken_adds_nothing() -> None:
    assert _after(f"<article>{_chunks(' class=chunk', *LINES)}</article>") == []


def test_a_page_of_thousands_of_paragraphs_is_left_as_it_is() -> None:
    lines = [f"Paragraph number {number} tells a part of the story in some words" for number in range(2_001)]
    assert _after(f"<article>{_chunks(' class=chunk', *lines)}</article>", lines[0]) == [lines[0]]

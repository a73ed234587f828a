from __future__ import annotations

import pytest
from lxml import etree

from synapse.extract.trim import trim


def _after(*lines: str, titles: tuple[str, ...] = (), tag: str = "p") -> tuple[str, list[str]]:
    body = etree.Element("body")
    for line in lines:
        etree.SubElement(body, tag).text = line
    return trim(body, titles), [str(element.text) for element in body]


@pytest.mark.parametrize(
    "notice",
    [
        "Copyright © 2019 Somebody. All Rights Reserved",
        "Sign up for our daily newsletter",
        "Write to Jane Doe at jane@example.com",
        "https://example.com/story",
        "2019-11-19T08:57:40+01:00",
        "Advertisement",
        "Read more: ten things to know",
        "Related: ten things to know",
        "Follow us on Facebook",
        "Follow the desk on Facebook and Instagram",
    ],
)
def test_a_notice_is_dropped(notice: str) -> None:
    assert _after("The sea rises.", notice, "It falls again.") == ("", ["The sea rises.", "It falls again."])


@pytest.mark.parametrize(
    "prose",
    [
        "Copyright law protects authors for seventy years.",
        "He read more than ten books on related subjects.",
        "The newsletter has forty thousand subscribers.",
        "They follow the river to the sea.",
        "She wrote to the ministry twice.",
        "all rights reserved " + "and so the dispute about it went on " * 8,
    ],
)
def test_prose_about_such_things_stays(prose: str) -> None:
    assert _after(prose) == ("", [prose])


def test_the_title_told_again_at_the_beginning_is_dropped_and_given_back() -> None:
    assert _after("The weather today", "Rain.", titles=("The weather today - The Daily",), tag="head") == ("The weather today", ["Rain."])


def test_a_later_line_that_repeats_the_title_stays() -> None:
    lines = ("One.", "Two.", "Three.", "The weather today")
    assert _after(*lines, titles=("The weather today",)) == ("", list(lines))


def test_a_heading_with_other_words_stays() -> None:
    assert _after("Weather tomorrow in the north", titles=("The weather today",), tag="head") == ("", ["Weather tomorrow in the north"])


def test_text_after_a_dropped_line_stays() -> None:
    body = etree.fromstring("<body><p>Rain.</p><p>Advertisement</p> Snow.</body>")
    trim(body, ())
    assert "".join(body.itertext()) == "Rain. Snow."
    body = etree.fromstring("<body><p>Advertisement</p>Snow.</body>")
    trim(body, ())
    assert "".join(body.itertext()) == "Snow."

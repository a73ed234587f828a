from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt

from synapse.contracts.report import Report
from synapse.errors import Permanent
from synapse.extract.document import extract
from synapse.extract.own import REASON, has_traces, is_marked
from synapse.research.html import page
from synapse.research.render import markdown
from tests.unit.research.factory import MORE_TIDES, TIDES, document, report

PAGES = [document(TIDES, "https://a.org/tides", "Tides"), document(MORE_TIDES, "https://b.org/why", "Why tides happen")]


@pytest.fixture(scope="module")
def made() -> Report:
    return report("What are tides and when do spring tides occur?", PAGES)[0]


def _unmarked(text: str) -> str:
    return re.sub(r"^\[synapse-report\].*$|<meta name=\"generator\"[^>]*>", "", text, flags=re.MULTILINE)


FORMS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "Markdown": ("text/markdown", markdown),
    "HTML": ("text/html", page),
    "JSON as text": ("text/plain", lambda report: report.model_dump_json(indent=2)),
    "Markdown as text": ("text/plain", markdown),
    "Markdown without its mark": ("text/markdown", lambda report: _unmarked(markdown(report))),
    "HTML without its mark": ("text/html", lambda report: _unmarked(page(report))),
    "Markdown drawn by another": ("text/html", lambda report: MarkdownIt().render(_unmarked(markdown(report)))),
    "its sources alone": ("text/markdown", lambda report: _unmarked(markdown(report)).partition("## Sources")[2]),
    "its answer and its marks": ("text/markdown", lambda report: _unmarked(markdown(report)).partition("## Sources")[0]),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_report_is_no_source_in_any_form(form: str, made: Report) -> None:
    media_type, write = FORMS[form]
    with pytest.raises(Permanent, match=REASON):
        extract(write(made).encode(), media_type)


def test_what_is_marked_is_known_by_the_mark_alone(made: Report) -> None:
    assert is_marked(markdown(made))
    assert is_marked(page(made))
    assert is_marked(made.model_dump_json(indent=2))
    assert is_marked(made.model_dump_json())
    assert not is_marked(_unmarked(markdown(made)))
    assert not is_marked(_unmarked(page(made)))


@pytest.mark.parametrize(
    "text",
    [
        "A statement carries one of four marks. ○ one origin says so, ● several do.",
        "The report ends with the line `[synapse-report]: #`, which is not shown.",
        "The quote stands at characters 10–20) of the text.",
        "We met (first in Rome, read 2024-01-02).",
        "● item [x]\n○ item [y]",
        '{"question": "What are tides?", "schema_version": "1"}',
    ],
)
def test_what_only_speaks_of_reports_is_a_document_like_any_other(text: str) -> None:
    assert not is_marked(text)
    assert not has_traces(text)
    assert extract(text.encode(), "text/markdown").text

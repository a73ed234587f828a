"""A report as Markdown. What a page said is shown as text only: it cannot become a link, an image, markup or a line of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit

from synapse.contracts.evidence import Evidence, Verdict
from synapse.contracts.report import MARK, Reference, Report, Sentence
from synapse.research.paging import pages_by_evidence
from synapse.research.text import squeeze

VERDICTS = {
    Verdict.CORROBORATED: ("●", "corroborated: independent origins say so"),
    Verdict.SINGLE_SOURCE: ("○", "single source: one origin says so"),
    Verdict.CONFLICT: ("⚠", "possible conflict: another source may say otherwise"),
    Verdict.SUPERSEDED: (
        "⊘",
        "superseded: a newer edition says otherwise or has taken the document's place, or it calls itself out of force",
    ),
}
BY_MODEL = ("✎", "worded by a language model from the quotes it cites; everything else is in its source's words")
# Only what could act is escaped: a report is also read as it stands, in a terminal or a diff.
_MARKDOWN = re.compile(
    r"[\\`*\[\]<~|$]"  # anywhere
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis, but not inside snake_case
    r"|&(?=#?\w+;)"  # entities
    r"|:(?=//)|/(?=/)|(?<=\w)@(?=\w)"  # addresses that some readers link by themselves
    r"|^[-+=>#]"  # what begins a block
)
_ORDERED = re.compile(r"^(\d+)([.)])")
_WWW = re.compile(r"(?i)\b(www)\.")
# A link that nobody refers to: it is not shown.
_END = f'[{MARK}]: # "Written by Synapse. A report is no source for another."'
_MOST_TITLE = 160
_MOST_AUTHORS = 3


def clean(text: str) -> str:
    """One line without control characters, and without the invisible ones that reorder or hide what is read."""
    visible = "".join(" " if char in "\n\r\t\v\f\u2028\u2029\x85" else char for char in text)
    return squeeze("".join(char for char in visible if unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs", "Cn")))


def escape(text: str) -> str:
    """Text that any Markdown reader shows as these very characters, also one that links bare addresses by itself."""
    escaped = _MARKDOWN.sub(r"\\\g<0>", clean(text))
    return _WWW.sub(r"\1\\.", _ORDERED.sub(r"\1\\\2", escaped))


def code(text: str) -> str:
    """Text as a code span, for addresses that are not to be followed. Back-ticks are left out: they would end it."""
    return f"`{clean(text).replace('`', '') or '-'}`"


def web_address(url: str) -> str | None:
    """The URL, percent-encoded where needed, if it is one that a reader may follow; otherwise None."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return None
    return quote(clean(url), safe="/:?#@!$&'*+,;=%~.-_") if valid else None


def markdown(report: Report) -> str:
    """The report as Markdown: answer, sections, disagreements, what is missing, verdicts, numbered references with quotes."""
    numbers = _numbers(report)
    parts = [f"# {escape(report.question)}", *_answer(report, numbers)]
    for section in report.sections:
        heading = (
            "More from the sources" if len(report.sections) == 1 and same_question(section.heading, report.question) else section.heading
        )
        parts += [f"## {escape(heading)}", *_paragraph(section.sentences, numbers)]
    undecided, settled = disagreements(report)
    if undecided:
        parts.append("## Where sources may disagree")
        parts += [f"- {_cited(one, numbers)}\n- {_cited(other, numbers)}" for one, other in undecided]
    if settled:
        parts.append("## What newer editions changed")
        parts += [
            f"- {escape(now)}: {_cited(one, numbers)}\n- {escape(then)}: {_cited(other, numbers)}" for one, other, now, then in settled
        ]
    parts += _gaps(report)
    if report.references:
        parts += ["## How to read the marks", _legend(report), "## Sources", *(_reference(item, report) for item in report.references)]
    return "\n\n".join([*parts, _END]) + "\n"


def disagreements(report: Report) -> tuple[list[tuple[Sentence, Sentence]], list[tuple[Sentence, Sentence, str, str]]]:
    """The pairs nobody can decide, and those in which the first holds and the second did, each with how its edition is called."""
    dates = {claim.id: clean(claim.as_of) if claim.as_of else "" for claim in report.claims}
    undecided = [pair for pair in report.disagreements if pair[1].verdict is not Verdict.SUPERSEDED]
    settled = [
        (one, other, _when("Newer", dates.get(one.claim)), _when("Older", dates.get(other.claim)))
        for one, other in report.disagreements
        if other.verdict is Verdict.SUPERSEDED
    ]
    return undecided, settled


def _when(edition: str, date: str | None) -> str:
    return f"{edition} ({date})" if date else edition


def same_question(one: str, other: str) -> bool:
    """Whether two questions read the same to a person."""
    return squeeze(one).casefold().rstrip("?. ") == squeeze(other).casefold().rstrip("?. ")


def _numbers(report: Report) -> dict[str, int]:
    return {name: reference.number for reference in report.references for name in reference.evidence}


def marks(sentence: Sentence, numbers: dict[str, int]) -> list[int]:
    """The numbers of the references that a sentence cites, each once, in rising order after the first."""
    cited = [numbers[name] for name in sentence.evidence]
    return list(dict.fromkeys([cited[0], *sorted(cited[1:])]))


def _cited(sentence: Sentence, numbers: dict[str, int]) -> str:
    cited = "".join(f"[[{number}]](#source-{number})" for number in marks(sentence, numbers))
    return f"{escape(sentence.text)} {VERDICTS[sentence.verdict][0]}{BY_MODEL[0] if sentence.by_model else ''}{cited}"


def _answer(report: Report, numbers: dict[str, int]) -> list[str]:
    if not report.answer:
        return ["**No evidence found.** None of the sources that could be read says anything that answers this question."]
    return ["## Answer", *_paragraph(report.answer, numbers)]


def _paragraph(sentences: Iterable[Sentence], numbers: dict[str, int]) -> list[str]:
    return ["\n".join(f"- {_cited(sentence, numbers)}" for sentence in sentences)]


def _gaps(report: Report) -> list[str]:
    parts = []
    if report.unanswered and report.answer:
        parts += ["## Not answered", "\n".join(f"- {escape(item.text)}" for item in report.unanswered)]
    if report.missed:
        parts += ["## Not read", "\n".join(f"- {escape(item.what)}: {escape(item.reason)}" for item in report.missed)]
    if report.notes:
        parts += ["## About the language model", "\n".join(f"- {escape(note)}" for note in report.notes)]
    return parts


def _legend(report: Report) -> str:
    used = {sentence.verdict for sentence in (*report.answer, *(s for section in report.sections for s in section.sentences))}
    used |= {sentence.verdict for pair in report.disagreements for sentence in pair}
    shown = [meaning for verdict, meaning in VERDICTS.items() if verdict in used]
    if any(sentence.by_model for part in (report.answer, *(section.sentences for section in report.sections)) for sentence in part):
        shown.append(BY_MODEL)
    return "\n".join(f"- {mark} {meaning}" for mark, meaning in shown)


def _reference(reference: Reference, report: Report) -> str:
    quotes = {item.id: item for item in report.evidence}
    title = escape(shortened(reference.title) or reference.url)
    address = web_address(reference.url)
    shown = f"[{title}](<{address}>)" if address else f"{title} — {code(reference.url)}"
    anchor = f'<a id="source-{reference.number}"></a>**{reference.number}.**'
    head = f"{anchor} {shown} ({escape(facts(reference))})"
    pages = pages_by_evidence(reference)
    cited = [quotes[name] for name in reference.evidence if name in quotes]
    return "\n".join([head, "", *(f"> “{escape(item.quote)}” *({_place(item, pages)})*\n>" for item in cited)]).rstrip(">\n ")


def _place(item: Evidence, pages: Mapping[str, str]) -> str:
    return ", ".join([*([pages[item.id]] if item.id in pages else []), f"characters {item.start}–{item.end}"])


def facts(reference: Reference) -> str:
    """What a source says of itself, and when it was read, as one line."""
    authors = [*map(clean, reference.authors[:_MOST_AUTHORS]), *(["others"] if len(reference.authors) > _MOST_AUTHORS else [])]
    stated = [
        clean(reference.origin),
        f"by {', '.join(shortened(author) for author in authors)}" if authors else "",
        f"published {clean(reference.published)}" if reference.published else "",
        f"language {clean(reference.language)}" if reference.language else "",
        f"read {reference.fetched_at:%Y-%m-%d}",
    ]
    return ", ".join(fact for fact in stated if fact)


def shortened(title: str) -> str:
    """A page's title, cut at a length that fits a line."""
    plain = clean(title)
    return plain if len(plain) <= _MOST_TITLE else plain[: _MOST_TITLE - 1].rstrip() + "…"

"""A report as one HTML file: escaped throughout, then sanitised; no script, nothing loaded from anywhere.

A citation shows its quote while the pointer is over it, or after a tap or the tab key: `:focus-within` needs no script.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import nh3

from synapse.contracts.report import MARK, Reference, Report, Sentence
from synapse.research.paging import pages_by_evidence
from synapse.research.render import BY_MODEL, VERDICTS, clean, disagreements, facts, marks, same_question, shortened, web_address

_STYLE = (
    "body{font:17px/1.6 Georgia,serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}"
    "h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.2rem;margin-top:2rem}li{margin:.45rem 0}"
    "a{color:#0b57a4}"
    ".cite{position:relative;cursor:help}.cite sup{color:#0b57a4;padding:0 .1em}"
    ".cite .quote{display:none;position:absolute;left:50%;bottom:1.4em;transform:translateX(-50%);z-index:1;width:min(24rem,80vw);"
    "padding:.6rem .8rem;border:1px solid #bbb;border-radius:.4rem;background:#fff;color:#1c1c1c;font-size:.85rem;line-height:1.45;"
    "box-shadow:0 .3rem 1rem #0003}"
    ".cite .quote a{display:block;margin-top:.3rem}"
    ".cite:hover .quote,.cite:focus .quote,.cite:focus-within .quote{display:block}"
    "blockquote{margin:.4rem 0 .4rem 1rem;padding-left:.8rem;border-left:3px solid #ccc;color:#444;font-size:.95em}"
    ".mark{color:#666}.meta{color:#666;font-size:.9em}"
    "@media(max-width:40rem){.cite .quote{position:fixed;left:1rem;right:1rem;bottom:1rem;transform:none;width:auto}}"
    "@media(prefers-color-scheme:dark){body{background:#161616;color:#e6e6e6}a{color:#8ab4f8}blockquote{color:#bbb;border-color:#555}.mark,.meta{color:#aaa}"
    ".cite sup{color:#8ab4f8}.cite .quote{background:#222;color:#e6e6e6;border-color:#555}}"
    "@media print{body{max-width:none;margin:0;font-size:11pt;color:#000;background:#fff}.cite .quote{display:none!important}"
    "a{color:inherit;text-decoration:none}ol a[href^=http]::after{content:' <' attr(href) '>';font-size:.85em;word-break:break-all}"
    "h2{break-after:avoid}li,blockquote{break-inside:avoid}}"
)
_REL = "noopener noreferrer nofollow"
_TAGS = {"h1", "h2", "ul", "ol", "li", "p", "a", "sup", "span", "br", "strong", "blockquote"}
_ATTRIBUTES = {"a": {"href"}, "span": {"class", "title", "tabindex"}, "p": {"class"}, "li": {"id", "value"}}
_HEAD = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
    f'<meta name="generator" content="{MARK}">\n'
)


def page(report: Report) -> str:
    """The whole report as a self-contained HTML document. The only links are to its own sources, and to the pages cited."""
    quotes = _Quotes(report)
    body = [f"<h1>{_text(report.question)}</h1>", *_answer(report, quotes)]
    for section in report.sections:
        heading = (
            "More from the sources" if len(report.sections) == 1 and same_question(section.heading, report.question) else section.heading
        )
        body += [f"<h2>{_text(heading)}</h2>", _list(_cited(sentence, quotes) for sentence in section.sentences)]
    undecided, settled = disagreements(report)
    if undecided:
        body.append("<h2>Where sources may disagree</h2>")
        body += [_list(_cited(sentence, quotes) for sentence in pair) for pair in undecided]
    if settled:
        body.append("<h2>What newer editions changed</h2>")
        body += [
            _list(f"{_text(when)}: {_cited(sentence, quotes)}" for sentence, when in ((one, now), (other, then)))
            for one, other, now, then in settled
        ]
    if report.unanswered and report.answer:
        body += ["<h2>Not answered</h2>", _list(_text(item.text) for item in report.unanswered)]
    if report.missed:
        body += ["<h2>Not read</h2>", _list(f"{_text(item.what)}: {_text(item.reason)}" for item in report.missed)]
    if report.notes:
        body += ["<h2>About the language model</h2>", _list(_text(note) for note in report.notes)]
    if report.references:
        body += ["<h2>Sources</h2>", _legend(), "<ol>", *(_reference(item, report) for item in report.references), "</ol>"]
    return (
        f"{_HEAD}<title>{_text(report.question)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + nh3.clean("\n".join(body), tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https"}, link_rel=_REL)
        + "\n</body>\n</html>\n"
    )


def _text(text: str) -> str:
    return escape(clean(text), quote=True)


def _list(items: Iterable[str]) -> str:
    return "<ul>\n" + "\n".join(f"<li>{item}</li>" for item in items) + "\n</ul>"


def _answer(report: Report, quotes: _Quotes) -> list[str]:
    if not report.answer:
        return [
            "<p><strong>No evidence found.</strong> None of the sources that could be read says anything that answers this question.</p>"
        ]
    return ["<h2>Answer</h2>", _list(_cited(sentence, quotes) for sentence in report.answer)]


class _Quotes:
    """What a citation shows: by evidence id the number of its source, by number the source's title, by id the quote."""

    def __init__(self, report: Report) -> None:
        self.numbers = {name: reference.number for reference in report.references for name in reference.evidence}
        self._titles = {reference.number: shortened(reference.title) or reference.url for reference in report.references}
        self._texts = {item.id: item.quote for item in report.evidence}

    def shown(self, sentence: Sentence, number: int) -> str:
        """The citation of one source, and the quotes in it that the sentence rests on."""
        texts = [self._texts[name] for name in sentence.evidence if self.numbers[name] == number and name in self._texts]
        quoted = "<br>".join(f"“{_text(text)}”" for text in texts)
        source = f'<a href="#source-{number}">{_text(self._titles[number])}</a>'
        return f'<span class="cite" tabindex="0"><sup>[{number}]</sup><span class="quote">{quoted}{source}</span></span>'


def _cited(sentence: Sentence, quotes: _Quotes) -> str:
    mark, meaning = VERDICTS[sentence.verdict]
    cited = "".join(quotes.shown(sentence, number) for number in marks(sentence, quotes.numbers))
    pen = f'<span class="mark" title="{_text(BY_MODEL[1])}">{BY_MODEL[0]}</span>' if sentence.by_model else ""
    return f'{_text(sentence.text)} <span class="mark" title="{_text(meaning)}">{mark}</span>{pen}{cited}'


def _legend() -> str:
    return '<p class="meta">' + "<br>".join(f"{mark} {_text(meaning)}" for mark, meaning in VERDICTS.values()) + "</p>"


def _reference(reference: Reference, report: Report) -> str:
    quotes = {item.id: item for item in report.evidence}
    title = _text(shortened(reference.title) or reference.url)
    address = web_address(reference.url)
    shown = f'<a href="{escape(address, quote=True)}">{title}</a>' if address else f"{title} — {_text(reference.url)}"
    meta = f'<span class="meta">({_text(facts(reference))})</span>'
    pages = {name: f' <span class="meta">({page})</span>' for name, page in pages_by_evidence(reference).items()}
    cited = "".join(
        f"<blockquote>“{_text(quotes[name].quote)}”{pages.get(name, '')}</blockquote>" for name in reference.evidence if name in quotes
    )
    return f'<li id="source-{reference.number}" value="{reference.number}">{shown} {meta}{cited}</li>'

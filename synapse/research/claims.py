"""Which sentences can stand alone in a report, and how they read there.

A sentence lifted from its page loses what surrounded it. One that points back ("This option …", "see above") or forward
("as follows:") is dropped; one that only opens with a link word or closes with a cross-reference is trimmed of it. One that
explains the term above it ("Return the current task.") is read together with that term. An item of a list that is no sentence,
and a row of a table, are read together with what stands above them: the heading, the words that open the list, the table's head.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from synapse.research import wording
from synapse.research.blocks import Kind
from synapse.research.sentences import Span, cells
from synapse.research.text import squeeze, stem, word_set

_MIN_WORDS, _MAX_WORDS, _MAX_CHARS = 5, 60, 420
_MIN_FOREIGN_WORDS = 8
_SHORT_CELL, _MAX_CELL, _MAX_EXPLANATION = 20, 90, 240
# A quote reaches back to the heading or head it is read with; what lies between is quoted with it, so it cannot be far.
_MAX_LED_QUOTE = 900

_NAME = re.compile(
    r"(?:(?:class|exception|classmethod|staticmethod|abstractmethod|async|coroutine|function|method"
    r"|property)\s+)*(?P<name>-{0,2}[\w][\w.\-]*)(?P<call>\s?\()?"
)
_LOWER_NAME = re.compile(r"[a-z_]\w*(?:[._-]\w+|\(\))|[a-z]+[A-Z]\w*")
_GLOSSARY_TERM = re.compile(r"[a-z-]+(?: [a-z-]+){0,5}$")
_BARE_VERB = re.compile(r"^(?P<verb>[A-Z][a-z]+)(?: and [a-z]+)? (?P<next>[\w“\"'(]+)")
_AFTER_PURPOSE = re.compile(r",| (?:use|call|run|set|pass|specify|add|create|issue|execute|type|enter|you) ")
_PHRASE_THEN_VERB = re.compile(
    r"^(?:On|In|At|For|With|By|When|If)\b[^,]{2,40}, (?P<verb>[a-z]+s) (?:a|an|the|whether|how|which|what|that|if)\b"
)
_NOUNS_THEN_VERB = re.compile(r"[A-Z][a-z]+ (?:[A-Z][\w-]+ ){1,3}(?:is|are|was|were|has|can|may|must|will|does)\b")
_ADVICE = re.compile(
    r"(?:Use|Avoid|Always|Never|Do not|Run|Create|Install|Configure|Enable|Edit|Start|Restart|Add|Put|Write|Choose|Copy|Make sure|Ensure"
    r"|Open|Pass|Set up|Define|Declare|Call|Keep|Give) "
)
_ANAPHOR = re.compile(r"\b(?:it|them|its|their|this|these|those|there|so)\b", re.IGNORECASE)
_NOT_AFTER_SUBJECT = word_set(
    """
    a an the whether if its one zero true false that this these information how which what to all any each every statistics
    aggressive some additional only multiple new existing
    """
)

_AFTER_PARTICIPLE = word_set("to by in for as with from on at when of into using via")


@dataclass(frozen=True, slots=True)
class Statement:
    """How a sentence reads alone, and the ``text[start:end]`` of the page it is quoted from."""

    text: str
    start: int
    end: int


def statement(span: Span, page: str) -> Statement | None:
    """The sentence as it may stand in a report, or None when it cannot stand alone.

    Words are only ever left out at its start, its end, or as a bracketed reference; the first letter may become a capital.
    A sentence without a subject that explains a term is led by that term, and the quote then begins at the term.
    """
    return _alone(span, page) or _joined(span, page)


def _joined(span: Span, page: str) -> Statement | None:
    """A sentence whose first word is a pronoun, together with the one before it that names what it means."""
    text = wording.BRACKET_NOTE.sub("", span.text)
    if span.before is None or not wording.PRONOUN_START.match(text) or wording.EXPLETIVE.match(text):
        return None
    rest = wording.PRONOUN_START.sub("X ", text)
    if not _complete(text) or any(pattern.search(text) for pattern in wording.NOT_PROSE) or _leans(rest) or not _has_verb(text):
        return None
    before = _alone(span.before, page)
    if before is None or before.end != span.before.end or len(before.text) + len(text) > _MAX_CHARS:
        return None
    return Statement(f"{before.text} {text}", before.start, span.end)


def _alone(span: Span, page: str) -> Statement | None:
    text = wording.BRACKET_NOTE.sub("", span.text)
    if span.kind is Kind.TABLE:
        return _row(span, page)
    if span.kind is Kind.LIST and span.lead and not _complete(text):
        return _item(span, page, text)
    if not _complete(text) or any(pattern.search(text) for pattern in wording.NOT_PROSE):
        return None
    trimmed = _trim(text)
    if not _balanced(trimmed) or not _MIN_WORDS <= len(trimmed.split()) <= _MAX_WORDS or _leans(trimmed):
        return None
    if not wording.is_english(trimmed) and len(trimmed.split()) >= _MIN_FOREIGN_WORDS:
        return Statement(trimmed, span.start, span.end)
    if _lacks_subject(trimmed):
        return _termed(span, page, trimmed) if span.term else _advice(span, trimmed)
    if not _has_verb(trimmed) or _is_glossed(span, page, trimmed):
        return _termed(span, page, trimmed)
    if span.kind is Kind.LIST and len(trimmed.split()) < 8:
        return None
    return Statement(trimmed, span.start, span.end)


def _row(span: Span, page: str) -> Statement | None:
    """A row led by its table's heading and head: "Prices (product, price): Logger, £20." It has to tell a figure or a name."""
    said, head = cells(page[span.start : span.end]), cells(page[slice(*span.lead[-1])])
    start = span.lead[0][0]
    # What stands beside a name may be a sentence that explains it.
    longest = _MAX_EXPLANATION if len(said) == 2 else _MAX_CELL
    if len(said) < 2 or any(len(cell) > _MAX_CELL for cell in (*said[:-1], *head)) or len(said[-1]) > longest:
        return None
    if span.end - start > _MAX_LED_QUOTE:
        start = span.lead[-1][0]
        if span.end - start > _MAX_LED_QUOTE:
            return None
    if any(_mostly_signs(cell) for cell in said):
        return None
    heading = squeeze(page[slice(*span.lead[0])]).rstrip(":") if len(span.lead) > 1 and start == span.lead[0][0] else ""
    columns = "; ".join(head)
    return Statement(f"{heading} ({columns}): {'; '.join(said)}" if heading else f"{columns}: {'; '.join(said)}", start, span.end)


def _mostly_signs(cell: str) -> bool:
    """Whether a cell is code: too much in it is neither letter, digit nor blank."""
    return len(cell) > _SHORT_CELL and sum(char.isalnum() or char.isspace() for char in cell) < 0.75 * len(cell)


def _item(span: Span, page: str, text: str) -> Statement | None:
    """An item that is no sentence, led by what opens its list; only where it tells a figure or what something is: "Phone: 4400"."""
    start, end = span.lead[0]
    lead = squeeze(page[start:end]).rstrip(":")
    telling = any(char.isdigit() for char in text) or ": " in text or " – " in text
    if not telling or wording.LISTS_LINKS.search(lead) or span.end - start > _MAX_LED_QUOTE or len(text.split()) > _MAX_WORDS:
        return None
    if not _balanced(text) or any(pattern.search(text) for pattern in wording.NOT_PROSE) or text.endswith(("...", "…")):
        return None
    return Statement(f"{lead}: {text}", start, span.end)


def _complete(text: str) -> bool:
    """Whether it is written as a sentence: opened, closed, balanced, mostly words."""
    if len(text) > _MAX_CHARS or not text.rstrip("\"'”’)]*`").endswith((".", "!", "。", "！")) or text.endswith(("...", "…")):
        return False
    first = text.lstrip("\"'“‘(*`")[:1]
    opens = first.isupper() or first.isdigit() or _LOWER_NAME.match(text) is not None or ord(first or " ") > 0x2E80
    return opens and text[0] not in "([" and _balanced(text) and sum(char.isalpha() or char.isspace() for char in text) > 0.75 * len(text)


def _balanced(text: str) -> bool:
    pairs = all(text.count(opening) == text.count(closing) for opening, closing in ("()", "[]", "“”"))
    return pairs and text.count('"') % 2 == 0


def _trim(text: str) -> str:
    text = wording.CROSS_REFERENCE.sub("", text)
    text = wording.TAIL_REFERENCE.sub("", text)
    for _ in range(2):
        match = wording.LINK_WORD.match(text)
        if match is None:
            break
        word = match.group().rstrip(", ")
        if match["comma"] is None and not word.endswith("that") and word not in wording.BARE_LINKS:
            break
        text = _capital(text[match.end() :])
    return _capital(text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+(?:-[a-z]+)*(?=[\s,])", text) else text


def _leans(text: str) -> bool:
    """Whether it needs what stood around it to be understood."""
    if text[0] in '“"‘' and text[-1] in '”"’':
        return True  # somebody's words without who said them
    if wording.ORPHAN_START.match(text) and not wording.EXPLETIVE.match(text):
        return True
    if any(pattern.search(text) for pattern in (wording.WHEN_SET, wording.POINTING, wording.FIRST_PERSON, wording.LATE_PRONOUN)):
        return True
    return any(_names_unsaid(text, match) for match in wording.BACK_POINTER.finditer(text))


def _names_unsaid(text: str, match: re.Match[str]) -> bool:
    """Whether "this option", "those rows" means an option or rows that the sentence has not spoken of before."""
    noun = match["noun"].lower()
    if noun in wording.TIME_NOUNS:
        return False
    before = {stem(word) for word in re.findall(r"[A-Za-z]+", text[: match.start()])}
    return stem(noun) not in before


def _lacks_subject(text: str) -> bool:
    """Whether it begins with its verb, as entries under a term do: "Returns the …", "Selects …", "Return True if …"."""
    phrase = _PHRASE_THEN_VERB.match(text)
    if phrase is not None and wording.is_verb(phrase["verb"]):
        return True
    match = _BARE_VERB.match(text)
    if match is None:
        return False
    verb, following = match["verb"].lower(), match["next"].lower()
    if following == "of" or _NOUNS_THEN_VERB.match(text):
        return False  # "Use of …", "Read Committed is …": a noun
    if verb in wording.VERBS:
        return True
    base = verb[:-1] if verb.endswith("s") else ""
    known = base in wording.VERBS or base.removesuffix("e") in wording.VERBS or base.replace("ie", "y") in wording.VERBS
    return known and (following in _NOT_AFTER_SUBJECT or following[0] in "“\"'(" or not wording.AUXILIARY.match(following))


def _advice(span: Span, trimmed: str) -> Statement | None:
    """Advice: "Use X to do Y" is complete; "Returns the list" and "Store it there" are not."""
    alone = _ADVICE.match(trimmed) and not _ANAPHOR.search(trimmed)
    return Statement(trimmed, span.start, span.end) if alone else None


def _is_glossed(span: Span, page: str, trimmed: str) -> bool:
    """Whether it stands under a glossary's term that it does not repeat."""
    term = page[span.term[0] : span.term[1]] if span.term else ""
    return bool(_GLOSSARY_TERM.match(term)) and term not in trimmed.lower()


def _termed(span: Span, page: str, trimmed: str) -> Statement | None:
    """The sentence led by the name of the term it explains; the quote then reaches back to the term."""
    if span.term is None:
        return None
    term = page[span.term[0] : span.term[1]].rstrip("¶ ")
    match = _NAME.match(term)
    if match is None or match["name"].isdigit():
        return None
    name = term if _GLOSSARY_TERM.match(term) else f"{match['name']}{'()' if match['call'] == '(' else ''}"
    return Statement(f"{name}: {trimmed}", span.term[0], span.end)


def _has_verb(text: str) -> bool:
    """Whether something is said, outside relative clauses: a heading with a full stop says nothing."""
    main = wording.RELATIVE.sub("", wording.CLAUSE.sub(" …", text))
    if main.startswith("To "):
        # "To protect against loss." is no sentence; "To stop it, call stop()." is, for what follows the purpose.
        match = _AFTER_PURPOSE.search(main)
        if match is None:
            return False
        main = main[match.start() :]
    if wording.AUXILIARY.search(main):
        return True
    infinitive = main.find(" to ")
    for match in re.finditer(r"(?<![\w.-])[a-z]+(?![\w(-])", main):
        word, rest = match.group(), main[match.end() :].lstrip()
        if not wording.is_verb(word) or not rest.strip("."):
            continue
        # A bare form may be a noun or belong to "to create X, run Y"; a form in -ed may only qualify ("used to …").
        bare, past = word in wording.VERBS, word.endswith("ed")
        if (not bare or infinitive < 0 or match.start() < infinitive) and not (past and rest.split()[0] in _AFTER_PARTICIPLE):
            return True
    return False

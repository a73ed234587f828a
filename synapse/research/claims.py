"""Which sentences can stand alone in a report, and how they read there.

A sentence lifted from its page loses what surrounded it. One that points back ("This option …", "see above") or forward
("as follows:") is dropped; one that only opens with a link word or closes with a cross-reference is trimmed of it.
"""

from __future__ import annotations

import re

from synapse.research.blocks import Kind
from synapse.research.sentences import Span

_MIN_WORDS, _MAX_WORDS, _MAX_CHARS = 5, 60, 420

_LINK_WORD = re.compile(
    r"^(?:However|Also|Moreover|Furthermore|Additionally|In addition|Besides|Therefore|Thus|Hence|Consequently|Accordingly|As a result"
    r"|Note that|Note|Remember that|Keep in mind that|Please note that|Be aware that|In fact|Indeed|Of course|Clearly|Obviously|Finally"
    r"|First|Second|Third|Lastly|In general|Generally|In other words|That is|That said|Nevertheless|Nonetheless|And|But|So|Similarly|Likewise)"
    r"(?P<comma>,)?\s+",
)
_CROSS_REFERENCE = re.compile(
    r"\s*[(\[](?:see|see also|cf\.|refer to|described in|discussed in|shown in|as (?:described|discussed|explained|shown) in|for details,? see"
    r"|for more(?: information| details)?,? see)\b[^()\[\]]*[)\]]",
    re.IGNORECASE,
)
_TAIL_REFERENCE = re.compile(r"(?:;|,|\s[-–—])\s+(?:see|see also|refer to)\s[^.;]*(?:\.\d+[^.;]*)*(?=\.$)", re.IGNORECASE)
_EXPLETIVE = re.compile(
    r"^It(?:'s|’s| is| was| may be| can be| might be| will be) (?:also |often |usually |generally |therefore |not |only |even |still |very |strongly |best |highly )*"
    r"(?:possible|impossible|necessary|recommended|important|advisable|best|better|safe|unsafe|good|bad|common|easy|easier|difficult|hard|likely"
    r"|unlikely|worth|useful|helpful|desirable|wise|illegal|legal|an error|sufficient|enough|required|customary|up to|trivial|crucial|essential"
    r"|convenient|preferable|tempting|unwise|unnecessary|dangerous|critical|vital|known|believed|estimated|reported|expected|thought|said)\b",
)
_ORPHAN_START = re.compile(
    r"^(?:This|That(?! (?:is because)\b)|These|Those|It|They|He|She|Its|Their|His|Her|Such|Both(?! \w+ and\b)|Either|Neither(?! \w+ nor\b)|Another|Others?|Each of (?:these|them|the above)"
    r"|Some of (?:these|them)|All of (?:these|them)|Most of (?:these|them)|None of (?:these|them)|One of (?:these|them)|The (?:former|latter|above|following|previous|next|same|other|first|second|third|last|resulting|"
    r"said|preceding|example|two|three|reason|answer|result|idea|point|problem|difference|only difference|default)(?! (?:of|for|between|that|is that|to|in)\b)"
    r"|Here|There(?! (?:is|are|was|were|has|have|can|may|must|will|should|exists?|might)\b)|Then|Otherwise|Instead(?! of\b)|Conversely|Again|Now"
    r"|For (?:example|instance|this|these|that|those|such)|In (?:this|that|these|those|such|the (?:above|following|example|first|second|latter|former)|both cases|either case|particular|contrast|practice, this)"
    r"|On the other hand|On the one hand|At this|At that|To (?:do|avoid|achieve|fix|prevent|accomplish) (?:this|that|so|it)\b|With (?:this|that|these)|By (?:this|that|doing (?:this|so))|After (?:this|that)|Because of (?:this|that)"
    r"|If (?:so|not|this|that|it|they|these|he|she)\b|When (?:this|that|it|they|these|so)\b|As (?:such|above|before|mentioned|noted|described|explained|discussed|shown|you can see|with|seen|of this)"
    r"|Like (?:this|that)|Unlike (?:this|that)|Given (?:this|that)\b|Same|Similarly|Likewise|Yes|No,|Well|Oh|OK|Okay|Hi|Hello|Thanks|Thank you|See|Cf|More|Notice|Consider|Suppose|Imagine|Recall|Let|Let's|Let’s|Assume|Assuming|Compare)\b",
)
_POINTING = re.compile(
    r"\b(?:the|as|code|example|section|table|figure|list|see|described|mentioned|shown|discussed|noted|listed|explained) (?:above|below)\b"
    r"|\b(?:above|following|preceding|previous|next) (?:example|code|snippet|listing|section|table|figure|command|query|statement|output|paragraph|chapter|list|sentence|page|diagram|program|function)s?\b"
    r"|\bthe following\b|\bas follows\b|\bthis (?:section|chapter|page|article|document|documentation|tutorial|guide|post|example|paragraph|manual|book|appendix|module’s|video|blog|list|table|figure)\b"
    r"|\bin this (?:case|way|example|mode|situation|context|respect)\b|\b(?:these|those|this|that) (?:two|three|are|is) the\b|\bclick\b|\bread more\b|\bsign (?:up|in)\b"
    r"|\bsubscribe\b|\bcookies?\b policy|\ball rights reserved\b|\bcopyright\b|©|\bpage \d+ of\b|\bprivacy policy\b|\bterms of (?:use|service)\b|\bsee (?:also|section|chapter)\b"
    r"|\bwe(?:’|'| wi)ll (?:see|look|discuss|learn|cover|show|use|now)\b|\blet(?:’|')?s\b|\bexamples?:",
    re.IGNORECASE,
)
_BACK_POINTER = re.compile(
    r"\b(?:this|these|those)\b (?!(?:is|are|was|were|can|may|will|means|way|week|year|month|century|decade|day)\b)\w+", re.IGNORECASE
)
_FIRST_PERSON = re.compile(r"\b(?:I|I'm|I’m|I've|my|me)\b")
_SUBJECTLESS = re.compile(
    r"^(?:(?!(?:Always|Sometimes|Perhaps|Various|Numerous|Previous|Various|Previous|Access|Class|Process|Does|Is|Was|Has|Unless|As|Plus|Across|Versus|Thus)\b)[A-Z][a-z]+s)"
    r" (?:a|an|the|whether|if|its|one|zero|true|false|that|this|information|how|which|to|“|\"|True|False|None|statistics|aggressive)\b"
)
_DOCSTRING_VERB = re.compile(
    r"^(?:Return|Returns|Raise|Raises|Wrap|Create|Set|Get|Changed|Deprecated|New|Added|Removed|Like|Same|Equivalent|Alias|Similar|Implements?|Called|Called when"
    r"|Represents?|Constructs?|Construct|Convert|Converts|Test|Tests|Specifies|Selects|Sets|Controls|Causes|Defines|Used|A|An)\b"
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|will|would|shall|should|may|might|must|cannot|isn['’]t|aren['’]t|doesn['’]t|don['’]t"
    r"|can['’]t|won['’]t|it['’]s|that['’]s|there['’]s|you['’]re|they['’]re|\w+(?:s|ed|es)|use|make|let|allow|provide|need|take|give|run|keep|become|contain"
    r"|call|create|return|set|get|mean|require|happen|work|avoid|hold|lead|cause|share|support|write|read|start|stop|wait|switch|differ|consist|exist|apply|go)\b",
)
_CODE_LIKE = re.compile(
    r"\b(?:import \w+ |def \w+\(|async def|await \w+[.(]|print\(|return \w+;|lambda \w+:|self\.\w+ =)|[;{}]|\w+ ?== ?\w+|(?<![<>=!])=(?!=)\s?[\w'\"(\[]"
    r"|>>>|\\n|=>|->|\w+\[\w*\]|::|\$\{|</?\w+>|\|\|"
)
_NAVIGATION = re.compile(
    r"\s[|»›→•·]\s|^(?:Table of contents|Contents|Menu|Home|Previous|Next|Up|Index|Search|Share|Follow|Posted|Published|Written by|Tags?|Category)\b",
    re.I,
)
_BRACKET_NOTE = re.compile(r"\[(?:\d{1,3}|[a-z]|edit|citation needed|note \d+)\]")


def statement(span: Span) -> str | None:
    """The sentence as it may stand in a report, or None when it cannot stand alone.

    Words are only ever left out at its start, its end, or as a bracketed reference; the first letter may become a capital.
    """
    text = span.text
    if not _complete(text) or _NAVIGATION.search(text) or len(_CODE_LIKE.findall(text)) > 0:
        return None
    trimmed = _trim(text)
    if _ORPHAN_START.match(trimmed) and not _EXPLETIVE.match(trimmed):
        return None
    if _POINTING.search(trimmed) or _FIRST_PERSON.search(trimmed) or _points_back(trimmed):
        return None
    if _SUBJECTLESS.match(trimmed) or not _FINITE.search(trimmed) or not _MIN_WORDS <= len(trimmed.split()) <= _MAX_WORDS:
        return None
    if span.kind is Kind.LIST and not _reads_alone(trimmed):
        return None
    return trimmed


def _complete(text: str) -> bool:
    if len(text) > _MAX_CHARS or not text.rstrip("\"'”’)]*`").endswith((".", "!", "。", "！")) or text.endswith(("...", "…")):
        return False
    first = text.lstrip("\"'“‘(*`")[:1]
    opens = first.isupper() or first.isdigit() or re.match(r"[a-z_]\w*(?:[._]\w+|\(\))", text) is not None or ord(first or " ") > 0x2E80
    return (
        opens
        and not text.startswith(("(", "["))
        and _balanced(text)
        and sum(char.isalpha() or char.isspace() for char in text) > 0.75 * len(text)
    )


def _balanced(text: str) -> bool:
    return (
        text.count("(") == text.count(")")
        and text.count("[") == text.count("]")
        and text.count("“") == text.count("”")
        and text.count('"') % 2 == 0
    )


def _trim(text: str) -> str:
    text = _BRACKET_NOTE.sub("", _CROSS_REFERENCE.sub("", text))
    text = _TAIL_REFERENCE.sub("", text)
    for _ in range(2):
        match = _LINK_WORD.match(text)
        if match is None or (
            match["comma"] is None and not match.group().rstrip().endswith("that") and match.group().split()[0] not in ("And", "But", "So")
        ):
            break
        text = text[match.end() :]
    first = re.match(r"[a-z]+(?=[\s,])", text)
    return text[:1].upper() + text[1:] if first else text


def _points_back(text: str) -> bool:
    """Whether "this option", "those rows" names something said before; late in a long sentence it is usually said in the sentence."""
    match = _BACK_POINTER.search(text)
    return match is not None and match.start() < 0.4 * len(text)


def _reads_alone(text: str) -> bool:
    return len(text.split()) >= 8 and not _DOCSTRING_VERB.match(text)

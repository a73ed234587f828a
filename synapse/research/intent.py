"""What kind of answer a question asks for, and the wording by which a sentence gives that kind."""

from __future__ import annotations

import re
from enum import StrEnum


class Intent(StrEnum):
    """The kind of answer wanted."""

    COMPARISON = "comparison"
    CAUSE = "cause"
    PROCEDURE = "procedure"
    DEFINITION = "definition"
    TIME = "time"
    QUANTITY = "quantity"
    BENEFIT = "benefit"
    DRAWBACK = "drawback"
    FACT = "fact"


_ASKS = (
    (Intent.DRAWBACK, r"\b(?:disadvantages?|drawbacks?|cons|downsides?|risks?|weakness(?:es)?|limitations?|dangers?)\b"),
    (Intent.BENEFIT, r"\b(?:advantages?|benefits?|pros|strengths?|upsides?)\b(?! .*\bover\b)"),
    (
        Intent.COMPARISON,
        r"\bdiffer(?:s|ent|ence|ences)?\b|\bversus\b|\bvs\b\.?|\bcompar(?:e|es|ed|ison)\b|\b(?:better|faster|slower|safer|rather"
        r"|prefer\w*)\b"
        r".*\b(?:than|or|over|to)\b|\binstead of\b|\badvantages? .*\bover\b|\bdistinguish",
    ),
    (Intent.CAUSE, r"^\W*why\b|\b(?:and|but) why\b|\breasons? (?:for|that|why)\b|\bwhat (?:causes?|makes?|leads? to)\b|\bhow come\b"),
    (
        Intent.PROCEDURE,
        r"\bhow (?:do|can|should|could|would|must|to)\b(?: (?:i|we|you|one|someone|people|users?)\b)?(?=.*)|\bsteps? (?:to|for)\b"
        r"|\bways? to\b",
    ),
    (
        Intent.TIME,
        r"^\W*when\b|\b(?:and|but) when\b|\bsince when\b|\b(?:what|which) (?:\w+ )?(?:year|date|version)\b|\bhow long\b|\bhow often\b",
    ),
    (
        Intent.QUANTITY,
        r"\bhow (?:many|much|large|big|fast|high|far|old|tall|deep|heavy)\b|\b(?:what|which) (?:number|percentage|share|size|limit)\b"
        r"|\bwhat(?:'s|’s| is| are| was| were) the (?:\w+ )?(?:maximum|minimum|number|size|limit|price|cost|height|length|age"
        r"|population|speed)\b",
    ),
    (
        Intent.DEFINITION,
        r"^\W*what(?:'s|’s| is| are| was| were)\b(?! the (?:best|difference|effect|default))|\bdefin(?:e|ition)\b"
        r"|\bwhat do(?:es)? .* (?:mean|do)\b|\bhow (?:do|does) .* work\b|^\W*(?:explain|describe)\b",
    ),
)
_ACTOR = re.compile(
    r"\bhow (?:do|can|should|could|would|must) (?:i|we|you|one|someone|people|users?)\b|\bhow to\b|\bsteps? (?:to|for)\b"
    r"|\bways? to\b",
    re.I,
)

_CUES = {
    Intent.COMPARISON: r"\bunlike\b|\bwhereas\b|\bwhile\b|\bthan\b|\binstead\b|\bin contrast\b|\bon the other hand\b|\bdiffer\w*|\bboth\b"
    r"|\bcompared\b|\bonly\b|\bversus\b|\brather\b|\bsimilar\w*|\bbut\b",
    Intent.CAUSE: r"\bbecause\b|\bsince\b|\bso that\b|\bdue to\b|\breasons?\b|\bin order to\b|\bto (?:avoid|prevent|ensure|allow"
    r"|protect)\b"
    r"|\botherwise\b|\btherefore\b|\bcauses?\b|\bmeans that\b|\bin case\b|\bso\b|\bas a result\b",
    Intent.PROCEDURE: r"^(?:To|Use|Call|Set|Run|Create|Add|Install|Pass|Open|Make)\b|\bcan be (?:used|done|set|created|called)\b"
    r"|\bby (?:using|\w+ing)\b"
    r"|\buse\b|\bused to\b|\byou (?:can|should|must|need)\b|\bit is (?:possible|recommended)\b|\buseful\b",
    Intent.DEFINITION: r"\b(?:is|are) (?:a|an|the|any|one|used|special|special\w*)\b|\brefers? to\b|\bmeans\b|\bis called\b"
    r"|\bare called\b|\bknown as\b"
    r"|\brepresents?\b|\bconsists? of\b|\bprovides?\b|\bis defined\b",
    Intent.TIME: r"\bwhen(?:ever)?\b|\bif\b|\bonly\b|\bshould\b|\bafter\b|\bbefore\b|\buntil\b|\bonce\b|\bexceeds?\b|\bduring\b"
    r"|\bunless\b"
    r"|\b(?:1[89]|20)\d\d\b|\bversion \d|\bby default\b"
    r"|\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve)"
    r" (?:working )?(?:second|minute|hour|day|week|month|quarter|year)s?\b"
    r"|\b(?:once|twice|every|each) (?:an? )?(?:\w+ )?(?:hour|day|week|month|quarter|year)s?\b|\b\d\d?:\d\d\b"
    r"|\b\d\d?(?:st|nd|rd|th)?(?: of)? (?:January|February|March|April|May|June|July|August|September|October|November|December)\b",
    Intent.QUANTITY: r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million)\b|\bdefault\b|\bmaximum\b"
    r"|\bminimum\b|\blimit",
    Intent.BENEFIT: r"\b(?:faster|cheaper|better|easier|simpler|safer|smaller|efficient\w*|avoids?|saves?|reduces?|improves?|useful"
    r"|allows?|benefits?|no need)\b"
    r"|\badvantages?\b|\bwithout (?:having|needing)\b|\bspeeds? up\b",
    Intent.DRAWBACK: r"\b(?:slower|costs?|expensive|cannot|lose|loses|lost|loss|not|unsafe|insecure|secure|malicious|untrusted"
    r"|vulnerab\w*|attacks?|never|risks?|fails?|danger\w*|overhead"
    r"|drawbacks?|disadvantages?)\b"
    r"|\blimit\w*|\btruncated\b|\bcrash\w*|\bproblems?\b|\bonly\b|\bmust\b",
    Intent.FACT: r"\b(?:is|are|was|were|can|must|will)\b",
}
_ASK_PATTERNS = tuple((intent, re.compile(pattern, re.IGNORECASE)) for intent, pattern in _ASKS)
_CUE_PATTERNS = {intent: re.compile(pattern, 0 if intent is Intent.PROCEDURE else re.IGNORECASE) for intent, pattern in _CUES.items()}


def intent_of(question: str) -> Intent:
    """The kind of answer a question asks for; FACT when nothing more special shows."""
    for intent, pattern in _ASK_PATTERNS:
        if intent is Intent.PROCEDURE and not _ACTOR.search(question):
            continue
        if pattern.search(question):
            return intent
    if re.search(r"\bdecides? when\b", question, re.IGNORECASE):
        return Intent.TIME
    return Intent.FACT


def cue_count(sentence: str, intent: Intent) -> int:
    """How many different wordings typical of that kind of answer a sentence has, at most 2."""
    return min(2, len({match.group().lower() for match in _CUE_PATTERNS[intent].finditer(sentence)}))

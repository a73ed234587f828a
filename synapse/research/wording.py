"""How English sentences lean on their surroundings: the word lists by which `claims` recognises it."""

from __future__ import annotations

import re

from synapse.research.text import word_set


def _any(phrases: str) -> str:
    """An alternation of phrases separated by `` / ``; a blank within a phrase matches one blank."""
    return "(?:" + "|".join(phrase.strip() for phrase in phrases.replace("\n", " ").split("/")) + ")"


LINK_WORD = re.compile(
    "^"
    + _any(
        """However/Also/Moreover/Furthermore/Additionally/In addition/Besides/Therefore/Thus/Hence/Consequently/Accordingly/As a result/
        Note that/Note also that/Note, however, that/Note/NOTE/Further/Remember that/Keep in mind that/Please note that/
        Be aware that/Beware that/
        In fact/Indeed/Of course/Clearly/Obviously/Finally/Lastly/In general/Generally/In other words/That said/Nevertheless/
        Nonetheless/And/But/So(?! (?:long|far|much|many|that|called|as) )/Subsequently/Fortunately/Unfortunately/Importantly/Notice that/
        It should be noted that/It is worth noting that/Again/
        Important warning/Warning/WARNING/Caution/CAUTION/Important/IMPORTANT/Tip/TIP/
        What's more/What’s more/Either way/By the same token/After all/Still/As mentioned above/
        As noted above/As described above/As discussed above"""
    )
    + r"(?P<comma>[,:])?\s+"
)
"""What a sentence may open with and lose without another meaning."""

BARE_LINKS = frozenset({"And", "But", "So"})
"""Link words that need no comma; "that" at the end of one needs none either."""

CROSS_REFERENCE = re.compile(
    r"\s*[(\[](?:also )?"
    + _any(
        r"""see/see also/cf\./refer to/described/discussed/shown/explained/as described/as discussed/as explained/as shown/as defined/
        as documented/for details,? see/for more/more on this/more information/above/below/which see/q\.v\."""
    )
    + r"\b[^()\[\]]*[)\]]",
    re.IGNORECASE,
)
TAIL_REFERENCE = re.compile(
    r"(?:(?:;|,|\s[-–—])\s+(?:see|see also|refer to)\s|,?\s+as\s+(?:shown|described|explained|discussed|defined|listed|documented"
    r"|summarized)\s+in\s+"
    r"|,?\s+as\s+(?:shown|described|explained|discussed|defined|mentioned|noted)\s+(?:above|below"
    r"|earlier)(?=\.$))[^.;]*(?:\.\d+[^.;]*)*(?=\.$)",
    re.IGNORECASE,
)
BRACKET_NOTE = re.compile(r"\[(?:\d{1,3}|[a-z]|edit|citation needed|note \d+)\]")

EXPLETIVE = re.compile(
    r"^It(?:'s|’s| is| was| may be| can be| might be| will be) "
    + r"(?:(?:also|often|usually|generally|therefore|not|only|even|still|very|strongly|highly|currently|thus|always|never|sometimes) )*"
    + _any(
        """possible/impossible/necessary/recommended/important/advisable/best/better/safe/unsafe/good/bad/common/easy/easier/difficult/hard/
        likely/unlikely/worth/useful/helpful/desirable/wise/illegal/legal/an error/sufficient/enough/required/customary/up to/trivial/
        crucial/essential/convenient/preferable/tempting/unwise/unnecessary/dangerous/critical/vital/known/believed/estimated/reported/expected/
        thought/said/allowed/permitted"""
    )
    + r" (?:to|that|not to|if|whether|when|for [^,]{1,40} to)\b"
)
"""Sentences whose "It" points at nothing."""

_OF_THEM = r"(?:Each|Some|All|Most|None|One|Many|Several|Any|Both|Either|Neither|Two|Three) of (?:these|them|those|this|which|the above)\b"
_BARE_NOUN = _any(
    """former/latter/above/following/previous/next/same/other/first/second/third/last/resulting/said/preceding/example/examples/two/three/
    reason/answer/result/idea/point/problem/difference/only difference/default/code/snippet/output/rest/remaining/table/figure/command/
    function/method/option/statement/solution/drawback/advantage/disadvantage/downside/effect/trick/goal/purpose/syntax/parameter/argument"""
)
ORPHAN_START = re.compile(
    rf"^(?:{_OF_THEM}|This|That(?! is because\b)|These|Those|It|They|He|She|Its|Their|His|Her|Such|Another|Others?|Same|More|Less"
    rf"|Here|Then|Otherwise"
    r"|Both(?!(?: [\w.()]+){1,3} and\b)|Either(?!.* or\b)|Neither(?!.* nor\b)|Instead(?! of\b)|Conversely|Now|Similarly|Likewise"
    r"|Alternatively|Meanwhile"
    rf"|The {_BARE_NOUN}s?\b(?! (?:of|for|between|that|to|in|which|\w+s)\b)"
    r"|(?:Where|Why|How|What|Whether|That) (?:it|they|he|she|this|these)\b|Got|Gone|Been"
    r"|There(?! (?:is|are|was|were|has|have|can|may|must|will|should|exists?|might)\b)"
    r"|For (?:example|instance|this|these|that|those|such|more|details|further)\b|As (?:such|above|before|mentioned|noted|described"
    r"|explained|an example|you)\b"
    r"|In (?:this|that|these|those|such|particular|contrast|both cases|either case|all cases|practice, this)\b"
    r"|In the (?:above|following|example|first|second|latter|former|meantime|next|previous)\b|On the (?:other|one) hand|At (?:this"
    r"|that)\b"
    r"|One is|Two are|To \w+ (?:this|that|so|it|them|these|those)\b|(?:With|By|After|Before|Given|Unlike|Like|Without"
    r"|Despite|Because of|Due to|From|Using)"
    r" (?:this|that|these|those|doing (?:this|so))\b|(?:If|When|Since|While|Because|Although|Once|Unless|Until|As|After|Before) (?:so"
    r"|not|this|that|it|they|these|those|he|she)\b"
    r"|Must|Can|Could|May|Might|Should|Will|Would|Is|Are|Was|Were|Has|Have|Had|Does|Do(?! not)|Did|Similar to the \w+ case"
    r"|Yes|No,|Well|Oh|OK|Okay|Hi|Hello|Thanks|Thank you|See|Cf|Consider|Suppose|Imagine|Recall|Let|Let's|Let’s|Assume|Compare|Try"
    r"|Look|Read(?! [A-Z])|Check out"
    r"|(?:First|Second|Third|Next|Last)(?:ly)?,|Copyright|Version \d)\b"
)
"""Openings that only mean something after the sentence before."""

WHEN_SET = re.compile(
    r"^If (?:true|false|set|unset|enabled|disabled|specified|given|omitted|absent|present|(?:non-?)?zero|negative|positive"
    r"|-?\d+)(?: is \w+)?"
    r"(?: (?:to|by) [^,]{1,30}| \(the default\))?(?:,| then\b)"
)
"""What a setting does, without its name."""

_THINGS = _any(
    """example/code/snippet/listing/section/table/figure/command/query/statement/output/paragraph/chapter/list/sentence/page/
    program/function"""
)
_PIECES = _any(
    """section/chapter/page/article/document/documentation/tutorial/guide/post/example/paragraph/manual/book/appendix/video/
    blog/list/table/figure"""
)
POINTING = re.compile(
    r"\b(?:the|as|code|example|section|table|figure|list|see|described|mentioned|shown|discussed|noted|listed|explained|given"
    r"|defined) (?:above|below)\b|\bhere\b(?! and there)"
    rf"|\b(?:above|following|preceding|previous|next) {_THINGS}s?\b|\bthe following\b|\bas follows\b|\bthis {_PIECES}\b"
    rf"|\bthe rest of th(?:is|e)\b"
    r"|\b(?:Table|Figure|Section|Chapter|Appendix|Example|Listing|Part)\s+(?:[A-Z]?\d|[IVX]+\b)|\bin this (?:case|way|example|mode"
    r"|situation|context|respect|form)\b"
    r"|\bclick\b|\bread more\b|\bsign (?:up|in)\b|\bsubscribe\b|\bcookies? policy\b|\ball rights reserved\b|\bcopyright\b|©"
    r"|\bpage \d+ of\b"
    r"|\bprivacy policy\b|\bterms of (?:use|service)\b|\bsee (?:also|the|section|chapter|\w+\(\)|PEP|bpo|gh-)|\bmore information\b"
    r"|\bfor (?:more )?details\b"
    r"|\bwe(?:’|'| wi)ll\b|\blet(?:’|')?s\b|\bexamples?:|\b(?:mentioned|described|noted|discussed|shown) (?:earlier|previously"
    r"|before)\b|\bthe (?:former|latter)\b",
    re.IGNORECASE,
)
"""Wording that sends the reader elsewhere on the page."""

BACK_POINTER = re.compile(r"\b(?:this|these|those|such) (?:an? )?(?P<noun>[A-Za-z][\w-]*)", re.IGNORECASE)
TIME_NOUNS = word_set("week year month century decade day time moment is are as means kind type sort")
LATE_PRONOUN = re.compile(
    r"^(?!(?:If|When|Whenever|While|Since|Although|Though|Because|As|Once|After|Before|Unless|Until|Whereas|Even|Where|Given|Provided"
    r"|To|By)\b)[^,]{3,60},"
    r" (?:it|they|he|she) \w+|, (?:this|these|those) (?:is|are|was|were|can|could|will|would|may|might|should|must|has|have|does|do"
    r"|also|only|means|allows|makes)\b"
)
"""A pronoun for something that was named before the sentence began."""

FIRST_PERSON = re.compile(r"\b(?:I|I'm|I’m|I've|I’ve|my|me|mine)\b(?![/.])")
# Words that stand in page texts, which quote logs and code: the last three are looked for there, they are no notes of ours.
LOG_LINE = re.compile(
    r"\b(?:WARNING|ERROR|HINT|LOG|DETAIL|FATAL|NOTICE|INFO|DEBUG|Traceback|TODO|FIXME|XXX)\b:?(?=:| \()|(?:^|: )warning: "
)
VERSION_NOTE = re.compile(
    r"^(?:Add new|Added|Fix|Fixed|Gracefully handle|Bump)\b"
    r"|^(?:Changed|Deprecated|New|Added|Removed|Renamed|Deprecated since|Fixed|Updated)\b.{0,40}\b(?:version|since|in)\b"
    r"|^(?:Source code|Availability|See also|Related|Raises an auditing event|Patch by|Contributed by)\b"
    r"|\((?:Contributed|Patch) by\b|\bbpo-\d|\bgh-\d|\b(?:contributed|patch) by [A-Z]",
    re.IGNORECASE,
)
NAVIGATION = re.compile(
    r"\s[|»›→•·]\s|^(?:Table of contents|Contents|Menu|Home|Previous|Next|Up(?! to\b)|Index|Search|Share|Follow|Posted|Published|Written by"
    r"|Tags?|Category)\b",
    re.IGNORECASE,
)
CODE_LIKE = re.compile(
    r"\b(?:import \w+ |def \w+\(|async def|await \w+[.(]|print\(|return \w+;|lambda \w+:|self\.\w+ =)|[;{}]\s*\w+\s*=|[{}]|\w+ ?== ?\w+"
    r"|(?<![<>=!])=(?!=)\s?[\w'\"(\[]|>>>|\\n|=>|->|::\w|\$\{|</?\w+>|\|\|"
)

FUNCTION_WORDS = word_set("the of and to is are that with for which from by this it be can a an in on or as not has")
"""English enough: a sentence with hardly any of these is in another language, where the lists here mean nothing."""

PRONOUN_START = re.compile(
    r"^(?:(?:However|Also|Thus|Therefore|Moreover|Furthermore|In addition|Nevertheless|Still|Hence), |But )?"
    r"(?:[Ii]t|[Tt]hey|[Hh]e|[Ss]he|[Ii]ts|[Tt]heir|[Hh]is|[Hh]er|[Tt]his|[Tt]hese)\s+(?=\w)"
)
"""A sentence that goes on speaking of what the one before it named."""

LISTS_LINKS = re.compile(
    r"\b(?:contents|see also|references|related|further reading|external links|bibliography|notes|menu|navigation|on this page"
    r"|follow us|share|tags|categories|contributors|sources|changelog|index)\b",
    re.IGNORECASE,
)
"""Headings of lists that name things and say nothing of them."""

NOT_PROSE = (NAVIGATION, CODE_LIKE, LOG_LINE, VERSION_NOTE)
"""Whatever has one of these is no sentence of a text, however it is punctuated."""

VERBS = word_set(
    """
    abort access account acquire adapt add affect aim allow analyze appear apply arrive ask assert assign attach avoid await become
    begin behave belong benefit bind block break bring build cache call carry cast cause change check choose clear clone close collect
    combine come commit communicate compare compile complete compress compute conclude configure confirm connect consist consume contain
    continue control convert cooperate copy correspond cost count cover create deal decide decode define degrade delete deliver depend
    describe destroy detect determine differ disable discard discover dispatch divide do drop dump emit enable encode encounter end
    enforce ensure enter escape evaluate examine exceed execute exist exit expand expect expire explain export express extend fail fall
    fetch fill filter find fit flatten flush focus follow force format free gain generate get give go grow guarantee handle happen hash
    have help hide hit hold hurt identify ignore implement imply import impose improve include increase indicate infer inherit
    initialize insert install intercept interpret introduce invoke involve issue iterate join keep kill know lack last lead learn leave
    let lie limit link list live load lock look lose lower maintain make manage map mark match matter mean measure mention merge mirror
    miss modify monitor move need normalize notify obey observe obtain occur offer omit open operate optimize overlap override own
    parallelize parse pass patch pay perform permit persist pick place play point pop prefer prepare preserve prevent print process
    produce profile prohibit protect prove provide prune publish push put query queue quote raise reach read receive reclaim recognize
    recommend record recover reduce refer reference reflect regain register reject relate release rely remain remove rename render
    reorder repeat replace report represent request require resemble reserve reset resolve respond restrict result resume retain retry
    return reuse reverse rewrite rise roll rotate run sample sanitize satisfy save say scale scan schedule search see seem select send
    separate serialize serve set share shift show simplify simulate skip sleep slow solve sort span specify speed split spread stand
    start state stay stop store strip substitute subtract succeed suffer suggest support suspend swap switch sync synchronize take tell
    tend terminate test throttle throw tie track transfer transform translate treat trigger truncate trust try turn underlie understand
    unlock unpack unregister update use vacuum validate vary verify visit wait wake want warn win work wrap write yield
    acknowledge adopt agree amount announce answer approve arrange attend award book borrow calibrate cancel claim complain cool decline
    depart earn employ escalate export file forbid grant hire host house inform inspect invite invoice lapse lend log mute nominate
    order pack pause post print promise propose purchase refund reimburse renew rent repay reply rest seat sell ship sign spend sponsor
    submit supply teach train travel unlock upload wear weigh welcome wipe
    """
)
AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|has|have|had|do|does|did|can|could|will|would|shall|should|may|might|must|cannot|(?:is|are|was|were|does"
    r"|do|did|has|have|had"
    r"|could|should|would|wo|ca)n['’]t|it['’]s|that['’]s|there['’]s|(?:you|they|we)['’](?:re|ve|ll)|began|became|came|found|gave|got"
    r"|held|kept|knew|led|left"
    r"|lost|made|met|ran|said|saw|sent|showed|stood|took|told|went|won|wrote|fell|grew|rose|built|brought|bought|thought|chose|drew"
    r"|drove|spoke)\b"
)
CLAUSE = re.compile(r",? (?:as |even )?(?:when|if|because|while|unless|until|although|though|so that)\b[^,;]*")
RELATIVE = re.compile(
    r",? \b(?:which|that|who|whose|where|whom)\b(?: (?:can|could|will|would|may|might|must|should|do|does|did|has"
    r"|have|had|not|also|only))*(?: (?:be|been))? [\w'’]+"
)


def is_verb(word: str) -> bool:
    """Whether a lower-case word is a form of a common verb; many are nouns as well."""
    if word in VERBS:
        return True
    if word.endswith("s"):
        return word[:-1] in VERBS or word[:-2] in VERBS or (word.endswith("ies") and word[:-3] + "y" in VERBS)
    return word.endswith("ed") and (word[:-1] in VERBS or word[:-2] in VERBS or word[:-3] in VERBS)


def subject(text: str) -> str:
    """The words before a sentence's first verb, at most seven; empty when it opens with a clause or none is found there."""
    words = text.split()[:8]
    if not words or words[0].lower() in _CLAUSE_OPENERS:
        return ""
    for place, word in enumerate(words):
        plain = word.strip("\"'“”‘’(),.:").lower()
        if plain in _CLAUSE_OPENERS - {"to", "by", "in", "on", "at", "for", "with"}:
            return ""
        before = words[place - 1].rstrip(",").lower() if place else "the"
        plural = before.endswith("s") and not before.endswith(("ss", "us", "is"))
        finite = plain in VERBS if plural else plain.endswith("s") and before not in _DETERMINERS and is_verb(plain)
        if place and (AUXILIARY.fullmatch(plain) or finite):
            return " ".join(words[:place])
    return ""


_DETERMINERS = word_set("the a an this that these those each every all any some its their no your")
_CLAUSE_OPENERS = word_set(
    """
    if when whenever while since although though because as once after before unless until whereas even where that which
    to by in on at for with
    """
)


def is_english(text: str) -> bool:
    """Whether enough of a sentence's words are the small ones of English."""
    words = text.lower().split()
    return 10 * sum(word in FUNCTION_WORDS for word in words) >= len(words)


def defines(text: str, who: str) -> bool:
    """Whether a sentence with that subject goes on to say what its subject is: "A lock is an object that …"."""
    return bool(who) and _SAYS_WHAT.match(text, len(who)) is not None


_SAYS_WHAT = re.compile(
    r"\s+(?:(?:is|are|was|were)\s+(?:\w+ly\s+|just\s+|often\s+|also\s+)?(?:an?|the|any|one|what|used|special\w*|designed|meant|intended)\b|provides?\s+an?\b|stands?\s+for\b|refers?\s+to\b|means?\b"
    r"|represents?\b|describes?\b|denotes?\b|consists?\s+of\b)"
)

"""Whether quotes say what a statement says, as a language model judges it. Its verdicts only ever take support away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from synapse.contracts.evidence import Claim, Evidence, Snapshot, Verdict
from synapse.research.text import squeeze

_MOST_SHOWN = 24_000

INSTRUCTIONS = """You check statements against quotes. Each block of lines is an id (`v1`), a statement, and the quote it is said to
rest on. For each id give a verdict: `supported` when the quote alone says all of the statement, `contradicted` when it says
otherwise, `not_in_evidence` when it leaves any part of it open. Judge by the quote only, not by what you know."""


class Judged(BaseModel):
    """One verdict."""

    model_config = ConfigDict(extra="forbid")

    id: str
    verdict: Literal["supported", "contradicted", "not_in_evidence"]


class Judgement(BaseModel):
    """A verdict for each id."""

    model_config = ConfigDict(extra="forbid")

    verdicts: list[Judged]


Pair = tuple[str, str]
"""(statement, quote)"""


def shown(pairs: Mapping[str, Pair]) -> dict[str, str]:
    """The data to judge, as much as a small model takes."""
    blocks: list[str] = []
    room = _MOST_SHOWN
    for name, (said, quote) in pairs.items():
        block = f"{name} | statement: {squeeze(said)}\n{name} | quote: {squeeze(quote)}"
        room -= len(block)
        if room < 0:
            break
        blocks.append(block)
    return {"statements and quotes": "\n".join(blocks)}


def numbered(pairs: Sequence[Pair]) -> dict[str, Pair]:
    """Pairs by the ids that they are judged under."""
    return {f"v{number}": pair for number, pair in enumerate(pairs, start=1)}


def unsupported(judgement: Judgement | None) -> set[str]:
    """The ids whose statement the quote does not bear out; none without a judgement."""
    return {each.id for each in judgement.verdicts if each.verdict != "supported"} if judgement else set()


def second_opinions(claims: Sequence[Claim], evidence: Sequence[Evidence]) -> dict[tuple[str, str], Pair]:
    """What there is to judge in claims: wordings of a model against their quote, and every quote that is said to say the same."""
    quotes = {item.id: item.quote for item in evidence}
    return {
        (claim.id, name): (claim.text, quotes[name])
        for claim in claims
        for place, name in enumerate(claim.evidence)
        if place or claim.by_model
    }


def without(claim: Claim, gone: set[str], evidence: Mapping[str, Evidence], snapshots: Mapping[str, Snapshot]) -> Claim:
    """The claim without these quotes, and without the independent agreement that they stood for. The first quote always stays."""
    left = tuple(name for place, name in enumerate(claim.evidence) if place == 0 or name not in gone)
    if left == claim.evidence:
        return claim
    voices = {snapshots[evidence[name].snapshot].origin for name in left}
    origins = tuple(origin for place, origin in enumerate(claim.origins) if place == 0 or origin in voices)
    verdict = Verdict.SINGLE_SOURCE if claim.verdict is Verdict.CORROBORATED and len(origins) < 2 else claim.verdict
    return claim.model_copy(update={"evidence": left, "origins": origins, "verdict": verdict})

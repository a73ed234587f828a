"""What checking a stored report again came to."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from synapse.contracts.evidence import Frozen


class Finding(Frozen):
    """Something that does not hold."""

    where: str = Field(description="Where in the report, or in the store.")
    what: str


class Check(Frozen):
    """One kind of thing that was checked."""

    name: str = Field(description="What was checked: report, snapshots, quotes, sentences or references.")
    checked: int = Field(description="How many there are.")
    findings: tuple[Finding, ...] = ()


class Today(StrEnum):
    """What a source says now, compared with what was stored of it."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    QUOTES_GONE = "quotes_gone"
    GONE = "gone"


class Revisited(Frozen):
    """A cited source, fetched again."""

    number: int = Field(description="Its number in the report.")
    url: str
    today: Today = Field(
        description="unchanged; changed: the text is another, every quote is still in it; quotes_gone; gone: it could not be read."
    )
    quotes: tuple[Finding, ...] = Field(default=(), description="The quotes that are gone.")
    error: str = Field(default="", description="Why it could not be read.")


class Verification(Frozen):
    """The checks of a stored report, and with ``refetch`` what its sources say today."""

    run: str
    holds: bool = Field(description="Whether nothing was found, and every source that was fetched again still has every quote.")
    checks: tuple[Check, ...]
    sources: tuple[Revisited, ...] = ()

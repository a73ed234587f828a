"""One request about many runs, and what became of each."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import ConfigDict, Field, model_validator

from synapse.contracts.evidence import Frozen
from synapse.contracts.exact import Whole
from synapse.contracts.run import Failure, RunFilter, RunState

MOST_AT_ONCE: Final = 500
RunId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class BulkRequest(Frozen):
    """Which runs: those of these ids, or those that a filter matches, newest first and at most so many at a time."""

    ids: tuple[RunId, ...] | None = Field(default=None, min_length=1, max_length=MOST_AT_ONCE)
    filter: RunFilter | None = Field(default=None, description="``{}`` matches every run.", examples=[{"label": ["team:sales"]}])
    limit: Whole = Field(default=100, ge=1, le=MOST_AT_ONCE, description="With a filter: runs at most.")
    cursor: str | None = Field(default=None, max_length=400, description="With a filter: ``next`` of the answer before.")

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["ids"], "properties": {"ids": {"type": "array"}, "filter": {"type": "null"}}},
                {"required": ["filter"], "properties": {"filter": {"type": "object"}, "ids": {"type": "null"}}},
            ]
        }
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> BulkRequest:
        # Neither must never come to mean all of them.
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give either ids or a filter")
        return self


class BulkCancelRequest(BulkRequest):
    """Which runs are to be stopped, and why."""

    reason: str = Field(default="cancelled on request", min_length=1, max_length=500)


class BulkOutcome(StrEnum):
    """What became of one run: it was done, there was nothing to do, or it was refused."""

    DONE = "done"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class BulkItem(Frozen):
    """One run."""

    id: str
    outcome: BulkOutcome
    state: RunState | None = Field(default=None, description="Where it stands now; null when there is no such run.")
    error: Failure | None = Field(default=None, description="Why it was refused.")


class BulkResult(Frozen):
    """Every run that was looked at, in the order of the request."""

    items: tuple[BulkItem, ...]
    next: str | None = Field(default=None, description="Cursor to go on with, for a filter that matches more; null when none is left.")

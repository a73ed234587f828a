"""What a tenant used, day by day."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from synapse.contracts.evidence import Frozen


class Amounts(Frozen):
    """How much of everything."""

    runs: int = Field(default=0, description="Runs that were started.")
    steps: int = Field(default=0, description="Attempts at steps, all of them.")
    model_calls: int = Field(default=0, description="Requests to a language model.")
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = Field(default=0.0, description="Of a language model, in the currency of the operator's prices.")
    bytes: int = Field(default=0, description="Of what steps gave: as JSON, as it is kept.")


class DayUsage(Amounts):
    """One day's: that of the runs which were started on it, whenever their steps ran."""

    day: date = Field(description="In UTC.")


class UsageReport(Frozen):
    """Days without a run are left out."""

    tenant: str
    since: date
    until: date
    days: tuple[DayUsage, ...] = Field(description="The newest first.")
    total: Amounts

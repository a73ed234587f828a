"""Where else a run, a queue or a worker can be looked at."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from synapse.contracts.evidence import Frozen

TRACE_ID: Final = "{trace_id}"


class Links(Frozen):
    """Addresses of the programs beside Synapse, as the operator's settings name them; null for one that is not set."""

    flower: str | None = Field(default=None, description="Flower, without a slash at its end.", examples=["https://flower.example.com"])
    grafana: str | None = Field(default=None, description="Grafana or one of its dashboards.", examples=["https://grafana.example.com"])
    trace: str | None = Field(
        default=None,
        description=f"A trace; {TRACE_ID} stands where the id goes that a run has as ``trace``.",
        examples=[f"https://jaeger.example.com/trace/{TRACE_ID}"],
    )

"""The optional language model as an agent sees it: one typed question, one typed answer, and what it has used so far."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol, TypeVar

from pydantic import BaseModel, Field

from synapse.contracts.evidence import Frozen

A = TypeVar("A", bound=BaseModel)


class Role(StrEnum):
    """What the model is asked for; an operator may give each its own model."""

    PLAN = "plan"
    CLAIMS = "claims"
    VERIFY = "verify"
    WRITE = "write"


class Usage(Frozen):
    """What a run has used of its budget."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = Field(default=False, description="Whether some of the tokens were not reported by the server.")
    cost: float = Field(default=0.0, description="In the currency of the operator's prices.")
    seconds: float = Field(default=0.0, description="Spent waiting for answers, all requests together.")

    @property
    def tokens(self) -> int:
        """Both ways."""
        return self.tokens_in + self.tokens_out


class ModelUse(Frozen):
    """What a language model did for a run up to a step. Each step's output carries it on, for no step sees another's memory."""

    usage: Usage = Field(default_factory=Usage)
    notes: tuple[str, ...] = Field(default=(), description="What the model did, and where it was not used and why; for the report.")


class Model(Protocol):
    """A language model for one step of a run."""

    @property
    def usage(self) -> Usage:
        """What the run has used, earlier steps included."""

    async def ask(self, role: Role, instructions: str, data: Mapping[str, str], answer: type[A]) -> A:
        """An answer of the given type.

        ``data`` is text from elsewhere by name, handed over as data and never as instructions. Raises
        `synapse.errors.NoAnswer`, and nothing else, when there is none that can be used: its message says why, fit for a report.
        """

    def unused(self, role: Role) -> None:
        """Count an answer that was given but could not be used, so that its work was done without the model after all."""

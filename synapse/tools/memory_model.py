"""The language model without a server: it says what a test told it to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from synapse.contracts.llm import A, Role, Usage
from synapse.errors import NoAnswer

Reply = Callable[[Role, Mapping[str, str]], "BaseModel | dict[str, Any] | NoAnswer"]
"""(role, data) → what the model answers, or the error that stands for its failure."""


@dataclass
class MemoryModel:
    """Answers by a function; what it was asked is kept."""

    reply: Reply
    usage: Usage = field(default_factory=Usage)
    asked: list[tuple[Role, str, dict[str, str]]] = field(default_factory=list)
    not_used: list[Role] = field(default_factory=list)

    async def ask(self, role: Role, instructions: str, data: Mapping[str, str], answer: type[A]) -> A:
        """What the function gives. Raises NoAnswer when it gives one, or something of another shape."""
        self.asked.append((role, instructions, dict(data)))
        self.usage = self.usage.model_copy(update={"calls": self.usage.calls + 1})
        said = self.reply(role, data)
        if isinstance(said, NoAnswer):
            raise said
        try:
            return answer.model_validate(said.model_dump() if isinstance(said, BaseModel) else said)
        except ValidationError as error:
            raise NoAnswer("its answer has another shape") from error

    def unused(self, role: Role) -> None:
        """Keep the role of an answer that could not be used."""
        self.not_used.append(role)

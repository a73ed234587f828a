"""A language model that may be absent, slow or wrong: what it gives, or nothing and a note that says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from synapse.contracts.llm import A, Model, ModelUse, Role
from synapse.errors import NoAnswer

_WORKS = {
    Role.PLAN: "the plan",
    Role.CLAIMS: "the choice of statements",
    Role.VERIFY: "the check of statements against quotes",
    Role.WRITE: "the wording of the answer",
}


@dataclass
class Assistant:
    """The model of one step, if there is one, and what there is to say of it in the report."""

    model: Model | None
    before: ModelUse = field(default_factory=ModelUse)
    notes: list[str] = field(default_factory=list)

    async def ask(self, role: Role, instructions: str, data: Mapping[str, str], answer: type[A]) -> A | None:
        """The answer, or None: without a model, or with a note when it gave none."""
        if self.model is None:
            return None
        try:
            return await self.model.ask(role, instructions, data, answer)
        except NoAnswer as error:
            self._note_unused(role, str(error))
            return None

    def fell_back(self, role: Role, why: str) -> None:
        """Note that an answer could not be used, and something was done without the model after all."""
        if self.model is not None:
            self.model.unused(role)
        self._note_unused(role, why)

    def note(self, text: str) -> None:
        """Note something else, if there is a model to speak of."""
        if self.model is not None:
            self.notes.append(text)

    def _note_unused(self, role: Role, why: str) -> None:
        self.notes.append(f"For {_WORKS[role]} the language model was not used: {why}.")

    @property
    def use(self) -> ModelUse:
        """What the model did for the run so far: to be handed on."""
        usage = self.model.usage if self.model is not None else self.before.usage
        return ModelUse(usage=usage, notes=tuple(dict.fromkeys((*self.before.notes, *self.notes))))

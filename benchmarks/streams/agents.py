"""The agent of these runs, which a worker finds as that of an installed package."""

from __future__ import annotations

from pydantic import BaseModel

from synapse.contracts.agent import agent
from synapse.contracts.toolbox import Toolbox


class Note(BaseModel):
    """What it takes, and gives."""

    number: int


@agent("streams.note")
def note(task: Note, tools: Toolbox) -> Note:
    """Pass a number on."""
    return task

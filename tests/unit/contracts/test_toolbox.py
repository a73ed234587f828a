from __future__ import annotations

import inspect

from synapse.contracts.toolbox import StepContext, Toolbox
from synapse.tools.memory import MemoryToolbox


def test_the_idempotency_key_is_the_same_for_every_attempt_and_another_for_every_step() -> None:
    first = StepContext(run="r", step="read[3]", agent="extraction", attempt=1)
    again = first.model_copy(update={"attempt": 2})
    other = first.model_copy(update={"step": "read[4]"})
    assert first.idempotency_key == again.idempotency_key == "r:read[3]"
    assert other.idempotency_key != first.idempotency_key


def test_the_shipped_twin_has_every_method_of_the_protocol_with_its_parameters() -> None:
    methods = [name for name, found in vars(Toolbox).items() if inspect.iscoroutinefunction(found)]
    assert "search_web" in methods
    for name in methods:
        assert (
            inspect.signature(getattr(MemoryToolbox, name)).parameters.keys() == inspect.signature(getattr(Toolbox, name)).parameters.keys()
        )

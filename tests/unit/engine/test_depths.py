from __future__ import annotations

import pytest

from synapse.engine.depths import depths
from synapse.errors import Unavailable

# With a broker: tests/integration/engine/test_operations.py.


def test_a_broker_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        depths("amqp://u:p@127.0.0.1:1//", ["synapse-search"])

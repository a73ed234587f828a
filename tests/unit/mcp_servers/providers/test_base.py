from __future__ import annotations

from synapse.errors import Transient
from synapse.mcp_servers.providers.base import Limited, Pace


def test_a_provider_that_asks_for_a_pause_may_be_asked_again_later() -> None:
    error = Limited("answered 429", 7.0)
    assert isinstance(error, Transient)
    assert error.retryable
    assert (str(error), error.pause, Limited("x").pause) == ("answered 429", 7.0, None)


def test_without_a_burst_requests_go_out_one_by_one() -> None:
    assert Pace(per_second=2.0).burst == 1

from __future__ import annotations

from synapse.contracts.links import TRACE_ID, Links


def test_nothing_is_linked_to_unless_it_is_named() -> None:
    assert Links().model_dump() == {"flower": None, "grafana": None, "trace": None}


def test_the_example_of_a_trace_shows_where_its_id_goes() -> None:
    (example,) = Links.model_fields["trace"].examples or []
    assert example.count(TRACE_ID) == 1

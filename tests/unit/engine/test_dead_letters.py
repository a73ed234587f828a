from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.engine import messages
from synapse.engine.dead_letters import MOST_KEPT, corpse_of, publication_of
from synapse.state.dead_letters import Kept
from synapse.state.records import Hint
from tests.unit.dead import DIED, Delivery, corpse

NOW = DIED + timedelta(minutes=1)


def test_a_hint_tells_its_step_and_the_broker_where_it_died() -> None:
    found = corpse()
    assert (found.queue, found.reason, found.count, found.died_at) == ("synapse-search", "rejected", 1, DIED)
    assert (found.run, found.step) == ("r1", "a[0]")
    assert found.properties["headers"] == {"task": "synapse.search"}
    assert found.properties["correlation_id"] == "r1:a[0]"


def test_an_event_tells_its_run_and_step_by_name() -> None:
    found = corpse(b'{"run": "r2", "step": "b", "seq": 3}')
    assert (found.run, found.step) == ("r2", "b")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"[]", b"[[]]", b'"text"', b"7", b"[[1, 2]]", b'{"run": 5}', b"[" * 10_000])
def test_what_cannot_be_read_is_about_nothing_and_kept_as_it_is(body: bytes) -> None:
    found = corpse(body)
    assert (found.run, found.step, found.body) == (None, None, body)


def test_what_the_broker_does_not_say_is_unknown() -> None:
    message = Delivery()
    message.headers = {}
    found = corpse_of(message, NOW)
    assert (found.queue, found.reason, found.died_at) == ("", "unknown", NOW)


def test_a_time_without_a_zone_is_utc() -> None:
    assert corpse(time=datetime(2026, 5, 6, 7, 8, 9)).died_at == datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_a_body_too_large_to_keep_is_measured_only() -> None:
    found = corpse(b"x" * (MOST_KEPT + 1))
    assert (found.size, found.body) == (MOST_KEPT + 1, None)


def test_the_same_delivery_is_known_again_and_a_second_death_is_another() -> None:
    assert corpse().digest == corpse().digest
    assert corpse().digest != corpse(count=2).digest != corpse(queue="synapse-save").digest


def test_sent_again_it_is_the_message_that_it_was_for_the_queue_that_gave_it_up() -> None:
    hint = Hint(run="r1", place="a[0]", agent="search", digest="d1", traceparent=None)
    was = messages.of_hint(hint)
    delivery: Any = Delivery(was.body)
    delivery.headers = {**was.properties["headers"], "x-death": delivery.headers["x-death"], "x-delivery-count": 3}
    delivery.properties = {name: was.properties[name] for name in ("correlation_id", "priority")}
    found = corpse_of(delivery, NOW)
    assert publication_of(Kept(found.queue, found.exchange, found.routing_key, found.properties, found.body)) == was


@given(st.binary(max_size=200), st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.integers(), st.binary(max_size=5), st.text())))
def test_whatever_comes_is_recorded(body: bytes, headers: dict[str, Any]) -> None:
    message = Delivery(body)
    message.headers = headers
    assert corpse_of(message, NOW).body == body

from __future__ import annotations

from collections.abc import Sequence

import pytest

from synapse.engine.frames import Publication
from synapse.errors import Conflict, NotFound, Unavailable
from synapse.service.dead_letters import DeadLetterDesk
from tests.unit.dead import DIED, HINT, corpse
from tests.unit.workbench import Workbench


class Taking:
    """A publisher of which a test says how many messages it takes."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.sent: list[Publication] = []

    def again(self, publications: Sequence[Publication]) -> int:
        self.sent += publications
        return self.takes

    def close(self) -> None:
        pass


@pytest.fixture
def desk(bench: Workbench) -> DeadLetterDesk:
    return bench.service.dead_letters


def kept(desk: DeadLetterDesk, body: bytes = HINT, **death: str) -> str:
    desk.runtime.database.dead_letters.record([corpse(body, **death)], DIED)
    return desk.page().letters[0].id


def publisher(desk: DeadLetterDesk, takes: int) -> Taking:
    made = Taking(takes)
    desk.runtime.__dict__["publisher"] = made
    return made


def test_what_is_requeued_goes_to_its_queue_and_is_forgotten(desk: DeadLetterDesk) -> None:
    sent, letter = publisher(desk, 1), kept(desk)
    assert desk.requeue(letter).run == "r1"
    assert [(each.exchange, each.routing_key, each.body, each.mandatory) for each in sent.sent] == [("", "synapse-search", HINT, True)]
    with pytest.raises(NotFound):
        desk.get(letter)


def test_what_the_broker_does_not_take_is_kept(desk: DeadLetterDesk) -> None:
    publisher(desk, 0)
    letter = kept(desk)
    with pytest.raises(Unavailable, match="synapse-search"):
        desk.requeue(letter)
    assert desk.get(letter).body == HINT.decode()


@pytest.mark.parametrize(("body", "death", "why"), [(b"x" * 1_000_001, {}, "not kept"), (HINT, {"queue": ""}, "which queue")])
def test_what_cannot_be_sent_as_it_was_is_refused(desk: DeadLetterDesk, body: bytes, death: dict[str, str], why: str) -> None:
    sent, letter = publisher(desk, 1), kept(desk, body, **death)
    with pytest.raises(Conflict, match=why):
        desk.requeue(letter)
    assert sent.sent == []


def test_a_dropped_letter_is_gone(desk: DeadLetterDesk) -> None:
    letter = kept(desk)
    desk.drop(letter)
    assert desk.page().letters == ()

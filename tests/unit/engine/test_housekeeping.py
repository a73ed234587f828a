from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from synapse.contracts.messages import Event
from synapse.engine import housekeeping as module
from synapse.engine.housekeeping import LEASE, Housekeeping
from synapse.errors import Unavailable
from synapse.state.window import Window
from synapse.telemetry import metrics
from tests.unit.engine.workshop import Published, Workshop
from tests.unit.state.house import step
from tests.waiting import PATIENCE, until

TWO = {"chain": [step("a"), step("b")]}


class Keepers:
    """Housekeepers of one database, each with a publisher of its own."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.made: list[Housekeeping] = []

    def __call__(self, holder: str, publisher: Published | None = None) -> tuple[Housekeeping, Published]:
        publisher = publisher or Published(self.workshop.published.path)
        keeper = Housekeeping(self.workshop.house.database, publisher, holder, 0.02)
        self.made.append(keeper)
        return keeper, publisher

    def holder(self) -> str | None:
        """Who has the lease."""
        rows = self.workshop.house.sql("SELECT holder FROM lease WHERE name = :name AND until > {now}", name=LEASE)
        return str(rows[0][0]) if rows else None


@pytest.fixture
def keepers(workshop: Workshop) -> Iterator[Keepers]:
    made = Keepers(workshop)
    yield made
    for keeper in made.made:
        keeper.stop()


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RELAY_EVERY", 0.01)


def seen(publisher: Published) -> list[tuple[str, int]]:
    return [(event.run, event.seq) for event in publisher.passed_on]


def written(workshop: Workshop) -> list[tuple[str, int]]:
    """Every event in the order of its commit."""
    return [(str(run), int(seq)) for run, seq in workshop.house.sql("SELECT run, seq FROM event ORDER BY position, run, seq")]


def test_hints_that_the_broker_did_not_take_are_sent_again_at_once_however_long_it_was_away(workshop: Workshop, keepers: Keepers) -> None:
    keeper, publisher = keepers("one")
    run = workshop.begin(TWO)
    workshop.house.sql("UPDATE step SET due = {now} - 1 WHERE run = :run RETURNING 1", run=run)
    publisher.takes = False
    for _ in range(6):
        until(lambda: keeper.sweep().republished == 1)
    publisher.takes, publisher.sent = True, []
    until(lambda: keeper.sweep().republished == 1)
    assert [hint.place for hint, _ in publisher.sent] == ["a"]
    assert keeper.sweep().republished == 0
    # The patience with what was sent at last is that with any hint of which one was sent.
    assert workshop.house.sql("SELECT hints FROM step WHERE run = :run AND node = 'a'", run=run)[0][0] == 1


def test_events_are_published_in_the_order_they_were_committed(workshop: Workshop, keepers: Keepers) -> None:
    _, publisher = started = keepers("one")
    started[0].start()
    runs = [workshop.begin(TWO) for _ in range(3)]
    for at in ("a", "b"):
        for run in runs:
            workshop.attempt(run, at)
    until(lambda: len(publisher.passed_on) >= len(written(workshop)))
    assert seen(publisher) == written(workshop)


def test_a_lost_hint_is_sent_again_by_whoever_leads(workshop: Workshop, keepers: Keepers) -> None:
    run = workshop.begin(TWO)
    workshop.house.overdue(run, "a")
    keeper, publisher = keepers("one")
    before = metrics.HINTS_REPUBLISHED._value.get()
    keeper.start()
    until(lambda: publisher.sent)
    assert [hint.place for hint, _ in publisher.sent] == ["a"]
    assert metrics.HINTS_REPUBLISHED._value.get() == before + 1


def test_only_the_holder_of_the_lease_sweeps_and_relays(workshop: Workshop, keepers: Keepers) -> None:
    assert workshop.house.database.leases.take(LEASE, "elsewhere", 60)[0]
    run = workshop.begin(TWO)
    workshop.house.overdue(run, "a")
    keeper, publisher = keepers("one")
    asked = threading.Event()
    take = keeper.database.leases.take
    count: list[int] = []

    def counted(*arguments: Any) -> Any:
        count.append(1)
        if len(count) > 3:
            asked.set()
        return take(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper.database.leases, "take", counted)
        keeper.start()
        assert asked.wait(PATIENCE)
        keeper.stop()
    assert (publisher.sent, publisher.passed_on) == ([], [])
    assert metrics.RECONCILER_LEADER._value.get() == 0
    assert keepers.holder() == "elsewhere"


def test_a_second_takes_over_where_the_first_gave_up(workshop: Workshop, keepers: Keepers) -> None:
    first, before = keepers("first")
    first.start()
    workshop.begin(TWO)
    until(lambda: before.passed_on)
    second, after = keepers("second")
    second.start()
    first.stop()
    until(lambda: keepers.holder() == "second")
    run = workshop.begin(TWO)
    until(lambda: after.passed_on)
    assert seen(before) + seen(after) == written(workshop)
    assert seen(after) == [(run, 1)]


def test_a_second_takes_over_from_one_that_died_once_its_lease_has_run_out(
    workshop: Workshop, keepers: Keepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LEASE_SECONDS", 0.2)
    dead, before = keepers("dead")
    workshop.begin(TWO)
    dead._hold()
    assert dead.relay() == 1
    second, after = keepers("second")
    second.start()
    run = workshop.begin(TWO)
    until(lambda: after.passed_on)
    assert seen(before) + seen(after) == written(workshop)
    assert seen(after) == [(run, 1)]


def test_a_leader_renews_its_lease_for_as_long_as_it_works(workshop: Workshop, keepers: Keepers, monkeypatch: pytest.MonkeyPatch) -> None:
    # For the keeper half a lease passes between any two looks at its clock; the lease itself is of seconds that nobody misses.
    clock = itertools.count(1000.0, 30.0)
    monkeypatch.setattr(module, "monotonic", lambda: next(clock))
    monkeypatch.setattr(module, "_LEASE_SECONDS", 60.0)
    keeper, _ = keepers("one")
    keeper.start()
    until(lambda: keepers.holder() == "one")
    for _ in range(3):
        before = workshop.house.sql("SELECT until FROM lease")[0][0]
        until(lambda before=before: workshop.house.sql("SELECT until FROM lease")[0][0] > before)
        assert keepers.holder() == "one"


def test_a_lease_is_renewed_when_half_of_it_is_over(workshop: Workshop, keepers: Keepers, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    keeper, _ = keepers("one")
    keeper._hold()
    workshop.house.sql("UPDATE lease SET until = {in:seconds}", seconds=1.0)
    before = workshop.house.sql("SELECT until FROM lease")
    now += module._LEASE_SECONDS * 0.49
    keeper._hold()
    assert workshop.house.sql("SELECT until FROM lease") == before
    now += module._LEASE_SECONDS * 0.02
    keeper._hold()
    assert workshop.house.sql("SELECT until FROM lease") > before


def test_one_that_lost_its_lease_stops_at_once_it_notices(workshop: Workshop, keepers: Keepers) -> None:
    keeper, publisher = keepers("one")
    keeper._hold()
    assert metrics.RECONCILER_LEADER._value.get() == 1
    workshop.house.sql("UPDATE lease SET holder = 'other', until = {in:seconds}", seconds=60.0)
    keeper._renew_at = 0.0
    keeper._hold()
    assert (keeper._leads, metrics.RECONCILER_LEADER._value.get()) == (False, 0)
    assert publisher.passed_on == []


def test_the_place_of_the_relay_is_left_with_the_lease(workshop: Workshop, keepers: Keepers) -> None:
    keeper, _ = keepers("one")
    run = workshop.begin(TWO)
    keeper._hold()
    keeper.relay()
    note = workshop.house.sql("SELECT note FROM lease WHERE name = :name", name=LEASE)[0][0]
    assert json.loads(note) == list(workshop.house.database.events.newest())
    assert json.loads(note)[1:] == [run, 1]


def test_a_publisher_that_takes_nothing_holds_the_place_and_nothing_is_left_out_afterwards(workshop: Workshop, keepers: Keepers) -> None:
    keeper, publisher = keepers("one")
    publisher.takes = False
    run = workshop.begin(TWO)
    keeper._hold()
    assert [keeper.relay(), keeper.relay()] == [0, 0]
    workshop.attempt(run, "a")
    publisher.takes = True
    assert keeper.relay() == 3
    assert seen(publisher) == written(workshop)
    assert keeper.relay() == 0


def test_what_was_sent_but_not_noted_is_sent_again(workshop: Workshop, keepers: Keepers, monkeypatch: pytest.MonkeyPatch) -> None:
    first, publisher = keepers("one")
    run = workshop.begin(TWO)
    first._hold()
    with monkeypatch.context() as patch:
        patch.setattr(workshop.house.database.leases, "leave", _away)
        with pytest.raises(Unavailable):
            first.relay()
    second, _ = keepers("one", publisher)
    second._hold()
    second.relay()
    assert seen(publisher) == [(run, 1), (run, 1)]


def _away(*_: Any) -> None:
    raise Unavailable("the database restarts")


def test_a_backlog_is_published_page_by_page_and_lost_steps_are_found_meanwhile(
    workshop: Workshop, keepers: Keepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE", 3)
    keeper, publisher = keepers("one")
    workshop.begin(TWO)
    pages: list[int] = []

    def busy(events: Sequence[Event]) -> int:
        """However much is published, there is always more."""
        pages.append(len(events))
        if not publisher.sent:
            for _ in range(3):
                late = workshop.begin(TWO)
            workshop.house.overdue(late, "a")
        return len(events)

    monkeypatch.setattr(publisher, "events", busy)
    keeper.start()
    until(lambda: publisher.sent)
    assert max(pages) == 3


@pytest.mark.parametrize("fault", [Unavailable("the database restarts"), RuntimeError("nobody foresaw it")])
@pytest.mark.parametrize("duty", ["sweep", "relay", "_hold"])
def test_no_fault_ends_the_thread(workshop: Workshop, keepers: Keepers, logs: list[Any], duty: str, fault: Exception) -> None:
    keeper, publisher = keepers("one")
    whole, failures = getattr(keeper, duty), []

    def faulty() -> object:
        if len(failures) < 2:
            failures.append(1)
            raise fault
        return whole()

    setattr(keeper, duty, faulty)
    run = workshop.begin(TWO)
    workshop.house.overdue(run, "a")
    keeper.start()
    until(lambda: publisher.sent and publisher.passed_on)
    assert len(failures) == 2
    assert {line["event"] for line in logs if line["log_level"] != "info"} - {"reconciler.repaired"} == {
        "housekeeping.waits" if isinstance(fault, Unavailable) else "housekeeping.error"
    }


def test_events_that_cannot_be_published_do_not_keep_lost_steps_from_being_found(
    workshop: Workshop, keepers: Keepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, publisher = keepers("one")
    failed = threading.Event()

    def poison(events: Sequence[Event]) -> int:
        failed.set()
        raise RuntimeError("an event that no broker takes")

    monkeypatch.setattr(publisher, "events", poison)
    run = workshop.begin(TWO)
    keeper.start()
    assert failed.wait(PATIENCE)
    workshop.house.overdue(run, "a")
    until(lambda: publisher.sent)
    assert publisher.sent[0][0].place == "a"


def test_what_is_left_is_published_and_the_lease_given_back_at_the_end(workshop: Workshop, keepers: Keepers) -> None:
    keeper, publisher = keepers("one")
    keeper.start()
    until(lambda: keepers.holder() == "one")
    workshop.begin(TWO)
    keeper.stop()
    assert seen(publisher) == written(workshop)
    assert keepers.holder() is None
    assert metrics.RECONCILER_LEADER._value.get() == 0


def test_the_lease_is_given_back_even_when_the_rest_cannot_be_published(
    workshop: Workshop, keepers: Keepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, publisher = keepers("one")
    keeper.start()
    until(lambda: keepers.holder() == "one")

    def broken(events: Sequence[Event]) -> int:
        raise RuntimeError("closed")

    monkeypatch.setattr(publisher, "events", broken)
    workshop.begin(TWO)
    keeper.stop()
    assert keepers.holder() is None


def test_stopping_what_never_started_is_harmless(workshop: Workshop, keepers: Keepers, tmp_path: Path) -> None:
    keeper, _ = keepers("one")
    keeper.stop()
    assert keepers.holder() is None


def test_a_sweep_sends_what_waited_for_room(workshop: Workshop) -> None:
    database = workshop.house.database
    window = Window(database.driver, 30.0, 1, None)
    publisher = Published(workshop.published.path)
    keeper = Housekeeping(database, publisher, "h", 1.0, window, windowed=True)
    begun = [workshop.house.begun(step("a")) for _ in range(2)]
    assert [len(window.admit(each.hints)) for each in begun] == [1, 0]
    keeper.sweep()
    assert publisher.sent == []
    workshop.house.do(begun[0].run, "a")
    keeper.sweep()
    assert [hint.run for hint, _ in publisher.sent] == [begun[1].run]


def test_who_leads_without_windows_frees_what_waited_for_one(workshop: Workshop, keepers: Keepers) -> None:
    database = workshop.house.database
    window = Window(database.driver, 30.0, 1, None)
    begun = [workshop.house.begun(step("a")) for _ in range(2)]
    for each in begun:
        window.admit(each.hints)
    publisher = Published(workshop.published.path)
    keeper = Housekeeping(database, publisher, "h", 0.02, window)
    keepers.made.append(keeper)
    keeper.start()
    until(lambda: begun[1].run in [hint.run for hint, _ in publisher.sent], "the waiting step is sent", PATIENCE)
    assert database.driver.rows("SELECT count(*) FROM ticket", {}) == [(0,)]


class Chore:
    """A duty that does what the test says."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.work = work
        self.closed = 0

    def __call__(self) -> object:
        return self.work()

    def close(self) -> None:
        self.closed += 1


def test_duties_are_done_by_whoever_leads_and_one_that_fails_keeps_nothing_else_from_being_done(
    workshop: Workshop, keepers: Keepers
) -> None:
    asked, done = [], threading.Event()

    def fails() -> None:
        asked.append(1)
        raise RuntimeError("nobody foresaw it")

    broken, duty = Chore(fails), Chore(lambda: len(asked) > 1 and done.set())
    publisher = Published(workshop.published.path)
    keeper = Housekeeping(workshop.house.database, publisher, "h", 0.02, duties=(broken, duty))
    keepers.made.append(keeper)
    keeper.start()
    assert done.wait(PATIENCE)
    run = workshop.begin(TWO)
    until(lambda: publisher.passed_on)
    assert publisher.passed_on[0].run == run
    keeper.stop()
    assert (broken.closed, duty.closed) == (1, 1)


def test_who_does_not_lead_has_no_duties(workshop: Workshop, keepers: Keepers) -> None:
    assert workshop.house.database.leases.take(LEASE, "elsewhere", 60)[0]
    asked: list[int] = []
    keeper = Housekeeping(workshop.house.database, Published(workshop.published.path), "h", 0.01, duties=(Chore(lambda: asked.append(1)),))
    keepers.made.append(keeper)
    looked: list[int] = []
    take = keeper.database.leases.take
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper.database.leases, "take", lambda *each: looked.append(1) or take(*each))
        keeper.start()
        until(lambda: len(looked) > 3)
        keeper.stop()
    assert asked == []

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from synapse.engine import pulse
from synapse.engine.pulse import ExpositionStep, Pulse, PulseStep


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(pulse, "monotonic", made)
    return made


def worker(*, embedded: bool = False) -> Any:
    return SimpleNamespace(app=SimpleNamespace(runtime=SimpleNamespace(broker=SimpleNamespace(embedded=embedded))))


def test_a_loop_that_stands_still_is_first_not_ready_and_then_not_alive(clock: Clock) -> None:
    made = Pulse()
    made.beat()
    assert (made.ready(), made.alive()) == (True, True)
    clock.now += 20
    assert (made.ready(), made.alive()) == (False, True)
    clock.now += 120
    assert (made.ready(), made.alive()) == (False, False)


def test_a_worker_whose_broker_is_away_is_alive_for_as_long_as_that_lasts(clock: Clock) -> None:
    made = Pulse()
    assert (made.ready(), made.alive()) == (False, True)
    made.beat()
    made.rest()
    clock.now += 3600
    assert (made.ready(), made.alive()) == (False, True)


def test_it_beats_while_it_consumes_and_rests_when_it_does_not() -> None:
    calls: list[str] = []
    timer = SimpleNamespace(call_repeatedly=lambda seconds, work: SimpleNamespace(cancel=lambda: calls.append("cancelled")))
    parent = SimpleNamespace(controller=SimpleNamespace(pulse=Pulse()), timer=timer)
    step = PulseStep(parent)
    step.start(parent)
    assert parent.controller.pulse.ready()
    step.stop(parent)
    step.stop(parent)
    assert calls == ["cancelled"]
    assert not parent.controller.pulse.ready()


@pytest.mark.parametrize(
    ("port", "embedded", "there"),
    [("0", False, True), (None, False, False), ("0", True, False)],
    ids=["set", "not set", "in the API's process"],
)
def test_a_worker_listens_only_where_a_port_is_set(port: str | None, embedded: bool, there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYNAPSE_WORKER_METRICS_PORT", raising=False)
    if port is not None:
        monkeypatch.setenv("SYNAPSE_WORKER_METRICS_PORT", port)
    made = worker(embedded=embedded)
    assert ExpositionStep(made).include_if(made) is there


def test_its_server_answers_from_start_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_WORKER_METRICS_PORT", "0")
    made = worker()
    step = ExpositionStep(made)
    step.start(made)
    assert step._exposition is not None
    url = f"http://127.0.0.1:{step._exposition.port}/readyz"
    assert httpx.get(url, trust_env=False).status_code == 503
    made.pulse.beat()
    assert httpx.get(url, trust_env=False).status_code == 200
    step.stop(made)
    step.stop(made)
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_an_application_gets_both_steps() -> None:
    app = SimpleNamespace(steps={"worker": set(), "consumer": set()})
    pulse.install(app)
    assert app.steps == {"worker": {ExpositionStep}, "consumer": {PulseStep}}

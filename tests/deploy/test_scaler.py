"""Workers come within half a minute, do not come and go, and none is killed at work: with the figures that the chart renders."""

from __future__ import annotations

import copy
import csv
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.charted import SCENARIOS, of_kind, workers
from tests.deploy.scaler import HINT_GRACE, SYNC, Cluster, Outcome
from tests.deploy.test_chart import container_of
from tests.deploy.test_chart_scaling import LONGEST, SCALED, targets


def _triggers(scenario: str) -> list[dict[str, Any]]:
    return [each for spec in targets(scenario, "ScaledObject").values() for each in spec["triggers"]]


START = 10
"""Seconds from a pod's wish to its readiness, with the image on the machine."""
HOUR = 3600
# Messages at seconds: a burst, a saw whose teeth are shorter than the grace period, a tide that rises
# each quarter of an hour, and one now and then. The burst comes right after a look of both.
COMES = 31
BURST = {COMES: 400}
SAW = dict.fromkeys(range(0, HOUR, 120), 60)
TIDE = {second: 1 + second // 900 for second in range(0, HOUR, 2)}
DRIZZLE = dict.fromkeys(range(0, HOUR // 3, 10), 1)
LOADS = {"burst": BURST, "saw": SAW, "tide": TIDE, "drizzle": DRIZZLE}
FLAP = 240
"""Seconds: fewer, and more again before a worker that goes would be gone."""


def simulated(
    scenario: str,
    agent: str,
    load: dict[int, int],
    *,
    step: int = 20,
    counts_unacknowledged: bool = True,
    loses_all: int | None = None,
    **change: Any,
) -> Outcome:
    """An agent of a scenario under a load, the chart's figures changed as told."""
    deployment = workers(scenario)[f"synapse-{agent}"]
    pod = deployment["spec"]["template"]["spec"]
    spec = copy.deepcopy(targets(scenario, "ScaledObject")[deployment["metadata"]["name"]])
    spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"].update(change.pop("scale_down", {}))
    told = {each["name"]: each["value"] for each in container_of(deployment)["env"]}
    grace = change.pop("grace", pod["terminationGracePeriodSeconds"])
    cluster = Cluster({**spec, **change}, grace=grace, concurrency=int(told["SYNAPSE_CONCURRENCY"]), start=START)
    return cluster.run(load, 3 * HOUR, step=step, counts_unacknowledged=counts_unacknowledged, loses_all=loses_all)


def reaction(found: Outcome) -> int:
    """Seconds from the burst to the first worker that was not there before and is ready."""
    before = found.seconds[COMES - 1].running
    return next(now for now, each in enumerate(found.seconds) if each.running > before) + START - COMES


@SCALED
@pytest.mark.parametrize("agent", ["search", "orchestrator"])
def test_new_workers_work_within_half_a_minute_of_the_load(scenario: str, agent: str) -> None:
    assert reaction(simulated(scenario, agent, BURST)) < 30


@SCALED
@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("step", [1, 20, LONGEST])
def test_no_worker_is_killed_at_work_and_every_message_is_done(scenario: str, load: str, step: int) -> None:
    found = simulated(scenario, "search", LOADS[load], step=int(step))
    assert found.killed == 0
    if step < LONGEST:
        assert found.done == sum(LOADS[load].values())


@SCALED
@pytest.mark.parametrize("load", LOADS)
def test_workers_do_not_come_and_go(scenario: str, load: str) -> None:
    assert simulated(scenario, "search", LOADS[load]).flaps(FLAP) == 0


@SCALED
def test_when_nothing_waits_there_are_as_few_as_asked_for(scenario: str) -> None:
    for agent in ("search", "orchestrator"):
        least = targets(scenario, "ScaledObject")[f"synapse-worker-{agent}"]["minReplicaCount"]
        assert simulated(scenario, agent, BURST).seconds[-1].running == least


def test_there_are_never_more_than_allowed() -> None:
    assert max(each.wanted for each in simulated("default", "extraction", {COMES: 100_000}).seconds) == 20


def test_a_shorter_grace_period_would_kill_and_is_noticed() -> None:
    assert simulated("default", "search", DRIZZLE, step=int(LONGEST), grace=60, scale_down={"stabilizationWindowSeconds": 0}).killed > 0


def test_messages_that_are_held_must_count_or_workers_go_while_they_work() -> None:
    assert simulated(
        "default", "search", BURST, step=200, grace=60, scale_down={"stabilizationWindowSeconds": 0}, counts_unacknowledged=False
    ).killed


def test_without_stabilisation_workers_would_come_and_go_and_that_is_noticed() -> None:
    assert simulated("default", "search", SAW, scale_down={"stabilizationWindowSeconds": 0}).flaps(FLAP) > 10


def test_the_second_look_asks_for_workers_for_steps_that_the_broker_forgot() -> None:
    scenario = next(name for name in SCENARIOS if any(t["type"] == "postgresql" for t in _triggers(name)))
    for each in (t for t in _triggers(scenario) if t["type"] == "postgresql"):
        assert "state IN ('ready', 'running')" in each["metadata"]["query"]
        assert each["metricType"] == "AverageValue"


SECOND = pytest.mark.parametrize("scenario", [name for name in SCENARIOS if any(t["type"] == "postgresql" for t in _triggers(name))])
LOST = COMES + 1
"""The broker loses every message that waits before anybody looked."""


@SECOND
@pytest.mark.parametrize("agent", ["search", "orchestrator"])
def test_with_the_second_look_new_workers_are_as_quick_where_the_broker_forgot(scenario: str, agent: str) -> None:
    forgotten = simulated(scenario, agent, BURST, loses_all=LOST)
    assert reaction(forgotten) == reaction(simulated(scenario, agent, BURST)) < 30
    assert forgotten.done == sum(BURST.values())


def test_without_it_they_come_when_the_messages_are_sent_again() -> None:
    assert reaction(simulated("default", "search", BURST, loses_all=LOST)) > HINT_GRACE


@SECOND
@pytest.mark.parametrize("load", LOADS)
def test_with_the_second_look_a_loss_makes_no_worker_come_and_go_and_kills_none(scenario: str, load: str) -> None:
    found = simulated(scenario, "search", LOADS[load], loses_all=600)
    assert found.flaps(FLAP) == found.killed == 0
    assert found.done == sum(LOADS[load].values())


# What follows plays depths that `python -m benchmarks.depths` has recorded, from each second between two looks of the controller.
LASTS = 10
"""Seconds until RabbitMQ's management tells of a load, as recorded: its statistics are that old. What is over sooner needs nobody more."""
PHASES = range(SYNC)


@cache
def depths() -> list[dict[str, int]]:
    """The series, a line a second."""
    with Path(__file__).with_name("depths.csv").open(encoding="utf-8", newline="") as file:
        return [{name: int(count) for name, count in line.items()} for line in csv.DictReader(file)]


def _told(trigger: dict[str, Any], agent: str, line: dict[str, int]) -> int:
    if trigger["type"] == "postgresql":
        return line[f"{agent} steps"]
    queue = trigger["metadata"]["queueName"]
    return line[f"{queue} ready"] + line[f"{queue} unacknowledged"]


def replayed(scenario: str, deployment: str, phase: int, **scale_down: Any) -> Outcome:
    """The recorded depths through the triggers of an agent, ``phase`` seconds later, and ten minutes of quiet after them."""
    spec = copy.deepcopy(targets(scenario, "ScaledObject")[deployment])
    spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"].update(scale_down)
    agent = deployment.rpartition("worker-")[2].replace("-", "_")
    quiet = [0] * len(spec["triggers"])
    series = [[_told(each, agent, line) for each in spec["triggers"]] for line in depths()]
    cluster = Cluster(spec, grace=int(LONGEST), concurrency=int(spec["triggers"][0]["metadata"]["value"]), start=START)
    return cluster.replay([quiet] * phase + series + [quiet] * 600)


def begins(scenario: str, deployment: str) -> int | None:
    """The second from which steps wait for longer than ``LASTS`` that the workers who are always there could not begin at once."""
    spec = targets(scenario, "ScaledObject")[deployment]
    agent = deployment.rpartition("worker-")[2].replace("-", "_")
    there = spec["minReplicaCount"] * int(spec["triggers"][0]["metadata"]["value"])
    runs = [(over, len(list(lines))) for over, lines in groupby(line[f"{agent} steps"] > there for line in depths())]
    starts = [sum(length for _, length in runs[:number]) for number in range(len(runs))]
    return next((start for start, (over, length) in zip(starts, runs, strict=True) if over and length > LASTS), None)


LOADED = [
    pytest.param(name, deployment, id=f"{name}-{deployment}")
    for name in SCENARIOS
    if of_kind(name, "ScaledObject")
    for deployment in targets(name, "ScaledObject")
    if begins(name, deployment) is not None
]
RECORDED = pytest.mark.parametrize(("scenario", "deployment"), LOADED)


def test_the_recording_loads_several_agents_for_long_enough() -> None:
    assert {deployment.rpartition("worker-")[2] for _, deployment in (each.values for each in LOADED)} >= {
        "search",
        "extraction",
        "file-save",
    }


@RECORDED
def test_new_workers_work_within_half_a_minute_of_a_recorded_load(scenario: str, deployment: str) -> None:
    least = targets(scenario, "ScaledObject")[deployment]["minReplicaCount"]
    load = begins(scenario, deployment)
    assert load is not None
    for phase in PHASES:
        found = replayed(scenario, deployment, phase)
        more = next(now for now, each in enumerate(found.seconds) if each.running > least)
        assert more + START - (load + phase) < 30


@SCALED
def test_under_the_recorded_load_no_worker_comes_and_goes_and_all_go_in_the_end(scenario: str) -> None:
    for deployment, spec in targets(scenario, "ScaledObject").items():
        for phase in PHASES:
            found = replayed(scenario, deployment, phase)
            assert found.flaps(FLAP) == 0
            assert found.seconds[-1].wanted == spec["minReplicaCount"]


def test_without_stabilisation_recorded_workers_would_come_and_go() -> None:
    flaps = [replayed("default", "synapse-worker-search", phase, stabilizationWindowSeconds=0).flaps(FLAP) for phase in PHASES]
    assert max(flaps) > 0

"""Workers come within half a minute, do not come and go, and none is killed at work: with the figures that the chart renders."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.deploy.charted import SCENARIOS, workers
from tests.deploy.scaler import Cluster, Outcome
from tests.deploy.test_chart import container_of
from tests.deploy.test_chart_scaling import LONGEST, SCALED, targets

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
    scenario: str, agent: str, load: dict[int, int], *, step: int = 20, counts_unacknowledged: bool = True, **change: Any
) -> Outcome:
    """An agent of a scenario under a load, the chart's figures changed as told."""
    deployment = workers(scenario)[f"synapse-{agent}"]
    pod = deployment["spec"]["template"]["spec"]
    spec = copy.deepcopy(targets(scenario, "ScaledObject")[deployment["metadata"]["name"]])
    spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"].update(change.pop("scale_down", {}))
    told = {each["name"]: each["value"] for each in container_of(deployment)["env"]}
    grace = change.pop("grace", pod["terminationGracePeriodSeconds"])
    cluster = Cluster({**spec, **change}, grace=grace, concurrency=int(told["SYNAPSE_CONCURRENCY"]), start=START)
    return cluster.run(load, 3 * HOUR, step=step, counts_unacknowledged=counts_unacknowledged)


@SCALED
@pytest.mark.parametrize("agent", ["search", "orchestrator"])
def test_new_workers_work_within_half_a_minute_of_the_load(scenario: str, agent: str) -> None:
    found = simulated(scenario, agent, BURST)
    before = found.seconds[COMES - 1].running
    assert next(now for now, each in enumerate(found.seconds) if each.running > before) + START - COMES < 30


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


def _triggers(scenario: str) -> list[dict[str, Any]]:
    return [each for spec in targets(scenario, "ScaledObject").values() for each in spec["triggers"]]

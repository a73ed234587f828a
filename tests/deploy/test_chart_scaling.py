"""How the chart's workers come and go: scalers that agree with the workers, and no step ended by force."""

from __future__ import annotations

from typing import Any

import pytest

from synapse.engine.registry import Registry
from tests.deploy.charted import SCENARIOS, component, manifests, of_kind, workers
from tests.deploy.commands import check
from tests.deploy.test_chart import QUEUES, container_of

EVERY = pytest.mark.parametrize("scenario", SCENARIOS)
SCALED = pytest.mark.parametrize("scenario", [name for name in SCENARIOS if of_kind(name, "ScaledObject")])
LONGEST = max(agent.timeout for agent in Registry.installed().values() if agent.function.__module__.startswith("synapse."))


def targets(scenario: str, kind: str) -> dict[str, dict[str, Any]]:
    """Scalers, by the Deployment that they scale."""
    found = list(of_kind(scenario, kind).values())
    by_name = {each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in found}
    assert len(by_name) == len(found), "two scalers of one Deployment"
    return by_name


def test_there_is_a_scenario_with_each_scaler_and_one_without() -> None:
    kinds = [{each["kind"] for each in manifests(name)} & {"ScaledObject", "HorizontalPodAutoscaler"} for name in SCENARIOS]
    assert {frozenset(each) for each in kinds} == {frozenset({"ScaledObject"}), frozenset({"HorizontalPodAutoscaler"}), frozenset()}


@SCALED
def test_every_queue_has_exactly_one_scaler_and_it_scales_the_queues_own_workers(scenario: str) -> None:
    served = {}
    for deployment, spec in targets(scenario, "ScaledObject").items():
        first = next(each for each in spec["triggers"] if each["type"] == "rabbitmq")
        served[first["metadata"]["queueName"]] = deployment
    assert set(served) == QUEUES
    assert served == {queue: each["metadata"]["name"] for queue, each in workers(scenario).items()}


@SCALED
def test_a_replica_is_counted_for_as_many_messages_as_it_works_on_at_once(scenario: str) -> None:
    for deployment in workers(scenario).values():
        spec = targets(scenario, "ScaledObject")[deployment["metadata"]["name"]]
        concurrency = str(check(container_of(deployment)["command"])["concurrency"])
        assert spec["triggers"][0]["metadata"]["value"] == concurrency
        for each in spec["triggers"]:
            if each["type"] == "postgresql":
                assert each["metadata"]["targetQueryValue"] == concurrency


@SCALED
def test_messages_that_a_worker_holds_are_counted(scenario: str) -> None:
    for spec in targets(scenario, "ScaledObject").values():
        for each in (each for each in spec["triggers"] if each["type"] == "rabbitmq"):
            assert each["metadata"]["protocol"] == "http"
            assert each["metadata"]["excludeUnacknowledged"] == "false"
            assert each["metadata"]["mode"] == "QueueLength"
            assert each["metricType"] == "AverageValue"  # without it there is no fallback


@SCALED
def test_a_scaler_asks_with_credentials_that_are_there_and_shows_none(scenario: str) -> None:
    known = of_kind(scenario, "TriggerAuthentication")
    for spec in targets(scenario, "ScaledObject").values():
        for each in spec["triggers"]:
            assert each["authenticationRef"]["name"] in known
            assert not {"connection", "username", "password"} & set(each["metadata"])
            assert "@" not in each["metadata"].get("host", "")
            given = {ref["parameter"] for ref in known[each["authenticationRef"]["name"]]["spec"]["secretTargetRef"]}
            wanted = {"rabbitmq": {"username", "password"} if "host" in each["metadata"] else {"host"}, "postgresql": {"connection"}}
            assert given == wanted[each["type"]]


@SCALED
def test_what_a_trigger_is_told_are_strings_for_keda_takes_nothing_else(scenario: str) -> None:
    for spec in targets(scenario, "ScaledObject").values():
        assert all(isinstance(value, str) for each in spec["triggers"] for value in each["metadata"].values())


@SCALED
def test_workers_are_not_counted_by_two(scenario: str) -> None:
    assert all("replicas" not in each["spec"] for each in workers(scenario).values())


@EVERY
def test_a_worker_has_longer_to_finish_than_a_step_may_take(scenario: str) -> None:
    for deployment in workers(scenario).values():
        grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        waits = next(int(each["value"]) for each in container_of(deployment)["env"] if each["name"] == "SYNAPSE_STOP_SECONDS")
        # Until the longest step is done; and then there is time to hand back what lasts longer.
        assert grace - 30 >= waits >= LONGEST


@SCALED
def test_fewer_workers_are_wanted_for_longer_than_one_takes_to_go(scenario: str) -> None:
    for deployment in workers(scenario).values():
        grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        spec = targets(scenario, "ScaledObject")[deployment["metadata"]["name"]]
        assert spec["cooldownPeriod"] > grace
        behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        assert behavior["scaleDown"]["stabilizationWindowSeconds"] > grace
        assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0


@SCALED
def test_somebody_is_there_to_reconcile_and_to_log_when_nothing_waits(scenario: str) -> None:
    least = {component(each): targets(scenario, "ScaledObject")[each["metadata"]["name"]] for each in workers(scenario).values()}
    assert least["worker-orchestrator"]["minReplicaCount"] >= 1
    assert least["worker-logger"]["minReplicaCount"] >= 1
    for spec in least.values():
        assert spec["minReplicaCount"] <= spec["fallback"]["replicas"] <= spec["maxReplicaCount"]


@SCALED
def test_the_logger_is_scaled_by_the_events_too(scenario: str) -> None:
    spec = targets(scenario, "ScaledObject")["synapse-worker-logger"]
    assert [each["metadata"].get("queueName") for each in spec["triggers"]][:2] == ["synapse-logger", "synapse-events"]


@EVERY
def test_a_new_worker_is_ready_before_an_old_one_goes(scenario: str) -> None:
    for deployment in workers(scenario).values():
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@EVERY
def test_a_drain_is_slowed_and_never_held_up(scenario: str) -> None:
    budgets = of_kind(scenario, "PodDisruptionBudget")
    owners = of_kind(scenario, "Deployment", "StatefulSet")
    assert set(budgets) == set(owners)
    for name, budget in budgets.items():
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["selector"] == owners[name]["spec"]["selector"]


@EVERY
def test_a_probe_costs_a_request_and_no_process(scenario: str) -> None:
    for name, owner in of_kind(scenario, "Deployment").items():
        container = container_of(owner)
        ports = {port["name"] for port in container["ports"]}
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container[kind]["httpGet"]
            assert asked["port"] in ports, name
            assert container[kind]["timeoutSeconds"] <= container[kind]["periodSeconds"] or kind == "startupProbe", name
        # Where the two differ, a broker or a database that is away makes nothing start again.
        assert container["livenessProbe"]["httpGet"]["path"] == {"flower": "/healthcheck", "exporter": "/"}.get(
            component(owner), "/healthz"
        )
        assert container["startupProbe"]["httpGet"]["path"] == container["livenessProbe"]["httpGet"]["path"]


@SCALED
def test_the_backlog_counts_an_agents_own_steps(scenario: str) -> None:
    for deployment, spec in targets(scenario, "ScaledObject").items():
        for each in (each for each in spec["triggers"] if each["type"] == "postgresql"):
            name = deployment.rpartition("worker-")[2].replace("-", "_")
            assert f"= '{name}'" in each["metadata"]["query"]
            assert name in {agent.partition(".")[0] for agent in Registry.installed()}

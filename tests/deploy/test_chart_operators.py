"""Jobs before workers, secrets where programs look, alerts that find their series: what the chart asks of operators."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tests.deploy.charted import SCENARIOS, manifests, of_kind, pods, rendered
from tests.deploy.queries import MONITORING, RULES
from tests.deploy.test_chart import container_of

EVERY = pytest.mark.parametrize("scenario", SCENARIOS)
MONITORED = pytest.mark.parametrize("scenario", [name for name in SCENARIOS if of_kind(name, "PodMonitor")])


def jobs(scenario: str) -> dict[str, dict[str, Any]]:
    """The jobs that ready the servers, by what they do."""
    return {each["metadata"]["labels"]["app.kubernetes.io/component"]: each for each in of_kind(scenario, "Job").values()}


@EVERY
def test_tables_and_queues_are_there_before_workers_are_or_come_beside_their_servers(scenario: str) -> None:
    kinds = {each["kind"] for each in manifests(scenario)}
    waits = {
        "migrations": "Cluster" in kinds or "synapse-postgres" in of_kind(scenario, "StatefulSet"),
        "topology": "RabbitmqCluster" in kinds or "synapse-rabbitmq" in of_kind(scenario, "StatefulSet"),
    }
    for name, job in jobs(scenario).items():
        annotations = job["metadata"]["annotations"]
        account = of_kind(scenario, "ServiceAccount")[f"synapse-{name}"]["metadata"].get("annotations", {})
        if waits[name] or "ExternalSecret" in kinds:
            # A hook would wait for ever for what comes after it; a job that stays cannot be changed, so that each revision has its own.
            assert "helm.sh/hook" not in {**annotations, **account}
            assert job["metadata"]["name"].endswith("-1")
        else:
            assert annotations["helm.sh/hook"] == account["helm.sh/hook"] == "pre-install,pre-upgrade"
            assert int(account["helm.sh/hook-weight"]) < int(annotations["helm.sh/hook-weight"])
    assert set(jobs(scenario)) == {"migrations", "topology"}


@EVERY
def test_queues_are_declared_by_an_image_that_knows_every_agent_and_as_workers_want_them(scenario: str) -> None:
    job = container_of(jobs(scenario)["topology"])
    worker = container_of(of_kind(scenario, "Deployment")["synapse-worker-search"])
    assert job["command"] == ["synapse", "topology", "declare"]
    assert job["image"] == worker["image"]
    kind = "SYNAPSE_QUEUE_TYPE"
    assert [each for each in job["env"] if each["name"] == kind] == [each for each in worker["env"] if each["name"] == kind]


def test_what_an_operator_makes_is_read_from_its_secret_and_the_rest_from_ours() -> None:
    (volume,) = (each for each in pods("operators")["synapse-worker-search"]["spec"]["volumes"] if each["name"] == "secrets")
    found = {
        item["path"]: (each["secret"]["name"], item["key"]) for each in volume["projected"]["sources"] for item in each["secret"]["items"]
    }
    assert found == {
        "synapse_broker_url": ("synapse-rabbitmq-default-user", "connection_string"),
        "synapse_database_url": ("synapse-postgres-app", "uri"),
        "synapse_mcp_token": ("synapse", "synapse_mcp_token"),
    }
    assert set(of_kind("operators", "RabbitmqCluster")) == {"synapse-rabbitmq"}
    assert set(of_kind("operators", "Cluster")) == {"synapse-postgres"}


def test_the_store_makes_the_secret_that_pods_wait_for() -> None:
    (external,) = of_kind("operators", "ExternalSecret").values()
    assert external["spec"]["target"]["name"] == "synapse"
    assert external["spec"]["dataFrom"] == [{"extract": {"key": "research/synapse"}}]


def test_a_broker_of_the_operator_is_configured_as_the_bundled_one_but_for_what_the_operator_decides() -> None:
    (cluster,) = of_kind("operators", "RabbitmqCluster").values()
    told = cluster["spec"]["rabbitmq"]["additionalConfig"]
    assert "consumer_timeout = 90000000" in told
    assert not re.search(r"^(load_definitions|listeners|management|default_user|default_pass)", told, re.MULTILINE)


def test_a_commit_is_on_a_second_machine_before_it_counts_and_is_backed_up() -> None:
    (cluster,) = of_kind("operators", "Cluster").values()
    wanted = cluster["spec"]["postgresql"]["synchronous"]
    assert 1 <= wanted["number"] < cluster["spec"]["instances"]
    assert wanted["dataDurability"] == "required"
    (backup,) = of_kind("operators", "ScheduledBackup").values()
    assert backup["spec"]["cluster"]["name"] == cluster["metadata"]["name"]
    assert backup["spec"]["pluginConfiguration"]["name"] == cluster["spec"]["plugins"][0]["name"]
    assert len(backup["spec"]["schedule"].split()) == 6


@MONITORED
def test_the_rules_are_those_of_the_composition_each_with_its_runbook(scenario: str) -> None:
    found = [group for each in of_kind(scenario, "PrometheusRule").values() for group in each["spec"]["groups"]]
    own = [group for file in RULES for group in yaml.safe_load(file.read_text("utf-8"))["groups"]]
    runbooks = "https://synapse.example.org/docs/runbooks" if scenario == "operators" else "docs/runbooks"
    for rule in (rule for group in own for rule in group["rules"] if "alert" in rule):
        rule["annotations"]["runbook_url"] = f"{runbooks}/{rule['alert']}.md"
    assert found == own


@MONITORED
def test_a_job_that_a_query_names_is_one_that_a_monitor_makes(scenario: str) -> None:
    endpoints = [
        each
        for monitor in of_kind(scenario, "ServiceMonitor", "PodMonitor").values()
        for each in [*monitor["spec"].get("endpoints", []), *monitor["spec"].get("podMetricsEndpoints", [])]
    ]
    made = [rule["replacement"] for each in endpoints for rule in each["relabelings"] if rule["targetLabel"] == "job"]
    assert len(made) == len(endpoints)
    texts = [file.read_text("utf-8") for file in [*RULES, *(MONITORING / "grafana" / "dashboards").glob("*.json")]]
    asked = {job for text in texts for job in re.findall(r'job=\\?"([^"\\]+)', text)}
    # Where RabbitMQ is somebody else's, so is what scrapes it.
    assert asked - set(made) <= ({"rabbitmq"} if scenario == "production" else set())
    assert {"synapse-api", "synapse-mcp", "rabbitmq"} <= asked


@MONITORED
def test_every_dashboard_is_there_as_it_was_made(scenario: str) -> None:
    found = {
        name: text for each in of_kind(scenario, "ConfigMap").values() for name, text in each["data"].items() if name.endswith(".json")
    }
    own = {file.name: file.read_text("utf-8") for file in (MONITORING / "grafana" / "dashboards").glob("*.json")}
    assert {name: json.loads(text) for name, text in found.items() if name in own} == {name: json.loads(text) for name, text in own.items()}


@EVERY
def test_a_release_is_no_larger_than_helm_can_store(scenario: str) -> None:
    # A Secret holds 1 MiB of it, packed; unpacked it is told here with room to spare.
    assert sum(map(len, rendered()[scenario]["files"].values())) < 512 * 1024


def test_in_a_mesh_nobody_is_heard_without_a_certificate_but_who_counts() -> None:
    (policy,) = of_kind("operators", "PeerAuthentication").values()
    assert policy["spec"]["mtls"] == {"mode": "STRICT"}
    scraped = {port["containerPort"] for pod in pods("operators").values() for port in pod["spec"]["containers"][0].get("ports", [])}
    assert set(map(int, policy["spec"]["portLevelMtls"])) == {8810, 9808} & scraped
    for name, pod in pods("operators").items():
        assert policy["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert pod["metadata"]["labels"]["sidecar.istio.io/inject"] == "true", name
    (rule,) = (
        each
        for each in of_kind("operators", "NetworkPolicy")["synapse-default-deny"]["spec"]["egress"]
        if each["ports"][0]["port"] == 15012
    )
    assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "istio-system"}}}]

"""The Helm chart: accepted by Helm and by Kubernetes' own schemas, consistent with the code and with the images."""

from __future__ import annotations

import inspect
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import certifi
import kubernetes_validate.utils
import pytest
import yaml

from synapse import __version__, settings
from synapse.engine.registry import Registry
from tests.deploy.charted import SCENARIOS, component, containers, manifests, of_kind, pods, rendered, workers
from tests.deploy.commands import check
from tests.deploy.composed import ROOT, services
from tests.deploy.helm import CHART, releases
from tests.deploy.schemas import locked
from tests.deploy.test_compose import FIELDS, SECRET

EVERY = pytest.mark.parametrize("scenario", SCENARIOS)
VERSIONS = tuple(f"1.{minor}" for minor in range(29, 38))
"""Of Kubernetes, that the chart supports."""
FOREIGN = set(locked())
QUEUES = {agent.queue for agent in Registry.installed().values() if agent.function.__module__.startswith("synapse.")}
OTHERS_VARIABLES = {
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_TRACES_SAMPLER",
    "BROKER_URL_FILE",  # deploy/docker/exporter-entrypoint
    "POSTGRES_USER",
    "POSTGRES_DB",
    "POSTGRES_PASSWORD_FILE",
    "POSTGRES_INITDB_ARGS",
    "PGDATA",
}


def variables(scenario: str) -> dict[str, dict[str, str]]:
    """Each container's variables, by pod and container."""
    return {
        f"{name}/{container['name']}": {each["name"]: each["value"] for each in container.get("env", [])}
        for name, pod in pods(scenario).items()
        for container in containers(pod)
    }


def mounted_keys(pod: dict[str, Any]) -> set[str]:
    """The keys of secrets that a pod can read, as its programs know them."""
    volumes = pod["spec"].get("volumes", [])
    sources = [each for volume in volumes for each in (volume, *volume.get("projected", {}).get("sources", []))]
    return {item["path"] for each in sources for item in each.get("secret", {}).get("items", [])}


@EVERY
def test_helm_finds_no_fault(scenario: str) -> None:
    assert "error" not in rendered()[scenario]
    assert rendered()[scenario]["lint"] == []


def differing() -> list[dict[str, Any]]:
    """Every object of any scenario, those that differ in names, labels and numbers only left out."""
    found: dict[str, dict[str, Any]] = {}
    for manifest in (each for scenario in SCENARIOS for each in manifests(scenario)):
        found.setdefault(json.dumps(_shape(manifest), sort_keys=True), manifest)
    return list(found.values())


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: each if name in ("kind", "apiVersion") else _shape(each) for name, each in value.items() if name != "labels"}
    if isinstance(value, list):
        return sorted({json.dumps(_shape(each), sort_keys=True) for each in value})
    return type(value).__name__


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_object_and_knows_every_field(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # It would read its megabytes of definitions again for each object.
    monkeypatch.setattr(kubernetes_validate.utils, "schema_contents", cache(kubernetes_validate.utils.schema_contents))
    for manifest in differing():
        if manifest["kind"] not in FOREIGN:  # see test_schemas
            kubernetes_validate.validate(manifest, version, strict=True)


def test_versions_that_are_supported_are_checked_and_told() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["kubeVersion"] == f">={VERSIONS[0]}.0-0"
    assert f"Kubernetes {VERSIONS[0]} to {VERSIONS[-1]}" in (ROOT / "docs" / "howto" / "kubernetes.md").read_text("utf-8")


def test_an_object_with_a_field_that_kubernetes_does_not_know_is_noticed() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"selecter": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, VERSIONS[-1], strict=True)


@EVERY
def test_names_are_given_once_and_everything_is_in_the_releases_namespace(scenario: str) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests(scenario)]
    assert len(names) == len(set(names))
    assert {each["metadata"].get("namespace") for each in manifests(scenario)} == {"research"}


@EVERY
def test_every_queue_of_the_registry_has_exactly_one_deployment(scenario: str) -> None:
    served = [queue for each in workers(scenario).values() for queue in check(container_of(each)["command"])["queues"]]
    assert sorted(served) == sorted(QUEUES)
    assert set(workers(scenario)) == QUEUES


def container_of(deployment: dict[str, Any]) -> dict[str, Any]:
    """Its only container."""
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


@EVERY
def test_every_command_is_one_that_its_program_takes(scenario: str) -> None:
    commands = [container["command"] for pod in pods(scenario).values() for container in containers(pod) if "command" in container]
    assert len(commands) >= len(QUEUES) + 4
    for command in commands:
        check(command)


@EVERY
def test_a_worker_is_told_its_concurrency_once_and_the_same_everywhere(scenario: str) -> None:
    for deployment in workers(scenario).values():
        container = container_of(deployment)
        asked = check(container["command"])
        told = next(each["value"] for each in container["env"] if each["name"] == "SYNAPSE_CONCURRENCY")
        assert int(asked["concurrency"]) == int(told)
        assert f"{asked['hostname'].partition('@')[0]}" == component(deployment).removeprefix("worker-")


@EVERY
def test_the_exporter_and_flower_do_what_the_composition_has_them_do(scenario: str) -> None:
    for name, pod in pods(scenario).items():
        (container,) = pod["spec"]["containers"]
        if container["name"] == "exporter":
            given = {word.partition("=")[0]: word.partition("=")[2] for word in container["args"]}
            assert set(given) == {word.partition("=")[0] for word in services()["exporter"]["command"]}, name
            assert set(given["--queues"].split(",")) == QUEUES
        if container["name"] == "flower":
            assert container["command"] == services()["flower"]["command"]


@EVERY
def test_every_variable_is_a_setting_and_none_holds_a_secret(scenario: str) -> None:
    for where, given in variables(scenario).items():
        own = {name for name in given if name.startswith("SYNAPSE_")}
        assert own - set(FIELDS) - {"SYNAPSE_SECRETS_DIR"} == set(), where
        assert set(given) - own - OTHERS_VARIABLES == set(), where
        assert set(given) & SECRET == set(), where
        assert not any(re.search(r"://[^/]*:[^/]*@", value) for value in given.values()), where


@EVERY
def test_every_value_is_one_that_its_setting_takes(scenario: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models = [each for each in vars(settings).values() if inspect.isclass(each) and issubclass(each, settings._Settings)]
    assert len(models) > 5
    here = {"SYNAPSE_SECRETS_DIR": str(tmp_path), "SYNAPSE_CA_FILE": certifi.where()}
    for given in variables(scenario).values():
        with monkeypatch.context() as patched:
            for name, value in {**given, **{name: here[name] for name in here if name in given}}.items():
                patched.setenv(name, value)
            for model in models:
                model()


def test_the_console_links_to_what_the_values_name_and_to_nothing_by_itself() -> None:
    links = {"CONSOLE_FLOWER_URL": "flower", "CONSOLE_GRAFANA_URL": "grafana", "CONSOLE_TRACE_URL": "jaeger"}

    def linked(scenario: str) -> dict[str, str]:
        return {name.removeprefix("SYNAPSE_"): url for name, url in api_of(scenario).items() if name.startswith("SYNAPSE_CONSOLE_")}

    assert linked("default") == {}
    assert {name: url.split("/")[2].partition(".")[0] for name, url in linked("production").items()} == links


def test_authorities_of_ones_own_are_mounted_where_connections_are_made() -> None:
    believing = set()
    for name, pod in pods("operators").items():
        (container,) = pod["spec"]["containers"]
        given = {each["name"]: each["value"] for each in container["env"]}
        mounts = {each["mountPath"] for each in container.get("volumeMounts", [])}
        volumes = {each["configMap"]["name"] for each in pod["spec"].get("volumes", []) if "configMap" in each}
        believes = given.get("SYNAPSE_CA_FILE") == "/run/authorities/ca-bundle.crt"
        assert ("/run/authorities" in mounts, "company-authorities" in volumes) == (believes, believes), name
        if believes:
            believing.add(pod["metadata"]["labels"]["app.kubernetes.io/component"])
    assert believing == {"api", "mcp-primary", "mcp-filesystem", *(component(each) for each in workers("operators").values())}


def api_of(scenario: str) -> dict[str, str]:
    """What the API is told."""
    (container,) = pods(scenario)["synapse-api"]["spec"]["containers"]
    return {each["name"]: each["value"] for each in container["env"]}


@EVERY
def test_a_program_finds_its_secrets_where_it_looks_and_nobody_elses(scenario: str) -> None:
    ledger, broker, tools, token = "synapse_database_url", "synapse_broker_url", "synapse_mcp_token", "synapse_api_token"
    wanted = {
        "api": {ledger, broker, token},
        "worker": {ledger, broker, tools},
        "mcp-primary": {tools},
        "mcp-filesystem": {tools},
        "migrations": {ledger},
        "topology": {broker},
        "research": {token},
        "flower": {broker, "flower_basic_auth"},
        "exporter": {broker},
        "rabbitmq": {"rabbitmq_users.json"},
        "postgres": {"postgres_password"},
    }
    extra = {"synapse_llm_api_key", "synapse_brave_key"}
    for name, pod in pods(scenario).items():
        (container,) = pod["spec"]["containers"]
        assert mounted_keys(pod) - extra == wanted[container["name"]], name
        assert (mounted_keys(pod) & extra == set()) or (scenario == "production" and container["name"] in ("worker", "mcp-primary"))
        told = {each["name"]: each["value"] for each in container.get("env", [])}
        folder = told.get("SYNAPSE_SECRETS_DIR")
        if folder is not None:
            assert {"name": "secrets", "mountPath": folder, "readOnly": True} in container["volumeMounts"], name


@EVERY
def test_an_address_that_a_program_is_given_is_a_service_of_the_release_and_its_port(scenario: str) -> None:
    ports = {f"{name}:{port['port']}" for name, each in of_kind(scenario, "Service").items() for port in each["spec"]["ports"]}
    for where, given in variables(scenario).items():
        for name in ("SYNAPSE_MCP_PRIMARY_URL", "SYNAPSE_MCP_FILESYSTEM_URL", "SYNAPSE_API_URL"):
            if name in given:
                assert given[name].split("/")[2] in ports, where


@EVERY
def test_an_mcp_server_answers_to_the_name_that_agents_call_it_by(scenario: str) -> None:
    for name, given in variables(scenario).items():
        if "SYNAPSE_MCP_ALLOWED_HOSTS" in given:
            called = given["SYNAPSE_MCP_PRIMARY_URL" if "primary" in name else "SYNAPSE_MCP_FILESYSTEM_URL"].split("/")[2].partition(":")[0]
            assert called in json.loads(given["SYNAPSE_MCP_ALLOWED_HOSTS"])


@EVERY
def test_a_service_finds_pods_and_a_port_of_that_name(scenario: str) -> None:
    for name, service in of_kind(scenario, "Service").items():
        found = [pod for pod in pods(scenario).values() if service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()]
        assert len(found) == 1, name
        named = {port["name"] for container in containers(found[0]) for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= named, name


@EVERY
def test_every_pod_has_a_service_account_of_its_own_that_exists(scenario: str) -> None:
    asked = {name: pod["spec"]["serviceAccountName"] for name, pod in pods(scenario).items() if "serviceAccountName" in pod["spec"]}
    assert len(set(asked.values())) == len(asked)
    assert set(asked.values()) == set(of_kind(scenario, "ServiceAccount"))


@EVERY
def test_an_image_is_named_by_a_tag_or_a_digest_of_the_values(scenario: str) -> None:
    images = {container["image"] for pod in pods(scenario).values() for container in containers(pod)}
    assert all(re.search(r":[^/:]+$|@sha256:[0-9a-f]{64}$", image) and not image.endswith(":latest") for image in images)
    if scenario == "production":
        assert all(image.startswith("registry.example.org/synapse/") for image in images)
        assert any("@sha256:" in image for image in images)


def test_the_chart_deploys_this_version_and_every_image_that_is_built() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["appVersion"] == __version__
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    built = {each["build"]["target"] for each in services().values() if "build" in each} - {"collector"}
    assert set(values["images"]) == built


def test_every_value_is_commented_or_plain_and_every_one_is_in_the_schema() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    assert set(values) == set(schema["properties"]) - {"global"}


def test_the_readme_of_the_chart_names_every_value() -> None:
    page = (CHART / "README.md").read_text("utf-8")
    named = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))["properties"]
    values = {f"{name}.{inner}" for name, each in schema.items() for inner in each.get("properties", {})}
    assert {each for each in values if not any(f"{row}.".startswith(f"{each}.") for row in named)} == set()


HARMFUL: list[tuple[dict[str, Any], str]] = [
    ({"agents": {"search": {"concurency": 3}}}, "concurency"),
    ({"agents": {"search": {"terminationGracePeriodSeconds": 60}}}, "terminationGracePeriodSeconds"),
    ({"settings": {"stop_seconds": 270}}, "stop_seconds"),
    ({"keda": {"cooldownPeriod": 200}}, "must be longer than the grace period"),
    ({"agents": {"search": {"keda": {"minReplicas": 11}}}}, "above its maxReplicas"),
    ({"hpa": {"enabled": True}}, "work against each other"),
    ({"settings": {"api_token": "sixteen-characters"}}, "is a secret"),
    ({"settings": {"database_url": "postgresql://x"}}, "is a secret"),
    ({"secrets": {"existingSecret": ""}}, "existingSecret"),
    ({"image": {"tag": "latest"}}, "tag"),
    ({"mcpFilesystem": {"replicas": 2}}, "ReadWriteMany"),
    ({"gateway": {"enabled": True}}, "parentRefs"),
    ({"api": {"console": {"traceUrl": "https://jaeger.example.org"}}}, "traceUrl"),
    ({"secrets": {"external": {"enabled": True}}}, "storeRef.name"),
    ({"rabbitmq": {"cluster": {"enabled": True, "replicas": 2}}}, "replicas"),
    ({"rabbitmq": {"cluster": {"enabled": True}, "bundled": {"enabled": True}}}, "one of both"),
    ({"postgresql": {"cluster": {"enabled": True, "instances": 1}}}, "no commit would ever end"),
]


@cache
def refusals() -> list[dict[str, Any]]:
    return releases([{"name": "synapse", "values": values} for values, _ in HARMFUL])


@pytest.mark.parametrize("number", range(len(HARMFUL)), ids=[told for _, told in HARMFUL])
def test_values_that_would_do_harm_are_refused_with_the_reason(number: int) -> None:
    assert HARMFUL[number][1] in refusals()[number]["error"]


def test_an_agent_of_ones_own_inherits_what_it_does_not_say() -> None:
    (answer,) = releases([{"name": "own", "values": {"agents": {"words": {"concurrency": 2}, "search": None}}}])
    docs = [each for text in answer["files"].values() if "Deployment" in text for each in yaml.safe_load_all(text) if each]
    found = {each["metadata"]["name"]: each for each in docs if each["kind"] == "Deployment"}
    assert "own-synapse-worker-search" not in found
    container = container_of(found["own-synapse-worker-words"])
    assert container["command"][5] == "synapse-words"
    assert container["command"][-1] == "2"
    assert container["resources"]["limits"]["memory"] == "384Mi"


def test_no_path_of_a_machine_is_in_the_chart() -> None:
    for file in CHART.rglob("*"):
        assert not file.is_file() or "/home/" not in file.read_text("utf-8"), file.relative_to(ROOT)

"""What a pod of the chart may do, whom it may reach, and whether that test would notice a bad one."""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Callable
from typing import Any

import pytest

from tests.deploy.charted import SCENARIOS, component, containers, manifests, of_kind, pods
from tests.deploy.restricted import violations

EVERY = pytest.mark.parametrize("scenario", SCENARIOS)
# Loopback, private, link-local with the clouds' metadata, shared, benchmarking, multicast and reserved.
NEVER = ("10.1.2.3", "172.20.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.100.100.200", "198.18.0.1", "224.0.0.1", "0.0.0.0")
NEVER6 = ("::1", "fd00:ec2::254", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::")


@EVERY
def test_every_pod_is_admitted_by_the_restricted_standard(scenario: str) -> None:
    assert {name: found for name, pod in pods(scenario).items() if (found := violations(pod["spec"]))} == {}


SPOILED: list[Callable[[dict[str, Any]], Any]] = [
    lambda pod: pod.update(hostNetwork=True),
    lambda pod: pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
    lambda pod: pod["containers"][0]["securityContext"].update(privileged=True),
    lambda pod: pod["containers"][0]["securityContext"].pop("allowPrivilegeEscalation"),
    lambda pod: pod["containers"][0]["securityContext"].update(runAsNonRoot=False),
    lambda pod: pod["containers"][0]["securityContext"].update(runAsUser=0),
    lambda pod: pod["containers"][0]["securityContext"].update(seccompProfile={"type": "Unconfined"}),
    lambda pod: pod["containers"][0]["securityContext"]["capabilities"].update(add=["SYS_ADMIN"]),
    lambda pod: pod["containers"][0]["securityContext"].pop("capabilities"),
    lambda pod: pod["containers"][0]["ports"].append({"containerPort": 1, "hostPort": 1}),
    lambda pod: pod.update(initContainers=[{"name": "before", "image": "other:1"}]),
]


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_pod_that_would_not_be_restricted_is_noticed(spoil: Callable[[dict[str, Any]], Any]) -> None:
    pod = copy.deepcopy(pods("default")["synapse-api"]["spec"])
    assert violations(pod) == []
    spoil(pod)
    assert violations(pod) != []


@EVERY
def test_a_container_cannot_write_to_its_image_and_has_bounds_for_all_it_uses(scenario: str) -> None:
    for name, pod in pods(scenario).items():
        for container in containers(pod):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            for bound in ("requests", "limits"):
                assert {"cpu", "memory", "ephemeral-storage"} <= set(container["resources"][bound]), name
        for volume in pod["spec"].get("volumes", []):
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"], name


@EVERY
def test_nothing_is_told_a_token_of_the_cluster_or_given_a_right_in_it(scenario: str) -> None:
    assert all(pod["spec"]["automountServiceAccountToken"] is False for pod in pods(scenario).values())
    assert all(each["automountServiceAccountToken"] is False for each in of_kind(scenario, "ServiceAccount").values())
    kinds = {each["kind"] for each in manifests(scenario)}
    assert kinds & {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Secret"} == set()


@EVERY
def test_only_the_filesystem_server_the_browsing_server_and_what_keeps_data_have_a_volume(scenario: str) -> None:
    keeping = {
        name
        for name, each in of_kind(scenario, "Deployment", "Job").items()
        for volume in each["spec"]["template"]["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert {name.rpartition("-mcp-")[2] for name in keeping} <= {"primary", "filesystem"}
    assert any(name.endswith("mcp-filesystem") for name in keeping)


# -- networks ------------------------------------------------------------------------------------------------------------


def policies_of(scenario: str, labels: dict[str, str]) -> list[dict[str, Any]]:
    """The policies that choose a pod with these labels."""
    return [
        each["spec"]
        for each in of_kind(scenario, "NetworkPolicy").values()
        if each["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    ]


def blocks(scenario: str, labels: dict[str, str]) -> list[dict[str, Any]]:
    """The address blocks that a pod may send to."""
    rules = [rule for each in policies_of(scenario, labels) for rule in each.get("egress", [])]
    return [peer["ipBlock"] for rule in rules for peer in rule["to"] if "ipBlock" in peer]


@EVERY
def test_every_pod_is_denied_everything_that_is_not_allowed(scenario: str) -> None:
    for name, pod in pods(scenario).items():
        found = policies_of(scenario, pod["metadata"]["labels"])
        # That which denies by default, and its own.
        assert len(found) == 2, name
        assert all(set(each["policyTypes"]) == {"Ingress", "Egress"} for each in found), name
        for each in found:
            assert all(rule["ports"] for rule in [*each.get("egress", []), *each.get("ingress", [])]), name
            assert all(rule.get("from") for rule in each.get("ingress", [])), name
            assert all(rule.get("to") for rule in each.get("egress", [])), name


@EVERY
def test_only_the_browsing_server_leaves_the_cluster(scenario: str) -> None:
    told = {"192.0.2.10/32", "192.0.2.20/32", "192.0.2.30/32"} if scenario == "production" else set()
    for name, pod in pods(scenario).items():
        found = {each["cidr"] for each in blocks(scenario, pod["metadata"]["labels"])}
        if name.endswith("mcp-primary"):
            assert found == {"0.0.0.0/0", "2000::/3"}
        else:
            assert found <= told, name


@EVERY
@pytest.mark.parametrize("address", [*NEVER, *NEVER6])
def test_the_browsing_server_never_reaches_a_private_address(scenario: str, address: str) -> None:
    (labels,) = (pod["metadata"]["labels"] for name, pod in pods(scenario).items() if name.endswith("mcp-primary"))
    asked = ipaddress.ip_address(address)
    for block in blocks(scenario, labels):
        cidr = ipaddress.ip_network(block["cidr"])
        assert asked.version != cidr.version or asked not in cidr or any(asked in ipaddress.ip_network(each) for each in block["except"])


@EVERY
def test_what_an_exception_names_is_within_what_it_is_an_exception_from(scenario: str) -> None:
    for each in of_kind(scenario, "NetworkPolicy").values():
        for rule in each["spec"].get("egress", []):
            for block in (peer["ipBlock"] for peer in rule["to"] if "ipBlock" in peer):
                cidr = ipaddress.ip_network(block["cidr"])
                assert all(ipaddress.ip_network(inner).subnet_of(cidr) for inner in block.get("except", []))  # type: ignore[arg-type]


@EVERY
def test_a_token_is_asked_for_only_where_tls_is(scenario: str) -> None:
    for ingress in of_kind(scenario, "Ingress").values():
        hosts = {host for each in ingress["spec"]["tls"] for host in each["hosts"]}
        assert {rule["host"] for rule in ingress["spec"]["rules"]} == hosts


@EVERY
def test_a_policy_of_a_component_chooses_pods_that_there_are(scenario: str) -> None:
    # Operators label pods after what they are asked for.
    made = [{"app.kubernetes.io/name": name} for name in of_kind(scenario, "RabbitmqCluster")]
    made += [{"cnpg.io/cluster": name} for name in of_kind(scenario, "Cluster")]
    labels = [*made, *(pod["metadata"]["labels"] for pod in pods(scenario).values())]
    for name, each in of_kind(scenario, "NetworkPolicy").items():
        chosen = each["spec"]["podSelector"]["matchLabels"].items()
        assert any(chosen <= each.items() for each in labels), name
        assert component(each) == "network"

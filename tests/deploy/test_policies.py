"""Policies admit what the chart makes and refuse what would do harm, Kyverno's and Rego's alike."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.deploy.charted import SCENARIOS, manifests, of_kind
from tests.deploy.policies import chosen, kyverno, refused_by_kyverno, refused_by_rego
from tests.deploy.test_chart_scaling import LONGEST

Manifest = dict[str, Any]
ENGINES = pytest.mark.parametrize("refused", [refused_by_kyverno, refused_by_rego], ids=["kyverno", "rego"])


def pod(manifest: Manifest) -> Manifest:
    found: Manifest = manifest["spec"]["template"]["spec"]
    return found


def first(manifest: Manifest) -> Manifest:
    found: Manifest = pod(manifest)["containers"][0]
    return found


def trigger(manifest: Manifest) -> Manifest:
    found: Manifest = manifest["spec"]["triggers"][0]["metadata"]
    return found


SPOILED: list[tuple[str, Callable[[Manifest], Any], str]] = [
    ("Deployment", lambda each: first(each).update(image="registry.example.org/x:latest"), "an image has a digest"),
    ("Deployment", lambda each: first(each).update(image="registry.example.org:5000/x"), "an image has a digest"),
    ("Deployment", lambda each: pod(each).update(initContainers=[{**first(each), "image": "x"}]), "an image has a digest"),
    ("Deployment", lambda each: first(each)["securityContext"].update(readOnlyRootFilesystem=False), "cannot write to its image"),
    ("Deployment", lambda each: first(each).pop("securityContext"), "cannot write to its image"),
    ("Deployment", lambda each: first(each)["resources"]["limits"].pop("memory"), "bounds of memory"),
    ("Deployment", lambda each: first(each).pop("resources"), "bounds of memory"),
    ("Deployment", lambda each: pod(each).update(automountServiceAccountToken=True), "no token of the cluster"),
    ("Deployment", lambda each: pod(each).pop("automountServiceAccountToken"), "no token of the cluster"),
    ("Deployment", lambda each: first(each)["env"].append({"name": "X", "value": "amqp://a:b@c/"}), "no variable holds a password"),
    ("Deployment", lambda each: pod(each).update(terminationGracePeriodSeconds=LONGEST), "longer than 240 seconds to finish"),
    ("Deployment", lambda each: pod(each).pop("terminationGracePeriodSeconds"), "longer than 240 seconds to finish"),
    ("ScaledObject", lambda each: trigger(each).update(excludeUnacknowledged="true"), "messages that workers hold"),
    ("ScaledObject", lambda each: trigger(each).pop("excludeUnacknowledged"), "messages that workers hold"),
    ("ScaledObject", lambda each: trigger(each).update(protocol="amqp"), "messages that workers hold"),
    ("ScaledObject", lambda each: each["spec"].update(cooldownPeriod=LONGEST), "the last worker stays"),
    ("ScaledObject", lambda each: each["spec"].pop("cooldownPeriod"), "the last worker stays"),
]


@ENGINES
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_the_chart_makes_is_admitted(scenario: str, refused: Callable[[Manifest], set[str]]) -> None:
    assert {each["metadata"]["name"]: found for each in manifests(scenario) if (found := refused(each))} == {}


@ENGINES
@pytest.mark.parametrize(("kind", "spoil", "message"), SPOILED)
def test_a_manifest_that_would_do_harm_is_refused(
    kind: str, spoil: Callable[[Manifest], Any], message: str, refused: Callable[[Manifest], set[str]]
) -> None:
    manifest = copy.deepcopy(of_kind("default", kind)["synapse-worker-search"])
    spoil(manifest)
    (found,) = refused(manifest)
    assert message in found


def test_both_engines_have_the_same_rules_and_each_is_tried() -> None:
    rules = {rule["message"] for policy in kyverno() if policy["kind"] == "ValidatingPolicy" for rule in policy["spec"]["validations"]}
    assert rules == {rule for rule in rules if any(message in rule for _, _, message in SPOILED)}
    spoiled = copy.deepcopy(of_kind("default", "Deployment")["synapse-worker-search"])
    pod(spoiled).clear()
    pod(spoiled)["containers"] = [{"name": "x", "image": "x", "env": [{"name": "X", "value": "amqp://a:b@c/"}]}]
    bad = copy.deepcopy(of_kind("default", "ScaledObject")["synapse-worker-search"])
    bad["spec"] = {"triggers": [{"type": "rabbitmq", "metadata": {}}]}
    assert refused_by_kyverno(spoiled) | refused_by_kyverno(bad) == refused_by_rego(spoiled) | refused_by_rego(bad) == rules


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_workload_and_no_scaler_of_the_chart_escapes_the_policies(scenario: str) -> None:
    for each in of_kind(scenario, "Deployment", "StatefulSet", "Job", "ScaledObject").values():
        assert any(chosen(policy, each) for policy in kyverno()), each["metadata"]["name"]

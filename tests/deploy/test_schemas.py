"""Objects of KEDA, of operators, of the Gateway API and the like are as their definitions have them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from tests.deploy.charted import SCENARIOS, manifests
from tests.deploy.helm import ROOT
from tests.deploy.schemas import errors, locked, strict

BESIDE = [
    file for folder in ("policies/kyverno", "gitops/argocd", "gitops/flux") for file in sorted((ROOT / "deploy" / folder).glob("*.yaml"))
]
FOREIGN = sorted(locked())


def objects(kind: str) -> list[dict[str, Any]]:
    """Every object of a kind, of every scenario, and of what is applied beside the chart."""
    beside = [each for file in BESIDE for each in yaml.safe_load_all(file.read_text("utf-8")) if each]
    return [each for scenario in SCENARIOS for each in [*manifests(scenario), *beside] if each["kind"] == kind]


@pytest.mark.parametrize("kind", FOREIGN)
def test_an_object_is_as_its_definition_has_it(kind: str) -> None:
    assert objects(kind), f"no scenario has a {kind}"
    assert {each["metadata"]["name"]: found for each in objects(kind) if (found := errors(each))} == {}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_field_that_the_definition_does_not_know_is_noticed(kind: str) -> None:
    spoiled = copy.deepcopy(objects(kind)[0])
    spoiled["spec"]["unheardOf"] = 1
    assert any("unheardOf" in each for each in errors(spoiled))


def test_a_field_of_another_type_is_noticed_far_down() -> None:
    spoiled = copy.deepcopy(objects("ScaledObject")[0])
    spoiled["spec"]["triggers"][0]["metadata"]["value"] = 4
    assert errors(spoiled) == ["spec/triggers/0/metadata/value: 4 is not of type 'string'"]


def test_what_a_definition_leaves_open_stays_open() -> None:
    kept: dict[str, Any] = {"type": "object", "properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": True}
    assert strict(kept) == kept
    assert strict({"type": "object", "properties": {"properties": {"type": "string"}}}) == {
        "type": "object",
        "properties": {"properties": {"type": "string"}},
        "additionalProperties": False,
    }

"""The policies of deploy/policies, evaluated as a cluster and conftest do: CEL by one library, Rego by another."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import celpy
import regopy
import yaml

from tests.deploy.helm import ROOT

POLICIES = ROOT / "deploy" / "policies"
_PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "Job": "jobs", "ScaledObject": "scaledobjects"}


@cache
def kyverno() -> list[dict[str, Any]]:
    """Every policy, as it is applied."""
    return [yaml.safe_load(file.read_text("utf-8")) for file in sorted((POLICIES / "kyverno").glob("*.yaml"))]


@cache
def _program(expression: str) -> Any:
    environment = celpy.Environment()
    return environment.program(environment.compile(expression))


def chosen(policy: dict[str, Any], manifest: dict[str, Any]) -> bool:
    """Whether a policy is about an object."""
    matched = policy["spec"]["matchConstraints"]
    wanted = matched.get("objectSelector", {}).get("matchLabels", {})
    group, _, version = manifest["apiVersion"].rpartition("/")
    return wanted.items() <= manifest["metadata"].get("labels", {}).items() and any(
        group in rule["apiGroups"] and version in rule["apiVersions"] and _PLURALS.get(manifest["kind"]) in rule["resources"]
        for rule in matched["resourceRules"]
    )


def refused_by_kyverno(manifest: dict[str, Any]) -> set[str]:
    """The messages with which an object is refused; a rule that cannot be evaluated refuses, too."""
    found = set()
    for policy in (each for each in kyverno() if each["kind"] == "ValidatingPolicy" and chosen(each, manifest)):
        known: dict[str, Any] = {"object": celpy.json_to_cel(manifest), "variables": celpy.json_to_cel({})}
        for each in policy["spec"].get("variables", []):
            value = _program(each["expression"]).evaluate(known)
            known["variables"][celpy.celtypes.StringType(each["name"])] = value
        for rule in policy["spec"]["validations"]:
            try:
                holds = bool(_program(rule["expression"]).evaluate(known))
            except celpy.CELEvalError:
                holds = False
            if not holds:
                found.add(rule["message"])
    return found


@cache
def _rego() -> regopy.Interpreter:
    interpreter = regopy.Interpreter()
    for file in sorted((POLICIES / "rego").glob("*.rego")):
        interpreter.add_module(file.name, file.read_text("utf-8"))
    return interpreter


def refused_by_rego(manifest: dict[str, Any]) -> set[str]:
    """The same of ``deny`` in package main."""
    interpreter = _rego()
    interpreter.set_input(manifest)
    (found,) = json.loads(str(interpreter.query("data.main.deny")))["expressions"]
    return set(found)

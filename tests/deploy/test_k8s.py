"""deploy/k8s: as fresh as the chart, and overlays that patch what is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
import yaml

from tests.deploy.helm import ROOT
from tests.deploy.restricted import violations

K8S = ROOT / "deploy" / "k8s"
OVERLAYS = {"development": "synapse-development", "staging": "synapse-staging", "production": "synapse"}
EVERY = pytest.mark.parametrize("overlay", OVERLAYS)


@cache
def built(overlay: str) -> list[dict[str, Any]]:
    """What kustomize makes of an overlay."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run([kubectl, "kustomize", K8S / "overlays" / overlay], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def test_the_base_is_as_the_chart_is_now() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts/render-k8s", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_namespace_admits_restricted_pods_only() -> None:
    (namespace,) = yaml.safe_load_all((K8S / "base" / "namespace.yaml").read_text("utf-8"))
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_file_of_the_base_is_a_resource_of_it() -> None:
    told = yaml.safe_load((K8S / "base" / "kustomization.yaml").read_text("utf-8"))["resources"]
    assert set(told) == {file.name for file in (K8S / "base").glob("*.yaml")} - {"kustomization.yaml"}


@EVERY
def test_an_overlay_has_nothing_but_patches(overlay: str) -> None:
    assert [file.name for file in (K8S / "overlays" / overlay).iterdir()] == ["kustomization.yaml"]
    told = yaml.safe_load((K8S / "overlays" / overlay / "kustomization.yaml").read_text("utf-8"))
    assert told["resources"] == ["../../base"]
    assert told["namespace"] == OVERLAYS[overlay]


@EVERY
def test_every_patch_of_an_overlay_has_a_target_in_the_base(overlay: str) -> None:
    base = [each for file in (K8S / "base").glob("*.yaml") for each in yaml.safe_load_all(file.read_text("utf-8"))]
    for patch in yaml.safe_load((K8S / "overlays" / overlay / "kustomization.yaml").read_text("utf-8"))["patches"]:
        target = patch["target"]
        assert any(
            each["kind"] == target["kind"] and target.get("name", each["metadata"]["name"]) == each["metadata"]["name"]
            for each in base
            if "metadata" in each
        )


@EVERY
def test_an_overlay_is_one_namespace_with_restricted_pods_and_the_bases_objects(overlay: str) -> None:
    found = built(overlay)
    namespaces = {each["metadata"].get("namespace") for each in found if each["kind"] != "Namespace"}
    assert namespaces == {OVERLAYS[overlay]} == {each["metadata"]["name"] for each in found if each["kind"] == "Namespace"}
    for each in found:
        if each["kind"] in ("Deployment", "Job"):
            assert violations(each["spec"]["template"]["spec"]) == [], each["metadata"]["name"]
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in found if each["kind"] == "ScaledObject"}
    workers = {each["metadata"]["name"] for each in found if each["kind"] == "Deployment" and "worker-" in each["metadata"]["name"]}
    assert scaled == workers


@EVERY
def test_bounds_of_a_scaler_are_in_order(overlay: str) -> None:
    for each in (each["spec"] for each in built(overlay) if each["kind"] == "ScaledObject"):
        assert each["minReplicaCount"] <= each["fallback"]["replicas"] <= each["maxReplicaCount"]

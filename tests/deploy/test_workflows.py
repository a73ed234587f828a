"""GitHub's workflows: actions by their hash, no more rights than a job needs, nothing of an event in a shell."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.deploy.charted import SCENARIOS, manifests
from tests.deploy.checkers import actionlint
from tests.deploy.composed import ROOT, services

FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(file.stem for file in FOLDER.glob("*.yml"))
EVERY = pytest.mark.parametrize("name", NAMES)
# What may write, and why: images and charts are pushed, signatures need an identity, a promotion is a branch.
RIGHTS = {
    ("release", "images"): {"packages", "id-token"},
    ("release", "chart"): {"packages", "id-token"},
    ("promote", "promote"): {"contents", "pull-requests"},
}


def workflow(name: str) -> dict[str, Any]:
    """A workflow as data."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text("utf-8"))
    return found


def steps(name: str) -> list[dict[str, Any]]:
    """Every step of a workflow."""
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


@EVERY
def test_an_action_is_named_by_its_hash_with_its_version_beside_it(name: str) -> None:
    used = re.findall(r"uses: (.+)$", (FOLDER / f"{name}.yml").read_text("utf-8"), re.MULTILINE)
    assert used
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v?\d[\d.]*", each)] == []


@EVERY
def test_a_job_may_write_only_what_it_must_and_ends_by_itself(name: str) -> None:
    assert workflow(name)["permissions"] == {"contents": "read"}
    for job, each in workflow(name)["jobs"].items():
        writes = {right for right, how in each.get("permissions", {}).items() if how == "write"}
        assert writes == RIGHTS.get((name, job), set())
        assert each["timeout-minutes"] <= 45


@EVERY
def test_nothing_of_an_event_is_put_into_a_shell(name: str) -> None:
    assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []


@EVERY
def test_a_token_is_not_left_in_a_checkout_that_does_not_push(name: str) -> None:
    for step in steps(name):
        if "checkout" in step.get("uses", ""):
            assert step.get("with", {}).get("persist-credentials", True) is (name == "promote")


def test_what_the_first_job_leaves_out_has_a_job_of_its_own() -> None:
    made = set(re.findall(r"^(test-(?:chaos|containers|alerts)):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(workflow("ci")["jobs"]["beyond"]["strategy"]["matrix"]["target"]) == made
    assert len(made) == 3


def test_the_chart_is_scanned_before_a_change_lands_and_nothing_is_skipped_without_a_reason() -> None:
    assert {"run": "make scan-chart"} in workflow("ci")["jobs"]["chart"]["steps"]
    text = (ROOT / "deploy" / "helm" / "checkov.yaml").read_text("utf-8")
    assert len(yaml.safe_load(text)["skip-check"]) == len(re.findall(r"  # .+\n  - CKV_", text))
    found = [each for name in SCENARIOS for each in manifests(name)]
    skips = [why for each in found for key, why in each["metadata"].get("annotations", {}).items() if key.startswith("checkov.io/skip")]
    assert skips
    assert [why for why in skips if not re.fullmatch(r"CKV\w+=\w.{10,}", why)] == []


def test_a_release_is_tested_then_built_then_scanned_then_signed_and_the_chart_comes_last() -> None:
    jobs = workflow("release")["jobs"]
    assert jobs["images"]["needs"] == "check"
    assert jobs["chart"]["needs"] == "images"
    order = [step.get("uses", step.get("run", "")).partition("@")[0] for step in jobs["images"]["steps"]]
    wanted = ["docker/build-push-action", "aquasecurity/trivy-action", "sigstore/cosign-installer"]
    assert [each for each in order if each in wanted] == wanted
    assert order[-1].startswith("cosign sign")
    build = next(step["with"] for step in jobs["images"]["steps"] if "build-push" in step.get("uses", ""))
    assert build["sbom"] is True
    assert build["provenance"] == "mode=max"


def test_a_release_has_every_image_that_the_chart_names() -> None:
    values = yaml.safe_load((ROOT / "deploy" / "helm" / "synapse" / "values.yaml").read_text("utf-8"))
    built = workflow("release")["jobs"]["images"]["strategy"]["matrix"]["target"]
    assert set(built) == set(values["images"]) <= {each["build"]["target"] for each in services().values() if "build" in each}


def test_a_promotion_passes_the_gate_of_the_environment_that_it_changes() -> None:
    assert workflow("promote")["jobs"]["promote"]["environment"] == "${{ inputs.target }}"


def test_the_workflows_are_what_actionlint_takes() -> None:
    done = subprocess.run([actionlint(), *FOLDER.glob("*.yml")], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout

"""Environments, Argo CD and Flux say the same; a promotion changes a revision and nothing else, and leaves none out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.helm import CHART, ROOT, releases
from tests.deploy.policies import refused_by_kyverno

GITOPS = ROOT / "deploy" / "gitops"
ENVIRONMENTS = ("development", "staging", "production")
EVERY = pytest.mark.parametrize("environment", ENVIRONMENTS)


def told(environment: str, folder: Path = GITOPS) -> dict[str, Any]:
    """An environment's file."""
    found: dict[str, Any] = yaml.safe_load((folder / "environments" / f"{environment}.yaml").read_text("utf-8"))
    return found


def flux(environment: str, folder: Path = GITOPS) -> dict[str, dict[str, Any]]:
    """Flux's objects of an environment, by their kind."""
    return {each["kind"]: each for each in yaml.safe_load_all((folder / "flux" / f"{environment}.yaml").read_text("utf-8"))}


@cache
def argocd(name: str) -> dict[str, Any]:
    """The spec of an object of Argo CD."""
    found: dict[str, Any] = yaml.safe_load((GITOPS / "argocd" / f"{name}.yaml").read_text("utf-8"))["spec"]
    return found


@cache
def rendered(environment: str) -> list[dict[str, Any]]:
    """What the chart makes of an environment's values. Fails where Helm refuses them."""
    values = yaml.safe_load((GITOPS / "values" / f"{environment}.yaml").read_text("utf-8"))
    (answer,) = releases([{"name": "synapse", "values": values}])
    assert "error" not in answer, answer
    assert answer["lint"] == []
    texts = [text for name, text in answer["files"].items() if name.endswith(".yaml")]
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


def test_every_environment_has_its_files_and_there_is_no_other() -> None:
    for folder in ("environments", "flux", "values"):
        assert {file.stem for file in (GITOPS / folder).iterdir()} == set(ENVIRONMENTS)


@EVERY
def test_the_chart_takes_an_environments_values_and_the_policies_what_comes_of_it(environment: str) -> None:
    assert {each["metadata"]["name"]: found for each in rendered(environment) if (found := refused_by_kyverno(each))} == {}
    assert all(
        container["image"].startswith("registry.example.org/synapse/")
        for each in rendered(environment)
        if each["kind"] in ("Deployment", "Job")
        for container in each["spec"]["template"]["spec"]["containers"]
    )


@EVERY
def test_flux_runs_what_argo_cd_would(environment: str) -> None:
    own, objects = told(environment), flux(environment)
    release = objects["HelmRelease"]["spec"]
    assert own["environment"] == environment
    assert objects["GitRepository"]["spec"]["ref"] == {"tag": own["revision"]}
    assert {each["metadata"]["namespace"] for each in objects.values()} == {own["namespace"]}
    source = argocd("applicationset")["template"]["spec"]["source"]
    assert release["chart"]["spec"]["chart"] == source["path"]
    assert release["releaseName"] == source["helm"]["releaseName"]
    (relative,) = source["helm"]["valueFiles"]
    values = (CHART / relative.replace("{{ .environment }}", environment)).resolve()
    assert values.exists()
    assert release["chart"]["spec"]["valuesFiles"][-1] == str(values.relative_to(ROOT))


@EVERY
def test_production_waits_for_somebody_and_nothing_else_does(environment: str) -> None:
    steps = argocd("applicationset")["strategy"]["rollingSync"]["steps"]
    waves = [step["matchExpressions"][0]["values"] for step in steps]
    step = steps[waves.index([told(environment)["wave"]])]
    waits = environment == "production"
    assert (step.get("maxUpdate") == 0) is waits
    assert flux(environment)["HelmRelease"]["spec"].get("suspend", False) is waits


def test_waves_are_in_the_order_of_promotion_and_every_key_of_the_template_is_in_every_file() -> None:
    waves = [told(each)["wave"] for each in ENVIRONMENTS]
    assert waves == sorted(waves) == sorted(set(waves))
    template = yaml.safe_dump(argocd("applicationset")["template"])
    for environment in ENVIRONMENTS:
        assert {key for key in told(environment) if f".{key} " in template} == set(told(environment))


@EVERY
def test_the_project_allows_where_an_environment_is_and_what_the_chart_makes(environment: str) -> None:
    project, own = argocd("project"), told(environment)
    assert {"server": own["cluster"], "namespace": own["namespace"]} in project["destinations"]
    assert project["sourceRepos"] == [argocd("applicationset")["template"]["spec"]["source"]["repoURL"]]
    assert {each["kind"] for each in rendered(environment)} & {each["kind"] for each in project["namespaceResourceBlacklist"]} == set()


def promote(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a copy."""
    command = [sys.executable, ROOT / "scripts" / "promote", *words, folder]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GITOPS, tmp_path / "gitops"))


def test_a_promotion_takes_the_revision_through_every_environment_and_changes_nothing_else(folder: Path) -> None:
    before = {each: {**told(each), "revision": ""} for each in ENVIRONMENTS}
    for source, target in [("v9.1.0-rc.1", "development"), ("development", "staging"), ("staging", "production")]:
        assert promote(folder, source, target).stdout == f"{target}: v9.1.0-rc.1\n"
        assert told(target, folder)["revision"] == "v9.1.0-rc.1"
        assert flux(target, folder)["GitRepository"]["spec"]["ref"] == {"tag": "v9.1.0-rc.1"}
    assert {each: {**told(each, folder), "revision": ""} for each in ENVIRONMENTS} == before


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("development", "production"), "takes what staging has"),
        (("v9.1.0", "staging"), "takes what development has"),
        (("main", "development"), "is no tag"),
        (("staging", "elsewhere"), "is none of"),
    ],
)
def test_an_environment_is_not_left_out_and_a_branch_is_not_promoted(folder: Path, words: tuple[str, str], why: str) -> None:
    done = promote(folder, *words)
    assert done.returncode == 1
    assert why in done.stderr
    assert [told(each, folder) for each in ENVIRONMENTS] == [told(each) for each in ENVIRONMENTS]

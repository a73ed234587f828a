"""The chart, rendered with every file of values of ``ci/``, as data; run as a program it writes them into a folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.helm import CHART, releases

Manifest = dict[str, Any]
SCENARIOS = sorted(file.name.removesuffix("-values.yaml") for file in (CHART / "ci").glob("*-values.yaml"))
# The same in C, where PyYAML was built with it; there are many lines.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
POD_OWNERS = ("Deployment", "StatefulSet", "Job")


@cache
def rendered() -> dict[str, dict[str, Any]]:
    """What Helm says to each scenario."""
    asked = [{"name": "synapse", "values": yaml.safe_load((CHART / "ci" / f"{name}-values.yaml").read_text("utf-8"))} for name in SCENARIOS]
    return dict(zip(SCENARIOS, releases(asked), strict=True))


@cache
def manifests(scenario: str) -> list[Manifest]:
    """Every object of a scenario."""
    return parsed(rendered()[scenario]["files"])


def parsed(files: dict[str, str]) -> list[Manifest]:
    """Every object of a release, of what Helm made of its templates."""
    texts = [text for name, text in files.items() if name.endswith(".yaml")]
    return [each for text in texts for each in yaml.load_all(text, Loader=_LOADER) if each]


def of_kind(scenario: str, *kinds: str) -> dict[str, Manifest]:
    """Objects of these kinds, by name."""
    return {each["metadata"]["name"]: each for each in manifests(scenario) if each["kind"] in kinds}


def component(manifest: Manifest) -> str:
    """What part of Synapse it belongs to."""
    found: str = manifest["metadata"]["labels"]["app.kubernetes.io/component"]
    return found


def pods(scenario: str) -> dict[str, Manifest]:
    """Metadata and spec of every pod there can be, by the name of its owner."""
    owned = {name: each["spec"]["template"] for name, each in of_kind(scenario, *POD_OWNERS).items()}
    return owned | of_kind(scenario, "Pod")


def containers(pod: Manifest) -> Iterator[Manifest]:
    """Every container of a pod, those that run before included."""
    yield from pod["spec"].get("initContainers", [])
    yield from pod["spec"]["containers"]


def workers(scenario: str) -> dict[str, Manifest]:
    """Deployments of agents, by their queue."""
    found = of_kind(scenario, "Deployment").values()
    return {each["metadata"]["labels"]["synapse.io/queue"]: each for each in found if component(each).startswith("worker-")}


def _main(folder: Path) -> None:
    for name, release in rendered().items():
        texts = [text.strip() for file, text in sorted(release["files"].items()) if file.endswith(".yaml")]
        (folder / f"{name}.yaml").write_text("\n---\n".join(text for text in texts if text) + "\n", "utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))

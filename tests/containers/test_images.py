"""The images themselves: who runs in them, what they can write, and that each starts and knows how it is."""

from __future__ import annotations

import json
from typing import Any

import docker
import pytest

from tests.containers import images

EVERY = pytest.mark.parametrize("target", images.OWN)
MOST_BYTES = 500 * 2**20
"""Of a target with its base; 381 MB on the stand-in, of which 257 are Synapse and what it needs."""


def run(engine: docker.DockerClient, target: str, command: list[str]) -> str:
    """What a command says in the image, with nothing writable and no network."""
    said = engine.containers.run(
        images.own(target), command, read_only=True, cap_drop=["ALL"], user="10001:10001", network_mode="none", remove=True, stderr=True
    )
    return str(said.decode())


@EVERY
def test_an_image_is_of_no_user_that_matters_and_not_large(engine: docker.DockerClient, target: str) -> None:
    found: dict[str, Any] = engine.images.get(images.own(target)).attrs
    assert found["Config"]["User"] == "10001:10001"
    assert found["Config"]["Healthcheck"]["Test"][:2] == ["CMD", "probe"]
    assert not found["Config"].get("Volumes")
    assert found["Size"] < MOST_BYTES


@EVERY
def test_nothing_of_it_can_be_written_and_its_program_runs_all_the_same(engine: docker.DockerClient, target: str) -> None:
    assert run(engine, target, ["synapse", "--version"]).startswith("synapse ")
    tried = "import pathlib\ntry:\n pathlib.Path('/opt/synapse/x').touch()\nexcept OSError as error:\n print(error.errno)"
    assert run(engine, target, ["python", "-c", tried]).strip() in ("13", "30")


@EVERY
def test_it_holds_no_installer_and_lists_what_it_holds(engine: docker.DockerClient, target: str) -> None:
    look = (
        "import importlib.util, json, pathlib\n"
        "bill = pathlib.Path('/opt/synapse/share/sbom.cdx.json').read_text()\n"
        "print(json.dumps([importlib.util.find_spec('pip') is None, bill]))"
    )
    without_pip, bill = json.loads(run(engine, target, ["python", "-c", look]))
    assert without_pip
    names = {each["name"] for each in json.loads(bill)["components"]}
    assert {"celery", "synapse-research"} <= names
    assert not {"pip", "pytest", "ruff"} & names

"""The Dockerfile, and the small programs that it puts into images."""

from __future__ import annotations

import importlib.metadata
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synapse.telemetry.exposition import Exposition
from tests.deploy.commands import check
from tests.deploy.composed import ROOT, services

DOCKER = ROOT / "deploy" / "docker"
TARGETS = ("api", "worker", "mcp-primary", "mcp-filesystem", "flower", "exporter", "collector")


def stages() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Each stage: what it is made from, and its instructions."""
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    name = ""
    for line in re.sub(r"\\\n", " ", (DOCKER / "Dockerfile").read_text("utf-8")).splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found[name] = (base, [])
        elif word.isupper() and name:
            found[name][1].append((word, rest.strip()))
    return found


def last(stage: str, word: str) -> str:
    """The instruction that counts in a stage, or in what it is made from."""
    base, instructions = stages()[stage]
    told = [rest for each, rest in instructions if each == word]
    return told[-1] if told else last(base, word)


def test_there_is_a_target_for_every_image_that_compose_builds() -> None:
    built = {each["build"]["target"] for each in services().values() if "build" in each}
    assert built == set(TARGETS) <= set(stages())


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_as_nobody_in_particular_and_knows_how_it_is(target: str) -> None:
    assert last(target, "USER") == "10001:10001"
    assert 'CMD ["probe"' in last(target, "HEALTHCHECK")


@pytest.mark.parametrize("target", [target for target in TARGETS if target not in ("exporter", "collector")])
def test_an_image_starts_what_its_program_takes(target: str) -> None:
    check(json.loads(last(target, "CMD")))


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_holds_no_tool_that_builds(target: str) -> None:
    stage = target
    while stage in stages():
        base, instructions = stages()[stage]
        for word, rest in instructions:
            assert word != "RUN" or not re.search(r"\b(apt-get|gcc|pip install|curl)\b", rest), rest
        stage = base


def test_every_base_is_an_argument() -> None:
    text = (DOCKER / "Dockerfile").read_text("utf-8")
    arguments = set(re.findall(r"^ARG ([A-Z]+)=\S+$", text, re.MULTILINE))
    foreign = {base for base, _ in stages().values() if base not in stages()}
    assert foreign == {"${BASE}", "${EXPORTER}", "${COLLECTOR}"}
    assert {"BASE", "EXPORTER", "COLLECTOR"} <= arguments
    assert all(set(each["build"]["args"]) <= arguments | {"REVISION"} for each in services().values() if "build" in each)


def test_what_is_copied_is_let_in_and_the_secrets_are_not() -> None:
    let_in = {line[1:] for line in (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    for _, instructions in stages().values():
        for word, rest in instructions:
            sources = [] if word != "COPY" or "--from" in rest else [each for each in rest.split()[:-1] if not each.startswith("--")]
            assert all(any(source == each or source.startswith(f"{each}/") for each in let_in) for source in sources), rest
    assert not any("secrets" in each for each in let_in)


@pytest.fixture
def server() -> Iterator[tuple[int, list[bool]]]:
    """A server's port, and whether it is ready."""
    ready = [True]
    made = Exposition("127.0.0.1", 0, alive=lambda: True, ready=lambda: ready[0])
    made.start()
    yield made.port, ready
    made.close()


def probe(*arguments: str) -> int:
    return subprocess.run([sys.executable, DOCKER / "probe", *arguments], capture_output=True, check=False, timeout=60).returncode


def test_the_probe_says_by_its_exit_code_whether_a_server_is_ready(server: tuple[int, list[bool]]) -> None:
    port, ready = server
    assert probe(str(port), "/readyz") == 0
    ready[0] = False
    assert probe(str(port), "/readyz") == 1
    assert probe(str(port), "/none") == 1


def test_the_probe_says_so_when_nobody_listens(server: tuple[int, list[bool]]) -> None:
    assert probe("1", "/readyz") == 1


def test_the_bill_of_materials_has_everything_that_is_installed() -> None:
    done = subprocess.run([sys.executable, DOCKER / "sbom"], capture_output=True, text=True, check=True)
    bill = json.loads(done.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    refs = [each["bom-ref"] for each in bill["components"]]
    assert f"pkg:pypi/celery@{importlib.metadata.version('celery')}" in refs
    assert refs == sorted(set(refs))


def test_flower_asks_for_the_password_that_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run([sys.executable, ROOT / "scripts/secrets", tmp_path], check=True)
    monkeypatch.setenv("SYNAPSE_SECRETS_DIR", str(tmp_path))
    read: dict[str, Any] = runpy.run_path(str(DOCKER / "flowerconfig.py"))
    assert read["basic_auth"] == [(tmp_path / "flower_basic_auth").read_text().strip()]
    assert read["basic_auth"][0].startswith("operator:")
    assert read["broker_api"].endswith("@rabbitmq:15672/api/")
    assert read["read_only"] is True

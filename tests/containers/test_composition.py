"""The composition as `scripts/up core` starts it: every service healthy, a question, a report, and nothing left."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest

from benchmarks.startup.composition import ROOT, Composition
from tests.deploy.composed import services

pytestmark = pytest.mark.timeout(900)


def test_it_starts_answers_a_question_over_its_published_port_and_leaves_nothing(tmp_path: Path, engine: docker.DockerClient) -> None:
    with (tmp_path / "log").open("w") as log:
        composition = Composition(log)
        composition.run(ROOT / "scripts" / "secrets")
        try:
            took = composition.up()
            report = composition.ask()
        except Exception:
            composition.logs()
            print((tmp_path / "log").read_text())
            raise
        finally:
            composition.down()
    assert set(took) == set(services("core"))
    assert report["answer"][0]["evidence"]
    label = f"com.docker.compose.project={composition.project}"
    left = [engine.containers.list(all=True, filters={"label": label}), engine.volumes.list(filters={"label": label})]
    assert left == [[], []]

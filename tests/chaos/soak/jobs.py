"""What is asked for, and what research finds: runs of the 16-step shape, and questions to a few pages."""

from __future__ import annotations

import random
import uuid
from pathlib import Path
from typing import Final

import yaml

from benchmarks.engine.workloads import synapse as workload
from synapse.contracts.run import RunRequest
from synapse.workflows.definition import to_data
from tests.chaos.soak.callers import Job

CORPUS: Final = "animals"
_WAYS: Final = {"ants": "a scent trail", "bees": "a dance", "wolves": "a track", "birds": "the light", "fish": "a current"}
# A run must not fail for its deadline where a machine is slow.
_DEADLINE: Final = 86_400.0


def write_pages(folder: Path) -> Path:
    """The documents of the corpus."""
    folder.mkdir()
    for name, way in _WAYS.items():
        text = f"# {name.title()}\n\n{name.title()} find food by following {way}. Other {name} have left it. In time {way} fades.\n"
        (folder / f"{name}.md").write_text(text)
    return folder


def write_workflow(folder: Path) -> Path:
    """The shape, as a workflow of an operator."""
    folder.mkdir()
    (folder / "shape.yaml").write_text(yaml.safe_dump(to_data(workload.workflow())))
    return folder


def jobs(seed: int, shapes: int, researches: int, seconds: float) -> list[Job]:
    """All of them in the order in which they are asked for, spread evenly over so many seconds."""
    chance = random.Random(f"jobs {seed}")
    kinds = ["shape"] * shapes + ["research"] * researches
    chance.shuffle(kinds)
    made = []
    for number, kind in enumerate(kinds):
        key = str(uuid.UUID(int=chance.getrandbits(128)))
        made.append(Job(key, _shape(number) if kind == "shape" else _research(number), seconds * number / len(kinds)))
    return made


def _shape(number: int) -> RunRequest:
    return RunRequest(workflow="shape", input={"seed": number}, timeout_seconds=_DEADLINE)


def _research(number: int) -> RunRequest:
    asked = {"question": f"How do {list(_WAYS)[number % len(_WAYS)]} find food?", "corpus": CORPUS, "max_sources": 4}
    return RunRequest(input=asked, timeout_seconds=_DEADLINE)

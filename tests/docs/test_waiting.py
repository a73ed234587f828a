"""The page on waiting: its definition is run by its program against a whole Synapse, and its canvas is taken apart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from synapse.client import RunState
from synapse.engine.app import create_app
from synapse.workflows.compile import compile_workflow
from synapse.workflows.definition import parse, to_data
from tests.docs.pages import ROOT, files, write
from tests.docs.running import environment, up

PAGE = ROOT / "docs/howto/waiting.md"


@pytest.mark.timeout(300)
def test_the_program_of_the_page_answers_what_the_definition_of_the_page_asks(tmp_path: Path) -> None:
    write(PAGE, tmp_path / "workflows")
    program = (tmp_path / "workflows/answer.py").rename(tmp_path / "answer.py")
    (tmp_path / "workflows/canvas.py").unlink()
    env = environment(tmp_path, SYNAPSE_WORKFLOWS_DIR=str(tmp_path / "workflows"))
    with up(tmp_path, env) as api:
        done = subprocess.run(
            [sys.executable, str(program)],
            env={**env, "SYNAPSE_API_URL": api.url},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        (run,) = api.runs().runs
        names = [event.name for event in api.stream(run.id)]
    assert done.stdout.splitlines() == ["approval publish Publish these notes? 1.4", "[29.5, 20]"]
    assert run.state is RunState.SUCCEEDED
    assert names.count("signal.received") == 3
    assert names.count("step.waiting") == 5


def test_the_canvas_of_the_page_is_a_workflow() -> None:
    scope: dict[str, Any] = {}
    exec(compile(files(PAGE)["canvas.py"], "canvas.py", "exec"), scope)
    app = create_app(set_as_current=False)
    try:
        made = scope["asked"](app)
        compile_workflow(made, app.runtime.registry)
    finally:
        app.runtime.close()
    first = to_data(made)["do"]["chain"][0]
    assert first == {"approval": "start", "ask": '`"Shall we?"`', "timeout": 3600.0, "on_timeout": "reject", "on_reject": "continue"}


def test_every_kind_of_wait_is_on_the_page() -> None:
    workflow = parse(files(PAGE)["release.yaml"])
    app = create_app(set_as_current=False)
    try:
        program = compile_workflow(workflow, app.runtime.registry)
    finally:
        app.runtime.close()
    assert {type(node.source).__name__ for node in program.nodes.values() if node.kind == "wait"} == {"Timer", "WaitFor", "Approval"}

"""A folder is indexed and asked as the page says; what the report cites is checked by the code on the page about evidence."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from synapse.contracts.run import RunRequest
from tests.docs.pages import ROOT, blocks
from tests.docs.running import environment, up


@pytest.fixture
def checker() -> Any:
    scope: dict[str, Any] = {}
    exec(compile(blocks(ROOT / "docs/explanation/evidence.md", "python")[0].text, "evidence.py", "exec"), scope)
    return scope["check"]


def test_a_folder_is_indexed_asked_and_every_quote_stands_where_it_is_said_to(tmp_path: Path, checker: Any) -> None:
    env = environment(tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "handbook")
    command = [sys.executable, "-m", "synapse.cli.main"]
    subprocess.run([*command, "index", str(tmp_path / "handbook"), "--name", "handbook"], env=env, check=True, capture_output=True)
    with up(tmp_path, env) as api:
        run = api.submit(RunRequest(input={"question": "What does a worker do when its lease runs out?", "corpus": "handbook"}))
        assert [event.name for event in api.stream(run.id)][-1] == "run.succeeded"
        report = api.report(run.id)
        saved = tmp_path / "home" / "reports" / run.id / "report.json"
        assert report.answer, "nothing was found in Synapse's own documentation"
        assert all(reference.url.startswith("corpus://handbook/") for reference in report.references)
        assert checker(saved, tmp_path / "home" / "blobs") == len(report.evidence) > 0
        # With a quote moved by one character the check must fail.
        saved.write_text(report.model_copy(update={"evidence": (_moved(report.evidence[0]),)}).model_dump_json())
        with pytest.raises(AssertionError):
            checker(saved, tmp_path / "home" / "blobs")


def _moved(evidence: Any) -> Any:
    return evidence.model_copy(update={"start": evidence.start + 1, "end": evidence.end + 1})

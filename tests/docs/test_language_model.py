"""A whole Synapse with the page's variables set, and a model server behind them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
from prometheus_client import Counter

from synapse.contracts.run import RunRequest
from synapse.telemetry import metrics
from synapse.tools.outcome import Outcome
from tests.docs.pages import ROOT, blocks
from tests.docs.running import environment, up
from tests.unit.model_server import Asked, Said, model_server, say
from tests.waiting import PATIENCE

PAGE = ROOT / "docs" / "howto" / "language-model.md"


def planning(asked: Asked) -> Said:
    """Repeats the question as its plan, and answers nothing else."""
    plan = {"subquestions": [{"text": asked.block("question")}]}
    return say(json.dumps(plan)) if asked.shape == "ProposedPlan" else Said({"choices": []})


def test_the_variables_of_the_page_switch_the_model_on(tmp_path: Path) -> None:
    set_there = dict(re.findall(r"^export (\w+)=(\S+)$", blocks(PAGE, "sh")[0].text, re.MULTILINE))
    shutil.copytree(ROOT / "docs", tmp_path / "handbook")
    with model_server() as server:
        server.always = planning
        env = {**environment(tmp_path), **set_there, "SYNAPSE_LLM_BASE_URL": server.url}
        command = [sys.executable, "-m", "synapse.cli.main", "index", str(tmp_path / "handbook"), "--name", "handbook"]
        subprocess.run(command, env=env, check=True, capture_output=True)
        with up(tmp_path, env) as api:
            run = api.submit(RunRequest(input={"question": "What does a worker do when its lease runs out?", "corpus": "handbook"}))
            assert [event.name for event in api.stream(run.id)][-1] == "run.succeeded"
            report = api.report(run.id)
            counted = httpx.get(f"{api.url}/metrics", trust_env=False, timeout=PATIENCE).text
    assert report.answer
    assert "A language model took the question apart." in report.notes
    assert any("was not used: the server's answer is not of OpenAI's protocol" in note for note in report.notes)
    assert {asked.body["model"] for asked in server.asked} == {set_there["SYNAPSE_LLM_MODEL"]}
    # Agents, API and tools are one process there, so that one page shows what all of them count.
    assert re.search(r'^synapse_llm_calls_total\{outcome="ok",role="plan"\} 1\.0$', counted, re.MULTILINE)
    assert re.search(r'^synapse_llm_calls_total\{outcome="protocol",role="\w+"\} [1-9]', counted, re.MULTILINE)
    assert re.search(r'^synapse_tool_calls_total\{outcome="ok",tool="search_web"\} [1-9]', counted, re.MULTILINE)


def test_the_page_names_every_metric_of_the_model_with_its_labels_and_every_outcome() -> None:
    page = PAGE.read_text()
    told = dict(re.findall(r"^\| `(synapse_llm_\w+)(?:\{(.*?)\})?` \|", page, re.MULTILINE))
    kept = [each for name, each in vars(metrics).items() if name.startswith("LLM_")]
    assert told == {each._name + ("_total" if isinstance(each, Counter) else ""): ", ".join(each._labelnames) for each in kept}
    (section,) = re.findall(r"^The outcomes .*?\n\n", page, re.MULTILINE | re.DOTALL)
    assert {outcome for outcome in Outcome if f"`{outcome}`" not in section} == set()

from __future__ import annotations

import json
from pathlib import Path

import pytest

from synapse.cli.house import House
from tests.unit.cli.conftest import Command

pytestmark = pytest.mark.usefixtures("house")
OWN = "name: {name}\ninput: {{type: object}}\ndo: {{step: plan, agent: orchestrator, with: {{question: \"'{question}'\"}}}}\n"


def test_a_workflow_is_checked_made_shown_and_compared(synapse: Command, tmp_path: Path, house: House) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(OWN.format(name="cli-own", question="Why are ants red?"))
    assert synapse("workflows", "validate", str(file)).out == "cli-own is valid\n"
    assert synapse("workflows", "create", str(file)).out == "cli-own@1\n"
    file.write_text(OWN.format(name="cli-own", question="Why are ants blue?"))
    assert json.loads(synapse("workflows", "create", str(file), "--json").out)["version"] == 2
    assert "red" in synapse("workflows", "show", "cli-own", "--version", "1").out
    assert json.loads(synapse("workflows", "show", "cli-own", "--json").out)["version"] == 2
    assert len(synapse("workflows", "show", "cli-own", "--versions").out.splitlines()) == 3
    shown = synapse("workflows", "diff", "cli-own", "1", "2").out
    assert "-    question: '''Why are ants red?'''" in shown
    assert json.loads(synapse("workflows", "diff", "cli-own", "1", "2", "--json").out)["changes"][1]["path"] == "do.with.question"
    listed = synapse("workflows", "list").out
    assert "builtin" in listed
    assert "cli-own" in listed
    assert {each["name"] for each in json.loads(synapse("workflows", "list", "--json").out)} >= {"cli-own", "research"}


def test_what_is_wrong_is_told_line_by_line_and_is_exit_code_1(synapse: Command, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("name: broken\ndo: {chain: [{step: a, agent: nobody}, {step: b, agent: none}]}\n")
    ended = synapse("workflows", "validate", str(file))
    assert ended.code == 1
    assert [line.partition(":")[0] for line in ended.out.splitlines()] == ["do.chain[0].agent", "do.chain[1].agent"]
    assert synapse("workflows", "create", str(file)).code == 1
    assert synapse("workflows", "create", str(tmp_path / "absent.yaml")).code == 2

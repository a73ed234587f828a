"""The official conformance suite against both servers, the API's face and the fixture server, for both revisions of the specification."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conformance.node import Node

SERVERS = ("primary", "filesystem", "face", "fixture")
REVISIONS = ("2026-07-28", "2025-11-25")
SUITE = "@modelcontextprotocol/conformance/dist/index.js"
RESULT = re.compile(r"^[✓✗~] ([\w-]+): (\d+) passed, (\d+) failed", re.MULTILINE)


@cache
def groups() -> list[dict[str, Any]]:
    """The scenarios that are expected not to pass, in groups that share a reason."""
    found: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("expected.yaml").read_text("utf-8"))
    return found


def expected(server: str, revision: str) -> list[str]:
    return [each for group in groups() if server in group["servers"] and revision in group["revisions"] for each in group["scenarios"]]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("server", SERVERS)
def test_exactly_those_scenarios_fail_that_do_not_apply(
    node: Node, addresses: dict[str, str], tmp_path: Path, server: str, revision: str
) -> None:
    run = node.run(SUITE, "server", "--url", addresses[server], "--requirements", revision, "-o", str(tmp_path))
    results = RESULT.findall(run.stdout)
    assert len(results) > 30, f"the suite did not run:\n{run.stdout[-3000:]}\n{run.stderr[-3000:]}"
    failed = {scenario for scenario, _, failures in results if failures != "0"}
    assert failed == set(expected(server, revision)), run.stdout[-6000:]


def test_each_scenario_is_listed_once_and_with_a_reason() -> None:
    for server in SERVERS:
        for revision in REVISIONS:
            assert [name for name, times in Counter(expected(server, revision)).items() if times > 1] == []
    assert all(len(group["reason"]) > 20 for group in groups())


def test_what_only_lacks_a_fixture_tool_passes_on_the_fixture_server() -> None:
    lacking = [group for group in groups() if group.get("passes_on_fixture")]
    assert lacking
    for group in lacking:
        assert "fixture" not in group["servers"]
        for revision in group["revisions"]:
            assert set(group["scenarios"]).isdisjoint(expected("fixture", revision))

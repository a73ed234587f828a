from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from synapse import faults
from synapse.faults import POINTS, FaultInjected, Faults, Rule

SOURCES = Path(faults.__file__).parent


def made(folder: Path, *rules: Rule, seed: int = 0, who: str = "") -> Faults:
    return Faults(list(rules), folder, seed, who)


def hits(faults: Faults, point: str, times: int) -> list[int]:
    """Which of so many visits of a point were met by a fault."""
    met = []
    for number in range(times):
        try:
            faults.reach(point, "step")
        except FaultInjected:
            met.append(number)
    return met


def test_without_the_variable_every_point_is_a_function_that_does_nothing() -> None:
    check = "from synapse import faults; assert faults.reach is faults.nothing; faults.reach('after-claim', 'a')"
    environment = {name: value for name, value in os.environ.items() if name != "SYNAPSE_FAULTS"}
    subprocess.run([sys.executable, "-c", check], env={**environment, "PYTHONPATH": str(SOURCES.parent)}, check=True)


def test_every_point_is_somewhere_in_the_code_and_no_other() -> None:
    places = [*SOURCES.rglob("*.py"), SOURCES.parent / "tests" / "chaos" / "app.py"]
    reached = {name for file in places for name in re.findall(r'\breach\("([\w-]+)"', file.read_text("utf-8"))}
    assert reached == set(POINTS)


def test_a_rule_for_a_point_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no point 'nowhere'"):
        Rule("nowhere", "kill")


def test_a_fault_happens_at_its_point_and_step_at_its_turn_and_as_often_as_it_may(tmp_path: Path) -> None:
    faults = made(tmp_path, Rule("after-claim", "raise", where="ste", nth=2, times=2))
    faults.reach("before-claim", "step")
    faults.reach("after-claim", "other")
    assert hits(faults, "after-claim", 6) == [1, 2]
    mark = json.loads((tmp_path / "0-after-claim-0").read_text())
    assert (mark["at"], mark["where"], mark["do"]) == ("after-claim", "step", "raise")


def test_a_fault_that_happened_in_one_process_does_not_happen_in_another(tmp_path: Path) -> None:
    rule = Rule("in-agent", "raise")
    assert hits(made(tmp_path, rule, who="a"), "in-agent", 2) == [0]
    assert hits(made(tmp_path, rule, who="b"), "in-agent", 2) == []


def test_the_same_seed_and_name_give_the_same_faults_and_others_give_others(tmp_path: Path) -> None:
    rule = Rule("in-agent", "raise", times=1000, chance=0.3)

    def drawn(folder: str, seed: int, who: str) -> list[int]:
        (tmp_path / folder).mkdir()
        return hits(made(tmp_path / folder, rule, seed=seed, who=who), "in-agent", 200)

    first = drawn("first", 7, "a")
    assert 20 < len(first) < 120
    assert first == drawn("again", 7, "a")
    assert first != drawn("seed", 8, "a")
    assert first != drawn("name", 7, "b")


def test_a_hanging_process_goes_on_when_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    made(tmp_path, Rule("in-tool", "hang")).reach("in-tool", "search_web")
    assert (tmp_path / "0-in-tool-0").exists()


@pytest.mark.parametrize(("do", "status"), [("kill", -signal.SIGKILL), ("memory", 3)])
def test_a_process_dies_or_finds_no_memory_at_the_point_that_the_variable_names(tmp_path: Path, do: str, status: int) -> None:
    check = """
import sys
from synapse.faults import reach
try:
    reach("in-agent", "x")
except MemoryError:
    bytearray(200_000_000)  # there is some again
    sys.exit(3)
"""
    described = json.dumps({"marks": str(tmp_path), "rules": [{"at": "in-agent", "do": do}]})
    ended = subprocess.run(
        [sys.executable, "-c", check], env={**os.environ, "PYTHONPATH": str(SOURCES.parent), "SYNAPSE_FAULTS": described}, check=False
    )
    assert ended.returncode == status


def test_a_stopped_process_goes_on_after_sigcont(tmp_path: Path) -> None:
    described = json.dumps({"marks": str(tmp_path), "rules": [{"at": "in-agent", "do": "stop"}]})
    process = subprocess.Popen(
        [sys.executable, "-c", "from synapse.faults import reach; reach('in-agent')"],
        env={**os.environ, "PYTHONPATH": str(SOURCES.parent), "SYNAPSE_FAULTS": described},
    )
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    assert process.wait(30) == 0

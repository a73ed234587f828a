from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from synapse.engine.registry import GROUP, Registry
from tests.unit.engine.workshop import echo, make

MODULE = """
from pydantic import BaseModel
from synapse.contracts.agent import agent
from synapse.contracts.toolbox import Toolbox

class Nothing(BaseModel):
    pass

@agent("{name}")
def first(task: Nothing, tools: Toolbox) -> Nothing:
    return task

@agent("{name}.again")
def second(task: Nothing, tools: Toolbox) -> Nothing:
    return task
"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put packages on the path as pip would: modules, and a dist-info that names them."""
    monkeypatch.syspath_prepend(tmp_path)
    made: list[str] = []

    def put(module: str, source: str, points: dict[str, str]) -> None:
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        lines = "".join(f"{name} = {value}\n" for name, value in points.items())
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}")
        made.append(module)

    yield put
    for module in made:
        sys.modules.pop(module, None)


def test_synapses_own_agents_are_found_by_their_entry_points() -> None:
    registry = Registry.installed()
    assert {"orchestrator.plan", "search", "extraction", "fact_check", "synthesis", "file_save", "logger"} & set(registry)
    assert all(registry[name].name == name for name in registry)
    assert "synapse-fact-check" in registry.queues()


def test_agents_of_an_installed_package_are_found_in_the_module_it_names(install: Install) -> None:
    install("synapse_tides", MODULE.format(name="tides"), {"tides": "synapse_tides"})
    registry = Registry.installed()
    assert {"tides", "tides.again", "search"} <= set(registry)
    assert "synapse-tides" in registry.queues()


def test_an_entry_point_may_name_one_agent(install: Install) -> None:
    install("synapse_tides", MODULE.format(name="tides"), {"tides": "synapse_tides:second"})
    registry = Registry.installed()
    assert "tides.again" in registry
    assert "tides" not in registry


@pytest.mark.parametrize(
    ("source", "value"),
    [("import no_such_module_anywhere", "synapse_broken"), ("1 / 0", "synapse_broken"), ("x = 1", "synapse_broken:missing")],
)
def test_a_broken_package_is_logged_and_left_out_and_the_others_are_there(
    install: Install, logs: list[dict[str, Any]], source: str, value: str
) -> None:
    install("synapse_broken", source, {"broken": value})
    registry = Registry.installed()
    assert "search" in registry
    assert [(line["event"], line["entry_point"]) for line in logs] == [("agents.unavailable", "broken")]
    assert logs[0]["error"]


def test_what_is_no_agent_is_not_taken_for_one(install: Install) -> None:
    before = set(Registry.installed())
    install("synapse_odd", "answer = 42", {"odd": "synapse_odd:answer", "module": "synapse_odd"})
    assert set(Registry.installed()) == before


def test_two_packages_with_an_agent_of_one_name_are_refused(install: Install) -> None:
    install("synapse_tides", MODULE.format(name="tides"), {"tides": "synapse_tides"})
    install("synapse_waves", MODULE.format(name="tides"), {"waves": "synapse_waves"})
    with pytest.raises(ValueError, match="two agents are named 'tides'"):
        Registry.installed()


def test_an_agent_that_two_entry_points_name_is_one(install: Install) -> None:
    install("synapse_tides", MODULE.format(name="tides"), {"a": "synapse_tides", "b": "synapse_tides:first"})
    assert {"tides", "tides.again"} <= set(Registry.installed())


def test_an_agent_can_be_added_again_but_not_replaced() -> None:
    one, other = make("echo", echo), make("echo", echo)
    registry = Registry()
    registry.add(one)
    registry.add(one)
    with pytest.raises(ValueError, match="'echo'"):
        registry.add(other)
    assert (list(registry), len(registry), registry["echo"]) == (["echo"], 1, one)


def test_each_queue_is_named_once() -> None:
    registry = Registry({name: make(name, echo) for name in ("b.two", "b.one", "a")})
    assert registry.queues() == ["synapse-a", "synapse-b"]

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from synapse.contracts.toolbox import StepContext
from synapse.engine.housekeeping import Housekeeping
from synapse.engine.publisher import MemoryPublisher
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.settings import BrokerSettings, EngineSettings, StorageSettings, TenantSettings, ToolSettings
from tests.unit.engine.workshop import echo, make
from tests.unit.state.house import House, step

PARTS = ("database", "publisher", "tools", "heartbeat", "runner")


def runtime_in(home: Path) -> Runtime:
    return Runtime(
        StorageSettings(home=home, database_url=None),
        BrokerSettings(broker_url=None),
        EngineSettings(lease_seconds=7, reconcile_seconds=0.3),
        ToolSettings(tool_timeout_seconds=3),
        Registry({"echo": make("echo", echo)}),
    )


def test_nothing_is_made_before_it_is_asked_for(tmp_path: Path) -> None:
    runtime = runtime_in(tmp_path)
    assert [name for name in PARTS if name in vars(runtime)] == []
    runtime.close()
    assert list(tmp_path.iterdir()) == []


def test_without_settings_it_is_made_of_the_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_HOME", str(tmp_path))
    monkeypatch.setenv("SYNAPSE_LEASE_SECONDS", "11")
    runtime = Runtime()
    assert (runtime.storage.home, runtime.engine.lease_seconds) == (tmp_path, 11)
    assert "search" in runtime.registry


def test_every_part_is_one_and_they_share_the_database(tmp_path: Path) -> None:
    runtime = runtime_in(tmp_path)
    assert runtime.runner is runtime.runner
    assert runtime.runner.ledger is runtime.heartbeat.ledger is runtime.database.ledger
    assert runtime.runner.ledger.lease == 7
    assert isinstance(runtime.publisher, MemoryPublisher)
    assert str(os.getpid()) in runtime.holder
    runtime.close()


def test_housekeeping_is_new_each_time_for_it_can_be_started_once(tmp_path: Path) -> None:
    runtime = runtime_in(tmp_path)
    first, second = runtime.housekeeping(), runtime.housekeeping()
    assert isinstance(first, Housekeeping)
    assert first is not second
    assert (first.holder, first.reconcile_every) == (runtime.holder, 0.3)
    runtime.close()


def test_tools_get_the_attempt_and_the_blobs_of_the_database(tmp_path: Path) -> None:
    runtime = runtime_in(tmp_path)
    asked: list[Any] = []
    runtime.__dict__["tools"] = SimpleNamespace(toolbox=lambda *given, **named: asked.append((given, named)), close=lambda: None)
    context = StepContext(run="r", step="a", agent="echo", attempt=1)

    async def progress(done: float, total: float, message: str) -> None:
        """Nobody asks."""

    runtime.toolbox(context, progress)
    assert asked == [((context,), {"blobs": runtime.database.blobs, "progress": progress, "models": runtime.models})]
    runtime.close()


def test_what_was_closed_is_made_anew_when_it_is_asked_for_again(tmp_path: Path) -> None:
    runtime = runtime_in(tmp_path)
    before = [getattr(runtime, name) for name in PARTS]
    runtime.close()
    assert [name for name in PARTS if name in vars(runtime)] == []
    assert all(getattr(runtime, name) is not old for name, old in zip(PARTS, before, strict=True))
    runtime.database.upgrade()
    assert runtime.database.events.follow((0, "", 0))[0] == []
    runtime.close()


def test_a_forked_child_gets_the_same_settings_and_agents_and_parts_of_its_own(tmp_path: Path) -> None:
    parent = runtime_in(tmp_path)
    child = parent.again()
    assert (child.storage, child.broker, child.engine, child.tool_settings) == (
        parent.storage,
        parent.broker,
        parent.engine,
        parent.tool_settings,
    )
    assert child.registry is parent.registry
    assert child.database is not parent.database
    parent.stopping.ask()
    assert child.runner.stopping.asked, "signals reach the parent only"
    child.close()
    parent.close()


def test_steps_pass_a_gate_only_where_tenants_have_windows_and_then_each_of_them_does(tmp_path: Path) -> None:
    free = Runtime(StorageSettings(home=tmp_path, database_url=None), BrokerSettings(broker_url=None))
    assert free.gate is None
    assert free.runner.gate is None
    assert free.runner.inline
    free.close()
    limits = TenantSettings(tenant_steps_per_second=5.0)
    narrow = Runtime(StorageSettings(home=tmp_path, database_url=None), BrokerSettings(broker_url=None), tenants=limits).again()
    assert narrow.runner.gate is narrow.gate is narrow.window
    assert not narrow.runner.inline
    narrow.close()


def test_runs_and_log_lines_of_steps_are_told_apart_by_the_classes_that_the_operator_named(tmp_path: Path) -> None:
    named = TenantSettings(tenant_classes=("acme=wired",))
    made = Runtime(StorageSettings(home=tmp_path, database_url=None), BrokerSettings(broker_url=None), tenants=named).again()
    made.database.upgrade()
    house = House(made.database)
    house.begin(step("a"), tenant="acme")
    house.begin(step("a"), tenant="initech")
    keeper = made.housekeeping()
    keeper.sweep()
    assert keeper.relay() == 2
    assert REGISTRY.get_sample_value("synapse_runs_started_total", {"how": "created", "tenant_class": "wired"}) == 1
    assert made.runner.tenant_classes == {"acme": "wired"}
    made.close()

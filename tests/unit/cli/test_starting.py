from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Command


def _keep(monkeypatch: pytest.MonkeyPatch, name: str) -> list[tuple[object, ...]]:
    called: list[tuple[object, ...]] = []
    monkeypatch.setattr(name, lambda *given, **named: called.append((*given, *named.values())))
    return called


def test_up_takes_ports_and_workers_from_settings_unless_told(synapse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    called = _keep(monkeypatch, "synapse.cli.keeping.keep_up")
    for arguments in ((), ("--port", "0"), ("--no-workers",), ("--workers",)):
        assert synapse("up", *arguments).code == 0
    assert called == [(None, None), (0, None), (None, False), (None, True)]


def test_servers_alone_take_host_and_port(synapse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    api, mcp = _keep(monkeypatch, "synapse.cli.keeping.keep_api"), _keep(monkeypatch, "synapse.cli.keeping.keep_mcp")
    synapse("api", "--host", "::1", "--port", "1")
    synapse("mcp", "primary")
    synapse("mcp", "filesystem", "--port", "2")
    assert (api, mcp) == ([("::1", 1)], [("primary", None, None), ("filesystem", None, 2)])


def test_the_demonstration_takes_a_corpus_and_a_question(synapse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    called = _keep(monkeypatch, "synapse.cli.demonstration.demonstrate")
    synapse("demo")
    synapse("demo", "--corpus", "docs", "--question", "Why?", "--json")
    assert called == [(None, None, False), (Path("docs"), "Why?", True)]


def test_a_worker_is_given_its_options_as_they_are_and_ends_the_command_with_it(synapse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []

    def ends(_: object, arguments: list[str]) -> int:
        called.append(arguments)
        return 70

    monkeypatch.setattr("synapse.engine.app.SynapseApp.work", ends)
    given = ["-Q", "synapse-search", "-n", "search@%h", "-c4", "--pool=threads", "--help"]
    assert synapse("worker", *given).code == 70
    assert called == [given]

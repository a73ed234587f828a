from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from synapse.cli import examine
from synapse.cli.house import House
from synapse.service.health import Check, Health
from tests.unit.model_server import model_server, say

NAMES = ["home", "disk", "agents", "corpora", "api", "database", "broker", "mcp primary", "mcp filesystem", "model"]


def test_beside_a_running_house_everything_is_fine_as_the_api_sees_it(house: House) -> None:
    health = examine.examine()
    assert [check.name for check in health.checks] == NAMES
    assert health.ok, health


@pytest.mark.usefixtures("nowhere")
def test_alone_what_is_missing_is_named_with_what_to_do() -> None:
    health = examine.examine()
    failed = {check.name: check.remedy for check in health.checks if not check.ok}
    assert failed.keys() == {"corpora", "api", "database", "mcp primary", "mcp filesystem"}
    assert all(failed.values())


@pytest.mark.usefixtures("nowhere")
def test_a_model_is_asked_from_here_with_the_settings_of_here(monkeypatch: pytest.MonkeyPatch) -> None:
    with model_server() as server:
        server.says(say('{"ok": true}'))
        monkeypatch.setenv("SYNAPSE_LLM_BASE_URL", server.url)
        monkeypatch.setenv("SYNAPSE_LLM_MODEL", "m")
        model = examine.examine().checks[-1]
    assert (model.name, model.ok, len(server.asked)) == ("model", True, 1)
    assert model.detail.startswith("m at 127.0.0.1:")


def test_the_table_has_a_line_for_each_check_and_the_remedies_below() -> None:
    checks = (
        Check(name="home", ok=True, milliseconds=1),
        Check(name="broker", ok=False, milliseconds=2, detail="no\x1b answer", remedy="start \x1bit"),
    )
    console = Console(file=StringIO(), width=100)
    console.print(examine.table(Health(ok=False, checks=checks)))
    shown = console.file.getvalue()  # type: ignore[attr-defined] # a StringIO
    assert "✓  home" in shown
    assert "→ broker: start" in shown
    assert "something is missing" in shown
    assert "\x1b" not in shown

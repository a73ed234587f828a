"""Every query of every panel and alert, asked of a real Prometheus that scrapes a system at work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.absent import absent
from tests.deploy.live import Broker, System
from tests.deploy.queries import names, panels, queries, rules
from tests.services import ServiceMissing
from tests.waiting import until

# Without a language model, web providers, schedules, webhooks, Celery's exporter or anything that fails there is nothing to show.
SILENT = {
    "agents: Steps that do not: {{agent}} {{state}}",
    "agents: Workers: {{queue}}",
    "agents: Tasks at work: {{hostname}}",
    "api-and-mcp: Answers that are errors of the server: share",
    "api-and-mcp: Tool calls that fail: {{tool}}",
    "api-and-mcp: Refusals: {{rule}}",
    "api-and-mcp: Lookups of what is kept: {{cache}} {{outcome}}",
    "outcomes: Searches by provider: {{provider}} {{outcome}}",
    "outcomes: Time of a provider, 95 in 100: {{provider}}",
    "outcomes: Questions to the language model: {{role}} {{outcome}}",
    "outcomes: Tokens: {{role}} {{direction}}",
    "outcomes: Cost in an hour: {{role}}",
    "outcomes: Due times of schedules: {{outcome}}",
    "outcomes: Waits: {{kind}}: {{ended}}",
    "outcomes: Deliveries to webhooks: {{outcome}}",
    "outcomes: Webhooks disabled in a day: {{why}}",
}


@pytest.fixture
def system(postgres_url: str, tmp_path: Path) -> Iterator[System]:
    try:
        broker = Broker()
    except ServiceMissing as missing:
        absent(missing)
    with broker:
        made = System(postgres_url, broker, tmp_path)
        try:
            with made.prometheus:
                yield made
        finally:
            made.stop()


# Eight programs are started for it: where others work meanwhile, that alone takes more than a minute.
@pytest.mark.timeout(480)
@pytest.mark.rabbitmq
def test_every_query_has_an_answer_once_there_is_work_and_nothing_rings(system: System) -> None:
    ask = system.prometheus.ask
    until(lambda: len(ask("up == 1")) == 5, "every target answers")
    # More than one of each: what rises is seen between two scrapes.
    for _ in range(2):
        assert system.research() == "succeeded"
        ended = len(ask("synapse:steps:rate5m"))
        until(lambda ended=ended: len(ask("synapse:steps:rate5m")) >= max(ended, 1), "the recordings were made")
    wanted = {where: query for where, query in panels().items() if where not in SILENT}
    until(lambda: not [where for where, query in wanted.items() if not ask(query)], f"all of {json.dumps(sorted(wanted))} have data", 120)
    for where, query in queries().items():
        ask(query)  # each is one that Prometheus takes
        assert names(query), where
    known = {rule.get("alert") or rule["record"] for rule in rules()}
    until(lambda: set(system.prometheus.rules()) == known, "every rule was evaluated")
    assert {name: error for name, error in system.prometheus.rules().items() if error} == {}
    # On a busy machine some may have rung while everything was starting.
    until(lambda: not ask('ALERTS{alertstate="firing"}'), "nothing rings")

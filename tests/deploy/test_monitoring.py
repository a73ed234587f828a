"""Rules, dashboards and runbooks: valid, about what is counted, and each alert rings when it should and not otherwise."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.absent import absent
from tests.deploy.composed import ROOT, services
from tests.deploy.queries import FOREIGN, MONITORING, RULES, alerts, boards, counted, names, panels, queries, rules

RUNBOOKS = ROOT / "docs" / "runbooks"


@dataclass(frozen=True)
class Case:
    """Series by which an alert rings, at a time, and others by which it does not."""

    rings: dict[str, str]
    quiet: dict[str, str]
    at: str = "1m45s"


ENDED = 'synapse_runs_ended_total{state="%s"}'
WAIT = 'synapse_step_wait_seconds_bucket{agent="search",le="%s"}'
RUN = 'synapse_run_seconds_bucket{state="succeeded",le="%s"}'
# A sample each 15 seconds.
CASES = {
    "SynapseApiDown": Case({'up{job="synapse-api"}': "1 0x30"}, {'up{job="synapse-api"}': "1x30"}),
    "SynapseDatabaseAway": Case(
        {'up{job="synapse-api",instance="a"}': "1x30"},
        {'up{job="synapse-api",instance="a"}': "1x30", 'synapse_runs_open{state="running",instance="a"}': "0x30"},
    ),
    "SynapseBrokerDown": Case({'up{job="rabbitmq"}': "1 0x30"}, {'up{job="rabbitmq"}': "1x30"}),
    "SynapseMcpServerDown": Case({'up{job="synapse-mcp",instance="p"}': "1 0x30"}, {'up{job="synapse-mcp",instance="p"}': "1x30"}),
    "SynapseQueueWithoutWorker": Case(
        {'rabbitmq_queue_consumers{queue="synapse-search"}': "1 0x30"},
        {'rabbitmq_queue_consumers{queue="synapse-search"}': "1x30", 'rabbitmq_queue_consumers{queue="of-others"}': "0x30"},
    ),
    "SynapseQueueStuck": Case(
        {'synapse_queue_oldest_ready_seconds{queue="synapse-search"}': "15+15x30"},
        {'synapse_queue_oldest_ready_seconds{queue="synapse-search"}': "0 50 0 50 0 50x30"},
        at="2m",
    ),
    "SynapseNoReconciler": Case(
        {'synapse_reconciler_leader{instance="a"}': "1 0x30"},
        {'synapse_reconciler_leader{instance="a"}': "1 0x30", 'synapse_reconciler_leader{instance="b"}': "0 1x30"},
    ),
    "SynapseErrorBudgetBurnsFast": Case(
        {ENDED % "failed": "0+1x30", ENDED % "succeeded": "0+3x30"}, {ENDED % "failed": "0+1x30", ENDED % "succeeded": "0+30x30"}
    ),
    "SynapseErrorBudgetBurnsSlowly": Case(
        {ENDED % "failed": "0+1x80", ENDED % "succeeded": "0+9x80"}, {ENDED % "failed": "0+1x80", ENDED % "succeeded": "0+50x80"}, at="15m"
    ),
    "SynapseApiErrors": Case(
        {'synapse_http_requests_total{status="500"}': "0+1x30", 'synapse_http_requests_total{status="200"}': "0+9x30"},
        {'synapse_http_requests_total{status="404"}': "0+9x30", 'synapse_http_requests_total{status="200"}': "0+9x30"},
    ),
    "SynapseRunsSlow": Case(
        {RUN % "120": "0+1x80", RUN % "300": "0+5x80", RUN % "+Inf": "0+5x80"},
        {RUN % "120": "0+99x80", RUN % "300": "0+100x80", RUN % "+Inf": "0+100x80"},
        at="15m",
    ),
    "SynapseStepsWait": Case(
        {WAIT % "10": "0+1x80", WAIT % "30": "0+5x80", WAIT % "+Inf": "0+5x80"},
        {WAIT % "10": "0+99x80", WAIT % "30": "0+100x80", WAIT % "+Inf": "0+100x80"},
        at="15m",
    ),
    "SynapseToolFails": Case(
        {'synapse_tool_calls_total{tool="t",outcome="timeout"}': "0+1x80", 'synapse_tool_calls_total{tool="t",outcome="ok"}': "0+2x80"},
        {'synapse_tool_calls_total{tool="t",outcome="cancelled"}': "0+1x80", 'synapse_tool_calls_total{tool="t",outcome="ok"}': "0+2x80"},
        at="5m",
    ),
    "SynapseWorkersDie": Case({"synapse_leases_expired_total": "0+1x80"}, {"synapse_leases_expired_total": "0 1x80"}, at="5m"),
    "SynapseHintsLost": Case({"synapse_hints_republished_total": "0+3x80"}, {"synapse_hints_republished_total": "0 5x80"}, at="5m"),
    "SynapseDeadLetters": Case(
        {'synapse_dead_letters_outstanding{queue="synapse-search"}': "0 1x80"},
        {'synapse_dead_letters_outstanding{queue="synapse-search"}': "0x80"},
        at="15m",
    ),
    "SynapseRunsFail": Case(
        {ENDED % "failed": "0+1x80", ENDED % "succeeded": "0+2x80"}, {ENDED % "failed": "0 1x80", ENDED % "succeeded": "0 1x80"}, at="15m"
    ),
    "SynapseModelUnanswered": Case(
        {'synapse_llm_fallbacks_total{agent="a",role="plan"}': "0+1x80"},
        {'synapse_llm_fallbacks_total{agent="a",role="plan"}': "0 3x80"},
        at="15m",
    ),
    "SynapseModelCostHigh": Case(
        {'synapse_llm_cost_total{role="plan"}': "0+1x80"}, {'synapse_llm_cost_total{role="plan"}': "0+0.01x80"}, at="15m"
    ),
    "SynapseWebhookDisabled": Case(
        {'synapse_webhooks_disabled_total{why="gone"}': "0x8 1x80", 'synapse_webhooks_disabled_total{why="failing"}': "0x80"},
        {'synapse_webhooks_disabled_total{why="gone"}': "2x80"},
        at="5m",
    ),
    "SynapseDeliveriesGivenUp": Case(
        {'synapse_webhook_deliveries_total{outcome="given_up"}': "0x8 1x80"},
        {'synapse_webhook_deliveries_total{outcome="given_up"}': "3x80", 'synapse_webhook_deliveries_total{outcome="retried"}': "0+1x80"},
        at="5m",
    ),
}


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        absent(f"{name} is not installed (Debian: prometheus, prometheus-alertmanager)")
    return found


def run(*command: str, folder: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_configuration_and_the_rules() -> None:
    run(tool("promtool"), "check", "config", "--syntax-only", str(MONITORING / "prometheus.yml"))
    run(tool("promtool"), "check", "rules", *map(str, RULES))


def test_alertmanager_takes_its_configuration_and_critical_alerts_ring_another_bell() -> None:
    file = str(MONITORING / "alertmanager.yml")
    run(tool("amtool"), "check-config", file)
    for severity, receiver in (("critical", "pager"), ("performance", "operators"), ("business", "operators")):
        run(tool("amtool"), "config", "routes", "test", f"--config.file={file}", f"--verify.receivers={receiver}", f"severity={severity}")


def test_every_alert_is_tried() -> None:
    assert set(CASES) == set(alerts())


@pytest.mark.parametrize("name", CASES)
def test_an_alert_rings_when_it_should_and_not_otherwise(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    tests: list[dict[str, Any]] = [
        {
            "interval": "15s",
            "input_series": [{"series": series, "values": values} for series, values in given.items()],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
                    "eval_time": case.at,
                    "exp_samples": [{"labels": "{}", "value": 1}] if rings else [],
                }
            ],
        }
        for given, rings in ((case.rings, True), (case.quiet, False))
    ]
    file = {"rule_files": [str(rule) for rule in RULES], "evaluation_interval": "5s", "tests": tests}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(file))
    run(tool("promtool"), "test", "rules", str(tmp_path / "test.yml"))


def test_what_must_be_known_at_once_rings_within_two_minutes() -> None:
    seconds = {
        name: int(case.at.partition("m")[0]) * 60 + int(case.at.partition("m")[2].removesuffix("s") or 0) for name, case in CASES.items()
    }
    critical = {name for name, rule in alerts().items() if rule["labels"]["severity"] == "critical"}
    assert all(seconds[name] <= 120 for name in critical | {"SynapseApiErrors"})


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_bad_it_is_and_what_to_do(name: str) -> None:
    rule = alerts()[name]
    assert rule["labels"]["severity"] in ("critical", "performance", "business")
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"
    page = (RUNBOOKS / f"{name}.md").read_text("utf-8")
    assert re.match(rf"# {name}\n\n```sh\n\S[^\n]*\n```\n\n\S", page), "a runbook starts with the command to type"
    assert f"[{name}]({name}.md)" in (RUNBOOKS / "README.md").read_text("utf-8")


def test_there_is_no_runbook_for_what_never_rings() -> None:
    assert {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"} == set(alerts())


@pytest.mark.parametrize(("where", "query"), queries().items(), ids=list(queries()))
def test_every_query_asks_for_what_is_counted(where: str, query: str) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    asked = names(query)
    assert asked, where
    assert asked <= set(counted()) | recorded | FOREIGN


def test_there_are_five_dashboards_and_each_panel_has_room_and_a_query() -> None:
    assert len(boards()) == 5
    for board in boards().values():
        places = {(each["gridPos"]["x"], each["gridPos"]["y"]) for each in board["panels"]}
        assert len(places) == len(board["panels"]) >= 9
        assert all(target["expr"] for panel in board["panels"] for target in panel["targets"])
    assert len({board["uid"] for board in boards().values()}) == 5


def test_everything_that_synapse_counts_is_looked_at_or_is_known_not_to_be() -> None:
    shown = {name for query in queries().values() for name in names(query)}
    unseen = {re.sub(r"_(bucket|count|sum)$", "", name) for name in counted()} - {
        re.sub(r"_(bucket|count|sum)$", "", name) for name in shown
    }
    assert unseen == {
        "synapse_deadlines_passed_total",
        "synapse_llm_request_seconds",
        "synapse_llm_slot_wait_seconds",
        "synapse_mcp_resource_requests_total",
        "synapse_mcp_tool_calls_total",
        "synapse_mcp_tool_duration_seconds",
        "synapse_mcp_tool_errors_total",
        "synapse_timers_fired_total",
    }


def test_every_worker_and_server_of_the_composition_is_scraped() -> None:
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text("utf-8"))
    text = yaml.safe_dump(config)
    watched = [name for name in services() if name.startswith(("worker-", "mcp-")) or name in ("api", "rabbitmq", "exporter", "collector")]
    assert [name for name in watched if not re.search(rf"\b{name}\b", text)] == []


def test_the_panels_are_as_many_as_the_page_says() -> None:
    assert len(panels()) >= 45

"""What an operator sees (log lines at debug level, spans, metrics, problems) repeats no secret and nothing that stands in a page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.collector import Collector, collecting
from tests.services.ports import free_port
from tests.services.process import ServerProcess
from tests.unit.model_server import Asked, ModelServer, fail, model_server, say
from tests.waiting import PATIENCE, until

PAGE = "# Ants\n\nAnts find food by following quixotrail scents that other ants have laid. An ant lays a quixotrail on its way home.\n"
PAGE_WORD = "quixotrail"
API_TOKEN = "api-token-swordfish-1"
MODEL_KEY = "sk-model-key-swordfish-2"
INBOX = "inbox-secret-swordfish-3-and-more-so-that-it-is-long-enough"
BRAVE = "brave-key-swordfish-4"
MCP_TOKEN = "mcp-token-swordfish-5"
BROKER_PASSWORD = "broker-swordfish-6"
DATABASE_PASSWORD = "database-swordfish-7"
WRONG_TOKEN = "somebodys-swordfish-8"


def settings(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNAPSE_", "OTEL_"))}
    return {
        **kept,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "SYNAPSE_HOME": str(home),
        "SYNAPSE_LOG_LEVEL": "debug",
        "SYNAPSE_LOG_FORMAT": "json",
        "SYNAPSE_API_PORT": str(free_port()),
        "SYNAPSE_API_TOKEN": API_TOKEN,
        "SYNAPSE_INBOX_SECRET": INBOX,
        **more,
    }


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """It repeats the key and what it was sent: in an error, as servers do, and in answers that are not what was asked for."""

    def repeated(asked: Asked) -> str:
        return f"{asked.headers['authorization']} {asked.text}"

    with model_server() as made:
        made.says(lambda asked: fail(500, repeated(asked)))
        made.always = lambda asked: say(repeated(asked))
        yield made


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "synapse.cli.main", *arguments]


def told(where: str, text: str, words: list[str]) -> list[str]:
    """Where which word stands, with what is around it."""
    return [f"{where}: {word}: …{text[max(0, at - 300) : at + 80]}" for word in words if (at := text.find(word)) >= 0]


def test_a_whole_run_at_debug_level_tells_no_secret_and_no_page(tmp_path: Path, collector: Collector, model: ModelServer) -> None:
    home = tmp_path / "home"
    env = settings(
        home,
        SYNAPSE_MCP_PRIMARY_PORT=str(free_port()),
        SYNAPSE_MCP_FILESYSTEM_PORT=str(free_port()),
        SYNAPSE_MCP_TOKEN=MCP_TOKEN,
        SYNAPSE_BRAVE_KEY=BRAVE,
        SYNAPSE_SEARCH_PROVIDERS="corpus",
        SYNAPSE_LLM_BASE_URL=model.url,
        SYNAPSE_LLM_MODEL="m",
        SYNAPSE_LLM_API_KEY=MODEL_KEY,
        SYNAPSE_OTEL_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="100",
    )
    (tmp_path / "insects").mkdir()
    (tmp_path / "insects" / "ants.md").write_text(PAGE)
    subprocess.run(command("index", str(tmp_path / "insects")), env=env, check=True, capture_output=True, timeout=PATIENCE)
    up = ServerProcess(command("up"), log=tmp_path / "up.log", env=env)
    try:
        up.wait_until(lambda: "ready; Ctrl-C stops" in up.log.read_text(errors="replace"), "synapse up")
        url = f"http://127.0.0.1:{env['SYNAPSE_API_PORT']}"
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {API_TOKEN}"}, timeout=PATIENCE, trust_env=False) as client:
            hook = client.post("/v1/webhooks", json={"url": "https://hooks.invalid/x"})
            key = client.post("/v1/keys", json={"name": "a", "scopes": ["runs:read"]})
            made = [hook.json()["secret"], key.json()["key"]]
            run = client.post("/v1/runs", json={"question": "How do ants find food?"}).json()["id"]
            state = until(lambda: ended(client, run), "the run ends")
            report = client.get(f"/v1/runs/{run}/report").text
            problems = [
                client.get("/v1/runs", headers={"Authorization": f"Bearer {WRONG_TOKEN}"}).text,
                client.get("/v1/runs/none", headers={"Authorization": f"Bearer {made[1]}"}).text,
                client.post("/v1/runs", json={"question": 5, "key": PAGE}).text,
                client.post("/v1/runs", content=PAGE, headers={"Content-Type": "application/json"}).text,
            ]
            metrics = client.get("/metrics").text
        until(lambda: any(each.name == "ledger.complete" for each in collector.spans), "spans")
    finally:
        up.stop()
    log = up.log.read_text(errors="replace")
    # Everything that could have told them was at work.
    assert state == "succeeded", log[-3000:]
    assert PAGE_WORD in report
    assert any(MODEL_KEY in asked.headers["authorization"] and PAGE_WORD in asked.text for asked in model.asked)
    assert {json.loads(line)["level"] for line in log.splitlines() if line.startswith("{")} >= {"debug", "info"}
    words = [*made, API_TOKEN, MODEL_KEY, INBOX, BRAVE, MCP_TOKEN, WRONG_TOKEN, PAGE_WORD]
    spans = "\n".join(f"{each.name} {each.about}" for each in collector.spans)
    leaks = [each for line in log.splitlines() for each in told("log", line, words)]
    leaks += told("span", spans, words) + told("metric", metrics, words) + told("problem", "\n".join(problems), words)
    assert not leaks, f"{len(leaks)}\n" + "\n".join(leaks[:12])


def ended(client: httpx.Client, run: str) -> str | None:
    state: str = client.get(f"/v1/runs/{run}").json()["state"]
    return state if state in ("succeeded", "failed", "cancelled") else None


def test_servers_that_are_away_are_named_without_their_passwords(tmp_path: Path) -> None:
    nobody = free_port()
    env = settings(
        tmp_path / "home",
        SYNAPSE_BROKER_URL=f"amqp://synapse:{BROKER_PASSWORD}@127.0.0.1:{nobody}//",
        SYNAPSE_DATABASE_URL=f"postgresql://synapse:{DATABASE_PASSWORD}@127.0.0.1:{nobody}/synapse",
    )
    api = ServerProcess(command("api"), log=tmp_path / "api.log", env=env)
    worker = ServerProcess([sys.executable, "-m", "celery", "-A", "synapse", "worker"], log=tmp_path / "worker.log", env=env)
    try:
        api.wait_until(lambda: "ready; Ctrl-C stops" in api.log.read_text(errors="replace"), "the API")
        url = f"http://127.0.0.1:{env['SYNAPSE_API_PORT']}"
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {API_TOKEN}"}, timeout=PATIENCE, trust_env=False) as client:
            answers = [client.get("/readyz"), client.get("/v1/runs"), client.post("/v1/runs", json={"question": "Why is this so?"})]
        until(lambda: not worker.running or str(nobody) in worker.log.read_text(errors="replace"), "the worker misses its broker")
    finally:
        worker.stop()
        api.stop()
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    said = "\n".join([*(answer.text for answer in answers), api.log.read_text(errors="replace"), worker.log.read_text(errors="replace")])
    assert not told("said", said, [BROKER_PASSWORD, DATABASE_PASSWORD, API_TOKEN, INBOX])

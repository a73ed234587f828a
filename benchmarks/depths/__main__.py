"""The driver: servers, a corpus, waves of runs, a line a second until all is done."""

from __future__ import annotations

import argparse
import csv
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg

from benchmarks.latency import houses
from benchmarks.latency.measure import CORPUS
from synapse.cli.client import Api
from synapse.contracts.run import RunRequest
from synapse.engine.registry import Registry
from tests.services import Postgres, RabbitMQ

ROOT = Path(__file__).parents[2]
SERIES = ROOT / "tests" / "deploy" / "depths.csv"
QUESTIONS = (
    "What happens to a step whose worker dies?",
    "How is a citation tied to its source?",
    "What does a run wait for, and for how long?",
    "How are workers scaled by their queues?",
    "Who may see the runs of a tenant?",
)
BEFORE, AFTER = 10, 15
"""Seconds of quiet that are recorded before the first wave, and after the last run."""
_STEPS = "SELECT split_part(agent, '.', 1), count(*) FROM step WHERE due IS NOT NULL AND state IN ('ready', 'running') GROUP BY 1"


class Watch:
    """RabbitMQ's management and PostgreSQL, looked at."""

    def __init__(self, management: str, vhost: str, connection: psycopg.Connection[tuple[str, int]]) -> None:
        self.queues = [*Registry.installed().queues(), "synapse-events"]
        self.agents = [queue.removeprefix("synapse-").replace("-", "_") for queue in Registry.installed().queues()]
        self._http = httpx.Client(base_url=management, timeout=30, trust_env=False)
        self._path = f"/api/queues/{vhost}"
        self._connection = connection

    @property
    def head(self) -> list[str]:
        """Names of the columns."""
        counts = [f"{queue} {what}" for queue in self.queues for what in ("ready", "unacknowledged")]
        return ["second", *counts, *(f"{agent} steps" for agent in self.agents)]

    def look(self) -> list[int]:
        """Ready and unacknowledged messages of each queue, then the steps of each agent."""
        told = {each["name"]: each for each in self._http.get(self._path).raise_for_status().json()}
        counts = [told.get(queue, {}).get(what, 0) for queue in self.queues for what in ("messages_ready", "messages_unacknowledged")]
        steps = dict(self._connection.execute(_STEPS).fetchall())
        return [*counts, *(steps.get(agent, 0) for agent in self.agents)]


def main() -> None:
    """Record, and write the series."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.depths", description="Queue depths while bursts of research go through.")
    parser.add_argument("--waves", default="120,60", help="how many runs are asked for at once, wave by wave")
    parser.add_argument("--every", type=int, default=70, help="seconds between two waves")
    parser.add_argument("--sources", type=int, default=8, help="pages that a run reads")
    asked = parser.parse_args()
    waves = [int(each) for each in asked.waves.split(",")]
    with (
        tempfile.TemporaryDirectory(prefix="synapse-depths-") as name,
        Postgres() as postgres,
        RabbitMQ(plugins=("rabbitmq_management",)) as rabbitmq,
    ):
        folder = Path(name)
        database, broker = postgres.create_database(), rabbitmq.create_vhost()
        env = {
            **os.environ,
            "SYNAPSE_HOME": str(folder / "home"),
            "SYNAPSE_LOG_LEVEL": "warning",
            "SYNAPSE_DATABASE_URL": database,
            "SYNAPSE_BROKER_URL": broker,
            "SYNAPSE_API_TOKEN": (token := secrets.token_hex(16)),
        }
        houses.index(ROOT / "docs", CORPUS, env)
        with (
            houses.processes(folder, env) as url,
            Api(url, token) as api,
            psycopg.connect(database, autocommit=True) as connection,
        ):
            watch = Watch(rabbitmq.management_url, broker.rpartition("/")[2], connection)

            def ask(runs: int) -> None:
                for number in range(runs):
                    question = {"question": QUESTIONS[number % len(QUESTIONS)], "corpus": CORPUS}
                    api.submit(RunRequest(input={**question, "max_sources": asked.sources, "max_followups": 0}))

            lines = list(_recorded(watch, ask, waves, asked.every))
    with SERIES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(watch.head)
        writer.writerows(lines)
    print(f"{len(lines)} seconds, {sum(waves)} runs: {SERIES}")


def _recorded(watch: Watch, ask: Callable[[int], None], waves: list[int], every: int) -> Iterator[list[int]]:
    """A line a second; where a look took longer, what was last seen holds until it."""
    began = time.monotonic()
    due = {BEFORE + number * every: runs for number, runs in enumerate(waves)}
    seen = watch.look()
    quiet = second = 0
    with ThreadPoolExecutor(1) as asking:
        asked: list[Future[None]] = []
        while due or quiet < AFTER or not all(each.done() for each in asked):
            time.sleep(max(0.0, began + second - time.monotonic()))
            asked += [asking.submit(ask, due.pop(then)) for then in [each for each in due if each <= second]]
            before, seen = seen, watch.look()
            now = max(second, int(time.monotonic() - began))
            for missed in range(second, now):
                yield [missed, *before]
            yield [now, *seen]
            second = now + 1
            quiet = 0 if any(seen) else quiet + 1
            print(f"second {now}: {sum(seen)}", file=sys.stderr, flush=True)
        for each in asked:
            each.result()


if __name__ == "__main__":
    main()

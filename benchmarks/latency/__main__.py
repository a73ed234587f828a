"""The driver: a corpus, servers, a warm-up, runs one after the other, a table."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.latency import houses, pages
from benchmarks.latency.measure import CORPUS, Asked, ask, per_step, percentile
from synapse.cli.client import Api

OF_PACKAGES = (
    "How do FastAPI dependencies with yield work, and when does their exit code run?",
    "What does acks_late change about Celery tasks?",
    "How does pydantic validate a model, and what is strict mode?",
    "How does SQLAlchemy pool connections?",
    "What is a Hypothesis strategy and how are examples shrunk?",
    "How does httpx handle timeouts and retries?",
    "How does kombu declare queues and exchanges?",
    "What does structlog do with processors?",
)
OF_PYTHON = (
    "How does asyncio schedule tasks, and what happens when one is cancelled?",
    "How does the garbage collector find reference cycles?",
    "What is the difference between threads and processes in concurrent.futures?",
    "How are modules found when they are imported?",
    "What does a context manager do when the block raises an exception?",
    "How does pickle serialise objects, and is it safe?",
    "How are regular expressions compiled and cached?",
    "What does the dataclass decorator generate?",
)


def main() -> None:
    """Measure, and print a table or JSON. Nothing passes or fails here."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description="Time from question to report on a local corpus.")
    parser.add_argument("--rounds", type=int, default=30, help="runs that are measured")
    parser.add_argument("--warm-up", type=int, default=None, help="runs before that; by default two for each question")
    parser.add_argument("--sources", type=int, default=8, help="pages that a run reads")
    parser.add_argument("--broker", action="store_true", help="over private RabbitMQ and PostgreSQL, a worker process for each agent")
    parser.add_argument("--corpus", type=Path, help="a folder of documents; by default pages made of the installed packages")
    parser.add_argument("--question", action="append", help="may be repeated; by default eight about Python or about its packages")
    parser.add_argument("--json", action="store_true", help="print every run's figures instead of a table")
    asked = parser.parse_args()
    questions = asked.question or (OF_PYTHON if asked.corpus else OF_PACKAGES)

    with tempfile.TemporaryDirectory(prefix="synapse-latency-") as name:
        folder = Path(name)
        env = {**os.environ, "SYNAPSE_HOME": str(folder / "home"), "SYNAPSE_LOG_LEVEL": "warning"}
        token = secrets.token_hex(16)
        env = {key: value for key, value in env.items() if key not in ("SYNAPSE_BROKER_URL", "SYNAPSE_DATABASE_URL")} | {
            "SYNAPSE_API_TOKEN": token
        }
        source = asked.corpus.resolve() if asked.corpus else folder / "pages"
        if not asked.corpus:
            _say(f"{pages.write(source)} pages made of installed packages")
        _say(houses.index(source, CORPUS, env))
        with (houses.distributed if asked.broker else houses.embedded)(folder, env) as url, Api(url, token) as api:
            _say(f"API at {url}")
            for turn in range(2 * len(questions) if asked.warm_up is None else asked.warm_up):
                taken = ask(api, questions[turn % len(questions)], asked.sources)
                _say(f"warm-up {turn + 1}: {taken.seconds * 1000:.0f} ms")
            runs = [ask(api, questions[turn % len(questions)], asked.sources) for turn in range(asked.rounds)]
    if asked.json:
        print(json.dumps(_data(runs), indent=2))
    else:
        _table(runs, "RabbitMQ + PostgreSQL, a worker process an agent" if asked.broker else "embedded")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _data(runs: list[Asked]) -> dict[str, object]:
    every = [{"ms": round(each.seconds * 1000, 1), "question": each.run.input["question"], **each.run.output["counts"]} for each in runs]
    machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
    return {"machine": machine, "runs": every, "steps": [asdict(one) for one in per_step([each.run for each in runs])]}


def _table(runs: list[Asked], how: str) -> None:
    seconds = [each.seconds * 1000 for each in runs]
    inside = [(each.run.finished_at - each.run.created_at).total_seconds() * 1000 for each in runs if each.run.finished_at]
    print(f"\n{len(runs)} runs, {how}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'':34}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
    for what, values in (("client: POST to report received", seconds), ("server: run created to finished", inside)):
        print(f"{what:34}{statistics.median(values):9.0f}{percentile(values, 0.95):9.0f}{max(values):9.0f}")
    counts = [each.run.output["counts"] for each in runs]
    said = {name: statistics.median(count[name] for count in counts) for name in ("sources", "cited", "claims", "sentences")}
    print("medians of a run: " + ", ".join(f"{value:g} {name}" for name, value in said.items()))
    print(f"\n{'step':12}{'agent':22}{'a run':>6}{'wait ms':>9}{'work ms':>9}{'span ms':>9}")
    for one in per_step([each.run for each in runs]):
        print(f"{one.node:12}{one.agent:22}{one.a_run:6.1f}{one.wait:9.1f}{one.work:9.1f}{one.span:9.1f}")


if __name__ == "__main__":
    main()

"""The driver: ``synapse up`` over a small corpus, a browser, visits, runs that are watched with and without others beside them."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from benchmarks.console import paint, pixels
from benchmarks.console.load import runs_beside
from benchmarks.console.paint import signed_in
from benchmarks.latency import houses
from benchmarks.latency.measure import percentile
from synapse.cli.client import Api
from synapse.contracts.run import RunRequest
from tests.services.chromium import chromium

DOCUMENTS = Path(__file__).parents[1] / "quality" / "handbook" / "documents"
CORPUS = "handbook"
QUESTION = "How many days of annual leave do full-time employees receive, and how many may be carried over?"
Series = dict[str, list[float]]


def main() -> None:
    """Measure, and print a table or JSON. Nothing passes or fails here."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--loads", type=int, default=20, help="visits of / that are measured, cold and again")
    parser.add_argument("--runs", type=int, default=10, help="runs that are watched, alone and with others beside them")
    parser.add_argument("--beside", type=int, default=8, help="runs under way beside the watched one")
    parser.add_argument("--json", action="store_true", help="print every figure instead of a table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="synapse-console-") as name:
        folder, token = Path(name), secrets.token_hex(16)
        known = {key: value for key, value in os.environ.items() if not key.startswith("SYNAPSE_")}
        env = {**known, "SYNAPSE_HOME": str(folder / "home"), "SYNAPSE_LOG_LEVEL": "warning", "SYNAPSE_API_TOKEN": token}
        _say(houses.index(DOCUMENTS, CORPUS, env))
        with houses.embedded(folder, env) as url, Api(url, token) as api, chromium() as browser:
            _say(f"API at {url}")
            found = {**_visits(browser, url, token, asked.loads), **_watched(browser, api, url, token, asked.runs, asked.beside)}
    if asked.json:
        print(json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0], "ms": found}, indent=2))
    else:
        _table(found)


def _visits(browser: Browser, url: str, token: str, many: int) -> Series:
    with signed_in(browser, token) as context:
        paint.again(context, url)
        visits = {
            "cold": [paint.cold(browser, url, token) for _ in range(many)],
            "again": [paint.again(context, url) for _ in range(many)],
        }
    return {f"{name}, {how}": [getattr(each, name) for each in some] for how, some in visits.items() for name in paint.NAMES}


def _watched(browser: Browser, api: Api, url: str, token: str, many: int, beside: int) -> Series:
    request = RunRequest(input={"question": QUESTION, "corpus": CORPUS})
    found: Series = {}
    with signed_in(browser, token) as context:
        page = context.new_page()
        pixels.watch(page)
        page.goto(url)
        pixels.follow(page, api, request)
        found["event to pixel, alone"] = [each for _ in range(many) for each in pixels.follow(page, api, request)]
        with runs_beside(url, token, beside, request) as others:
            found[f"event to pixel, {beside} runs beside"] = [each for _ in range(many) for each in pixels.follow(page, api, request)]
            _say(f"{others.runs} runs ended beside the watched ones")
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _table(found: Series) -> None:
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; milliseconds")
    print(f"{'':32}{'n':>7}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}")
    for what, values in found.items():
        row: list[Any] = [statistics.median(values), percentile(values, 0.95), percentile(values, 0.99), max(values)]
        print(f"{what:32}{len(values):7}" + "".join(f"{each:9.0f}" for each in row))


if __name__ == "__main__":
    main()

"""Requests made from the OpenAPI document, sent to the real application and judged by every check that schemathesis has.

``python -m tests.api.fuzzing --seconds 600`` goes on for longer than the test does. What does not hold by design is in
schemathesis.toml, each with its reason.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.api.served import Served, served

CONFIG: Final = Path(__file__).with_name("schemathesis.toml")
_REQUEST_SECONDS: Final = 30


@dataclass(frozen=True)
class Found:
    """How many requests were sent to how many operations, and what was found, as text."""

    operations: int
    cases: int
    failures: int
    text: str


def fuzz(api: Served, folder: Path, *, examples: int, seconds: int | None, seed: int) -> Found:
    """Send every example and so many random requests to each operation; with ``seconds`` also every boundary of the schemas, and
    sequences of requests for as long as there is time.
    """
    report = folder / "report.json"
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG), "run", f"{api.url}/openapi.json"]
    command += ["-n", str(examples), "--seed", str(seed), "--request-timeout", str(_REQUEST_SECONDS)]
    command += ["--max-time", str(seconds)] if seconds is not None else ["--phases", "examples,fuzzing", "--generation-deterministic"]
    command += ["--continue-on-failure", "--no-color", "--report", "json", "--report-json-path", str(report)]
    if api.key:
        command += ["-H", f"Authorization: Bearer {api.key}"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=4 * (seconds or 120), check=False)
    if not report.exists():
        raise RuntimeError(f"schemathesis ended with {ended.returncode}: {ended.stdout[-3000:]}{ended.stderr[-3000:]}")
    told: dict[str, Any] = json.loads(report.read_text("utf-8"))
    failures = told["test_cases"]["unique_failures"] + len(told["errors"])
    return Found(told["operations"]["tested"], told["test_cases"]["generated"], failures, ended.stdout)


def main() -> int:
    """Fuzz the API with a key and without; 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="for each of the two ways of calling it")
    parser.add_argument("--examples", type=int, default=200, help="random requests for each operation, at most")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    failures = 0
    for with_key in (True, False):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with served(folder / "home", with_key=with_key) as api:
                found = fuzz(api, folder, examples=given.examples, seconds=given.seconds, seed=given.seed)
        failures += found.failures
        how = "with an administrator's key" if with_key else "embedded, without credentials"
        sys.stdout.write(found.text if found.failures else "")
        sys.stdout.write(f"{how}: {found.cases} requests to {found.operations} operations, {found.failures} failures\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

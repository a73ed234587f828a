"""Start the composition again and again, ask it a question each time, and note how long everything took.

``scripts/with-engine scripts/with-images python -m benchmarks.startup --times 10``

Each round begins with nothing but the images. Figures go to ``benchmarks/startup/measured.json``, from which ``scripts/generate-docs``
writes docs/reference/startup.md; what was said, to the log.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any, TextIO

import httpx

from benchmarks.startup.composition import ROOT, Composition
from benchmarks.startup.page import MEASURED


def one_round(log: TextIO) -> dict[str, Any]:
    """Up, a question, down; the seconds of each. Raises what went wrong."""
    composition = Composition(log)
    begun = monotonic()
    try:
        services = composition.up()
        healthy = monotonic() - begun
        composition.ask()
        answered = monotonic() - begun
    except Exception:
        composition.logs()
        raise
    finally:
        composition.down()
    gone = monotonic() - begun
    seconds = {"healthy": healthy, "answered": answered - healthy, "gone": gone - answered}
    return {**{name: round(value, 1) for name, value in seconds.items()}, "services": services}


def main() -> int:
    """Run every round, whatever fails on the way; 1 when one did."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--log", type=Path, default=ROOT / "build" / "startup.log")
    asked = parser.parse_args()
    if reason := os.environ.get("SYNAPSE_ENGINE_ABSENT"):
        print(f"not measured: no Docker engine: {reason}")
        return 0
    asked.log.parent.mkdir(parents=True, exist_ok=True)
    rounds: list[dict[str, Any]] = []
    tried = 0
    subprocess.run([ROOT / "scripts" / "secrets"], check=True)
    with asked.log.open("w", encoding="utf-8") as log:
        try:
            for number in range(1, asked.times + 1):
                print(f"\n=== round {number}", file=log, flush=True)
                told = _tried(log, rounds)
                tried = number
                print(f"round {number} of {asked.times}: {told}", flush=True)
        except KeyboardInterrupt:
            print(f"interrupted: {tried} of {asked.times} rounds were tried")
    print(f"{len(rounds)} of {tried} rounds without a failure; the log is {asked.log}")
    if rounds:
        MEASURED.write_text(json.dumps(measured(rounds, tried), indent=1) + "\n", "utf-8")
    return int(len(rounds) < asked.times)


def _tried(log: TextIO, rounds: list[dict[str, Any]]) -> str:
    """Add one round, when it succeeds; what is to be said of it."""
    try:
        rounds.append(one_round(log))
    except (subprocess.CalledProcessError, RuntimeError, httpx.HTTPError) as error:
        print(repr(error), file=log, flush=True)
        return str(error)
    return ", ".join(f"{name} {rounds[-1][name]:.1f} s" for name in ("healthy", "answered", "gone"))


def measured(rounds: list[dict[str, Any]], tried: int) -> dict[str, Any]:
    """What is kept of the rounds."""
    stand_ins = "synapse-stand-in" in os.environ.get("BASE_IMAGE", "")
    return {"tried": tried, "cores": os.cpu_count(), "stand_ins": stand_ins, "sizes": sizes(), "rounds": rounds}


def sizes() -> dict[str, int]:
    """Megabytes of every image that was started."""
    command = ["docker", "compose", "--profile", "core", "config", "--images"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = {}
    for image in sorted(set(said.split())):
        command = ["docker", "image", "inspect", "--format", "{{.Size}}", image]
        found[image] = round(int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1e6)
    return found


if __name__ == "__main__":
    sys.exit(main())

"""Helm's own engine, in a process of its own: it is a library of Go, and what is loaded into the process of the tests stays in it.

Run as a program it takes ``[{"name": …, "values": …}]`` on its input, and answers with each release's manifests, or why it was refused.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "synapse"
NAMESPACE = "research"


def releases(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each ``{"name", "values"}``: ``{"files": {template: text}, "lint": [message]}`` or ``{"error": text}``."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.deploy.helm"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        timeout=120,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _main() -> None:
    import helm_python

    answers: list[dict[str, Any]] = []
    for asked in json.load(sys.stdin):
        try:
            with helm_python.Chart.load(CHART) as chart:
                files = chart.render(asked["values"], name=asked["name"], namespace=NAMESPACE)
            lint = helm_python.lint(CHART, asked["values"], namespace=NAMESPACE)
            worse = [message for message in lint["messages"] if message["severity"] > 1]
            answers.append({"files": files, "lint": worse})
        except helm_python.HelmError as error:
            answers.append({"error": str(error)})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    _main()

"""Run the integration suite many times in a row, keep the log, and end on a summary: what fails once in a while fails here.

``python -m benchmarks.repeat --times 10 --log FILE [pytest's arguments]``
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from time import perf_counter


def main() -> int:
    """Run all of them, whatever fails on the way; 1 when one did."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.repeat", description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--log", type=Path, default=Path("build/test-repeat.log"))
    asked, others = parser.parse_known_args()
    asked.log.parent.mkdir(parents=True, exist_ok=True)
    rounds = []
    with asked.log.open("w") as log:
        for number in range(1, asked.times + 1):
            code, seconds, last = _round(others or ["tests/integration"], log, number)
            rounds.append(code)
            line = f"round {number} of {asked.times}: {'green' if code == 0 else f'exit code {code}'} after {seconds:.0f} s: {last}"
            print(line, file=log, flush=True)
            print(line, flush=True)
        summary = f"{rounds.count(0)} of {asked.times} rounds green"
        print(summary, file=log)
    print(f"{summary}; the log is {asked.log}")
    return int(any(rounds))


def _round(arguments: list[str], log: object, number: int) -> tuple[int, float, str]:
    """One run of the suite: exit code, seconds and pytest's last line."""
    started, last = perf_counter(), ""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    print(f"\n=== round {number}: {' '.join(command[1:])}", file=log, flush=True)  # type: ignore[call-overload] # a text file
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        for line in running.stdout or ():
            log.write(line)  # type: ignore[attr-defined] # a text file
            last = line.strip() or last
    return running.returncode, perf_counter() - started, last


if __name__ == "__main__":
    sys.exit(main())

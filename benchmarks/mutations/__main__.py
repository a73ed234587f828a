"""Break one thing at a time in a copy of the tree, run the tests that should notice, and write down which did.

``python -m benchmarks.mutations`` tries all and keeps what it finds; ``--only WORD`` those with the word in their name. The exit code is 1
when one that has no defence is not noticed.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import re
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import pytest

from benchmarks.mutations import results
from benchmarks.mutations.catalogue import MUTATIONS
from benchmarks.mutations.mutation import ROOT, Mutation, applied, copy_tree
from benchmarks.mutations.results import Found

SECONDS = 600
# Most of a short test session is the import of these. They are imported once, and each session is a fork that imports what is broken.
LIBRARIES = (
    "alembic.command",
    "celery.app.base",
    "hypothesis.stateful",
    "kombu",
    "psycopg",
    "pydantic_settings",
    "sqlalchemy",
    "structlog",
)
_NO_END = " (no end)"
# A test's parameters may have spaces in them.
_FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s\[]+(?:\[.*?\])?)(?= - |$)", re.MULTILINE)


def main() -> int:
    """Try them; 1 when one survives that should not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations", description=__doc__)
    parser.add_argument("--only", default="", help="a word of the names to try")
    parser.add_argument("--backwards", action="store_true", help="the last first")
    parser.add_argument("--missing", action="store_true", help="only those of which nothing is known yet")
    asked = parser.parse_args()
    known = results.read() if asked.missing else {}
    chosen = [each for each in MUTATIONS if asked.only in each.key and each.key not in known][:: -1 if asked.backwards else 1]
    unexplained = 0
    for name in LIBRARIES:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        for mutation in chosen:
            found = try_one(mutation, tree)
            results.write({mutation.key: found})
            unexplained += not found.noticed and not mutation.defence
            print(f"{found.seconds:6.1f} s  {mutation.key}: {found.noticed or mutation.defence or 'SURVIVES'}", flush=True)
    print(f"{len(chosen)} tried, {unexplained} survive without a reason")
    return int(unexplained > 0)


def try_one(mutation: Mutation, tree: Path) -> Found:
    """Which test of a broken tree fails. Raises SystemExit when the tests cannot even be run."""
    began = perf_counter()
    left_out: list[str] = []
    for tests in mutation.tests:
        while True:
            with applied(mutation, tree):
                noticed = _first_failure([tests, *(f"--deselect={test}" for test in left_out)], mutation.on, tree)
            if noticed is None:
                break
            # One that fails in the whole tree, too, has noticed the machine and not the mutation.
            if noticed.endswith(_NO_END) or _first_failure([noticed], "", tree) is None:
                return Found(noticed, round(perf_counter() - began, 1))
            print(f"  {noticed} fails without {mutation.key}, too", flush=True)
            left_out.append(noticed)
    return Found(None, round(perf_counter() - began, 1))


def _first_failure(tests: list[str], on: str, tree: Path) -> str | None:
    options = [
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "--no-header",
        "--tb=line",
        "--assert=plain",
        "--hypothesis-profile=unshrunk",
        "--timeout=280",
    ]
    said = tree / "said.txt"
    session = multiprocessing.get_context("fork").Process(target=_test, args=([*options, *tests, *(["-k", on] if on else [])], tree, said))
    session.start()
    session.join(SECONDS)
    if session.is_alive():
        session.kill()
        session.join()
        return f"{tests[0]}{_NO_END}"
    if session.exitcode == 0:
        return None
    failed = _FAILED.search(said.read_text(errors="replace"))
    if session.exitcode != 1 or failed is None:
        raise SystemExit(f"the tests could not be run:\n{said.read_text(errors='replace')[-3000:]}")
    return failed[1]


def _test(arguments: list[str], tree: Path, said: Path) -> None:
    """In a process of its own: test that tree, in its folder."""
    os.chdir(tree)
    # CI: the same examples each time, and no test left out for want of a server.
    os.environ.update({"CI": "true", "PYTHONPATH": str(tree)})
    sys.path[:] = [str(tree), *(path for path in sys.path if path not in ("", str(ROOT)))]
    # What says which mutation it is knows the tree that is whole; the tests' own copy is another.
    for name in [name for name in sys.modules if name.partition(".")[0] in ("benchmarks", "synapse", "tests")]:
        del sys.modules[name]
    with said.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        code = pytest.main(arguments)
        sys.stdout.flush()
    os._exit(int(code))


if __name__ == "__main__":
    sys.exit(main())

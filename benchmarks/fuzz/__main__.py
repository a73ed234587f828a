"""The driver: each target for so many seconds; a table of how many inputs were tried, and every input that broke a law."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.fuzz import paths, robots, urls

Try = Callable[[random.Random], tuple[Any, Callable[[Any], bool]]]
TARGETS = ("urls", "addresses", "paths", "robots")
_SHOWN = 10


def _urls(source: random.Random) -> tuple[Any, Callable[[Any], bool]]:
    return urls.make(source), urls.check


def _addresses(source: random.Random) -> tuple[Any, Callable[[Any], bool]]:
    many = [urls.embedded(source).strip("[]") if source.random() < 0.7 else _ipv4(source) for _ in range(source.randrange(1, 4))]
    return many, urls.check_addresses


def _ipv4(source: random.Random) -> str:
    return ".".join(str(byte) for byte in source.randbytes(4))


def _robots(source: random.Random) -> tuple[Any, Callable[[Any], bool]]:
    return (robots.make(source), robots.check) if source.random() < 0.5 else (robots.make_plain(source), robots.check_plain)


def _target(name: str, seconds: float, seed: int) -> tuple[int, int, list[str]]:
    """How many inputs were tried, how many were accepted, and which broke a law."""
    source = random.Random(seed)
    makers: dict[str, Try] = {"urls": _urls, "addresses": _addresses, "robots": _robots}
    if name == "paths":
        tree, folder = paths.tree()

        def _paths(source: random.Random) -> tuple[Any, Callable[[Any], bool]]:
            # A write costs a hundred reads: it waits for the disk.
            return paths.make(source), tree.write if source.random() < 0.01 else tree.check

        with folder:
            return _tried(_paths, seconds, source)
    return _tried(makers[name], seconds, source)


def _tried(draw: Try, seconds: float, source: random.Random) -> tuple[int, int, list[str]]:
    tried = accepted = 0
    broken: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        given, check = draw(source)
        tried += 1
        try:
            accepted += check(given)
        except Exception as error:
            if len(broken) < _SHOWN:
                broken.append(f"{given!r}: {type(error).__name__}: {error}")
    return tried, accepted, broken


def main() -> None:
    """Try, print, and exit with 1 when a law was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description="Laws of the MCP servers' guards, with random inputs.")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each target (default: 30)")
    parser.add_argument("--targets", default=",".join(TARGETS), help="comma-separated (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="the same seed tries the same inputs (default: another one each time)")
    asked = parser.parse_args()
    names = asked.targets.split(",")
    if unknown := sorted(set(names) - set(TARGETS)):
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    seed = random.SystemRandom().getrandbits(32) if asked.seed is None else asked.seed
    print(f"seed {seed}, {asked.seconds:g} s for each target\n\n{'target':12}{'inputs':>12}{'accepted':>12}{'broken':>8}")
    failed = False
    for name in names:
        tried, accepted, broken = _target(name, asked.seconds, seed)
        print(f"{name:12}{tried:12,}{accepted:12,}{len(broken):8}", flush=True)
        for each in broken:
            print(f"    {each}")
        failed = failed or bool(broken)
    sys.exit(failed)


if __name__ == "__main__":
    main()

"""What the last trial of all mutations found, and the page that tells of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from benchmarks.mutations.catalogue import MUTATIONS

FILE = Path(__file__).with_name("noticed.json")


@dataclass(frozen=True)
class Found:
    """Which test noticed, None for none, and the seconds until then."""

    noticed: str | None
    seconds: float


def read() -> dict[str, Found]:
    """By the mutation's key."""
    return {key: Found(**found) for key, found in json.loads(FILE.read_text("utf-8")).items()} if FILE.exists() else {}


def write(found: dict[str, Found]) -> None:
    """Keep them, with what is known of the others; forget mutations that are gone."""
    both = read() | found
    kept = {each.key: asdict(both[each.key]) for each in MUTATIONS if each.key in both}
    fresh = FILE.with_suffix(".new")
    fresh.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    fresh.replace(FILE)  # whole, also where this is ended half-way


def page() -> str:
    """The page, in Markdown."""
    found = read()
    noticed = sum(1 for each in found.values() if each.noticed)
    lines = [
        "# What is broken on purpose, and which test notices",
        "",
        "`make test-mutations` breaks one promise of the ledger or the engine at a time, in a copy of the tree, and runs the cheapest",
        "tests that should notice until one fails. It is another question than coverage: not whether a line is run, but whether it",
        "matters to a test what the line does. A test that runs with the others fails when a mutation's text is no longer in the code.",
        "",
        f"{len(found)} of {len(MUTATIONS)} were tried, and {noticed} of them are noticed. Of each other one the table says what keeps the",
        "promise all the same.",
    ]
    for area, mutations in groupby(MUTATIONS, key=lambda each: each.area):
        lines += ["", f"## {area}", "", "| what is broken | where | noticed by |", "| --- | --- | --- |"]
        for each in mutations:
            files = ", ".join(dict.fromkeys(f"`{edit.file}`" for edit in each.edits))
            one = found.get(each.key)
            told = "not tried yet" if one is None else f"`{one.noticed}`" if one.noticed else f"nobody: {each.defence}"
            lines.append(f"| {each.name} | {files} | {told.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"

"""What the database, the files and the API say when all is over: is anything lost, or there twice?"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.engine import shape
from synapse.client import Client, ClientError
from synapse.contracts.messages import Event
from synapse.contracts.run import RunDetail
from synapse.state.database import Database
from tests.chaos.house import check
from tests.chaos.soak.callers import Job

_LOG: Final = "events.jsonl"


def lost(database: Database, jobs: Sequence[Job], accepted: Mapping[str, str]) -> Iterator[str]:
    """Runs that were taken and are not there, or are there and were not asked for: one for each key."""
    there = dict(database.driver.rows("SELECT idempotency_key, id FROM run", {}))
    if len(there) != database.driver.rows("SELECT count(*) FROM run", {})[0][0]:
        yield "there are runs without a key of ours"
    for job in jobs:
        if job.key not in accepted:
            yield f"request {job.key} was never taken"
        elif there.get(job.key) != accepted[job.key]:
            yield f"request {job.key} was answered with run {accepted[job.key]}; there is {there.get(job.key)}"
    for key in there.keys() - {job.key for job in jobs}:
        yield f"run {there[key]} was not asked for"


def faults_of(detail: RunDetail, events: Sequence[Event]) -> Iterator[str]:
    """What is wrong with one run."""
    try:
        check(detail, list(events))
    except AssertionError as error:
        failed = [f"{step.path}: {step.error}" for step in detail.steps if step.state == "failed"]
        yield f"run {detail.id} ({detail.workflow}): {str(error).splitlines()[0]} {failed or ''}"
        return
    opened = Counter(place for event in events for place in event.data.get("next", ()))
    yield from (f"run {detail.id}: {place} was made ready {count} times" for place, count in opened.items() if count > 1)
    if {step.path for step in detail.steps} != set(opened):
        yield f"run {detail.id}: steps that nothing made ready: { ({step.path for step in detail.steps} ^ set(opened)) }"
    if detail.workflow == "shape":
        yield from _shape_faults(detail)


def _shape_faults(detail: RunDetail) -> Iterator[str]:
    if len(detail.steps) != shape.STEPS:
        yield f"run {detail.id} has {len(detail.steps)} steps"
    try:
        shape.verify(detail.input["seed"], detail.output)
    except AssertionError as error:
        yield f"run {detail.id}: {str(error)[:200]}"


def report_faults(client: Client, details: Sequence[RunDetail], reports: Path) -> Iterator[str]:
    """What is wrong with the reports: one folder for each run, the files that its manifest vouches for, the bytes of the database."""
    # Every run has a folder, for its log; one file of a report makes it a report's.
    folders = {file.parent.name for file in reports.glob("*/*") if file.name != _LOG and not file.parent.name.startswith(".")}
    for name in folders ^ {detail.id for detail in details}:
        yield f"report {name} is of no run" if name in folders else f"run {name} has no report"
    for detail in details:
        if detail.id not in folders:
            continue
        yield from (f"report of {detail.id}: {fault}" for fault in _file_faults(reports / detail.id, detail.output or {}))
        try:
            verified = client.verification(detail.id)
        except ClientError as error:
            yield f"report of {detail.id}: {error}"
            continue
        if not verified.holds:
            yield f"report of {detail.id} does not hold: {verified.model_dump_json()[:500]}"
        if not any(each.checked for each in verified.checks if each.name == "quotes"):
            yield f"report of {detail.id} quotes nothing"


def _file_faults(folder: Path, output: Mapping[str, Any]) -> Iterator[str]:
    files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir() if file.name != _LOG}
    manifest = json.loads((folder / "manifest.json").read_text())
    vouched = {name: each["sha256"] for name, each in manifest["files"].items()}
    if manifest["run"] != folder.name:
        yield f"the manifest is that of {manifest['run']}"
    if {**vouched, "manifest.json": files["manifest.json"]} != files:
        yield f"files and manifest differ: {sorted(files)}"
    for file, name in (("report.json", "report"), ("report.md", "markdown")):
        if files.get(file) != output.get(name):
            yield f"{file} is not what the database has"

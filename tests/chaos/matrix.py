"""The failure matrix: what a test proves, in words, and how long the recovery took when it was measured last."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TypeVar

MEASURED = Path(__file__).with_name("measured.json")
MODULES = (
    "test_workers",
    "test_broker",
    "test_database",
    "test_messages",
    "test_tools",
    "test_api",
    "test_restarts",
    "test_clocks",
    "test_schedules",
    "test_waits",
    "test_webhooks",
)

# What runs beside all other tests: a failure of each kind, together in less than a minute. `make test-chaos` tries all.
QUICK = frozenset(
    {
        "test_a_worker_killed_at_any_point_loses_nothing_and_repeats_nothing[after-claim]",
        "test_a_worker_killed_at_any_point_loses_nothing_and_repeats_nothing[after-commit]",
        "test_a_worker_killed_at_any_point_loses_nothing_and_repeats_nothing[in-join]",
        "test_a_worker_that_wakes_after_its_lease_cannot_record_its_result",
        "test_a_step_that_outlasts_its_worker_is_handed_back_at_once[threads]",
        "test_a_message_sent_twenty_times_does_its_work_once",
        "test_a_lost_message_is_sent_again",
        "test_a_submission_that_was_cut_off_can_be_repeated_and_makes_one_run[in-submit]",
        "test_a_tool_server_that_was_killed_is_waited_for[before the call]",
        "test_a_locked_sqlite_holds_runs_up_and_loses_none",
    }
)

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True)
class Row:
    """What one test proves. ``key`` is the test's name, with the parameter's id in brackets."""

    key: str
    file: str
    fails: str
    at: str
    does: str
    sees: str
    waits: str


ROWS: dict[str, Row] = {}


def proves(fails: str, does: str, sees: str, *, at: str | Mapping[str, str], waits: str = "nothing") -> Callable[[Test], Test]:
    """A test that proves a row, or with a mapping of parameters' ids a row for each.

    ``fails`` is what fails, ``at`` where in the protocol, ``does`` what Synapse does, ``sees`` what the user sees, and
    ``waits`` which setting most of the recovery is: the reason why a figure is what it is.
    """

    def register(test: Test) -> Test:
        name, file = test.__name__, f"tests/chaos/{test.__module__.rpartition('.')[2]}.py"
        places = {name: at} if isinstance(at, str) else {f"{name}[{key}]": where for key, where in at.items()}
        for key, where in places.items():
            assert key not in ROWS, f"{key} is there twice"
            ROWS[key] = Row(key, file, fails, where, does, sees, waits)
        return test

    return register


def rows() -> list[Row]:
    """Every row, in the order of the tests."""
    for module in MODULES:
        import_module(f"tests.chaos.{module}")
    order = {f"tests/chaos/{module}.py": number for number, module in enumerate(MODULES)}
    return sorted(ROWS.values(), key=lambda row: order[row.file])


def measured() -> dict[str, float | None]:
    """Seconds to recover, by row; None where the machine that measured could not run the test."""
    return dict(json.loads(MEASURED.read_text("utf-8")))


def write(figures: Mapping[str, float]) -> None:
    """Add measurements to the file, and drop those of rows that are gone."""
    known = {row.key for row in rows()}
    both = {**(measured() if MEASURED.exists() else {}), **{key: round(seconds, 2) for key, seconds in figures.items()}}
    kept = {key: both[key] for key in sorted(both) if key in known}
    MEASURED.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")


HEAD = """# What fails, and what becomes of the runs

Every row is proved by a test that runs with the others: real worker processes, a real RabbitMQ and a real PostgreSQL, a failure made on
purpose at the named point. Each test asserts that the run ends as it should, that each step is recorded once, that its events have no gap,
and that nothing is left open. `make test-chaos` runs them, measures anew and writes this page.

**Recovery** is from the failure to the end of the run, measured with leases and hint grace of 2 seconds
(`SYNAPSE_LEASE_SECONDS`, `SYNAPSE_HINT_GRACE_SECONDS`; 30 by default) and a sweep every 0.2 (`SYNAPSE_RECONCILE_SECONDS`; 1 by default).
**Waits for** names what most of it is, so that it can be told for other settings; outages that a test makes on purpose are part of it.
It is information: no test passes or fails by it.

"""


def page() -> str:
    """The page, in Markdown."""
    figures = measured()
    lines = [
        HEAD + "| what fails | at which point | what Synapse does | what the user sees | waits for | recovery | proved by |",
        "|" + "---|" * 7,
    ]
    for row in rows():
        seconds = figures.get(row.key)
        took = f"{seconds:.1f} s" if seconds is not None else "not measured"
        lines.append(f"| {row.fails} | {row.at} | {row.does} | {row.sees} | {row.waits} | {took} | `{row.file}::{row.key}` |")
    return "\n".join(lines) + "\n"

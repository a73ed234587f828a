from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import synapse
from synapse.contracts.principal import DEFAULT_TENANT, Tenant
from synapse.contracts.run import RunFilter
from synapse.errors import Conflict, NotFound, Permanent
from synapse.state.holdings import Holdings, named
from synapse.state.lifecycle import NewRun
from synapse.state.signals import Sent
from tests.unit.state.house import House, program_of, step

ACME, OTHER = Tenant("acme"), Tenant("other")
TREE = step("a")
WAITS = {"wait_for": "a"}


@pytest.fixture
def mine(house: House) -> Holdings:
    return house.database.of(ACME)


@pytest.fixture
def others(house: House) -> Holdings:
    return house.database.of(OTHER)


ASKED: dict[str, Callable[[House, Holdings, str], Any]] = {
    "state": lambda house, held, run: held.state(run),
    "run": lambda house, held, run: held.run(run),
    "events": lambda house, held, run: held.events(run),
    "definition": lambda house, held, run: held.definition(run),
    "relabel": lambda house, held, run: held.relabel(run, {"team": "sales"}),
    "steps": lambda house, held, run: held.steps(run),
    "step": lambda house, held, run: held.step(run, "a"),
    "cancel": lambda house, held, run: held.cancel(run, "x"),
    "resume": lambda house, held, run: held.resume(program_of(TREE), run),
    "receive": lambda house, held, run: held.receive(program_of(WAITS), run, Sent("a", (), None, "x")),
}


@pytest.mark.parametrize("what", ASKED)
def test_another_tenants_run_is_answered_in_the_same_words_as_none(house: House, others: Holdings, what: str) -> None:
    run = house.begin(WAITS if what == "receive" else TREE, tenant=ACME)
    if what == "resume":
        house.database.lifecycle.cancel(run, "x")
    before = (house.state(run), house.states(run), house.names(run))
    said = []
    for asked in (run, "nowhere"):
        with pytest.raises(NotFound) as caught:
            ASKED[what](house, others, asked)
        said.append((type(caught.value), str(caught.value).replace(asked, "*"), caught.value.field, caught.value.remedy))
    assert said[0] == said[1]
    assert (house.state(run), house.states(run), house.names(run)) == before


def test_every_method_that_takes_a_run_is_tried_above() -> None:
    methods = {name for name, value in vars(Holdings).items() if callable(value) and not name.startswith("_")}
    assert methods - {"begin", "runs", "ids", "usage", "blob"} == ASKED.keys()


def test_ones_own_run_is_there(house: House, mine: Holdings) -> None:
    run = house.begin(TREE, tenant=ACME)
    assert mine.state(run).value == "running"
    assert mine.run(run).id == run
    assert mine.events(run)[0].name == "run.created"
    assert mine.definition(run).name == "w"
    assert mine.relabel(run, {"team": "sales"}) == {"team": "sales"}
    assert mine.steps(run).steps[0].path == mine.step(run, "a").path == "a"
    assert mine.cancel(run, "x")
    assert mine.resume(house.programs[run], run)


def test_a_list_has_ones_own_runs_only_page_by_page(house: House, mine: Holdings, others: Holdings) -> None:
    own = [house.begin(TREE, tenant=tenant) for tenant in (ACME, OTHER, ACME, DEFAULT_TENANT, ACME)][::2]
    first = mine.runs(limit=2)
    last = mine.runs(limit=2, cursor=first.next)
    assert [run.id for run in (*first.runs, *last.runs)] == own[::-1]
    assert mine.ids(RunFilter(), limit=9) == (own[::-1], None)
    assert len(others.runs().runs) == 1
    # A cursor of somebody else's page leads to nothing of theirs.
    assert [run.id for run in others.runs(cursor=first.next).runs] == ["r2"]


def test_a_run_is_not_begun_for_somebody_else(house: House, mine: Holdings) -> None:
    with pytest.raises(ValueError, match="another tenant"):
        mine.begin(program_of(TREE), NewRun("x", {}, 60.0, tenant=OTHER))
    assert house.sql("SELECT count(*) FROM run") == [(0,)]


def test_an_idempotency_key_is_its_tenants_own(house: House) -> None:
    mine = house.begun(TREE, idempotency_key="k", fingerprint="one", tenant=ACME)
    theirs = house.begun(TREE, idempotency_key="k", fingerprint="another", tenant=OTHER)
    assert mine.created
    assert theirs.created
    assert house.begun(TREE, idempotency_key="k", fingerprint="one", tenant=ACME).run == mine.run
    assert house.begun(TREE, idempotency_key="k", fingerprint="another", tenant=OTHER).run == theirs.run
    with pytest.raises(Conflict):
        house.begun(TREE, idempotency_key="k", fingerprint="another", tenant=ACME)


async def test_bytes_are_given_only_to_who_has_a_run_that_names_them(house: House, mine: Holdings, others: Holdings) -> None:
    blobs = house.database.blobs
    named_by_output, secret = await blobs.put(b"mine"), await blobs.put(b"somebody's")
    run = house.begin(TREE, tenant=ACME)
    house.do(run, "a", output={"text": "x", "deep": [{"file": named_by_output}]})
    detail = mine.run(run)
    assert await mine.blob(named_by_output, detail) == b"mine"
    refused = []
    for asked in (secret, "0" * 64):
        with pytest.raises(Permanent) as caught:
            await mine.blob(asked, detail)
        refused.append(str(caught.value).replace(asked, "*"))
    assert refused[0] == refused[1]
    theirs = house.begin(TREE, tenant=OTHER)
    with pytest.raises(Permanent):
        await others.blob(named_by_output, others.run(theirs))


def test_only_texts_that_can_be_names_are_taken_for_names() -> None:
    assert named({"a": ["x" * 64, {"b": "y" * 63}], "c": 7, "d": None}) == {"x" * 64}


def test_queries_of_nobody_in_particular_are_no_tenants(house: House) -> None:
    database = house.database
    with pytest.raises(ValueError, match="no tenant"):
        Holdings(database.queries, database.lifecycle, database.events, database.definitions, database.blobs)


# What is of the whole installation and so may be asked of all of it, each with its reason.
UNSCOPED = {
    ("service/census.py", "queries"),  # counts for metrics: numbers, of nobody
    ("service/runs.py", "ledger"),  # of hints that no broker took it says that they are due: those of a run that was just written
    ("service/service.py", "events"),  # the feed reads a run's events for who has been told that the run is theirs
}


def test_the_faces_and_their_service_reach_runs_through_this_door_only() -> None:
    """A query that forgets the tenant cannot be written by oversight: what could forget it is not to be had there."""
    root = Path(synapse.__file__).parent
    found = set()
    for package in ("service", "api", "cli"):
        for file in (root / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                unscoped = ("queries", "lifecycle", "events", "definitions", "blobs", "driver", "ledger", "reconciler")
                if isinstance(node, ast.Attribute) and node.attr in unscoped and getattr(node.value, "attr", "") == "database":
                    found.add((file.relative_to(root).as_posix(), node.attr))
    assert found == UNSCOPED

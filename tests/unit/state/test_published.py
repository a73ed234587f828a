"""Workflows that tenants made, asked of a database; tests/integration/state asks both of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from synapse.contracts.principal import Tenant
from synapse.contracts.workflow import MOST_VERSIONS, Workflow
from synapse.errors import Conflict
from synapse.state.published import Shelf
from synapse.workflows.definition import from_data
from tests.unit.state.house import House, step
from tests.waiting import PATIENCE


def flow(agent: str = "echo", **more: Any) -> Workflow:
    return from_data({"name": "mine", "do": {**step("a"), "agent": agent}, **more})


@pytest.fixture
def shelf(house: House) -> Shelf:
    return house.database.shelf(Tenant("acme"))


def test_a_definition_without_a_number_gets_the_next_one_and_the_same_again_none(shelf: Shelf) -> None:
    made = [shelf.add(flow(agent), numbered=False, by="anna") for agent in ("echo", "echo", "other", "echo")]
    assert [(version.workflow.version, created) for version, created in made] == [(1, True), (1, False), (2, True), (3, True)]
    assert [number for number, *_ in shelf.versions("mine")] == [3, 2, 1]
    newest = shelf.get("mine")
    assert newest is not None
    assert (newest.workflow.version, newest.created_by, newest.workflow) == (3, "anna", flow(version=3))


def test_a_version_never_changes(shelf: Shelf) -> None:
    assert shelf.add(flow(version=7), numbered=True, by="anna")[1]
    assert not shelf.add(flow(version=7), numbered=True, by="bert")[1]
    with pytest.raises(Conflict, match="version 7 of 'mine' is there already") as caught:
        shelf.add(flow("other", version=7), numbered=True, by="bert")
    assert caught.value.field == "version"
    kept = shelf.get("mine", 7)
    assert kept is not None
    assert (kept.workflow, kept.created_by) == (flow(version=7), "anna")


def test_after_the_highest_number_there_is_no_next_one_but_what_is_there_can_be_read(shelf: Shelf) -> None:
    highest = flow(version=MOST_VERSIONS)
    shelf.add(highest, numbered=True, by="anna")
    with pytest.raises(Conflict, match="no number left"):
        shelf.add(flow("other"), numbered=False, by="anna")
    assert shelf.add(flow(), numbered=False, by="anna")[1] is False
    newest = shelf.get("mine")
    assert newest is not None
    assert newest.workflow == highest


def test_another_tenant_has_none_of_it(house: House, shelf: Shelf) -> None:
    shelf.add(flow(), numbered=False, by="anna")
    other = house.database.shelf(Tenant("other"))
    assert (other.names(), other.get("mine"), other.get("mine", 1), other.versions("mine")) == ([], None, None, [])
    assert other.add(flow("other"), numbered=False, by="x")[0].workflow.version == 1
    assert shelf.names() == ["mine"]


def test_of_many_that_are_made_at_once_each_has_a_number_of_its_own(shelf: Shelf) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda agent: shelf.add(flow(agent), numbered=False, by="x"), "abcd", timeout=PATIENCE))
    assert sorted(version.workflow.version for version, created in made if created) == [1, 2, 3, 4]

from __future__ import annotations

import json
from pathlib import Path

import pytest

from synapse.cli.house import House
from tests.unit.cli.conftest import Command


@pytest.mark.usefixtures("nowhere")
def test_a_folder_is_indexed_under_its_name_or_the_one_given(synapse: Command, documents: Path) -> None:
    first = synapse("index", str(documents), "--name", "insects")
    assert first.code == 0, first.err
    assert first.out.startswith("insects: 3 documents (3 new)")
    again = json.loads(synapse("index", str(documents), "--name", "insects", "--json").out)
    assert (again["documents"], again["unchanged"]) == (3, 3)


@pytest.mark.usefixtures("nowhere")
def test_neither_folder_nor_installed_packages_is_a_misuse(synapse: Command, tmp_path: Path) -> None:
    assert synapse("index").code == 2
    assert synapse("index", str(tmp_path), "--installed").code == 2
    assert synapse("index", str(tmp_path / "none")).code == 1


def test_the_doctor_finds_a_running_house_well(house: House, synapse: Command) -> None:
    ended = synapse("doctor")
    assert ended.code == 0, ended.out
    assert "everything is fine" in ended.out


@pytest.mark.usefixtures("nowhere")
def test_the_doctor_finds_what_is_missing_and_says_so_to_programs_too(synapse: Command) -> None:
    ended = synapse("doctor", "--json")
    assert ended.code == 1
    assert json.loads(ended.out)["ok"] is False


@pytest.mark.usefixtures("nowhere")
def test_tables_are_made_and_made_again(synapse: Command) -> None:
    for _ in range(2):
        ended = synapse("db", "upgrade")
        assert (ended.code, ended.out) == (0, "the tables are of this version\n"), ended.err

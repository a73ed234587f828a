from __future__ import annotations

import json
from pathlib import Path

import pytest

from synapse.cli.house import House
from tests.unit.cli.conftest import QUESTION, Command


def test_a_new_workflow_is_created_and_run_as_it_is(house: House, synapse: Command, tmp_path: Path) -> None:
    made = synapse("new", "workflow", "worth-reading", "--into", str(tmp_path / "mine"))
    assert (made.code, "synapse runs start worth-reading" in made.out) == (0, True)
    assert synapse("workflows", "create", str(tmp_path / "mine" / "worth-reading.yaml")).out == "worth-reading@1\n"
    run = synapse("runs", "start", "worth-reading", "--input", json.dumps({"question": QUESTION, "corpus": "insects"}))
    assert (run.code, json.loads(run.out)["sources"][0]["url"].partition("/")[0]) == (0, "corpus:")


@pytest.mark.parametrize("kind", ["agent", "workflow"])
def test_nothing_is_overwritten(synapse: Command, tmp_path: Path, kind: str) -> None:
    files = json.loads(synapse("new", kind, "mine", "--into", str(tmp_path), "--json").out)["files"]
    for kept in files:
        Path(kept).write_text("mine")
    # Where one of several is there, none is written.
    for gone in files[:-1]:
        Path(gone).unlink()
    again = synapse("new", kind, "mine", "--into", str(tmp_path))
    assert (again.code, "is there already" in again.err, again.out) == (1, True, "")
    assert Path(files[-1]).read_text() == "mine"
    assert not any(Path(gone).exists() for gone in files[:-1])


@pytest.mark.parametrize(
    "arguments", [("agent", "../x"), ("agent", "Big"), ("agent", "search"), ("workflow", "a_b"), ("workflow", "a/b"), ("workflow", "")]
)
def test_a_name_that_cannot_be_one_is_a_mistake_of_use(
    synapse: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert synapse("new", *arguments).code == 2
    assert list(tmp_path.iterdir()) == []


def test_where_one_file_cannot_be_written_none_is_left(synapse: Command, tmp_path: Path) -> None:
    files = json.loads(synapse("new", "agent", "mine", "--into", str(tmp_path / "tried"), "--json").out)["files"]
    deep = next(
        Path(path).relative_to(tmp_path / "tried" / "mine") for path in files[1:] if Path(path).parent != tmp_path / "tried" / "mine"
    )
    folder = tmp_path / "here" / "mine"
    folder.mkdir(parents=True)
    (folder / deep.parts[0]).write_text("a file where a folder must be")
    ended = synapse("new", "agent", "mine", "--into", str(tmp_path / "here"))
    assert (ended.code, "cannot write" in ended.err) == (1, True)
    assert [path for path in folder.rglob("*") if path.is_file()] == [folder / deep.parts[0]]


def test_a_folder_that_cannot_be_written_is_named(synapse: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = synapse("new", "workflow", "x", "--into", str(tmp_path / "file"))
    assert (ended.code, "cannot write" in ended.err) == (1, True)

"""The list of mutations is of this code, and what is known of each is true of these tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.mutations import results
from benchmarks.mutations.catalogue import MUTATIONS
from benchmarks.mutations.mutation import ROOT, Edit, Mutation, StaleMutation, applied, mutated


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.key)
def test_each_still_applies_and_leaves_code_that_can_be_run(mutation: Mutation) -> None:
    for name, text in mutated(mutation).items():
        ast.parse(text, name)


def test_each_is_there_once_and_names_tests_that_are_there() -> None:
    assert len({each.key for each in MUTATIONS}) == len(MUTATIONS)
    for each in MUTATIONS:
        assert each.tests
        assert [path for path in each.tests if not (ROOT / path).exists()] == [], each.key


def test_each_that_survived_its_trial_says_what_else_keeps_the_promise() -> None:
    found, by_key = results.read(), {each.key: each for each in MUTATIONS}
    assert set(found) <= set(by_key)
    assert [key for key, one in found.items() if not one.noticed and not by_key[key].defence] == []
    assert [key for key, one in found.items() if one.noticed and by_key[key].defence] == []


def test_the_tests_that_noticed_are_there() -> None:
    for key, found in results.read().items():
        if found.noticed:
            path, _, name = found.noticed.partition("::")
            assert name.partition("[")[0] in (ROOT / path).read_text("utf-8"), key


def test_a_text_that_is_gone_or_there_twice_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "synapse").mkdir()
    (tmp_path / "synapse" / "a.py").write_text("x = 1\nx = 1\n")
    for old in ("y = 1", "x = 1"):
        with pytest.raises(StaleMutation):
            mutated(Mutation("a", "b", (Edit("a.py", old, "z"),), ("t",)), tmp_path)


def test_what_was_broken_is_whole_afterwards(tmp_path: Path) -> None:
    (tmp_path / "synapse").mkdir()
    file = tmp_path / "synapse" / "a.py"
    file.write_text("x = 1\n")
    before = file.stat().st_mtime_ns
    twice = Mutation("a", "b", (Edit("a.py", "x", "y"), Edit("a.py", "1", "2")), ("t",))
    with applied(twice, tmp_path):
        assert file.read_text() == "y = 2\n"
    assert (file.read_text(), file.stat().st_mtime_ns) == ("x = 1\n", before)
    assert list(file.parent.iterdir()) == [file]

from __future__ import annotations

from pathlib import Path

import pytest

from synapse.cli import demonstration
from synapse.errors import InvalidInput


def test_a_corpus_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        demonstration.demonstrate(tmp_path / "nothing", None)
    assert caught.value.field == "--corpus"


def test_a_corpus_with_nothing_to_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_HOME", str(tmp_path / "home"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="nothing to read"):
        demonstration.demonstrate(tmp_path / "empty", None)


def test_the_question_of_an_unknown_corpus_is_made_of_its_name(tmp_path: Path) -> None:
    assert demonstration._question(tmp_path / "ant-colony_notes") == "What is ant colony notes and how is it used?"
    assert demonstration._question(None) == demonstration.QUESTION

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks.quality.data import folder, lines
from benchmarks.quality.score import auroc, best_f1, f1, mean, ndcg, shingles, text_overlap


def test_a_text_against_itself_is_whole() -> None:
    assert text_overlap("one two three four five", "one two three four five") == (1.0, 1.0)


def test_words_too_many_cost_precision_and_words_missing_cost_recall() -> None:
    assert text_overlap("a b c d e", "a b c d") == (0.5, 1.0)
    assert text_overlap("a b c d", "a b c d e") == (1.0, 0.5)


def test_nothing_found_has_neither() -> None:
    assert text_overlap("", "a b c d") == (0.0, 0.0)


def test_a_repeated_run_counts_as_often_as_the_truth_has_it() -> None:
    assert shingles("a a a a a")["a", "a", "a", "a"] == 2
    assert text_overlap("a a a a a", "a a a a") == (0.5, 1.0)


def test_a_text_shorter_than_a_shingle_is_one() -> None:
    assert text_overlap("a b", "a b") == (1.0, 1.0)


def test_f1_is_the_harmonic_mean() -> None:
    assert f1(0.5, 1.0) == pytest.approx(2 / 3)
    assert f1(0.0, 0.0) == 0.0
    assert mean([]) == 0.0


def test_a_set_is_held_against_the_accepted_one_that_it_fits_best() -> None:
    assert best_f1([1, 2], [[7], [2]]) == pytest.approx(2 / 3)
    assert best_f1([1], []) == 0.0
    assert best_f1([], [[1]]) == 0.0


def test_auroc_counts_pairs_and_halves_ties() -> None:
    assert auroc([3.0, 1.0], [2.0, 1.0]) == (1 + 1 + 0 + 0.5) / 4
    assert auroc([], [1.0]) == 0.5


def test_ndcg_is_one_in_the_best_order_and_less_later() -> None:
    grades = {"a": 2.0, "b": 1.0}
    assert ndcg(["a", "b"], grades) == 1.0
    assert ndcg(["x", "a"], {"a": 1.0}) == pytest.approx(1 / math.log2(3))
    assert ndcg(["x"] * 10 + ["a"], {"a": 1.0}) == 0.0
    assert ndcg([], {}) == 0.0


def test_absent_data_is_told_with_the_name_of_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_BENCH_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="SYNAPSE_BENCH_DATA"):
        folder("wice")
    (tmp_path / "wice").mkdir()
    (tmp_path / "wice" / "x.jsonl").write_text('{"a": 1}\n\n')
    assert lines(folder("wice") / "x.jsonl") == [{"a": 1}]

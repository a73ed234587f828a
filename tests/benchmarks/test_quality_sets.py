from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmarks.quality import cranfield, extraction, wice
from benchmarks.quality.__main__ import SETS, main

STORY = [f"Paragraph number {number} tells what happened in the harbour that day, and who saw it." for number in range(6)]
ABSTRACTS = {"1": "Heat flows through composite slabs.", "2": "Wings in a slipstream gain lift.", "3": "Shock waves bend at edges."}
PAGE = ["(meta data) TITLE: The harbour", "The harbour was built in 1902.", "Ships of iron came later.", "Tickets are cheap."]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The three sets with a handful of records each."""
    monkeypatch.setenv("SYNAPSE_BENCH_DATA", str(tmp_path))
    for place in ("extraction/html", "wice", "cranfield"):
        (tmp_path / place).mkdir(parents=True)
    markup = f"<html><body><article><h1>Harbour</h1>{''.join(f'<p>{line}</p>' for line in STORY)}</article></body></html>"
    (tmp_path / "extraction" / "html" / "p.html.gz").write_bytes(gzip.compress(markup.encode()))
    (tmp_path / "extraction" / "ground-truth.json").write_text(json.dumps({"p": {"articleBody": "\n".join(STORY)}}))
    claims = [
        {"claim": "The harbour was built in 1902.", "label": "supported", "supporting_sentences": [[1]], "evidence": PAGE},
        {"claim": "The harbour was built of iron.", "label": "partially_supported", "supporting_sentences": [[1]], "evidence": PAGE},
        {"claim": "Penguins breed elsewhere.", "label": "not_supported", "supporting_sentences": [], "evidence": PAGE},
    ]
    _lines(tmp_path / "wice" / "claim-dev.jsonl", claims)
    _lines(tmp_path / "cranfield" / "documents.jsonl", [{"id": key, "title": text[:10], "text": text} for key, text in ABSTRACTS.items()])
    _lines(tmp_path / "cranfield" / "queries-dev.jsonl", [{"query": "heat in composite slabs", "relevant": {"1": 1}}])
    return tmp_path


def _lines(file: Path, records: Iterable[object]) -> None:
    file.write_text("".join(json.dumps(record) + "\n" for record in records))


def test_an_article_that_is_found_whole_scores_one() -> None:
    assert extraction.measure()["synapse"] == {"F1": 1.0, "precision": 1.0, "recall": 1.0}


def test_statements_are_told_apart_and_their_sentences_found() -> None:
    figures = wice.measure()
    assert figures["synapse"]["AUROC S|PN"] == figures["synapse"]["AUROC S|N"] == 1.0
    assert figures["synapse"]["evidence F1"] > 0.8
    assert figures["BM25, first two"]["evidence F1"] <= 2 / 3 + 1e-9


def test_the_document_asked_for_comes_first_in_both() -> None:
    assert [figures["nDCG@10"] for figures in cranfield.measure().values()] == [1.0, 1.0]


def test_the_driver_prints_figures_and_floors_of_each_set(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["quality", "--json"])
    main()
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == list(SETS)
    assert all(set(one["floor"]) <= set(one["figures"]["synapse"]) for one in printed.values())
    monkeypatch.setattr("sys.argv", ["quality", "--sets", "cranfield"])
    main()
    assert "nDCG@10" in capsys.readouterr().out


def test_a_set_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["quality", "--sets", "other"])
    with pytest.raises(SystemExit):
        main()

from __future__ import annotations

from pathlib import Path

from synapse.corpus.folder import index_folder
from synapse.corpus.library import Library
from synapse.mcp_servers.providers.corpus import CorpusProvider


async def test_all_corpora_are_asked_and_the_best_come_first(tmp_path: Path) -> None:
    for name, text in (
        ("one", "Ferrets sleep in tunnels."),
        ("two", "The ferret, a ferret's life, and how ferrets sleep and ferrets eat."),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ferret.txt").write_text(text)
        (tmp_path / name / "other.txt").write_text("Something else entirely stands here.")
        index_folder(tmp_path / name, name, tmp_path / "corpora")
    library = Library(tmp_path / "corpora")
    found, failed = await CorpusProvider(library).search("where do ferrets sleep", 5)
    assert {source.url for source in found} == {"corpus://one/ferret.txt", "corpus://two/ferret.txt"}
    assert [source.score for source in found] == sorted((source.score for source in found), reverse=True)
    assert failed == []
    library.close()

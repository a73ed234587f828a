from __future__ import annotations

from pathlib import Path

import pytest

from synapse.corpus.library import Library
from synapse.errors import InvalidInput
from synapse.service.corpora import Corpora
from synapse.settings import McpServerSettings, StorageSettings


@pytest.fixture
def corpora(tmp_path: Path) -> Corpora:
    return Corpora(StorageSettings(home=tmp_path / "home"), McpServerSettings(corpus_dir=None))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "ants.md").write_text("# Ants\n\nAnts live in colonies and find food by scent.\n")
    (folder / "bees.md").write_text("# Bees\n\nBees dance to tell where flowers are.\n")
    return folder


def test_a_folder_becomes_a_corpus_that_the_primary_server_finds(corpora: Corpora, folder: Path) -> None:
    indexed = corpora.index(folder, "insects")
    assert (indexed.documents, indexed.added, indexed.unchanged) == (2, 2, 0)
    assert corpora.names() == ["insects"]
    library = Library(corpora.folder)
    sources, failed = library.search("where do ants live", 5)
    library.close()
    assert (sources[0].url, failed) == ("corpus://insects/ants.md", [])


def test_indexing_again_reads_only_what_changed(corpora: Corpora, folder: Path) -> None:
    corpora.index(folder, "insects")
    (folder / "bees.md").write_text("# Bees\n\nBees dance, and sleep at night.\n")
    (folder / "ants.md").unlink()
    told: list[tuple[int, int, str]] = []
    indexed = corpora.index(folder, "insects", lambda done, total, path: told.append((done, total, path)))
    assert (indexed.documents, indexed.updated, indexed.removed) == (1, 1, 1)
    assert told == [(1, 1, "bees.md")]


def test_what_is_no_folder_and_a_bad_name_are_refused(corpora: Corpora, folder: Path) -> None:
    with pytest.raises(InvalidInput, match="not a folder"):
        corpora.index(folder / "nothing", "insects")
    with pytest.raises(InvalidInput, match="corpus name"):
        corpora.index(folder, "../up")


def test_what_synapse_is_built_on_is_known_by_its_own_requirements(corpora: Corpora, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synapse.service.corpora.requires", lambda name: ["structlog", 'pytest; extra == "dev"'])
    indexed = corpora.index_used()
    assert indexed.name == "synapse-stack"
    assert indexed.documents > 5
    library = Library(corpora.folder)
    paths = library.corpus("synapse-stack").paths()
    library.close()
    assert all(path.startswith("structlog/") for path in paths)

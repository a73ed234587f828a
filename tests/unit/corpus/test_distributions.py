from __future__ import annotations

import sys
from pathlib import Path

import pytest

from synapse.corpus.distributions import index_distributions, normalized
from synapse.corpus.store import Corpus

PROSE = "It is explained here what the thing does and why anybody would want it to. " * 10


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed distributions, the only one there is."""
    site = tmp_path / "site"
    files = {
        "gizmo/__init__.py": f'"""Gizmos for all.\n\n{PROSE}"""\nraise SystemExit("imported")\n',
        "gizmo/app/task.py": f'class Task:\n    """A task of gizmos.\n\n    {PROSE}"""\n',
        "gizmo/tests/test_x.py": f'"""{PROSE}"""\n',
        "gizmo/bare.py": "x = 1\n" * 200,
        "gizmo/guide.md": f"# Guide\n\n{PROSE}",
        "gizmo-1.0.dist-info/METADATA": "Name: Gizmo\nVersion: 1.0\nSummary: Makes gizmos\n"
        f"Description-Content-Type: text/markdown\n\n# Gizmo\n\n{PROSE}",
        "gizmo-1.0.dist-info/licenses/LICENSE.md": PROSE,
        "otherpkg/core.py": f'"""Core of other.\n\n{PROSE}"""\n',
        "Other_Dist-2.dist-info/METADATA": "Name: Other_Dist\nVersion: 2\n\n",
    }
    for name, content in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for record, names in (("gizmo-1.0", "gizmo"), ("Other_Dist-2", "other")):
        owned = [name for name in files if name.lower().startswith(names)]
        (site / f"{record}.dist-info" / "RECORD").write_text("".join(f"{name},,\n" for name in owned))
    monkeypatch.setattr(sys, "path", [str(site)])
    return site


@pytest.mark.usefixtures("site")
def test_what_distributions_carry_becomes_documents_below_their_names(tmp_path: Path) -> None:
    report = index_distributions(tmp_path / "corpora")
    corpus = Corpus.open(tmp_path / "corpora", "python-packages")
    assert corpus.paths() == [
        "gizmo/README",
        "gizmo/app/task.rst",
        "gizmo/gizmo/guide.md",
        "gizmo/index.rst",
        "other-dist/otherpkg/core.rst",
    ]
    titles = {path: corpus.document(path).title for path in corpus.paths()}
    corpus.close()
    assert titles["gizmo/README"] == "Gizmo 1.0: Makes gizmos"
    assert titles["gizmo/index.rst"] == "gizmo: Gizmos for all"
    assert titles["gizmo/gizmo/guide.md"] == "gizmo: Guide"
    assert report.failed == []


@pytest.mark.usefixtures("site")
def test_only_those_named_are_taken(tmp_path: Path) -> None:
    assert index_distributions(tmp_path / "corpora", "mine", only=["OTHER.dist"]).added == 1


def test_a_distribution_has_one_name_however_it_is_spelt() -> None:
    assert normalized("Typing_Extensions") == normalized("typing.extensions") == "typing-extensions"

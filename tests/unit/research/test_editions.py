from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.research.editions import editions
from synapse.research.passages import Document
from tests.unit.research.factory import document

BODY = "Passwords have at least ten characters."


def newer(old: Document, new: Document) -> bool:
    found = editions([old, new])
    assert not (found.newer[0] and found.newer[1])
    return found.newer[0] == {1}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("corpus://h/it/standard-v2.md", "corpus://h/it/standard-v4.md"),
        ("corpus://h/it/standard-v9.md", "corpus://h/it/standard-v10.md"),
        ("corpus://h/it/backup-policy-2022.md", "corpus://h/it/backup-policy-2024.md"),
        ("corpus://h/it/sheet-rev-b.md", "corpus://h/it/sheet-rev-d.md"),
        ("corpus://h/it/2023-05-01/limits.md", "corpus://h/it/2024-05-01/limits.md"),
        ("https://docs.example.org/3.9/library/io.html", "https://docs.example.org/3.12/library/io.html"),
    ],
)
def test_the_version_or_date_of_an_address_tells_the_newer_edition(old: str, new: str) -> None:
    assert newer(document(BODY, old), document(BODY + " ", new))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("corpus://h/it/backup-policy-2022.md", "corpus://h/it/laptop-policy-2024.md"),
        ("corpus://h/it/kestrel-200.md", "corpus://h/it/kestrel-300.md"),
        ("https://a.example.org/guide-2022", "https://b.example.net/guide-2024"),
        ("corpus://h/it/standard-v2.md", "corpus://h/it/standard-v2.txt"),
    ],
)
def test_other_documents_are_no_editions(one: str, other: str) -> None:
    assert editions([document(BODY, one), document(BODY + " ", other)]).newer == (frozenset(), frozenset())


def test_the_stated_date_is_believed_before_the_address() -> None:
    old = document(f"Leave policy\n\nLast updated: 4 June 2022\n\n{BODY}", "corpus://h/hr/leave-a/v.md", "Annual leave policy 1")
    new = document(
        f"Leave policy\n\nDate: 2024-01-05; status: approved.\n\n{BODY}", "corpus://h/hr/leave-a/archive/v.md", "Annual leave policy 1"
    )
    assert newer(old, new)


def test_the_same_title_with_a_year_is_a_family() -> None:
    old = document(BODY, "https://example.org/a", "Price list for dealers 2023")
    assert newer(old, document(BODY + " ", "https://example.org/b", "Price list for dealers 2024"))


@pytest.mark.parametrize(
    "head",
    [
        "Status: archived",
        "Date: 2023-01-09; status: superseded.",
        "Deprecated: use version 4 of this standard.",
        "DRAFT",
        "This policy has been withdrawn.",
        "API v1 is obsolete and will be switched off.",
        "This document is no longer maintained.",
    ],
)
def test_a_document_that_says_so_no_longer_holds(head: str) -> None:
    assert editions([document(f"Standard\n\n{head}\n\n{BODY}")]).replaced(0)


@pytest.mark.parametrize(
    "head",
    [
        "Status: in force",
        "The drafting of policies is hard.",
        "The old archive was replaced by a new one.",
        "Deprecated functions are listed.",
    ],
)
def test_a_document_that_only_speaks_of_such_things_holds(head: str) -> None:
    assert not editions([document(f"Standard\n\n{head}\n\n{BODY}")]).replaced(0)


def test_a_replacement_that_is_announced_needs_no_likeness() -> None:
    old = document(BODY, "corpus://h/hr/remote.md", "Remote work guideline")
    new = document(f"Hybrid work\n\nThis page replaces the Remote work guideline.\n\n{BODY}", "corpus://h/hr/hybrid.md", "Hybrid work")
    assert newer(old, new)


def test_minutes_do_not_take_each_others_place() -> None:
    found = editions([document(BODY, "corpus://h/m/2024-05-01-review.md"), document(BODY + " ", "corpus://h/m/2024-06-01-review.md")])
    assert found.newer[0] == {1}
    assert not found.replaced(0)


_URLS = [f"corpus://h/it/standard-{name}.md" for name in ("v1", "v2", "2021", "2024", "draft", "final")]


@given(st.permutations(_URLS))
def test_the_order_of_documents_makes_no_difference(urls: list[str]) -> None:
    found = editions([document(f"{BODY} {url}", url) for url in urls])
    said = {(urls[old], urls[new]) for old, newer in enumerate(found.newer) for new in newer}
    straight = editions([document(f"{BODY} {url}", url) for url in _URLS])
    assert said == {(_URLS[old], _URLS[new]) for old, newer in enumerate(straight.newer) for new in newer}

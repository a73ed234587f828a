from __future__ import annotations

from datetime import UTC, datetime

import pytest

from synapse.contracts.report import Reference
from synapse.research.paging import pages_by_evidence, pages_of

STARTS = (0, 10, 10, 20)  # the second page is empty


@pytest.mark.parametrize(
    ("span", "pages"), [((0, 5), (1, 1)), ((0, 10), (1, 1)), ((9, 11), (1, 3)), ((10, 20), (3, 3)), ((20, 25), (4, 4)), ((19, 25), (3, 4))]
)
def test_a_span_stands_on_the_pages_of_its_first_and_last_character(span: tuple[int, int], pages: tuple[int, int]) -> None:
    assert pages_of(STARTS, *span) == pages


def test_pages_are_shown_as_printed_works_cite_them_and_not_at_all_without_any() -> None:
    reference = Reference(
        number=1,
        snapshot="s",
        title="",
        url="u",
        origin="o",
        published=None,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        evidence=("e1", "e2"),
    )
    assert pages_by_evidence(reference) == {}
    assert pages_by_evidence(reference.model_copy(update={"pages": ((12, 12), (12, 13))})) == {"e1": "p. 12", "e2": "pp. 12–13"}

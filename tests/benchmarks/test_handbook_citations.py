from __future__ import annotations

from benchmarks.quality.handbook.citations import Citations
from tests.unit.research.factory import TIDES, document, report

PAGE = document(TIDES, "https://a.org/tides", "Tides")


def test_what_holds_is_counted_as_such() -> None:
    made, texts = report("When do spring tides occur?", [PAGE])
    counted = Citations()
    counted.add(made, {name: (PAGE.snapshot.url, text) for name, text in texts.items()})
    assert counted.resolved == counted.quotes > 0
    assert counted.cited == counted.sentences > 0
    assert (counted.addresses, counted.unknown) == (1, 0)


def test_a_moved_text_and_an_address_from_nowhere_are_found() -> None:
    made, texts = report("When do spring tides occur?", [PAGE])
    counted = Citations()
    counted.add(made, {name: ("https://b.org/other", f" {text}") for name, text in texts.items()})
    assert counted.resolved == 0
    assert counted.unknown == counted.addresses == 1

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from synapse.contracts.report import Report
from synapse.contracts.verification import Today
from synapse.research.verification import checks_of, holds, is_named, revisited, unreadable
from tests.unit.research.factory import MORE_TIDES, TIDES, document, report

ASKED = "When do spring tides occur?"


@pytest.fixture
def made() -> tuple[Report, dict[str, bytes | None]]:
    paper = document(TIDES, "https://a.org/tides")
    paged = replace(paper, snapshot=paper.snapshot.model_copy(update={"pages": (0, 40)}))
    written, texts = report(ASKED, [paged, document(MORE_TIDES, "https://b.org/why")])
    return written, {name: text.encode() for name, text in texts.items()}


def _found(written: Report, stored: Mapping[str, bytes | None]) -> dict[str, list[str]]:
    return {check.name: [f"{each.where}: {each.what}" for each in check.findings] for check in checks_of(written, stored) if check.findings}


def test_a_sound_report_holds_and_everything_in_it_was_counted(made: tuple[Report, dict[str, bytes | None]]) -> None:
    written, stored = made
    checks = checks_of(written, stored)
    assert {check.name: check.checked for check in checks} == {
        "snapshots": 2,
        "quotes": len(written.evidence),
        "sentences": len(written.answer) + sum(len(section.sentences) for section in written.sections) + 2 * len(written.disagreements),
        "references": len(written.references),
    }
    assert holds(checks, ())


def test_a_page_that_is_gone_is_named_and_its_quotes_with_it(made: tuple[Report, dict[str, bytes | None]]) -> None:
    written, stored = made
    gone = written.references[0].snapshot
    found = _found(written, {**stored, gone: None})
    assert found["snapshots"] == [f"snapshot {gone[:12]}… of {written.references[0].url}: is not stored any more"]
    assert len(found["quotes"]) == len(written.references[0].evidence)


def test_a_page_that_was_changed_is_named_even_where_its_quotes_still_stand(made: tuple[Report, dict[str, bytes | None]]) -> None:
    written, stored = made
    name = written.references[0].snapshot
    found = _found(written, {**stored, name: (stored[name] or b"") + b" Added."})
    assert list(found) == ["snapshots"]
    assert "another sha256" in found["snapshots"][0]
    assert "snapshots" in _found(written, {**stored, name: b"\xff\xfe"})


def test_a_length_that_is_not_the_pages_is_named(made: tuple[Report, dict[str, bytes | None]]) -> None:
    written, stored = made
    longer = written.snapshots[0].model_copy(update={"length": 7})
    assert _found(written.model_copy(update={"snapshots": (longer, *written.snapshots[1:])}), stored) == {
        "snapshots": [f"snapshot {longer.id[:12]}… of {longer.url}: is not a text of 7 characters"]
    }


def test_a_quote_that_was_moved_is_named(made: tuple[Report, dict[str, bytes | None]]) -> None:
    written, stored = made
    first = written.evidence[0]
    moved = first.model_copy(update={"start": first.start + 1, "end": first.end + 1})
    found = _found(written.model_copy(update={"evidence": (moved, *written.evidence[1:])}), stored)
    assert found["quotes"] == [f"evidence {first.id}: the quote does not stand at {moved.start}–{moved.end}"]


def test_a_sentence_that_its_quote_does_not_say_is_named(made: tuple[Report, dict[str, bytes | None]]) -> None:
    written, stored = made
    invented = written.answer[0].model_copy(update={"text": "The Moon is made of cheese."})
    found = _found(written.model_copy(update={"answer": (invented, *written.answer[1:])}), stored)
    assert list(found) == ["sentences"]
    assert found["sentences"][0].startswith("answer, sentence 1: ")


def test_a_number_out_of_order_a_quote_without_reference_and_a_wrong_page_are_named(made: tuple[Report, dict[str, bytes | None]]) -> None:
    written, stored = made
    first, *others = written.references
    renumbered = written.model_copy(update={"references": (first.model_copy(update={"number": 9}), *others)})
    assert _found(renumbered, stored) == {"references": ["references: are not numbered 1, 2, 3, …"]}
    assert all("not listed" in each for each in _found(written.model_copy(update={"references": ()}), stored)["references"])
    paged = next(reference for reference in written.references if reference.pages)
    wrong = paged.model_copy(update={"pages": tuple((9, 9) for _ in paged.pages)})
    swapped = tuple(wrong if reference is paged else reference for reference in written.references)
    assert "names other pages" in _found(written.model_copy(update={"references": swapped}), stored)["references"][0]


def test_a_source_is_unchanged_or_changed_around_its_quotes_or_has_lost_them(made: tuple[Report, dict[str, bytes | None]]) -> None:
    written, _ = made
    reference = next(each for each in written.references if each.url == "https://a.org/tides")
    assert revisited(reference, written, TIDES, TIDES).today is Today.UNCHANGED
    rewrapped = revisited(reference, written, TIDES, "New.\n\n" + TIDES.replace(" in a line", " in\na  line"))
    assert rewrapped.today is Today.CHANGED
    lost = revisited(reference, written, TIDES, TIDES.replace("Spring tides", "Such tides"))
    assert lost.today is Today.QUOTES_GONE
    assert lost.quotes
    assert all("pring tides" in quote.what for quote in lost.quotes)
    assert revisited(reference, written, None, TIDES).today is Today.CHANGED


def test_a_source_that_is_gone_or_has_lost_a_quote_does_not_hold(made: tuple[Report, dict[str, bytes | None]]) -> None:
    written, _ = made
    reference = written.references[0]
    gone = unreadable(reference, "the page answered 404")
    assert (gone.today, gone.error) == (Today.GONE, "the page answered 404")
    assert not holds((), [gone])
    assert holds((), [revisited(reference, written, "", "\n".join(item.quote for item in written.evidence))])


def test_bytes_are_known_by_their_sha256() -> None:
    assert is_named(b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert not is_named(b"x", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

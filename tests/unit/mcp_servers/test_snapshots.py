from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synapse.contracts.browsed import BrowsedPage
from synapse.errors import NotFound, Permanent
from synapse.mcp_servers.snapshots import Snapshots, part_of


def _page(text: str, url: str = "http://a.example/", pages: tuple[int, ...] = ()) -> BrowsedPage:
    return BrowsedPage(url=url, final_url=url, title="T", text=text, fetched_at=datetime(2026, 1, 1, tzinfo=UTC), pages=pages)


def _id(page: BrowsedPage) -> str:
    assert page.snapshot_id is not None
    return page.snapshot_id


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_page_comes_back_as_it_was_kept_and_another_process_finds_it_too(tmp_path: Path) -> None:
    kept = Snapshots(tmp_path, 10_000).put(_page("Cats — sleep."))
    assert Snapshots(tmp_path, 10_000).get(_id(kept)) == kept


def test_the_same_page_is_kept_once_and_the_same_text_of_another_address_is_another(tmp_path: Path) -> None:
    store = Snapshots(tmp_path, 10_000)
    one, again, other = store.put(_page("x")), store.put(_page("x")), store.put(_page("x", "http://b.example/"))
    assert one == again
    assert _id(one) != _id(other)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


def test_what_was_not_asked_for_longest_makes_room(tmp_path: Path) -> None:
    size = _size_of_one(tmp_path / "measure")
    store = Snapshots(tmp_path / "kept", size * 3)
    first, second, third = (store.put(_page(f"{number}" * 500)) for number in range(3))
    store.get(_id(first))
    fourth = store.put(_page("3" * 500))
    with pytest.raises(NotFound):
        store.get(_id(second))
    assert [store.get(_id(page)).text[0] for page in (first, third, fourth)] == ["0", "2", "3"]
    assert _size(tmp_path / "kept") <= size * 3


def test_a_restarted_process_remembers_the_order_and_what_a_crash_left_is_cleared(tmp_path: Path) -> None:
    size = _size_of_one(tmp_path / "measure")
    store = Snapshots(tmp_path / "kept", size * 2)
    old, recent = store.put(_page("0" * 500)), store.put(_page("1" * 500))
    for age, page in ((100, old), (50, recent)):
        name = _id(page)
        os.utime(tmp_path / "kept" / name[:2] / name, (1_000_000 - age, 1_000_000 - age))
    left = tmp_path / "kept" / _id(old)[:2] / ".writing-0123"
    left.write_bytes(b"half")
    restarted = Snapshots(tmp_path / "kept", size * 2)
    restarted.put(_page("2" * 500))
    assert not left.exists()
    assert restarted.get(_id(recent))
    with pytest.raises(NotFound):
        restarted.get(_id(old))


def test_a_page_larger_than_all_that_may_be_kept_is_not_and_says_so(tmp_path: Path) -> None:
    for limit in (0, 100):
        assert Snapshots(tmp_path, limit).put(_page("x" * 500)).snapshot_id is None
    assert not list(tmp_path.iterdir())


def test_a_disk_that_takes_nothing_does_not_keep_a_page_from_being_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where the folder should be")
    assert Snapshots(tmp_path / "file", 10_000).put(_page("x")).snapshot_id is None


def test_a_record_that_was_changed_on_disk_is_none(tmp_path: Path) -> None:
    store = Snapshots(tmp_path, 10_000)
    name = _id(store.put(_page("Cats sleep.")))
    path = tmp_path / name[:2] / name
    path.write_bytes(path.read_bytes().replace(b"Cats", b"Dogs"))
    with pytest.raises(NotFound):
        store.get(name)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 63, "0" * 65, "0" * 63 + "/", "A" * 64, "0" * 64 + "\n", "\x00" * 64])
def test_what_is_no_id_leads_nowhere(tmp_path: Path, name: str) -> None:
    seen: list[tuple[str, str]] = []
    with pytest.raises(NotFound):
        Snapshots(tmp_path, 10_000, lambda *args: seen.append(args)).get(name)
    assert seen == [("snapshot", "miss")]


def test_writers_in_many_threads_never_keep_more_than_is_allowed(tmp_path: Path) -> None:
    store = Snapshots(tmp_path, 20_000)

    def write(worker: int) -> None:
        for number in range(20):
            store.put(_page(f"{worker}-{number} " * 200))

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < _size(tmp_path) <= 20_000


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200).filter(lambda text: text.isprintable()), st.integers(1, 50))
def test_the_stretches_are_the_text(text: str, length: int) -> None:
    page, offset, found = _page(text), 0, ""
    for _ in range(len(text) + 1):
        part = part_of(page, offset, length)
        assert (part.offset, part.length) == (offset, len(text))
        found += part.text
        if part.next_offset is None:
            break
        offset = part.next_offset
    assert found == text


def test_the_pages_of_a_document_are_read_one_by_one_and_in_stretches() -> None:
    document = _page("first page\n\nsecond\n\nthird", pages=(0, 12, 20))
    assert part_of(document, 0, 100, 2).text == "second\n\n"
    part = part_of(document, 0, 3, 2)
    assert (part.text, part.offset, part.next_offset, part.page_count) == ("sec", 12, 3, 3)
    assert part_of(document, 3, 100, 2).text == "ond\n\n"
    assert part_of(document, 0, 100, 3).text == "third"
    assert part_of(document, 10**9, 5).text == ""


@pytest.mark.parametrize(("pages", "number"), [((), 1), ((0, 5), 3), ((0, 5), 0)])
def test_a_page_that_a_document_does_not_have_is_refused(pages: tuple[int, ...], number: int) -> None:
    with pytest.raises(Permanent, match="pages"):
        part_of(_page("0123456789", pages=pages), 0, 5, number)


def _size_of_one(folder: Path) -> int:
    Snapshots(folder, 10_000).put(_page("0" * 500))
    return _size(folder)


def test_all_pages_are_gone_through_in_the_order_of_ids_and_none_counts_as_asked_for(tmp_path: Path) -> None:
    store = Snapshots(tmp_path, 10_000)
    ids = sorted(_id(store.put(_page(f"{number}"))) for number in range(4))
    path = tmp_path / ids[1][:2] / ids[1]
    os.utime(path, (1, 1))
    assert [_id(page) for page in store.each()] == ids
    assert [_id(page) for page in store.each(ids[1])] == ids[2:]
    assert path.stat().st_mtime == 1
    path.write_text("changed")
    (tmp_path / ids[1][:2] / "stray").write_text("x")
    assert [_id(page) for page in Snapshots(tmp_path, 10_000).each()] == [ids[0], *ids[2:]]

from __future__ import annotations

import asyncio
import multiprocessing
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from synapse.mcp_servers.cache import PageCache

THEN = datetime.now(UTC) - timedelta(seconds=5)
FRESH = {"cache-control": "max-age=600", "etag": '"v1"'}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def _keep(cache: PageCache, key: str, body: bytes, headers: dict[str, str] = FRESH) -> bool:
    return await cache.keep(key, body, "text/html", "utf-8", THEN, headers)


async def test_a_page_is_found_again_by_another_process_as_old_as_it_is(tmp_path: Path) -> None:
    assert await _keep(PageCache(tmp_path, 10_000), "a", b"body")
    found = await PageCache(tmp_path, 10_000).find("a")
    assert found is not None
    assert (found.body, found.media_type, found.charset, found.fetched_at) == (b"body", "text/html", "utf-8", THEN)
    assert found.is_fresh(THEN + timedelta(seconds=599))
    assert not found.is_fresh(THEN + timedelta(seconds=601))
    assert not found.is_fresh(THEN - timedelta(seconds=1)), "a clock set back"
    assert found.conditions == {"if-none-match": '"v1"'}
    assert await PageCache(tmp_path, 10_000).find("b") is None


async def test_what_may_not_be_kept_is_not_on_disk_and_takes_what_was_kept_with_it(tmp_path: Path) -> None:
    cache = PageCache(tmp_path, 10_000)
    assert not await _keep(cache, "a", b"secret", {"cache-control": "no-store"})
    assert not await _keep(cache, "a", b"large" * 1_000)
    assert _files(tmp_path) == []
    await _keep(cache, "a", b"old")
    await _keep(cache, "a", b"new", {"cache-control": "no-store"})
    assert await cache.find("a") is None


async def test_one_body_is_on_disk_once_for_all_its_pages(tmp_path: Path) -> None:
    cache = PageCache(tmp_path, 10_000)
    await _keep(cache, "a", b"the same")
    await _keep(cache, "b", b"the same")
    assert len(_files(tmp_path / "bodies")) == 1
    assert len(_files(tmp_path / "entries")) == 2


async def test_a_confirmed_page_is_fresh_again_and_not_younger(tmp_path: Path) -> None:
    cache = PageCache(tmp_path, 10_000)
    await _keep(cache, "a", b"body", {"etag": '"v1"', "last-modified": "Sun, 01 Mar 2026 11:00:00 GMT", "cache-control": "no-cache"})
    stale = await cache.find("a")
    assert stale is not None
    assert not stale.is_fresh(datetime.now(UTC))
    assert set(stale.conditions) == {"if-none-match", "if-modified-since"}
    renewed = await cache.renew("a", stale, {"etag": '"v2"', "cache-control": "max-age=60"})
    again = await cache.find("a")
    assert again == renewed
    assert again.is_fresh(datetime.now(UTC))
    assert again.fetched_at == THEN
    assert again.conditions["if-none-match"] == '"v2"'
    await cache.renew("a", again, {"cache-control": "no-store"})
    assert await cache.find("a") is None


@pytest.mark.parametrize("part", ["entries", "bodies"])
@pytest.mark.parametrize("damage", [b"", b"{", b'{"format": 99}', b"\xff" * 100])
async def test_what_is_damaged_is_not_there_and_can_be_kept_anew(tmp_path: Path, part: str, damage: bytes) -> None:
    cache = PageCache(tmp_path, 10_000)
    await _keep(cache, "a", b"body")
    (path,) = _files(tmp_path / part)
    path.write_bytes(damage)
    assert await cache.find("a") is None
    await _keep(cache, "a", b"body")
    assert (await cache.find("a")) is not None


async def test_an_entry_under_another_pages_name_is_not_that_page(tmp_path: Path) -> None:
    cache = PageCache(tmp_path, 10_000)
    await _keep(cache, "a", b"body")
    (path,) = _files(tmp_path / "entries")
    target = cache._entry("b")
    target.parent.mkdir(exist_ok=True)
    path.rename(target)
    assert await cache.find("b") is None


async def test_the_least_recently_used_go_when_there_is_no_room(tmp_path: Path) -> None:
    limit = 20_000
    cache = PageCache(tmp_path, limit)
    for number in range(40):
        await _keep(cache, f"page {number}", bytes([number]) * 1_500)
        # Files of one instant are in no order: each is made older than the next.
        os.utime(cache._entry(f"page {number}"), (number, number))
        if number % 5 == 0:
            assert await cache.find("page 0") is not None, "in use all the time"
        assert sum(path.stat().st_size for path in _files(tmp_path)) <= limit + 2_500
    assert await cache.find("page 39") is not None
    assert await cache.find("page 1") is None
    assert len(_files(tmp_path / "bodies")) <= len(_files(tmp_path / "entries")) + 1


async def test_what_a_crash_left_is_cleared_away(tmp_path: Path) -> None:
    cache = PageCache(tmp_path, 10_000)
    await _keep(cache, "a", b"body")
    (body,), (entry,) = _files(tmp_path / "bodies"), _files(tmp_path / "entries")
    left = [body.with_name("0" * 64 + ".dead.part"), entry.with_name(entry.name + ".dead.part"), body.with_name("0" * 64)]
    for path in left:
        path.write_bytes(b"x")
        os.utime(path, (1, 1))
    await _keep(PageCache(tmp_path, 10_000), "b", b"other")
    assert [path.exists() for path in left] == [False] * 3
    assert await cache.find("a") is not None


async def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "bodies").write_text("in the way")
    cache = PageCache(tmp_path, 10_000)
    assert not await _keep(cache, "a", b"body")
    assert await cache.find("a") is None


def _work(folder: Path, seed: int) -> None:
    async def work() -> None:
        cache = PageCache(folder, 30_000)
        for number in range(60):
            body = bytes([number % 7]) * 1_000
            await cache.keep(f"{number % 13}", body, "text/html", None, datetime.now(UTC), FRESH)
            found = await cache.find(f"{(number * seed) % 13}")
            assert found is None or len(set(found.body)) == 1

    asyncio.run(work())


def test_several_processes_share_a_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_work, args=(tmp_path, seed)) for seed in (3, 5, 7)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert not list(tmp_path.rglob("*.part"))

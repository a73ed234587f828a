from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest

from synapse.errors import Transient
from synapse.mcp_servers import quota
from synapse.mcp_servers.census import count
from synapse.mcp_servers.quota import LEDGER, Booked, Ledger, Limits
from synapse.mcp_servers.refusals import NotPlain, OverQuota

LIMITS = Limits(bytes=100, entries=10)


@pytest.fixture
def root(tmp_path: Path) -> int:
    return os.open(tmp_path, os.O_RDONLY)


def _booked(tmp_path: Path) -> Booked:
    return Booked.model_validate_json((tmp_path / LEDGER).read_text())


def test_what_is_there_is_counted_first(root: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x" * 90)
    with Ledger(LIMITS).account(root) as account:
        account.book(10, 1)
    assert (_booked(tmp_path).bytes, _booked(tmp_path).entries) == (100, 2)


def test_each_process_counts_once_and_trusts_the_file_then(root: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, counted = Ledger(LIMITS), []
    monkeypatch.setattr(quota, "count", lambda *args: counted.append(1) or count(*args))
    for _ in range(3):
        with ledger.account(root) as account:
            account.book(1, 0)
    assert len(counted) == 1
    with Ledger(LIMITS).account(root):
        pass
    assert len(counted) == 2
    assert _booked(tmp_path).bytes == 0  # nothing was written, so nothing was found


def test_what_does_not_fit_is_refused_and_not_booked(root: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x" * 90)
    with Ledger(LIMITS).account(root) as account:
        with pytest.raises(OverQuota, match="100 bytes and 10 files"):
            account.book(11, 0)
        with pytest.raises(OverQuota):
            account.reserve("t", 11, 0)
        with pytest.raises(OverQuota):
            account.book(0, 10)
        account.reserve("t", 6, 1)
        with pytest.raises(OverQuota):
            account.book(5, 0)
        account.release("t")
        account.book(10, 9)
    assert (_booked(tmp_path).bytes, _booked(tmp_path).entries, _booked(tmp_path).drafts) == (100, 10, {})


def test_what_shrinks_is_let_through_above_the_limit(root: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x" * 500)
    with Ledger(LIMITS).account(root) as account:
        account.book(-100, 0)
        account.free(100, 0)
        assert account.booked.bytes == 400


def test_growth_is_on_file_before_it_happens(root: int, tmp_path: Path) -> None:
    with Ledger(LIMITS).account(root) as account:
        account.book(7, 2)
        assert (_booked(tmp_path).bytes, _booked(tmp_path).entries) == (7, 2)


def test_a_caller_refused_again_and_again_does_not_keep_the_disk_busy(root: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, counted, now = Ledger(LIMITS), [], [1000.0]
    monkeypatch.setattr(quota.time, "time", lambda: now[0])
    ticks = iter(range(0, 100_000, 2))
    monkeypatch.setattr(quota.time, "monotonic", lambda: next(ticks))
    monkeypatch.setattr(quota, "count", lambda *args: counted.append(1) or count(*args))

    def refused() -> None:
        with ledger.account(root) as account, pytest.raises(OverQuota):
            account.book(101, 0)

    refused()
    refused()
    assert len(counted) == 1
    now[0] += 41  # counting took 2 seconds, by these clocks
    refused()
    refused()
    assert len(counted) == 2
    now[0] -= 500  # a clock put back is no reason never to count
    refused()
    assert len(counted) == 3


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"bytes": -5, "entries": 0}', '{"bytes": "1"}', '{"bytes": 1, "more": 1}', '{"drafts": {"t": [1]}}', "\0" * 9],
)
def test_an_account_that_is_torn_or_not_ours_is_made_anew(root: int, tmp_path: Path, content: str) -> None:
    (tmp_path / "a").write_text("x" * 60)
    ledger = Ledger(LIMITS)
    for _ in range(2):
        (tmp_path / LEDGER).write_text(content)
        with ledger.account(root) as account:
            assert (account.booked.bytes, account.booked.entries) == (60, 1)
    assert _booked(tmp_path).bytes == 60


def test_an_account_that_is_a_link_or_has_a_second_name_is_not_written(root: int, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / LEDGER).symlink_to("victim")
    with pytest.raises(OSError, match="symbolic"), Ledger(LIMITS).account(root):
        pass
    (tmp_path / LEDGER).unlink()
    os.link(tmp_path / "victim", tmp_path / LEDGER)
    with pytest.raises(NotPlain), Ledger(LIMITS).account(root):
        pass
    assert (tmp_path / "victim").read_text() == "precious"


def test_a_lock_that_is_never_given_back_holds_nobody_for_ever(root: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "_PATIENCE", 0.01)
    holder = os.open(tmp_path / LEDGER, os.O_RDWR | os.O_CREAT)
    fcntl.flock(holder, fcntl.LOCK_EX)
    ledger = Ledger(LIMITS)
    with pytest.raises(Transient, match="busy"), ledger.account(root):
        pass
    fcntl.flock(holder, fcntl.LOCK_UN)
    with ledger.account(root), pytest.raises(Transient, match="busy"), ledger.account(root):
        pass


def test_without_limits_there_is_no_account_and_what_was_left_is_cleared_once(root: int, tmp_path: Path) -> None:
    dead = tmp_path / f".synapse-{'0' * 16}"
    dead.write_text("half")
    ledger = Ledger(Limits())
    for _ in range(2):
        with ledger.account(root) as account:
            account.book(10**12, 10**9)
            account.reserve("t", 10**12, 1)
            account.release("t")
    assert list(tmp_path.iterdir()) == []


def test_the_account_is_written_even_when_what_was_to_be_done_failed(root: int, tmp_path: Path) -> None:
    def fail() -> None:
        with Ledger(LIMITS).account(root) as account:
            account.book(5, 1)
            account.free(5, 1)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert json.loads((tmp_path / LEDGER).read_text())["bytes"] == 0

"""How much a root may hold. The account is a file in the root, kept under a lock that all processes of all servers respect.

What grows is booked before it is done and what shrinks after: a process killed in between leaves an account that says too much,
never too little. Counting what is there puts it right.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt, ValidationError

from synapse.errors import Transient
from synapse.mcp_servers.census import count
from synapse.mcp_servers.names import TEMPORARY
from synapse.mcp_servers.refusals import NotPlain, OverQuota

LEDGER: Final = f"{TEMPORARY}ledger"
_OPEN: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LARGEST: Final = 1_000_000
_PATIENCE: Final = 10.0
_PAUSE: Final = 0.002
# Of the time that passes at most a twentieth is spent on counting, however often a caller is refused.
_COUNTING_SHARE: Final = 20


@dataclass(frozen=True)
class Limits:
    """What one root may hold; None: as much as the disk takes."""

    bytes: int | None = None
    entries: int | None = None
    """Files and directories together."""


class Booked(BaseModel):
    """What the file says."""

    model_config = ConfigDict(strict=True, extra="forbid")

    bytes: NonNegativeInt = 0
    entries: NonNegativeInt = 0
    drafts: dict[str, tuple[NonNegativeInt, NonNegativeInt]] = {}
    """Bytes and entries that files being written will add, by token."""
    counted_at: NonNegativeFloat = 0.0
    counting_took: NonNegativeFloat = 0.0


@dataclass
class Account:
    """The account of a root while it is locked."""

    limits: Limits
    booked: Booked
    save: Callable[[Booked], None]
    recount: Callable[[Booked], Booked]
    _recounted: bool = field(default=False, init=False)

    def book(self, bytes_: int, entries: int) -> None:
        """Book a change that is about to be made. Raises OverQuota for one that does not fit."""
        self._require(bytes_, entries)
        self.booked.bytes += max(0, bytes_)
        self.booked.entries += max(0, entries)
        self.save(self.booked)

    def free(self, bytes_: int, entries: int) -> None:
        """Book that something went away, or that a change was not made after all."""
        self.booked.bytes = max(0, self.booked.bytes - max(0, bytes_))
        self.booked.entries = max(0, self.booked.entries - max(0, entries))

    def reserve(self, token: str, bytes_: int, entries: int) -> None:
        """Keep room for a draft until it is published or given up. Raises OverQuota."""
        self._require(bytes_, entries)
        self.booked.drafts[token] = (max(0, bytes_), max(0, entries))

    def release(self, token: str) -> None:
        """The draft needs no room of its own any more."""
        self.booked.drafts.pop(token, None)

    def _require(self, bytes_: int, entries: int) -> None:
        if self._fits(bytes_, entries):
            return
        # Somebody may have cleared up, or been killed, without telling.
        since = time.time() - self.booked.counted_at
        if not self._recounted and not 0 <= since < self.booked.counting_took * _COUNTING_SHARE:
            self.booked, self._recounted = self.recount(self.booked), True
            if self._fits(bytes_, entries):
                return
        raise OverQuota(f"the root may hold {_in_words(self.limits)}, and this would be more")

    def _fits(self, bytes_: int, entries: int) -> bool:
        drafts = self.booked.drafts.values()
        return _within(self.limits.bytes, self.booked.bytes + sum(draft[0] for draft in drafts), bytes_) and _within(
            self.limits.entries, self.booked.entries + sum(draft[1] for draft in drafts), entries
        )


class Ledger:
    """The accounts of one root, one after the other. Threads and processes may each have their own ledger of the same root."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._turn = threading.Lock()
        self._counted = False

    @contextlib.contextmanager
    def account(self, root: int) -> Iterator[Account]:
        """The account, locked for as long as the caller has it, and written at the end. Without limits there is nothing to lock.

        Raises Transient when the lock cannot be had within ten seconds.
        """
        if self.limits == Limits():
            yield self._free_of_limits(root)
            return
        with self._locked(root) as file:
            booked = _read(file) if self._counted else None
            account = Account(self.limits, booked or Booked(), lambda now: _write(file, now), lambda known: _counted(root, known))
            if booked is None:
                account.booked = account.recount(_read(file) or Booked())
                self._counted = True
            try:
                yield account
            finally:
                _write(file, account.booked)

    def _free_of_limits(self, root: int) -> Account:
        with self._turn:
            if not self._counted:
                count(root, {})  # for what it clears up
                self._counted = True
        return Account(self.limits, Booked(), lambda _: None, lambda known: known)

    @contextlib.contextmanager
    def _locked(self, root: int) -> Iterator[int]:
        end = time.monotonic() + _PATIENCE
        if not self._turn.acquire(timeout=_PATIENCE):
            raise Transient("the root is busy")
        try:
            file = os.open(LEDGER, _OPEN, 0o600, dir_fd=root)
            try:
                status = os.fstat(file)
                if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                    raise NotPlain("the root's account is no regular file")
                # Not waited for in the kernel: whoever holds it for ever would hold this thread for ever.
                while not _try_lock(file):
                    if time.monotonic() > end:
                        raise Transient("the root is busy")
                    time.sleep(_PAUSE)
                yield file
            finally:
                os.close(file)
        finally:
            self._turn.release()


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _counted(root: int, known: Booked) -> Booked:
    started = time.monotonic()
    found = count(root, known.drafts)
    took = time.monotonic() - started
    return Booked(bytes=found.bytes, entries=found.entries, drafts=found.drafts, counted_at=time.time(), counting_took=took)


def _read(file: int) -> Booked | None:
    """What was booked; None for a file that is new, torn or not ours."""
    try:
        return Booked.model_validate_json(os.pread(file, _LARGEST, 0))
    except ValidationError:
        return None


def _write(file: int, booked: Booked) -> None:
    # Not synced: after a power cut every server starts anew, and counts.
    data = json.dumps(booked.model_dump()).encode()
    os.pwrite(file, data, 0)
    os.ftruncate(file, len(data))


def _within(limit: int | None, held: int, more: int) -> bool:
    # What only shrinks is let through even above the limit: it is how a root gets below it.
    return limit is None or more <= 0 or held + more <= limit


def _in_words(limits: Limits) -> str:
    words = [f"{limits.bytes} bytes"] if limits.bytes is not None else []
    return " and ".join([*words, *([f"{limits.entries} files and directories"] if limits.entries is not None else [])])

"""Files below one root and nowhere else, however the tree is changed while we look.

What was opened is what is used: nothing is checked by a path and then used by it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from synapse.contracts.toolbox import SavedFile
from synapse.contracts.wire import DirectoryListing, FileContent, FileHash, FileStatus, MovedFile
from synapse.errors import Permanent
from synapse.mcp_servers import drafts
from synapse.mcp_servers.descent import Descent, descent
from synapse.mcp_servers.listing import page
from synapse.mcp_servers.names import parts_of
from synapse.mcp_servers.plain import open_plain, require_plain
from synapse.mcp_servers.quota import Account, Ledger, Limits
from synapse.mcp_servers.ranges import Part, read_part
from synapse.mcp_servers.refusals import BadPath, Exists, Missing, ReadOnly, TooLarge, told

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_LOOK: Final = getattr(os, "O_PATH", os.O_RDONLY | os.O_NONBLOCK)
_CHUNK: Final = 1 << 20
_HASHED: Final = 1 << 32
_WHOLE: Final = Part()
_NO_LIMITS: Final = Limits()
LISTED: Final = 1000
"""Entries of one page of a directory, at most."""


class ConfinedFiles:
    """Text files below ``root``, at most ``max_bytes`` each. All methods block.

    They raise a refusal of `synapse.mcp_servers.refusals`, which is Permanent, and Transient for a full disk.
    """

    def __init__(
        self,
        root: Path,
        max_bytes: int = 10_000_000,
        *,
        limits: Limits = _NO_LIMITS,
        read_only: bool = False,
        way: Descent | None = None,
    ) -> None:
        self.root = root
        self.max_bytes = max_bytes
        self.read_only = read_only
        self._ledger = Ledger(limits)
        self._way = way or descent()

    def save(self, path: str, content: str, *, create_only: bool = False) -> SavedFile:
        """Write a file whole or not at all, and durably; directories on the way are made. Saving the same again is harmless.

        Raises Exists when it must be a new file and is not.
        """
        names, data = _file_names(path), _encoded(content)
        if len(data) > self.max_bytes:
            raise TooLarge(f"the file would be larger than {self.max_bytes} bytes")
        with told(), self._to_write() as root, contextlib.ExitStack() as held:
            with self._ledger.account(root) as account:
                folder = self._made(root, names[:-1], account)
                held.callback(os.close, folder)
                there = _replaceable(folder, names[-1], create_only)
                draft = held.enter_context(drafts.new_draft(folder))
                account.reserve(draft.token, len(data) - (there or 0), int(there is None))
            try:
                draft.write(data)
                self._publish(root, draft, names[-1], len(data), create_only)
            except BaseException:
                with self._ledger.account(root) as account:
                    account.release(draft.token)
                raise
            os.fsync(folder)
        uri = (self.root / Path(*names)).as_uri()
        return SavedFile(path="/".join(names), uri=uri, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))

    def read(self, path: str, part: Part = _WHOLE) -> FileContent:
        """The text of a file, or a part of it."""
        names = _file_names(path)
        with told(), self._to_read() as root, _closing(open_plain(self._way, root, names)) as file:
            size = os.fstat(file).st_size
            text = read_part(file, part, self.max_bytes)
        return FileContent(
            path="/".join(names),
            content=text.text,
            sha256=hashlib.sha256(text.data).hexdigest(),
            offset=text.offset,
            total_bytes=size,
            next_cursor=text.next_cursor,
        )

    def hash(self, path: str) -> FileHash:
        """The sha256 of a file of any kind, up to 4 GiB."""
        names = _file_names(path)
        digest, read = hashlib.sha256(), 0
        with told(), self._to_read() as root, _closing(open_plain(self._way, root, names)) as file:
            while chunk := os.read(file, _CHUNK):
                digest.update(chunk)
                read += len(chunk)
                if read > _HASHED:
                    raise TooLarge(f"the file is larger than {_HASHED} bytes")
        return FileHash(path="/".join(names), sha256=digest.hexdigest(), bytes=read)

    def list(self, path: str, cursor: str = "", limit: int = LISTED) -> DirectoryListing:
        """The files and directories in a directory, by name, from behind the cursor; what cannot be read is left out."""
        names = parts_of(path)
        with told(), self._to_read() as root, _closing(self._way.open(root, names, _DIRECTORY)) as folder:
            entries, cut_at = page(folder, cursor, min(limit, LISTED))
        return DirectoryListing(path="/".join(names), entries=entries, truncated=cut_at is not None, next_cursor=cut_at)

    def stat(self, path: str) -> FileStatus:
        """What is there: a file or a directory, its size and when it was changed."""
        names = parts_of(path)
        with told(), self._to_read() as root:
            status = self._look(root, names)
        return FileStatus(
            path="/".join(names),
            kind="directory" if stat.S_ISDIR(status.st_mode) else "file",
            bytes=0 if stat.S_ISDIR(status.st_mode) else status.st_size,
            modified=datetime.fromtimestamp(status.st_mtime, UTC),
            read_only=self.read_only,
        )

    def check(self, path: str) -> bool:
        """Whether an acceptable path exists. Raises Permanent when it could be neither read nor written."""
        names = parts_of(path)
        try:
            with told(), self._to_read() as root:
                self._look(root, names)
        except Missing:
            return not names
        return True

    def move(self, source: str, target: str, *, overwrite: bool = False) -> MovedFile:
        """Give a file or a directory another path, in one step; a file in the way is replaced only when asked to. Raises Exists."""
        old, new = _file_names(source), _file_names(target)
        if new[: len(old)] == old and new != old:
            raise BadPath("the target is below the source")
        with told(), self._to_write() as root, contextlib.ExitStack() as held, self._ledger.account(root) as account:
            old_folder = held.enter_context(_closing(self._way.open(root, old[:-1], _DIRECTORY)))
            moved = _status(old_folder, old[-1])
            if not stat.S_ISDIR(moved.st_mode):
                require_plain(moved)
            new_folder = held.enter_context(_closing(self._made(root, new[:-1], account)))
            replaced = _replaceable(new_folder, new[-1], create_only=not overwrite)
            if new != old:
                drafts.rename(old_folder, old[-1], new_folder, new[-1], replace=overwrite)
                account.free(replaced or 0, int(replaced is not None))
                os.fsync(new_folder)
                os.fsync(old_folder)
        return MovedFile(source="/".join(old), path="/".join(new), replaced=replaced is not None and new != old)

    def delete(self, path: str) -> FileStatus:
        """Remove a file, or a directory that is empty. Gives what it was."""
        names = _file_names(path)
        was = self.stat(path)
        with told(), self._to_write() as root, _closing(self._way.open(root, names[:-1], _DIRECTORY)) as folder:
            with self._ledger.account(root) as account:
                status = _status(folder, names[-1])
                if stat.S_ISDIR(status.st_mode):
                    with _closing(self._way.open(root, names, _DIRECTORY)) as emptied:
                        drafts.clear_all_dead(emptied)
                    os.rmdir(names[-1], dir_fd=folder)
                    account.free(0, 1)
                else:
                    require_plain(status)
                    os.unlink(names[-1], dir_fd=folder)
                    account.free(status.st_size, 1)
            os.fsync(folder)
        return was

    @contextlib.contextmanager
    def _to_read(self) -> Iterator[int]:
        # The root itself may be a link: the operator chose it.
        with _closing(os.open(self.root, _DIRECTORY)) as root:
            yield root

    @contextlib.contextmanager
    def _to_write(self) -> Iterator[int]:
        if self.read_only:
            raise ReadOnly
        self.root.mkdir(parents=True, exist_ok=True)
        with self._to_read() as root:
            yield root

    def _look(self, root: int, names: tuple[str, ...]) -> os.stat_result:
        with _closing(self._way.open(root, names, _LOOK)) as found:
            status = os.fstat(found)
        if not stat.S_ISDIR(status.st_mode):
            require_plain(status)
        return status

    def _made(self, root: int, names: tuple[str, ...], account: Account) -> int:
        """A descriptor of a directory, which is made with those on the way if need be."""
        with contextlib.suppress(FileNotFoundError):
            return self._way.open(root, names, _DIRECTORY)
        with _closing(self._made(root, names[:-1], account)) as above:
            account.book(0, 1)
            try:
                os.mkdir(names[-1], 0o755, dir_fd=above)
            except BaseException as error:
                account.free(0, 1)
                if not isinstance(error, FileExistsError):
                    raise
            os.fsync(above)
        return self._way.open(root, names, _DIRECTORY)

    def _publish(self, root: int, draft: drafts.Draft, name: str, size: int, create_only: bool) -> None:
        with self._ledger.account(root) as account:
            account.release(draft.token)
            there = _replaceable(draft.folder, name, create_only)
            grown, new = size - (there or 0), int(there is None)
            account.book(grown, new)
            try:
                draft.publish(name, replace=not create_only)
            except BaseException:
                account.free(grown, new)
                raise
            account.free(-grown, 0)


def _replaceable(folder: int, name: str, create_only: bool) -> int | None:
    """The size of the file of that name; None when there is nothing. Raises Exists or NotPlain for what may not be replaced."""
    try:
        status = _status(folder, name)
    except FileNotFoundError:
        return None
    if create_only:
        raise Exists
    require_plain(status)
    return status.st_size


def _status(folder: int, name: str) -> os.stat_result:
    return os.stat(name, dir_fd=folder, follow_symlinks=False)


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _file_names(path: str) -> tuple[str, ...]:
    names = parts_of(path)
    if not names:
        raise BadPath("the path names the root itself")
    return names


def _encoded(content: str) -> bytes:
    try:
        return content.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Permanent("the content has characters that UTF-8 cannot hold") from error

"""The event loop of a process that has none of its own: one thread, started when first needed, closed with what runs on it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from synapse.errors import StepTimeout

T = TypeVar("T")

_CANCEL_GRACE = 2.0
"""Seconds a coroutine has to end after it was cancelled; one that ignores it is left behind, and its result is lost."""


class BackgroundLoop:
    """An event loop on a daemon thread. Threads hand it coroutines with `run`; it starts with the first one."""

    def __init__(self, name: str = "synapse-loop") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop, started if need be. Raises RuntimeError once it was closed."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the background loop was closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._serve, args=(self._loop,), daemon=True, name=self._name)
                self._thread.start()
            return self._loop

    @property
    def closed(self) -> bool:
        """Whether it was closed; it never starts again."""
        return self._closed

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start a coroutine on the loop; cancelling the future cancels the coroutine."""
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        except RuntimeError:
            coroutine.close()
            raise

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """The coroutine's result, waited for on the calling thread at most ``timeout`` seconds.

        Raises what it raises; StepTimeout when its time is up, after cancelling it. An exception that strikes the waiting
        thread (a soft time limit, an interrupt) cancels it too. Must not be called on the loop's own thread.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("run() would wait for itself: await the coroutine instead")
        done = threading.Event()

        async def tracked() -> T:
            try:
                return await coroutine
            finally:
                done.set()

        try:
            future = self.submit(tracked())
        except RuntimeError:
            coroutine.close()
            raise
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError:
            if future.done():
                raise
            future.cancel()
            done.wait(_CANCEL_GRACE)
            raise StepTimeout(f"no result within {timeout:g} seconds") from None
        except BaseException:
            future.cancel()
            raise

    def close(self, timeout: float = 5.0) -> None:
        """Cancel what still runs, wait for it at most ``timeout`` seconds, and stop the thread. Harmless when repeated."""
        with self._lock:
            self._closed = True
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout)

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()


_loops: dict[int, BackgroundLoop] = {}


def process_loop() -> BackgroundLoop:
    """The one background loop of this process; a forked child gets its own, for threads do not survive a fork."""
    # By process id and without a lock: a lock held while another thread forks would stay locked in the child.
    loop = _loops.setdefault(os.getpid(), BackgroundLoop())
    if loop.closed:
        loop = _loops[os.getpid()] = BackgroundLoop()
    return loop

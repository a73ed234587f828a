"""The embedded mode: workers for every agent on threads of this process."""

from __future__ import annotations

from synapse.engine.app import create_app
from synapse.engine.embedded import EmbeddedWorker
from synapse.engine.runtime import Runtime
from synapse.service import duties
from synapse.service.service import Service
from synapse.settings import ToolSettings


class EmbeddedSynapse:
    """A service and a worker over the same parts. `start` makes the tables; what an earlier process left is resumed.

    Made of a runtime, or of the settings with ``tools`` in place of theirs. Without ``workers`` somebody else runs the agents.
    """

    def __init__(self, runtime: Runtime | None = None, *, tools: ToolSettings | None = None, workers: bool = True) -> None:
        self.runtime = runtime or Runtime(tools=tools)
        self.service = Service(self.runtime)
        self.workers = workers
        self._worker: EmbeddedWorker | None = None

    def start(self) -> None:
        """Make the tables and start the worker. Raises Unavailable."""
        self.service.upgrade()
        if self.workers:
            duties.attach(self.runtime)
            app = create_app(self.runtime)
            self._worker = EmbeddedWorker(app, self.runtime.engine.concurrency)
            self._worker.start()

    def stop(self) -> None:
        """Finish what is under way, stop the worker, close every connection."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        self.service.close()

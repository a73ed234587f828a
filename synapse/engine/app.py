"""The Celery application: one task for each agent, each on the queue of its module."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import celery
from celery import signals

from synapse.contracts.agent import Agent
from synapse.contracts.messages import Event
from synapse.engine import bootsteps, controlled, pulse, roll_call, traced, worker_logs
from synapse.engine.configuration import celery_settings
from synapse.engine.event_log import EventLog
from synapse.engine.runtime import Runtime
from synapse.engine.strategy import ARGUMENTS
from synapse.errors import InvalidInput, Unavailable
from synapse.faults import reach


class SynapseApp(celery.Celery):  # type: ignore[misc] # celery is untyped
    """A Celery application that knows the agents, and holds this process's parts."""

    amqp_cls = "synapse.engine.reconnecting:PatientAmqp"

    def __init__(self, runtime: Runtime | None = None, **options: Any) -> None:
        super().__init__("synapse", set_as_current=options.pop("set_as_current", True), **options)
        self._given = runtime
        self._runtimes: dict[int, Runtime] = {}

    @property
    def runtime(self) -> Runtime:
        """The parts of the process; a forked pool process makes its own."""
        pid = os.getpid()
        if pid not in self._runtimes:
            parent = next(iter(self._runtimes.values()), None)
            self._runtimes[pid] = parent.again() if parent is not None else self._given or Runtime()
        return self._runtimes[pid]

    def work(self, arguments: Sequence[str]) -> int:
        """Run a worker with Celery's options for one, until it is told to stop; its exit code. Raises click's exceptions."""
        from synapse.engine.command import work

        return work(self, arguments)

    def event_log(self, events: list[Event]) -> None:
        """Give events to the logger agent."""
        EventLog(self.runtime)(events)


class StepTask(celery.Task):  # type: ignore[misc] # celery ships no types
    """Tries one step. The message is a hint; the ledger decides what there is to do."""

    abstract = True
    Strategy = "synapse.engine.strategy:hints_only"
    typing = False
    ignore_result = True
    acks_late = True
    acks_on_failure_or_timeout = True
    reject_on_worker_lost = True
    agent: Agent

    def run(self, *arguments: Any, **options: Any) -> str:
        """``(run, place, digest)``; returns what became of the step."""
        self._check(arguments, options)
        run, place, digest = arguments
        app: SynapseApp = self.app
        try:
            became = app.runtime.runner.try_step(run, place, digest)
        except Unavailable as error:
            # The hint is spent; the reconciler sends another when the database is back.
            return f"unavailable: {error}"
        reach("before-ack", place)
        return became

    def apply_async(self, args: Any = None, kwargs: Any = None, *more: Any, **options: Any) -> Any:
        """Send a hint. Raises InvalidInput here, not in a worker far away, when somebody sends an agent's signature by itself."""
        self._check(args or (), kwargs or {})
        return super().apply_async(args, kwargs, *more, **options)

    def _check(self, arguments: Sequence[Any], options: Mapping[str, Any]) -> None:
        if len(arguments) != len(ARGUMENTS) or options or not all(isinstance(each, str) for each in arguments):
            raise InvalidInput(
                f"task {self.name} was sent with an agent's own arguments", remedy="submit a workflow: its steps send such messages"
            )


def create_app(runtime: Runtime | None = None, *, set_as_current: bool = True) -> SynapseApp:
    """The application with a task for each agent. Connects to nothing.

    Without a runtime it is the one of the settings and of ``celeryconfig.py``, as ``celery -A synapse`` runs it.
    """
    app = SynapseApp(runtime, set_as_current=set_as_current)
    if runtime is None:
        app.config_from_object("celeryconfig")
    else:
        app.config_from_object(celery_settings(runtime.registry.queues(), runtime.broker, runtime.engine))
    for agent in app.runtime.registry.values():
        made = type(
            f"{agent.name.title().replace('.', '').replace('_', '')}Task",
            (StepTask,),
            {"name": agent.task, "agent": agent, "__doc__": agent.description},
        )
        app.register_task(made())
    bootsteps.install(app)
    pulse.install(app)
    controlled.install(app)
    traced.install(app)
    worker_logs.install()
    roll_call.install()
    signals.worker_process_shutdown.connect(lambda **_: app.runtime.close(), weak=False, dispatch_uid="synapse-close")
    return app

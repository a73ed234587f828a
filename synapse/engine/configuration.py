"""What Celery is told, made from Synapse's settings."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from synapse.contracts.agent import queue_of
from synapse.engine import topology
from synapse.engine.drift import KeptQueue
from synapse.engine.registry import Registry
from synapse.settings import BrokerSettings, EngineSettings

_PREFIX = "synapse."


def _route(name: str, *_: Any, **__: Any) -> dict[str, str] | None:
    """An agent's task goes to the queue of the agent's module."""
    return {"queue": queue_of(name.removeprefix(_PREFIX))} if name.startswith(_PREFIX) else None


def pool_of(arguments: Sequence[str]) -> str:
    """Threads, unless processes are asked for by ``-P prefork``: Celery takes that for its own default, and the setting goes before it."""
    asked = [*pairwise(arguments), *(tuple(each.split("=", 1)) for each in arguments if "=" in each)]
    return "prefork" if any(pair in (("-P", "prefork"), ("--pool", "prefork")) for pair in asked) else "threads"


def celery_settings(
    queues: list[str] | None = None, broker: BrokerSettings | None = None, engine: EngineSettings | None = None
) -> dict[str, Any]:
    """Celery's configuration; by default of the environment's settings, with the queues of every installed agent."""
    broker, engine = broker or BrokerSettings(), engine or EngineSettings()
    queues = Registry.installed().queues() if queues is None else queues
    return {
        "broker_url": broker.url,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {"polling_interval": 0.01} if broker.embedded else {},
        "task_queues": [KeptQueue.of(topology.step_queue(name, broker.queue_type)) for name in queues],
        "task_routes": (_route,),  # for whoever sends a task by Celery's own means; hints name their queue
        "task_default_queue": "synapse-orchestrator",
        "task_default_exchange": "",
        "task_create_missing_queues": False,  # a misspelt -Q is an error, not an empty queue
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_acks_late": True,  # a message is done when the ledger has the result
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,  # results are the ledger's
        "result_backend": None,
        "worker_pool": pool_of(sys.argv),  # agents wait for tools most of the time; prefork where a hard kill matters
        "worker_concurrency": engine.concurrency,
        "worker_prefetch_multiplier": 1,  # a long step must not sit on hints that another worker could try
        "worker_cancel_long_running_tasks_on_connection_loss": False,  # the fence refuses what became stale meanwhile
        "worker_send_task_events": broker.task_events,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_detect_quorum_queues": True,
        "broker_connection_max_retries": None,  # a broker that is away is waited for
        # After a reconnect Celery would take fewer messages for a while, and with each that ends ask for more: from that task's own thread,
        # on the connection that the main thread reads. Two readers of one socket, and the worker stands still for ever.
        "worker_enable_prefetch_count_reduction": False,
        # One that starts may refuse a queue that it has not recovered yet: that would end the worker.
        "broker_channel_error_retry": True,
        "task_time_limit": None if broker.embedded else topology.LONGEST_STEP,
    }

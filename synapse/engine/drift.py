"""What the broker has beside what `synapse.engine.topology` says it should: missing, or there with other arguments.

A queue's arguments are fixed when it is declared, and AMQP tells them to nobody; but declaring what is there changes nothing, and
the broker refuses when it differs, naming the first difference. What differs still carries messages, so that whoever publishes or
consumes goes on with it, and a new version runs beside queues of an older one until somebody replaces them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from amqp import Message
from amqp.exceptions import NotFound, PreconditionFailed
from kombu import Exchange, Queue

from synapse.engine import topology

_log = structlog.get_logger(__name__)

PROBE = "x-synapse-probe"
"""Header of a message that only asks whether the dead-letter exchange leads anywhere: who receives it forgets it."""


@dataclass(frozen=True)
class Drift:
    """One exchange or queue that is not as it should be."""

    name: str
    what: Literal["missing", "differs", "unbound"]
    detail: str


@dataclass(frozen=True)
class Wanted:
    """One exchange or queue as it is declared."""

    name: str
    kind: str
    arguments: dict[str, str | int]


def wanted(queues: Iterable[str], kind: topology.QueueType = "classic") -> list[Wanted]:
    """What there should be, in the order in which it is declared."""
    return [
        Wanted(each.name, "queue", dict(each.queue_arguments))
        if isinstance(each, Queue)
        else Wanted(each.name, f"{each.type} exchange", {})
        for each in topology.everything(queues, kind)
    ]


def ensure(connection: Any, queues: Iterable[str], kind: topology.QueueType = "classic") -> list[Drift]:
    """Declare what messages of these queues need; what is there with other arguments stays as it is, and is returned."""
    found = []
    for each in topology.everything(queues, kind):
        drift = _declare(connection, each)
        if drift is not None:
            found.append(drift)
            _log.warning("topology.differs", name=drift.name, detail=drift.detail)
    return found


def examine(connection: Any, queues: Iterable[str], kind: topology.QueueType = "classic") -> list[Drift]:
    """Look, and change nothing. The dead-letter exchange is asked with a message whether a queue is bound to it."""
    found = [drift for each in topology.everything(queues, kind) if (drift := _look(connection, each)) is not None]
    if not any(drift.name in (topology.DEAD.name, "synapse-dead") for drift in found) and not _leads_somewhere(connection):
        found.append(Drift(topology.DEAD.name, "unbound", "no queue is bound to it: what is given up is lost"))
    return found


def replace(connection: Any, queues: Iterable[str], kind: topology.QueueType = "classic") -> list[Drift]:
    """Declare everything, and delete first what is there with other arguments; what was replaced.

    Messages in it are gone. Hints come again by the reconciler; dead letters do not, so that their queue stays while it has any.
    """
    replaced = []
    for each in topology.everything(queues, kind):
        drift = _declare(connection, each)
        if drift is None:
            continue
        with connection.channel() as channel:
            if isinstance(each, Queue):
                each(channel).delete(if_empty=each.name == "synapse-dead")
            else:
                each(channel).delete()
        _declare(connection, each)
        replaced.append(drift)
    # An exchange that was replaced lost what was bound to it.
    ensure(connection, queues, kind)
    return replaced


class KeptQueue(Queue):  # type: ignore[misc] # kombu is untyped
    """A queue that is consumed as it is when it is there with other arguments. Over memory, a plain one."""

    @classmethod
    def of(cls, queue: Queue) -> KeptQueue:
        """The same queue, kept."""
        return cls(queue.name, queue.exchange, queue.routing_key, durable=True, queue_arguments=queue.queue_arguments)

    def declare(self, nowait: bool = False, channel: Any = None) -> str:
        """Declare it on a channel of its own: the broker closes the one on which it refuses."""
        connection = getattr(channel or self.channel, "connection", None)
        if not hasattr(connection, "channel"):
            return str(super().declare(nowait=nowait, channel=channel))
        drift = _declare(connection, Queue(self.name, self.exchange, self.routing_key, durable=True, queue_arguments=self.queue_arguments))
        if drift is not None:
            _log.warning("topology.differs", name=drift.name, detail=drift.detail)
        return str(self.name)


def _declare(connection: Any, each: Exchange | Queue) -> Drift | None:
    channel = connection.channel()
    try:
        each(channel).declare()
    except PreconditionFailed as error:
        return Drift(each.name, "differs", _said(error))  # and the broker has closed the channel
    channel.close()
    return None


def _look(connection: Any, each: Exchange | Queue) -> Drift | None:
    channel = connection.channel()
    try:
        if isinstance(each, Queue):
            each(channel).queue_declare(passive=True)
        else:
            each(channel).declare(passive=True)
    except NotFound:
        return Drift(each.name, "missing", "nobody has declared it")
    channel.close()
    # It is there, so that declaring it only compares. An exchange does not bind anything, a queue's binding is left out.
    channel = connection.channel()
    try:
        bound = each(channel)
        bound.queue_declare() if isinstance(each, Queue) else bound.declare()
    except PreconditionFailed as error:
        return Drift(each.name, "differs", _said(error))
    channel.close()
    return None


def _leads_somewhere(connection: Any) -> bool:
    returned: list[object] = []
    channel = connection.channel()
    channel.confirm_select()
    channel.events["basic_return"].add(lambda *details: returned.append(details))
    # Gone at once where nobody consumes; our own consumer forgets it.
    probe = Message(b"", expiration="0", application_headers={PROBE: True})
    channel.basic_publish_confirm(probe, exchange=topology.DEAD.name, routing_key="", mandatory=True)
    channel.close()
    return not returned


def _said(error: Exception) -> str:
    return str(getattr(error, "reply_text", "") or error)[:300]

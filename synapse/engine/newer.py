"""Messages of a newer version, as they come while it is rolled out: a worker that cannot read one leaves its step to a worker that can.

Not by giving the message back: the broker would deliver it again at once, count that, and drop it in the end. The message is spent, and
the step, which is in SQL, is offered again a few seconds later, in the words of whichever version keeps house then.
"""

from __future__ import annotations

from typing import Any, Final

import structlog

from synapse.contracts.run import Failure
from synapse.engine.messages import WIRE, WIRE_HEADER
from synapse.errors import InvalidInput, Unavailable
from synapse.state.ledger import Ledger
from synapse.workflows.program import parse_place

_log = structlog.get_logger(__name__)
CODE: Final = "newer-version"


def is_newer(message: Any) -> bool:
    """Whether a delivery says that it is written in a way that this version does not know."""
    version = message.headers.get(WIRE_HEADER)
    return isinstance(version, int) and version > WIRE


def pass_on(ledger: Ledger, message: Any, reason: str) -> bool:
    """Leave the step that a delivery is about to a newer worker; false when it does not say which step that is.

    The task's id says so, in every version: see `synapse.engine.messages.task_id`.
    """
    run, _, at = str(message.headers.get("id")).rpartition(":")
    try:
        key, index = parse_place(at)
    except InvalidInput:
        return False
    if not run:
        return False
    failure = Failure(code=CODE, message=f"no worker can do this step: {reason}"[:2000])
    try:
        gave_up = ledger.pass_on(run, key, index, failure)
    except Unavailable as error:
        # The message is spent all the same; the reconciler sends another when the database is back.
        _log.warning("message.of_newer_version", run=run, step=at, reason=reason, error=str(error))
        return True
    _log.info("message.of_newer_version", run=run, step=at, reason=reason, gave_up=gave_up)
    return True

"""Dead letters: looked at, sent again, dropped."""

from __future__ import annotations

from synapse.contracts.dead_letter import DeadLetterDetail, DeadLetterPage
from synapse.engine.dead_letters import publication_of
from synapse.engine.runtime import Runtime
from synapse.errors import Conflict, Unavailable


class DeadLetterDesk:
    """What a person may do about messages that the broker gave up."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def page(self, *, limit: int = 50, cursor: str | None = None) -> DeadLetterPage:
        """A page of them, newest first. Raises InvalidInput for a cursor that no page gave."""
        return self.runtime.database.dead_letters.page(limit=limit, cursor=cursor)

    def get(self, letter: str) -> DeadLetterDetail:
        """One with its content. Raises NotFound."""
        return self.runtime.database.dead_letters.get(letter)

    def requeue(self, letter: str) -> DeadLetterDetail:
        """Send it to the queue that gave it up, and forget it once the broker has it.

        Raises NotFound, Conflict when it cannot be sent as it was, Unavailable when the broker does not take it.
        """
        letters = self.runtime.database.dead_letters
        found, kept = letters.get(letter), letters.content(letter)
        if kept.body is None:
            raise Conflict(f"its body of {found.size} bytes was not kept", remedy="drop it, and have its sender send it again")
        if not kept.queue:
            raise Conflict("the broker did not say which queue it is of", remedy="drop it, and have its sender send it again")
        if not self.runtime.publisher.again([publication_of(kept)]):
            raise Unavailable(f"the broker did not take it for {kept.queue!r}", remedy="see whether the broker and the queue are there")
        letters.drop(letter)
        return found

    def drop(self, letter: str) -> None:
        """Forget it. Raises NotFound."""
        self.runtime.database.dead_letters.drop(letter)
